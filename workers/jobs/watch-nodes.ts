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
  tokenOutSince,
} from '../../api/data/pools/node.ts'
import { nodesWithHomes } from '../../api/data/seats/scratch-home.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { blueprintReader } from '../../api/data/changes/blueprint.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { machineStackKey, otherRegionOf, regionOf } from '../../stacks/rules/regions.ts'
import { imageReference } from '../../stacks/parts/text.ts'
import { type CloudLooks, cloudLooks } from '../cloud/look.ts'
import { type Engine, hasNoLeader } from '../swarm/engine.ts'
import { listProbes, removeProbe, startProbe } from '../swarm/node-probe.ts'
import { type Load, loadOfNodes } from '../swarm/load.ts'
import { staleNodes } from '../swarm/stale-nodes.ts'
import { listNodes, removeNode, rotateWorkerToken, type SwarmNode } from '../swarm/node.ts'
import { closeNodes, poolOf, type Saved, saveNodes } from './node-pools.ts'
import { watchRegions } from './watch-regions.ts'
import { joinMachines } from './join-machines.ts'
import { joinLimitMs, type NodeSight, type NodeStep, nextStep } from './node-life.ts'
import {
  awayMs,
  type AwaySince,
  nodeOf,
  sightOfNode,
  sightOfServer,
  type Watched,
  watchedMs,
} from './node-sight.ts'
import { passSteps, type Steps } from './pass-steps.ts'
import { replaceMachine } from './replace-machine.ts'
import { isThere, lookAtManagers, tellNoLeader } from './watch-managers.ts'

type Means = {
  pool: Pool
  engine: Engine
  ring: KeyRing
  installation: string
  registry: string
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

export type NodeWatch = { look(): Promise<void> }

type Memory = {
  clouds: CloudLooks
  approved: ReturnType<typeof blueprintReader>
  /** By row, and by manager: since when it is not in the Swarm. */
  awaySince: AwaySince
  watched: Watched
  saved: Saved
}

export function nodeWatch(means: Means): NodeWatch {
  const memory: Memory = {
    clouds: cloudLooks(means),
    approved: blueprintReader(),
    awaySince: new Map(),
    watched: { since: 0, at: 0 },
    saved: { text: '', at: 0 },
  }
  return {
    async look() {
      try {
        await lookAtNodes(means, memory)
      } catch (error) {
        if (hasNoLeader(error)) await tellNoLeader(means)
        throw error
      }
    },
  }
}

async function lookAtNodes(means: Means, memory: Memory): Promise<void> {
  const homes = await nodesWithHomes(means.pool)
  // Files on a node that are not home yet keep it, and keep it open for who fetches them.
  const rows = await livingNodes(means.pool)
  const { engine, installation } = means
  const [nodes, load, probes] = await Promise.all([
    listNodes(engine),
    loadOfNodes(engine, installation),
    listProbes(engine, installation),
  ])
  const own = nodes.filter((node) => node.installation === installation)
  const approved = await memory.approved(means.pool)
  const steps = passSteps(means)
  const watched = watchedMs(memory.watched, means.now())
  // What was away before a gap may have been back in it.
  if (watched === 0) memory.awaySince.clear()
  const look: Look = { watched, rows, nodes, own, load, homes, probes, approved, steps }
  const managers = await followAll(means, memory, look)
  await keepNodes(means, memory, look, managers)
  const underWay = await joinMachines(means, {
    ...{ nodes, probes },
    imageFor: (poolKey) => probeImage(approved, poolKey, means.registry),
  })
  for (const [nodeId, probe] of probes)
    if (probe.state === 'ran' || !own.some(({ id }) => id === nodeId))
      await removeProbe(engine, probe.id)
  if (underWay.length === 0) await rotateWhenAllJoined(means)
  steps.end()
}

/** What was seen at once; `steps`: what goes wrong with some keeps none of the others. */
type Look = {
  rows: NodeRow[]
  nodes: SwarmNode[]
  own: SwarmNode[]
  load: Map<string, Load>
  homes: Set<string>
  probes: Awaited<ReturnType<typeof listProbes>>
  approved: Blueprint | undefined
  /** For how long machines are being looked at, in ms. */
  watched: number
  steps: Steps
}

/** The next step of each machine; answers the managers. */
async function followAll(means: Means, memory: Memory, look: Look): Promise<NodeRow[]> {
  const { rows, nodes, own, approved, watched, steps } = look
  for (const [poolKey, ofPool] of Map.groupBy(rows, (row) => row.pool_key))
    await steps.take(
      `Pool ${poolKey}: its machines could not be followed.`,
      () => followPool(means, memory, { ...look, poolKey, rows: ofPool }),
      undefined,
    )
  const managers = await livingNodes(means.pool, null, 'manager')
  const { clouds, awaySince } = memory
  const regionFor = (poolKey: string) =>
    approved?.pools.find(({ key }) => key === poolKey)?.cloud?.regions[0]?.name
  await steps.take(
    'Managers could not be followed.',
    () =>
      lookAtManagers(means, {
        ...{ rows: managers, nodes, own, clouds, regionFor, awaySince, watched, steps },
      }),
    undefined,
  )
  return managers
}

/** Closed and open as people want them, written down for pages, and forgotten when they are no more. */
async function keepNodes(
  means: Means,
  memory: Memory,
  { rows, nodes, own, load, homes, approved, steps }: Look,
  managers: NodeRow[],
): Promise<void> {
  const placed = nodes.map((node) => ({
    ...{ ...node, isUp: isThere(node), pool: poolOf(node, means.installation, approved) },
  }))
  const isNode = (node: SwarmNode) => !managers.some((row) => isOf(row, node))
  await closeNodes(means, {
    nodes: placed.filter(isNode),
    rows: rows.filter((row) => !homes.has(row.swarm_id ?? '')),
    steps,
  })
  memory.saved = await saveNodes(means, { nodes: placed, load, before: memory.saved })
  const living = new Set([...rows, ...managers].map(({ swarm_id }) => swarm_id))
  await steps.take(
    'Nodes that are no more could not be forgotten.',
    () => forgetStale(means, own, { living, busy: load, homes }),
    undefined,
  )
}

async function followPool(
  means: Means,
  memory: Memory,
  { poolKey, rows, own, load, homes, probes, approved, watched, steps }: Look & { poolKey: string },
): Promise<void> {
  const servers = await memory.clouds.look({ id: rows[0]!.pool_id, key: poolKey })
  const image = probeImage(approved, poolKey, means.registry)
  const cloud = approved?.pools.find(({ key }) => key === poolKey)?.cloud ?? undefined
  if (servers && cloud && cloud.regions.length > 1)
    await watchRegions(means, memory.clouds, { pool: poolKey, servers })
  for (const row of rows) {
    const region = cloud && regionOf(cloud, row)
    const node = nodeOf(row, own, cloud && otherRegionOf(cloud, row))
    const sight: NodeSight = {
      ...sightOfServer(row, servers?.get(region ?? '')),
      swarm: node ? sightOfNode(node, load, homes) : null,
      awayMs: awayMs(
        memory.awaySince,
        { id: row.id, isThere: node?.isUp || !row.swarm_id },
        means.now(),
      ),
      probe: probes.get(row.swarm_id ?? '')?.state ?? 'none',
    }
    const limit = joinLimitMs(await joinTimes(means.pool, row.flavour))
    const clock = { now: means.now(), joinLimitMs: limit, watchedMs: watched }
    const step = nextStep(row, sight, clock)
    const stack = cloud && machineStackKey('nodes', poolKey, { cloud, region: region ?? '' })
    if (step)
      await steps.take(
        `Machine ${row.key} of pool ${poolKey} could not come further.`,
        () => take(means, { row, stack, image }, step),
        undefined,
      )
  }
}

const isOf = (row: NodeRow, node: SwarmNode): boolean =>
  row.key === node.key && row.pool_key === node.pool

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

/** The entry of what is gone is forgotten at once: its seats start elsewhere. */
async function replace(
  means: Means,
  { row, stack }: { row: NodeRow; stack: string | undefined },
  why: string,
): Promise<void> {
  if (row.swarm_id) await removeNode(means.engine, row.swarm_id)
  await replaceMachine(means, row, { stack, why })
}

/** Entries of machines that are no more, or that were made anew: down, ours by label, and in no row. */
async function forgetStale(
  { engine, log }: Means,
  own: SwarmNode[],
  seen: Parameters<typeof staleNodes>[1],
): Promise<void> {
  for (const node of staleNodes(own, seen)) {
    await removeNode(engine, node.id)
    log.info({ node: node.key, pool: node.pool }, 'a node that is no more was forgotten')
  }
}

async function rotateWhenAllJoined({ pool, engine, now, log }: Means): Promise<void> {
  const handedAt = await tokenOutSince(pool)
  if (!handedAt) return
  const coming = ['wanted', 'creating', 'booted']
  const rows = [...(await livingNodes(pool)), ...(await livingNodes(pool, null, 'manager'))]
  if (rows.some(({ state }) => coming.includes(state))) return
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
