/**
 * Machines that join a pool by a pasted line: what they join with is sealed for them when they call, they are tried out as any other,
 * and the pool's document counts them from then on.
 */
import type { Logger } from 'pino'
import { parseDocument } from 'yaml'
import { lastCloud } from '../../api/data/changes/blueprint.ts'
import { proposeWithin } from '../../api/data/changes/change.ts'
import { documentsInForce } from '../../api/data/courses/course.ts'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import {
  type JoinTicket,
  moveTicket,
  notePlanned,
  openTickets,
  sealJoin,
} from '../../api/data/pools/join-ticket.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { noteTokenHanded } from '../../api/data/pools/node.ts'
import type { Engine } from '../swarm/engine.ts'
import { type Probe, startProbe } from '../swarm/node-probe.ts'
import { managerAddress, type SwarmNode, workerToken } from '../swarm/node.ts'

type Means = {
  pool: Pool
  engine: Engine
  ring: KeyRing
  installation: string
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** The label that its script gives its engine (stacks/parts/join-script.ts). */
const TICKET = 'labplan.machine'
/** From being handed what it joins with until it has: packages are installed before. */
const JOIN_LIMIT_MS = 10 * 60_000
/** A machine waits no longer than that for an answer (api/handlers/join-machine.ts). */
const CALL_LIMIT_MS = 60_000

/** Whether one may still join with a token that was given out. */
export const isOnItsWay = ({ state }: JoinTicket): boolean =>
  state === 'called' || state === 'handed'

export type JoinSight = {
  /** All of the Swarm. */
  nodes: SwarmNode[]
  /** By Swarm node id. */
  probes: Map<string, Probe>
  /** What is run on a machine of a pool to try it out; undefined while no course has an image. */
  imageFor(poolKey: string): string | undefined
}

/** One step of each; answers those that are still on their way. */
export async function joinMachines(means: Means, sight: JoinSight): Promise<JoinTicket[]> {
  const tickets = await openTickets(means.pool)
  for (const ticket of tickets)
    try {
      await stepTicket(means, ticket, sight)
    } catch (error) {
      // One that goes wrong again and again keeps neither the others from joining nor the token from being rotated.
      means.log.warn({ err: error, ticket: ticket.id }, 'a machine that joins was not followed')
    }
  return tickets.filter(isOnItsWay)
}

async function stepTicket(means: Means, ticket: JoinTicket, sight: JoinSight): Promise<void> {
  const node = sight.nodes.find((one) => one.isUp && one.engineLabels[TICKET] === ticket.id)
  const since = means.now().getTime() - ticket.state_at.getTime()
  if (node && isOnItsWay(ticket)) return joined(means, ticket, node)
  if (ticket.state === 'called')
    return since > CALL_LIMIT_MS ? lapse(means, ticket) : sealFor(means, ticket)
  if (ticket.state === 'handed' && since > JOIN_LIMIT_MS) return lapse(means, ticket)
  if (ticket.state === 'issued' && means.now() >= ticket.expires_at) return lapse(means, ticket)
  if (ticket.state !== 'joined') return
  if (!sight.nodes.some(({ id }) => id === ticket.swarm_id)) return lapse(means, ticket)
  if (!node) return
  if (!ticket.planned_at) await countIt(means, ticket, { node, nodes: sight.nodes })
  const probe = sight.probes.get(node.id)?.state ?? 'none'
  const image = sight.imageFor(ticket.pool_key)
  if (probe === 'ran') await move(means, ticket, 'ready')
  else if (probe === 'none' && image)
    await startProbe(means.engine, { ...means, nodeId: node.id, image })
}

async function sealFor(means: Means, ticket: JoinTicket): Promise<void> {
  const { engine, ring, pool, now } = means
  const cloud = await lastCloud(pool, ticket.pool_key)
  const manager = cloud?.manager ?? (await managerAddress(engine))
  if (!manager) return move(means, ticket, 'lapsed', 'manager-on-loopback')
  // Where no gateways are named the manager is the one: seats are entered by IPv4 alone (stacks/parts/seat-firewall.ts).
  if (!cloud && manager.startsWith('[')) return move(means, ticket, 'lapsed', 'manager-on-ipv6')
  const join = `${await workerToken(engine)} ${manager}`
  await withTransaction(pool, async (tx) => {
    await noteTokenHanded(tx, now())
    await sealJoin(tx, ring, { id: ticket.id, join })
  })
}

async function joined(means: Means, ticket: JoinTicket, node: SwarmNode): Promise<void> {
  const { pool, log, now } = means
  log.info({ pool: ticket.pool_key, node: node.hostname }, 'a machine has joined by its ticket')
  await withTransaction(pool, (tx) =>
    moveTicket(tx, {
      ...{ id: ticket.id, from: ['called', 'handed'], to: 'joined', swarmId: node.id, now: now() },
    }),
  )
}

const lapse = (means: Means, ticket: JoinTicket): Promise<void> => move(means, ticket, 'lapsed')

async function move(
  { pool, now }: Means,
  { id, state: from }: JoinTicket,
  to: 'ready' | 'lapsed',
  message?: string,
): Promise<void> {
  await withTransaction(pool, (tx) =>
    moveTicket(tx, { ...{ id, from: [from], to, now: now() }, ...(message && { message }) }),
  )
}

/**
 * Proposed as who asked for the line would: it is in force, or waits for whose agreement the policy asks. That it was is written
 * down in the same transaction: it is proposed once.
 */
async function countIt(
  means: Means,
  ticket: JoinTicket,
  { node, nodes }: { node: SwarmNode; nodes: SwarmNode[] },
): Promise<void> {
  await withTransaction(means.pool, async (tx) => {
    const stored = (await documentsInForce(tx)).find(
      ({ kind, key }) => kind === 'Pool' && key === ticket.pool_key,
    )
    const others = nodes.filter((one) => one.id !== node.id && one.hostname === node.hostname)
    const isShared = others.some(({ isUp }) => isUp)
    const key = isShared ? nameWithId(node) : node.hostname
    const text = stored && withNode(stored.text, { ...node, key }, ticket.gpu_kind)
    const message = text ? await proposeIt(tx, means, { ticket, text }) : null
    // An entry of the same name that is away: this machine before it joined anew, or another.
    const isUnclear = !text && !isShared && others.length > 0
    const plan = isUnclear ? { key: nameWithId(node), message: 'same-name' } : { key, message }
    await notePlanned(tx, { id: ticket.id, ...plan, now: means.now() })
  })
}

/** Of a machine whose host name another one has. */
const nameWithId = ({ hostname, id }: SwarmNode): string => `${hostname}-${id.slice(0, 5)}`

/** Answers why the machine is not counted yet, as a code; null when it is. */
async function proposeIt(
  tx: Db,
  { ring, log, now }: Means,
  { ticket, text }: { ticket: JoinTicket; text: string },
): Promise<'not-counted' | 'count-waits' | null> {
  const outcome = await proposeWithin(tx, {
    sources: [{ name: `Pool ${ticket.pool_key}`, text }],
    actor: { name: ticket.issued_by, role: ticket.issued_by_role },
    ...{ ring, now: now() },
  })
  if (outcome.outcome === 'wrong') {
    log.warn({ pool: ticket.pool_key, errors: outcome.errors }, 'a machine cannot be counted')
    return 'not-counted'
  }
  const lane = outcome.outcome === 'changed' ? outcome.change.lane : 'automatic'
  if (lane === 'deny') return 'not-counted'
  return lane === 'automatic' ? null : 'count-waits'
}

/** The document with the machine among its own; undefined when it is there already. Its comments stay. */
export function withNode(
  text: string,
  { key, cores, memoryMb, gpus }: { key: string } & Pick<SwarmNode, 'cores' | 'memoryMb' | 'gpus'>,
  gpuKind: string | null,
): string | undefined {
  const document = parseDocument(text)
  const { nodes = [] } = document.toJS() as { nodes?: { key: string }[] }
  if (nodes.some((one) => one.key === key)) return undefined
  const gpu = gpus > 0 && gpuKind !== null && { gpu: { kind: gpuKind, count: gpus } }
  const node = { key, cpu: cores, memoryMb, ...gpu }
  if (nodes.length === 0) document.set('nodes', document.createNode([node]))
  else document.addIn(['nodes'], document.createNode(node))
  return document.toString()
}
