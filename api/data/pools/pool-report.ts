/** All that is told of one pool: its machines with what runs there, plan beside reality, cost so far. */
import type { Blueprint } from '../../../stacks/blueprint.ts'
import { machinesAt } from '../../../stacks/rules/machine-stacks.ts'
import { type Quorum, quorumOf } from '../../../stacks/rules/quorum.ts'
import { regionOf } from '../../../stacks/rules/regions.ts'
import type { Pool as PoolDocument } from '../../../stacks/terms-pool.ts'
import { currentBlueprint } from '../changes/blueprint.ts'
import { tellTrouble, type ToldTrouble } from './cloud-trouble.ts'
import { documentsInForce } from '../courses/course.ts'
import type { Db } from '../db.ts'
import { merged, valuesOf } from '../courses/documents.ts'
import { type JoinTicket, ticketsOfPool } from './join-ticket.ts'
import { livingNodes, type NodePhase, type NodeRow, type NodeState, nodePhases } from './node.ts'
import { type NodeReason, type Reasoned, reasonOf, reasonOfManager } from './node-reason.ts'
import { type PoolRegion, poolRegions } from './pool-regions.ts'
import { openLack } from '../seats/slot-lack.ts'
import { openOutages } from '../volumes/storage-outage.ts'
import {
  findPool,
  type PoolRow,
  poolTroubles,
  type SeenNode,
  seenNodes,
  type StackTrouble,
} from './pool.ts'

const HOUR_MS = 3_600_000
const STEP_MS = HOUR_MS / 2
const BACK_MS = 12 * HOUR_MS
const AHEAD_MS = 24 * HOUR_MS
const COST_DAYS = 30

/** `own`: a machine that was there before Labplan; its state is what the Swarm says. */
export type PoolNode = {
  name: string
  flavour: string | null
  /** Where it is made, in a pool with several regions. */
  region: string | null
  state: NodeState | 'up' | 'away' | 'closed'
  since: Date | null
  /** Of the catalogue, under `node.trouble.`; null when nothing is wrong. */
  trouble: string | null
  tries: number
  /** What it is on for; null for an own machine, and before anybody decided. */
  why: NodeReason | null
  /** When it goes, as far as that is known. */
  goesAt: Date | null
  address: string | null
  /** Null while it is not in the Swarm. */
  load: Pick<
    SeenNode,
    'seats' | 'cores' | 'memory_mb' | 'cores_reserved' | 'memory_reserved_mb' | 'gpus' | 'gpus_held'
  > | null
}

export type SessionWithoutPlace = {
  course: string
  session: string
  startsAt: string
  students: number
}

/** So many machines were planned, and so many there; `there` is null for what is to come. */
export type PoolMoment = { at: Date; planned: number; there: number | null }

export type PoolReport = {
  pool: PoolRow
  title: { en: string; fr: string } | null
  isCloud: boolean
  /** Its volumes are on its one machine. */
  isOfOneMachine: boolean
  /** What keeps its volumes, and since when it does not answer; null where nothing does with a limit. */
  storage: {
    backend: string
    server: string | null
    away: { since: Date; reason: string } | null
    /** Since when its seats begin without their student's own volume: its agent is of a version that brings none. */
    lacksSlots: { since: Date } | null
  } | null
  nodes: PoolNode[]
  /** None where it has one, or none. */
  regions: PoolRegion[]
  /** Of all managers of the Swarm, where this pool makes some; null where it does not. */
  quorum: Quorum | null
  timeline: PoolMoment[]
  /** Of machines made in the last 30 days; null where nothing is bought. */
  cost: { hours: number; price: number; currency: string } | null
  /** Sessions to come that have no place as long as it is closed. */
  withoutPlace: SessionWithoutPlace[]
  troubles: (StackTrouble & { cause: ToldTrouble | null })[]
}

export async function poolReport(db: Db, key: string, now: Date): Promise<PoolReport | undefined> {
  const pool = await findPool(db, key)
  if (!pool) return undefined
  const head = await currentBlueprint(db)
  const document = await poolDocument(db, key)
  const phases = await nodePhases(db, key, new Date(now.getTime() - COST_DAYS * 24 * HOUR_MS))
  const isCloud = head?.blueprint.pools.some((one) => one.key === key && one.cloud) ?? false
  const rows = await livingNodes(db, key)
  return {
    ...{ pool, isCloud, title: document?.title ?? null },
    nodes: await nodesOf(db, { pool, rows, document, blueprint: head?.blueprint, now }),
    regions: await poolRegions(db, { key, rows, blueprint: head?.blueprint, now }),
    storage: await storageOf(db, document, head?.blueprint),
    quorum: await quorumAt(db, key),
    isOfOneMachine: document?.storage?.backend === 'local',
    timeline: isCloud && head ? timelineOf(head.blueprint, key, phases, now) : [],
    cost: document && document.flavours.length > 0 ? costOf(document, phases, now) : null,
    withoutPlace: pool.closed && head ? sessionsToCome(head.blueprint, key, now) : [],
    troubles: (await poolTroubles(db, pool.id)).map((one) => ({
      ...one,
      cause: tellTrouble(one.message, {
        ...{ blueprint: head?.blueprint, poolKey: key, at: one.state_at },
      }),
    })),
  }
}

async function storageOf(
  db: Db,
  document: PoolDocument | undefined,
  blueprint: Blueprint | undefined,
): Promise<PoolReport['storage']> {
  const storage = document?.storage
  if (!storage) return null
  const outage = (await openOutages(db)).find(({ backend }) => backend === storage.backend)
  const lack = await openLack(db)
  const isFelt =
    lack?.backend === storage.backend &&
    blueprint?.courses.some(({ pool, personal }) => pool === document.key && personal)
  return {
    ...{ backend: storage.backend, server: 'server' in storage ? storage.server : null },
    away: outage ? { since: outage.since_at, reason: outage.reason } : null,
    lacksSlots: lack && isFelt ? { since: lack.since_at } : null,
  }
}

/** Soonest first. What has begun goes on. */
function sessionsToCome(blueprint: Blueprint, key: string, now: Date): SessionWithoutPlace[] {
  return blueprint.courses
    .flatMap((course) =>
      course.sessions
        .filter(({ pool, startsAt }) => pool === key && new Date(startsAt) > now)
        .map(({ key: session, startsAt, students }) => ({
          ...{ course: course.key, session, startsAt, students },
        })),
    )
    .toSorted((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt))
}

async function poolDocument(db: Db, key: string): Promise<PoolDocument | undefined> {
  const all = merged(await documentsInForce(db), [])
  return valuesOf(all, 'Pool').find((one) => one.key === key)
}

async function nodesOf(
  db: Db,
  of: {
    pool: PoolRow
    rows: NodeRow[]
    document: PoolDocument | undefined
    blueprint: Blueprint | undefined
    now: Date
  },
): Promise<PoolNode[]> {
  const { rows, document, blueprint, now } = of
  const cloud = blueprint?.pools.find((one) => one.key === of.pool.key)?.cloud
  const isSpread = cloud !== undefined && cloud !== null && cloud.regions.length > 1
  const { id: poolId, key } = of.pool
  const counted = new Set(document?.nodes.map((node) => node.key))
  const tickets = new Map((await ticketsOfPool(db, poolId)).map((one) => [one.swarm_id, one]))
  const seen = (await seenNodes(db)).filter(({ pool }) => pool === key)
  const managers = await livingNodes(db, key, 'manager')
  const joined = new Set([...rows, ...managers].map(({ swarm_id }) => swarm_id))
  const madeOf = (row: NodeRow, of: (node: SeenNode | undefined) => Reasoned): PoolNode => {
    const node = seen.find(({ id }) => id === row.swarm_id)
    return {
      ...{ name: row.key, flavour: row.flavour, state: row.state, since: row.state_at },
      ...{ trouble: row.message, tries: row.tries, load: node ?? null },
      ...of(node),
      region: isSpread ? regionOf(cloud, row) : null,
      address: node?.address ?? null,
    }
  }
  const made = [
    ...managers.map((row) => ({
      ...madeOf(row, (node) => reasonOfManager(row, node?.is_manager === true)),
      load: null,
    })),
    ...rows.map((row) => madeOf(row, () => reasonOf(row, blueprint, now))),
  ]
  const own = seen
    .filter(({ id }) => !joined.has(id))
    .map((node): PoolNode => ({
      ...{ name: node.hostname, flavour: null, region: null, why: null, goesAt: null },
      trouble: whyNotCounted(tickets.get(node.id), counted),
      ...stateOf(node, tickets.get(node.id)),
      ...{ tries: 0, address: node.address, load: node },
    }))
  return [...own, ...made]
}

/** As a code, until a plan counts on it under its name. */
const whyNotCounted = (ticket: JoinTicket | undefined, counted: Set<string>): string | null =>
  !ticket || counted.has(ticket.node_key ?? '') ? null : ticket.message
/** As the worker saw it last. */
async function quorumAt(db: Db, key: string): Promise<Quorum | null> {
  if ((await livingNodes(db, key, 'manager')).length === 0) return null
  return quorumOf(
    (await seenNodes(db)).map(({ is_manager, is_up }) => ({
      vote: is_manager ? { isReachable: is_up } : null,
    })),
  )
}

/** One that joined by a ticket says how far it has come. */
function stateOf(
  { is_up, availability }: SeenNode,
  ticket: JoinTicket | undefined,
): Pick<PoolNode, 'state' | 'since'> {
  if (!is_up) return { state: 'away', since: null }
  if (availability !== 'active') return { state: 'closed', since: null }
  if (ticket?.state !== 'joined' && ticket?.state !== 'ready') return { state: 'up', since: null }
  return { state: ticket.state, since: ticket.state_at }
}

/** Half hours, from twelve hours ago to a day ahead. */
function timelineOf(
  blueprint: Blueprint,
  key: string,
  phases: NodePhase[],
  now: Date,
): PoolMoment[] {
  const lives = livesOf(phases, now)
  const first = Math.floor((now.getTime() - BACK_MS) / STEP_MS) * STEP_MS
  const moments: PoolMoment[] = []
  for (let at = first; at <= now.getTime() + AHEAD_MS; at += STEP_MS) {
    const stacks = machinesAt(blueprint, new Date(at).toISOString())
    const planned = stacks.filter((one) => one.pool === key).flatMap(({ nodes }) => nodes).length
    const there = lives.filter(
      ({ from, until }) => from <= at && (at < until || until >= now.getTime()),
    ).length
    const isPast = at <= now.getTime()
    moments.push({ at: new Date(at), planned, there: isPast ? there : null })
  }
  return moments
}

type Life = { key: string; from: number; until: number }

/** From *booted* until *gone*, or now: what a cloud bills. */
export function livesOf(phases: NodePhase[], now: Date): Life[] {
  const lives: Life[] = []
  const open = new Map<string, Life>()
  for (const { key, state, startedAt } of phases) {
    const life = open.get(key)
    if (!life && state !== 'gone' && state !== 'wanted' && state !== 'creating') {
      const begun = { key, from: startedAt.getTime(), until: now.getTime() }
      open.set(key, begun)
      lives.push(begun)
    } else if (life && (state === 'gone' || state === 'wanted')) {
      life.until = startedAt.getTime()
      open.delete(key)
    }
  }
  return lives
}

function costOf(document: PoolDocument, phases: NodePhase[], now: Date): PoolReport['cost'] {
  // `m-large-12` is the twelfth of m-large; `m-large-x2` was bought beyond the plan.
  const priceOf = (key: string) =>
    document.flavours.find((one) => one.key === key.replace(/-x?\d+$/, ''))?.pricePerHour ?? 0
  let hours = 0
  let price = 0
  for (const { key, from, until } of livesOf(phases, now)) {
    const lasted = (until - from) / HOUR_MS
    hours += lasted
    price += lasted * priceOf(key)
  }
  return { hours, price, currency: document.currency }
}
