/** What changes between two blueprints? As data: what appears, changes, disappears, and what it costs. */
import { canonicalJson, nodeLists, seatNumbers, seatRanges } from '../blueprint.ts'
import type { Blueprint, BlueprintCourse, BlueprintPool, BlueprintSession } from '../blueprint.ts'
import type { Pool } from '../terms-pool.ts'
import { parseInstant } from './clock.ts'

const hourMs = 3_600_000

export interface SessionChange {
  key: string
  before: BlueprintSession
  after: BlueprintSession
}

export interface CourseDiff {
  course: string
  change: 'appears' | 'disappears' | 'changes'
  added: BlueprintSession[]
  removed: BlueprintSession[]
  moved: SessionChange[]
  /** Another number of students, places or seats. */
  resized: SessionChange[]
  /** Other doors: opening, lead, stay, grace, pool or group. */
  adjusted: SessionChange[]
  /** Seat numbers, as ranges, that come and go. Those with a volume never go before its date. */
  seatsAdded: string
  seatsRemoved: string
  /** Names of what differs in the seat template: `image`, `memoryMb`, … */
  template: string[]
  /** Other fields of the course that differ: `headroom`, `allowance`, `volumes`, … */
  fields: string[]
}

export interface PoolDiff {
  pool: string
  currency: string
  nodeHoursBefore: number
  nodeHoursAfter: number
  priceBefore: number
  priceAfter: number
  /** Most bought nodes at once. */
  peakBefore: number
  peakAfter: number
}

export interface BlueprintDiff {
  courses: CourseDiff[]
  pools: PoolDiff[]
}

/** @param pools for prices: a blueprint knows no money of what is planned */
export function diff(a: Blueprint, b: Blueprint, pools: Pool[]): BlueprintDiff {
  const [before, after] = [a, b].map(
    (one) => new Map(one.courses.map((course) => [course.key, course])),
  )
  const keys = [...a.courses, ...b.courses]
    .filter(({ key }) => before?.get(key) !== after?.get(key))
    .map((course) => course.key)
  return {
    courses: [...new Set(keys)]
      .toSorted()
      .flatMap((key) => courseDiff(key, before?.get(key), after?.get(key)) ?? []),
    pools: pools
      .toSorted((x, y) => (x.key < y.key ? -1 : 1))
      .map((pool) => poolDiff(pool, a, b))
      .filter(
        (one) => one.nodeHoursBefore !== one.nodeHoursAfter || one.priceBefore !== one.priceAfter,
      ),
  }
}

function courseDiff(
  course: string,
  before: BlueprintCourse | undefined,
  after: BlueprintCourse | undefined,
): CourseDiff | undefined {
  if (before === after) return undefined
  const pairs = sessionPairs(before?.sessions ?? [], after?.sessions ?? [])
  const both = pairs.flatMap(({ was, session }) => {
    const isSame = was === undefined || was === session
    return isSame ? [] : [{ key: session.key, before: was, after: session }]
  })
  const hasSameSeats = before?.seats === after?.seats
  const [had = new Set<number>(), has = new Set<number>()] = [before, after].map(
    (one) => new Set(hasSameSeats ? [] : seatNumbers(one?.seats ?? '')),
  )
  const found: CourseDiff = {
    course,
    change: before === undefined ? 'appears' : after === undefined ? 'disappears' : 'changes',
    added: pairs.filter(({ was }) => was === undefined).map(({ session }) => session),
    removed: removedFrom(before?.sessions ?? [], pairs),
    moved: both.filter(isMoved),
    resized: both.filter(isResized),
    adjusted: both.filter((one) => !isMoved(one) && isAdjusted(one)),
    seatsAdded: seatRanges([...has].filter((seat) => !had.has(seat))),
    seatsRemoved: seatRanges([...had].filter((seat) => !has.has(seat))),
    template: differing(before?.template ?? {}, after?.template ?? {}),
    fields: before && after ? fieldsThatDiffer(before, after) : [],
  }
  return isEmpty(found) ? undefined : found
}

/** Each session now, with the one of the same key before. */
type SessionPair = { was: BlueprintSession | undefined; session: BlueprintSession }

/** Most courses that a change touches keep their sessions in their order: then nothing is looked up. */
export function sessionPairs(before: BlueprintSession[], after: BlueprintSession[]): SessionPair[] {
  let known: Map<string, BlueprintSession> | undefined
  return after.map((session, i) => {
    const there = before[i]
    if (there?.key === session.key) return { was: there, session }
    known ??= new Map(before.map((one) => [one.key, one]))
    return { was: known.get(session.key), session }
  })
}

function removedFrom(before: BlueprintSession[], pairs: SessionPair[]): BlueprintSession[] {
  const kept = new Set(pairs.map(({ was }) => was))
  return before.filter((session) => !kept.has(session))
}

function isMoved({ before, after }: SessionChange): boolean {
  return before.startsAt !== after.startsAt || before.endsAt !== after.endsAt
}

function isResized({ before, after }: SessionChange): boolean {
  return (['students', 'atOnce', 'spares', 'seats'] as const).some(
    (name) => before[name] !== after[name],
  )
}

function isAdjusted({ before, after }: SessionChange): boolean {
  const names = [
    'opensAt',
    'leadStartsAt',
    'readyAt',
    'placesEndAt',
    'graceEndsAt',
    'pool',
    'group',
    'kind',
  ] as const
  return names.some((name) => before[name] !== after[name])
}

function fieldsThatDiffer(before: BlueprintCourse, after: BlueprintCourse): string[] {
  const rest = ({ sessions: _s, seats: _n, template: _t, ...others }: BlueprintCourse) => others
  return differing(rest(before), rest(after))
}

function differing(before: object, after: object): string[] {
  const old = before as Record<string, unknown>
  const now = after as Record<string, unknown>
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter(
      (name) =>
        old[name] !== now[name] &&
        canonicalJson(old[name] ?? null) !== canonicalJson(now[name] ?? null),
    )
    .toSorted()
}

function isEmpty({ course: _course, change, ...lists }: CourseDiff): boolean {
  return change === 'changes' && Object.values(lists).every((list) => list.length === 0)
}

function poolDiff(pool: Pool, a: Blueprint, b: Blueprint): PoolDiff {
  const nodes = [a, b].map((one) => one.pools.find(({ key }) => key === pool.key)?.nodes)
  const before = spent(pool, a)
  const after = nodes[0] === nodes[1] ? before : spent(pool, b)
  return {
    pool: pool.key,
    currency: pool.currency,
    nodeHoursBefore: before.nodeHours,
    nodeHoursAfter: after.nodeHours,
    priceBefore: before.price,
    priceAfter: after.price,
    peakBefore: before.peak,
    peakAfter: after.peak,
  }
}

type Spent = { nodeHours: number; price: number; peak: number }

/** By list of nodes: what is in force is compared with every edit of it. */
const spentOn = new WeakMap<BlueprintPool['nodes'], { pool: Pool; spent: Spent }>()

/** Node-hours, price and peak of the nodes a blueprint buys in a pool (always-on ones apart). */
export function spent(pool: Pool, blueprint: Blueprint): Spent {
  const nodes = blueprint.pools.find((one) => one.key === pool.key)?.nodes ?? []
  const known = spentOn.get(nodes)
  if (known?.pool === pool) return known.spent
  const sum = spentFor(pool, nodes)
  spentOn.set(nodes, { pool, spent: sum })
  return sum
}

function spentFor(pool: Pool, nodes: BlueprintPool['nodes']): Spent {
  const prices = new Map(pool.flavours.map((one) => [one.key, one.pricePerHour]))
  const starts = new Float64Array(nodes.length)
  const ends = new Float64Array(nodes.length)
  let nodeHours = 0
  let price = 0
  let count = 0
  for (const list of nodeLists(nodes)) {
    const lives = livesOf(list)
    starts.set(lives.starts, count)
    ends.set(lives.ends, count)
    count += list.length
    for (const [flavour, hours] of lives.hours) {
      nodeHours += hours
      price += hours * (prices.get(flavour) ?? 0)
    }
  }
  return { nodeHours: round(nodeHours), price: round(price), peak: peakOf(starts, ends) }
}

/** Epoch ms of each node, and hours by flavour. */
type Lives = { starts: Float64Array; ends: Float64Array; hours: Map<string, number> }

/** Lists of days that an edit leaves alone stay the same objects. */
const livesKnown = new WeakMap<BlueprintPool['nodes'], Lives>()

function livesOf(nodes: BlueprintPool['nodes']): Lives {
  const known = livesKnown.get(nodes)
  if (known) return known
  const starts = Float64Array.from(nodes, (node) => parseInstant(node.from))
  const ends = Float64Array.from(nodes, (node) => parseInstant(node.until))
  const hours = new Map<string, number>()
  nodes.forEach(({ flavour }, i) => {
    const span = ((ends[i] ?? 0) - (starts[i] ?? 0)) / hourMs
    hours.set(flavour, (hours.get(flavour) ?? 0) + span)
  })
  const lives = { starts: starts.sort(), ends: ends.sort(), hours }
  livesKnown.set(nodes, lives)
  return lives
}

/** The most at any one instant; who leaves then makes room for who comes. */
function peakOf(starts: Float64Array, ends: Float64Array): number {
  starts.sort()
  ends.sort()
  let gone = 0
  let peak = 0
  starts.forEach((from, come) => {
    while ((ends[gone] ?? Infinity) <= from) gone++
    peak = Math.max(peak, come + 1 - gone)
  })
  return peak
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
