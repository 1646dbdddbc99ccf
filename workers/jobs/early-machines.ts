/**
 * Machines that a cloud is to make for a session, asked for the day before: the cloud by its interfaces for what a plan does
 * not see (sizes, quota, zones), and Terraform for a plan of them beside those that run for others now. Nothing is made,
 * changed or bought. What could not be learned is said to be unknown, never taken for an answer.
 */
import { z } from 'zod'
import { ensureStack, hasRunsToDo } from '../../api/data/runs/early-plan.ts'
import { withTransaction } from '../../api/data/db.ts'
import { poolsWithoutDestroys } from '../../api/data/runs/freeze.ts'
import { basesThere } from '../../api/data/pools/manager.ts'
import type { NoticeLine } from '../../api/data/notice.ts'
import { findCredential } from '../../api/data/pools/pool-credential.ts'
import { findPool } from '../../api/data/pools/pool.ts'
import { AlteredRecord } from '../../api/data/changes/seal.ts'
import type { Blueprint, BlueprintCloud, BlueprintSession } from '../../stacks/blueprint.ts'
import { type MachinesContent, managersOf } from '../../stacks/content.ts'
import {
  type CloudTrouble,
  isOfRegion,
  readCloudTrouble,
} from '../../stacks/rules/cloud-trouble.ts'
import {
  type Amounts,
  type MachinesThen,
  machinesOfSession,
  quotaLacks,
} from '../../stacks/rules/early-machines.ts'
import { machinesContent, type WantedMachines } from '../../stacks/rules/machine-stacks.ts'
import { othersFor } from '../../stacks/rules/regions.ts'
import { CloudError, connectCloud } from '../cloud/client.ts'
import { type CloudServer, listServers } from '../cloud/objects.ts'
import {
  computeQuotas,
  diskQuotas,
  hasImage,
  listSizes,
  listZones,
  type Size,
} from '../cloud/offers.ts'
import type { StackRequest } from '../terraform/context.ts'
import { planStack } from '../terraform/plan-stack.ts'
import { approvedMachines } from './apply-machines.ts'
import { type Findings, SILENT_AFTER } from './early-checks.ts'
import { machinesWanted } from './machines.ts'
import type { EarlyMeans } from './plan-early.ts'
import { keysOf } from './prepare-machines.ts'

/** `isShut`: nobody gets in, or nobody answers there. Terraform would only find the same. */
type RegionFindings = Findings & { isShut: boolean }

const nothingFound = (): RegionFindings => ({ problems: [], unknown: [], isShut: false })

const MESSAGE_LENGTH = 400
/** What time alone may settle: asked again. */
const ASKED_AGAIN = new Set([
  'early.unanswered',
  'early.machines-busy',
  'early.registry-unanswered',
])
export const isAskedAgain = (unknown: NoticeLine[]): boolean =>
  unknown.some(({ code }) => ASKED_AGAIN.has(code))

type Asking = {
  means: EarlyMeans
  blueprint: Blueprint
  /** Of the whole pool; a stack's is of one region. */
  cloud: BlueprintCloud
  access: StackRequest['cloud'] & object
  pool: string
  at: Date
  attempt: number
  /** What is wanted of the pool's cloud now, by the record. */
  now: WantedMachines[]
}

/** Nothing where the session stands on no cloud's machines, or nobody said how that is entered: cloudProblems tells so. */
export async function machineFindings(
  means: EarlyMeans,
  blueprint: Blueprint,
  { session, attempt }: { session: BlueprintSession; attempt: number },
): Promise<Findings> {
  const all: Findings = { problems: [], unknown: [] }
  const regions = machinesOfSession(blueprint, session)
  const cloud = blueprint.pools.find(({ key }) => key === session.pool)?.cloud
  const row = await findPool(means.pool, session.pool)
  if (regions.length === 0 || !cloud || !row) return all
  const credential = await findCredential(means.pool, means.runs.keyRing, row.id)
  if (!credential) return all
  const client = connectCloud(credential.access, means.now)
  const asking: Asking = {
    ...{ means, blueprint, cloud, attempt, pool: session.pool, at: new Date(session.leadStartsAt) },
    access: { access: credential.access, client },
    now: (await machinesWanted(means.pool, blueprint, means.now())).filter(
      (stack) => stack.pool === session.pool,
    ),
  }
  for (const whole of regions) {
    const then = withoutElsewhere(whole, asking.now)
    const found = nothingFound()
    await askCloud(asking, then, found)
    if (!found.isShut) await planThen(asking, then, found)
    all.problems.push(...found.problems)
    all.unknown.push(...found.unknown)
  }
  return { problems: once(all.problems), unknown: once(all.unknown) }
}

/** A machine that another region took, while its own refused, is there and not made anew in this one. */
function withoutElsewhere(then: MachinesThen, now: WantedMachines[]): MachinesThen {
  const { nodes } = then
  const others = now.filter(({ kind, key }) => kind === 'nodes' && key !== nodes.key)
  const taken = new Set(others.flatMap((stack) => stack.nodes.map(({ key }) => key)))
  return { ...then, nodes: { ...nodes, nodes: nodes.nodes.filter(({ key }) => !taken.has(key)) } }
}

/** The cloud and Terraform may find the same, each in its own way. */
const once = (lines: NoticeLine[]): NoticeLine[] => [
  ...new Map(lines.map((line) => [JSON.stringify(line), line])).values(),
]

async function askCloud(asking: Asking, then: MachinesThen, found: RegionFindings): Promise<void> {
  const { region, nodes } = then
  const { client } = asking.access
  const at = { asking, region, found }
  const place = nodes.cloud.regions[0]
  const sizes = await answerOf(at, () => listSizes(client, region))
  const isThere = place && (await answerOf(at, () => hasImage(client, region, place.image)))
  if (place && isThere === false) tell(at, { code: 'image-missing', params: { name: place.image } })
  const zones = place?.availabilityZones ?? []
  const open = zones.length > 0 && (await answerOf(at, () => listZones(client, region)))
  if (open)
    for (const name of zones.filter((zone) => !open.includes(zone)))
      tell(at, { code: 'zone-missing', params: { name } })
  if (sizes) await askQuota(at, then, sizes)
}

type At = { asking: Asking; region: string; found: RegionFindings }

/** Undefined where the cloud does not say it: then that is written down, and one that is shut is asked nothing more. */
async function answerOf<Answer>(at: At, ask: () => Promise<Answer>): Promise<Answer | undefined> {
  if (at.found.isShut) return undefined
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof CloudError) && !(error instanceof z.ZodError)) throw error
    refused(at, error.message)
    return undefined
  }
}

/** A refusal to be asked is no refusal of machines, unless nobody is let in at all. */
function refused(at: At, message: string): void {
  const trouble = readCloudTrouble(message, at.asking.cloud)
  const code = trouble?.code
  const isClosed = code === 'credential' || code === 'region-unknown'
  const isSilent = code === 'region-down' || code === 'rate-limit'
  if (isClosed || isSilent) at.found.isShut = true
  const isLasting = code === 'region-down' && at.asking.attempt >= SILENT_AFTER
  if (trouble && (isClosed || isLasting)) return tell(at, trouble)
  at.found.unknown.push({
    code: isSilent ? 'early.unanswered' : 'early.unasked',
    params: { region: at.region, message: message.slice(0, MESSAGE_LENGTH) },
  })
}

function tell({ asking, region, found }: At, { code, params }: CloudTrouble): void {
  const others = isOfRegion({ code, params }) ? othersFor(asking.cloud, region) : []
  found.problems.push(
    { code: 'early.machines-then', params: { pool: asking.pool, region } },
    { code: `cloud.trouble.${code}`, params },
    { code: `cloud.trouble.${code}.do`, params },
    ...elsewhere(region, others),
  )
}

const elsewhere = (region: string, others: string[]): NoticeLine[] =>
  others.length === 0
    ? []
    : [{ code: 'cloud.elsewhere', params: { region, others: others.join(', ') } }]

type Machine = { key: string; size: string }

/** Machines of a stack as they will be: a manager's size is named as the cloud does, a node's by the pool. */
function machinesOf(content: MachinesContent): Machine[] {
  const { managers, flavours } = content.cloud
  if (content.kind === 'base')
    return managersOf(content).map((key) => ({ key, size: managers?.flavour ?? '' }))
  return content.nodes.map(({ key, flavour }) => ({
    ...{ key, size: flavours.find((one) => one.key === flavour)?.name ?? flavour },
  }))
}

async function askQuota(at: At, then: MachinesThen, sizes: Size[]): Promise<void> {
  const { client } = at.asking.access
  const { region, nodes, base } = then
  const { installation } = at.asking.means.place
  const contents = [base, nodes].map((stack) => machinesContent(stack, installation))
  const wanted = contents.map(machinesOf)
  const offered = new Set(sizes.map(({ name }) => name))
  const missing = new Set(
    wanted.flat().flatMap(({ size: name }) => (offered.has(name) ? [] : [name])),
  )
  for (const name of missing) tell(at, { code: 'flavour-missing', params: { name } })
  // How much of the quota that takes is not known then, either.
  if (missing.size > 0) return
  const there: CloudServer[][] = []
  for (const content of contents) {
    const servers = await answerOf(at, () => listServers(client, content, region))
    if (!servers) return
    there.push(servers)
  }
  const disks = nodes.cloud.engineVolumeGb
  const quotas = [
    ...((await answerOf(at, () => computeQuotas(client, region))) ?? []),
    ...((disks !== null && (await answerOf(at, () => diskQuotas(client, region)))) || []),
  ]
  const moves = movesOf({ wanted, there, sizes, disks })
  const going = (await keepsAll(at.asking)) ? [] : moves.going
  for (const params of quotaLacks(quotas, { coming: moves.coming, going }))
    at.found.problems.push(
      { code: 'early.quota', params: { ...params, pool: at.asking.pool, region } },
      { code: 'cloud.trouble.quota.do', params },
      ...elsewhere(region, othersFor(at.asking.cloud, region)),
    )
}

/** Nothing is given back before then while a freeze keeps it. */
async function keepsAll({ means, pool, at }: Asking): Promise<boolean> {
  const { all, pools } = await poolsWithoutDestroys(means.pool, at)
  return all || pools.includes(pool)
}

const nodeOf = ({ metadata }: CloudServer): string => metadata['labplan.node'] ?? ''

/** Stack by stack, what comes until then and what goes. */
function movesOf(of: {
  wanted: Machine[][]
  there: CloudServer[][]
  sizes: Size[]
  disks: number | null
}): Record<'coming' | 'going', Amounts[]> {
  const { wanted, there, sizes, disks } = of
  const amounts = (size: Size | undefined): Amounts => ({
    ...{ instances: 1, cores: size?.cores ?? 0, ram: size?.memoryMb ?? 0 },
    ...(disks !== null && { volumes: 1, gigabytes: disks }),
  })
  const coming = wanted.flatMap((machines, i) => {
    const here = new Set(there[i]?.map(nodeOf))
    return machines
      .filter(({ key }) => !here.has(key))
      .map(({ size }) => amounts(sizes.find(({ name }) => name === size)))
  })
  const going = there.flatMap((servers, i) => {
    const kept = new Set(wanted[i]?.map(({ key }) => key))
    return servers
      .filter((server) => !kept.has(nodeOf(server)))
      .map(({ flavor }) => amounts(sizes.find(({ id }) => id === flavor?.id)))
  })
  return { coming, going }
}

/**
 * Terraform's plan of the region's machines. Where their networks do not stand yet these are planned, and the machines cannot
 * be: their plan looks the networks up.
 */
async function planThen(asking: Asking, then: MachinesThen, found: RegionFindings): Promise<void> {
  const { means } = asking
  const { region, base, nodes } = then
  const at = { asking, region, found }
  if ((await basesThere(means.pool)).has(base.key))
    return planMachines(at, besideOthers(asking.now, nodes))
  await planMachines(at, { ...base, cloud: { ...base.cloud, managers: null } })
  found.unknown.push({ code: 'early.machines-unplanned', params: { pool: asking.pool, region } })
}

/** With those that the stack has on now: they stay as they are in it, whatever becomes of them until then. */
function besideOthers(now: WantedMachines[], nodes: WantedMachines): WantedMachines {
  const there = now.find(({ key }) => key === nodes.key)?.nodes ?? []
  const known = new Set(there.map(({ key }) => key))
  const all = [...there, ...nodes.nodes.filter(({ key }) => !known.has(key))]
  return { ...nodes, nodes: all.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }
}

async function planMachines(at: At, stack: WantedMachines): Promise<void> {
  const { asking, region, found } = at
  const { key, kind, pool } = stack
  const { means } = asking
  const what = `late.what.${kind}`
  const busy = { code: 'early.machines-busy', params: { what, region } }
  // Others stand on the same stack: a run of theirs that is due finds it free.
  if (await hasRunsToDo(means.pool, means.now(), key)) return void found.unknown.push(busy)
  const machines = await approvedThen(asking, stack).catch((error: unknown) => {
    if (!(error instanceof AlteredRecord)) throw error
    found.problems.push({ code: 'early.plan-held', params: { what, message: error.message } })
  })
  if (!machines) return
  await withTransaction(means.pool, (tx) =>
    ensureStack(tx, { key, kind, poolKey: pool, courseKey: null, now: means.now() }),
  )
  const content = machinesContent(stack, means.place.installation)
  // Who comes is told how to join its Swarm by the run that makes it, and by no plan before.
  const join = Object.fromEntries(keysOf(content).map((one) => [one, 'told when it is made']))
  const result = await planStack(means.runs, {
    ...{ content, cloud: asking.access, machines, approved: true, signal: means.signal },
    before: async () => ({ join }),
  })
  if (result.ok) return
  if (result.reason === 'held' || result.reason === 'failed')
    return planRefused(at, what, { ...result, isHeld: result.reason === 'held' })
  found.unknown.push(busy)
}

/** As a run that makes them is held to what is approved: by what is under the seal, at that time. */
const approvedThen = ({ means, blueprint, at, pool }: Asking, { nodes }: WantedMachines) =>
  approvedMachines(
    { pool: means.pool, ring: means.runs.keyRing, now: () => at },
    ...([blueprint, { pool, asked: nodes }] as const),
  )

function planRefused(
  at: At,
  what: string,
  { message, isHeld }: { message: string; isHeld: boolean },
): void {
  const params = { what, message: message.slice(0, MESSAGE_LENGTH) }
  if (isHeld) return void at.found.problems.push({ code: 'early.plan-held', params })
  const trouble = readCloudTrouble(message, at.asking.cloud)
  if (!trouble) return void at.found.problems.push({ code: 'early.plan-failed', params })
  if (trouble.code === 'region-down' || trouble.code === 'rate-limit') return refused(at, message)
  tell(at, trouble)
}
