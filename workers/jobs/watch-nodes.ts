/**
 * Machines of pools, followed from the order to the end: looks at the Swarm and, less often, at the clouds, and takes the
 * next step of each. Making and destroying them is Terraform's; this only says when.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  joinTimes,
  livingNodes,
  moveNode,
  noteNode,
  noteTokenRotated,
  type NodeRow,
  replaceNode,
  tokenOutSince,
} from '../../api/data/node.ts'
import { sendNotice } from '../../api/data/notice.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { blueprintReader } from '../../api/data/blueprint.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { machineStackKey, otherRegionOf, regionOf } from '../../stacks/rules/regions.ts'
import { imageReference } from '../../stacks/parts/text.ts'
import { type CloudLooks, cloudLooks, type RegionLook } from '../cloud/look.ts'
import type { Engine } from '../swarm/engine.ts'
import { listProbes, removeProbe, startProbe } from '../swarm/node-probe.ts'
import {
  listNodes,
  type Load,
  loadOfNodes,
  removeNode,
  rotateWorkerToken,
  type SwarmNode,
} from '../swarm/node.ts'
import { closeNodes, poolOf, type Saved, saveNodes } from './node-pools.ts'
import { watchRegions } from './watch-regions.ts'
import { joinMachines } from './join-machines.ts'
import { joinLimitMs, type NodeSight, type NodeStep, nextStep } from './node-life.ts'

type Means = {
  pool: Pool
  engine: Engine
  ring: KeyRing
  installation: string
  registry: string
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** So many machines in a row that never joined are no accident. */
const TOLD_AFTER = 3

export type NodeWatch = { look(): Promise<void> }

type Memory = {
  clouds: CloudLooks
  approved: ReturnType<typeof blueprintReader>
  /** By row: since when it is not in the Swarm. */
  awaySince: Map<string, number>
  saved: Saved
}

export function nodeWatch(means: Means): NodeWatch {
  const memory: Memory = {
    clouds: cloudLooks(means),
    approved: blueprintReader(),
    awaySince: new Map(),
    saved: { text: '', at: 0 },
  }
  return { look: () => lookAtNodes(means, memory) }
}

async function lookAtNodes(means: Means, memory: Memory): Promise<void> {
  const rows = await livingNodes(means.pool)
  const { engine, installation } = means
  const [nodes, load, probes] = await Promise.all([
    listNodes(engine),
    loadOfNodes(engine, installation),
    listProbes(engine, installation),
  ])
  const own = nodes.filter((node) => node.installation === installation)
  for (const [poolKey, ofPool] of Map.groupBy(rows, (row) => row.pool_key))
    await followPool(means, memory, { poolKey, rows: ofPool, own, load, probes })
  const approved = await memory.approved(means.pool)
  const placed = nodes.map((node) => ({ ...node, pool: poolOf(node, installation, approved) }))
  await closeNodes(means, placed, rows)
  memory.saved = await saveNodes(means, { nodes: placed, load, before: memory.saved })
  await forgetStale(means, rows, own, load)
  const underWay = await joinMachines(means, {
    ...{ nodes, probes },
    imageFor: (poolKey) => probeImage(approved, poolKey, means.registry),
  })
  for (const [nodeId, probe] of probes)
    if (probe.state === 'ran' || !own.some(({ id }) => id === nodeId))
      await removeProbe(engine, probe.id)
  if (underWay.length === 0) await rotateWhenAllJoined(means)
}

async function followPool(
  means: Means,
  memory: Memory,
  seen: {
    poolKey: string
    rows: NodeRow[]
    own: SwarmNode[]
    load: Map<string, Load>
    probes: Awaited<ReturnType<typeof listProbes>>
  },
): Promise<void> {
  const { poolKey, rows, own, load, probes } = seen
  const servers = await memory.clouds.look({ id: rows[0]!.pool_id, key: poolKey })
  const approved = await memory.approved(means.pool)
  const image = probeImage(approved, poolKey, means.registry)
  const cloud = approved?.pools.find(({ key }) => key === poolKey)?.cloud ?? undefined
  if (servers && cloud && cloud.regions.length > 1)
    await watchRegions(means, memory.clouds, { pool: poolKey, servers })
  for (const row of rows) {
    const region = cloud && regionOf(cloud, row)
    const node = nodeOf(row, own, cloud && otherRegionOf(cloud, row))
    const sight: NodeSight = {
      ...sightOfServer(row, servers?.get(region ?? '')),
      swarm: node ? sightOfNode(node, load) : null,
      awayMs: awayMs(memory, row, node, means.now()),
      probe: probes.get(row.swarm_id ?? '')?.state ?? 'none',
    }
    const limit = joinLimitMs(await joinTimes(means.pool, row.flavour))
    const step = nextStep(row, sight, { now: means.now(), joinLimitMs: limit })
    const stack = cloud && machineStackKey('nodes', poolKey, { cloud, region: region ?? '' })
    if (step) await take(means, { row, stack, image }, step)
  }
}

/** The node that a row has joined as; before that, the one that is up and carries its key and region. */
function nodeOf(
  row: NodeRow,
  nodes: SwarmNode[],
  region: string | null | undefined,
): SwarmNode | undefined {
  if (row.swarm_id) return nodes.find(({ id }) => id === row.swarm_id)
  return nodes.find(
    (node) =>
      node.isUp &&
      node.key === row.key &&
      node.pool === row.pool_key &&
      (region === undefined || node.region === region),
  )
}

function awayMs(memory: Memory, row: NodeRow, node: SwarmNode | undefined, now: Date): number {
  if (node?.isUp || !row.swarm_id) memory.awaySince.delete(row.id)
  else memory.awaySince.set(row.id, memory.awaySince.get(row.id) ?? now.getTime())
  return now.getTime() - (memory.awaySince.get(row.id) ?? now.getTime())
}

const sightOfNode = (
  node: SwarmNode,
  load: Map<string, Load>,
): NonNullable<NodeSight['swarm']> => ({
  ...{ id: node.id, isUp: node.isUp, isOpen: node.availability === 'active' },
  seats: load.get(node.id)?.seats ?? 0,
})

/** What was listed before the machine was made says nothing about it. */
function sightOfServer(row: NodeRow, look: RegionLook | undefined): Pick<NodeSight, 'server'> {
  if (!look || look.at < row.state_at.getTime() || !row.server_id) return {}
  const server = look.byKey.get(row.key)
  return { server: server?.id === row.server_id ? server : null }
}

async function take(
  means: Means,
  { row, stack, image }: { row: NodeRow; stack: string | undefined; image: string | undefined },
  step: NodeStep,
): Promise<void> {
  const { pool, engine, installation, now, log } = means
  if (step.do === 'probe') {
    if (image && row.swarm_id)
      await startProbe(engine, { installation, nodeId: row.swarm_id, image })
    return
  }
  if (step.do === 'replace') return replace(means, { row, stack }, step.why)
  log.info({ pool: row.pool_key, node: row.key, ...step }, 'a machine has come further')
  await withTransaction(pool, async (tx) => {
    const to = step.do === 'join' ? 'joined' : step.to
    if (step.do === 'join') await noteNode(tx, { id: row.id, swarmId: step.swarmId })
    await moveNode(tx, { id: row.id, from: [row.state], to, now: now() })
  })
}

/** The entry of what is gone is forgotten at once: its seats start elsewhere. Who keeps the pool is told after three. */
async function replace(
  means: Means,
  { row, stack }: { row: NodeRow; stack: string | undefined },
  why: string,
): Promise<void> {
  const { pool, engine, now, log } = means
  if (row.swarm_id) await removeNode(engine, row.swarm_id)
  const tries = row.tries + 1
  log.warn({ pool: row.pool_key, node: row.key, why, tries }, 'a machine is made anew')
  await withTransaction(pool, async (tx) => {
    const { id, pool_id: poolId } = row
    await replaceNode(tx, { id, poolId, stackKey: stack, message: why, now: now() })
    if (tries < TOLD_AFTER) return
    const day = now().toISOString().slice(0, 10)
    await sendNotice(tx, {
      ...{ code: 'notice.node-never-joined', to: 'infra', now: now() },
      params: { node: row.key, pool: row.pool_key, count: tries },
      dedupeKey: `node ${row.id} ${day}`,
    })
  })
}

/** Entries of machines that are no more, or that were made anew: down, ours by label, and in no row. */
async function forgetStale(
  { engine, log }: Means,
  rows: NodeRow[],
  own: SwarmNode[],
  load: Map<string, Load>,
): Promise<void> {
  const living = new Set(rows.map(({ swarm_id }) => swarm_id))
  for (const node of own) {
    const isOurs = node.key !== null && node.pool !== null && !node.isManager
    if (!isOurs || node.isUp || living.has(node.id) || load.has(node.id)) continue
    await removeNode(engine, node.id)
    log.info({ node: node.key, pool: node.pool }, 'a node that is no more was forgotten')
  }
}

async function rotateWhenAllJoined({ pool, engine, now, log }: Means): Promise<void> {
  const handedAt = await tokenOutSince(pool)
  if (!handedAt) return
  const coming = ['wanted', 'creating', 'booted']
  if ((await livingNodes(pool)).some(({ state }) => coming.includes(state))) return
  await rotateWorkerToken(engine)
  await withTransaction(pool, (tx) => noteTokenRotated(tx, { handedAt, now: now() }))
  log.info({}, 'the token by which machines join was rotated')
}

/** Of a course that meets in the pool, if there is one: its class needs the image there anyway. */
function probeImage(
  blueprint: Blueprint | undefined,
  poolKey: string,
  registry: string,
): string | undefined {
  const courses = blueprint?.courses.filter(({ template }) => template !== null) ?? []
  const meets = courses.find(({ sessions }) => sessions.some(({ pool }) => pool === poolKey))
  const course = meets ?? courses[0]
  return course?.template ? imageReference(course.template.image, registry) : undefined
}
