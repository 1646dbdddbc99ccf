/**
 * What no plan can go below, and what simpler habits would buy. Written apart from the compiler: it
 * reads course documents and the instants of sessions, never placements or nodes.
 *
 * Lower bound: seats are divisible and may move at every instant; at each instant a pool has at least
 * the cheapest whole nodes whose sum covers the sum of demand beyond its own machines. Boots: each rise
 * of that number after a gap pays a boot, or the gap itself where that is cheaper.
 */
import type { Blueprint, BlueprintSession } from '../../stacks/blueprint.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import type { Course, Resources } from '../../stacks/terms.ts'
import type { Flavour, Pool } from '../../stacks/terms-pool.ts'

const hourMs = 3_600_000
const minuteMs = 60_000

export interface Claim {
  session: string
  seats: number
  each: number[]
  from: number
  until: number
  startsAt: number
}

export interface PoolClaims {
  pool: Pool
  kinds: string[]
  claims: Claim[]
}

/** Every pool's reservations over time, from documents and session instants. */
export function claimsOf(input: CompileInput, blueprint: Blueprint): PoolClaims[] {
  return input.pools.map((pool) => {
    const kinds = [...new Set(input.courses.flatMap((one) => one.seat.gpu?.kind ?? []))].toSorted()
    const claims = blueprint.courses.flatMap((planned) => {
      const course = input.courses.find((one) => one.key === planned.key)
      if (course === undefined) return []
      const sessions = planned.sessions.filter((session) => session.pool === pool.key)
      return sessions.flatMap((session) => claimsOfSession(course, session, pool, kinds))
    })
    return { pool, kinds, claims }
  })
}

function claimsOfSession(
  course: Course,
  session: BlueprintSession,
  pool: Pool,
  kinds: string[],
): Claim[] {
  const isBuying = pool.flavours.length > 0
  if (session.kind === 'project' && isBuying) return []
  if (session.kind === 'booking' && !isBuying) return []
  const from = Date.parse(session.leadStartsAt)
  const last = Date.parse(session.graceEndsAt)
  const startsAt = Date.parse(session.startsAt)
  const each = amounts(course.seat, kinds)
  const places = session.atOnce + session.spares
  const plan = course.sessions.find((one) => one.exam && session.kind === 'exam')
  const extra = (plan?.extraTime ?? []).toSorted((a, b) => b.minutes - a.minutes)
  const longest = extra[0]?.minutes ?? 0
  let left = places
  const claims: Claim[] = []
  for (const { students, minutes } of extra) {
    const seats = Math.min(students, left)
    left -= seats
    claims.push({
      session: session.key,
      seats,
      each,
      from,
      startsAt,
      until: last - (longest - minutes) * minuteMs,
    })
  }
  claims.push({
    session: session.key,
    seats: left,
    each,
    from,
    startsAt,
    until: last - longest * minuteMs,
  })
  return claims.filter((claim) => claim.seats > 0)
}

export function amounts(of: Amounts, kinds: string[]): number[] {
  const gpu = kinds.map((kind) => (of.gpu?.kind === kind ? of.gpu.count : 0))
  return [Math.round((of.cpu ?? 0) * 1000), of.memoryMb ?? 0, ...gpu]
}

export function sizeOf(node: Amounts, pool: Pool, kinds: string[]): number[] {
  const reserve = amounts(pool.reserve, kinds)
  return amounts(node, kinds).map((amount, i) => Math.max(0, amount - (reserve[i] ?? 0)))
}

type Amounts = { [name in keyof Resources]?: Resources[name] | undefined }

export interface Spent {
  nodeHours: number
  price: number
}

export function lowerBound({ pool, kinds, claims }: PoolClaims): Spent {
  const steps = stepsOf(claims, kinds.length + 2)
  const own = pool.nodes.map((node) => sizeOf(node, pool, kinds))
  const flavours = pool.flavours.map((flavour) => ({ flavour, size: sizeOf(flavour, pool, kinds) }))
  const largest = kinds.length === 0 ? flavours : flavours
  const spent: Spent = { nodeHours: 0, price: 0 }
  const counts: { from: number; until: number; nodes: number }[] = []
  for (const { from, until, used } of steps) {
    const rest = used.map(
      (amount, i) => amount - own.reduce((sum, size) => sum + (size[i] ?? 0), 0),
    )
    const cheapest = cheapestCover(rest, flavours)
    const fewest = fewestNodes(
      rest,
      largest.map((one) => one.size),
    )
    spent.price += (cheapest * (until - from)) / hourMs
    spent.nodeHours += (fewest * (until - from)) / hourMs
    counts.push({ from, until, nodes: fewest })
  }
  const boots = bootsOf(counts, pool.flavours)
  return { nodeHours: spent.nodeHours + boots.nodeHours, price: spent.price + boots.price }
}

/** Sum of demand between any two instants at which it changes. */
function stepsOf(
  claims: Claim[],
  width: number,
): { from: number; until: number; used: number[] }[] {
  const changes = claims
    .flatMap((claim) => [
      { at: claim.from, sign: 1, claim },
      { at: claim.until, sign: -1, claim },
    ])
    .toSorted((a, b) => a.at - b.at)
  const used = Array.from({ length: width }, () => 0)
  const steps: { from: number; until: number; used: number[] }[] = []
  changes.forEach(({ at, sign, claim }, i) => {
    claim.each.forEach((amount, d) => (used[d] = (used[d] ?? 0) + sign * amount * claim.seats))
    const next = changes[i + 1]?.at ?? at
    if (next > at) steps.push({ from: at, until: next, used: [...used] })
  })
  return steps
}

/** Price per hour of the cheapest whole nodes that cover a sum; every mix of two flavours is tried. */
function cheapestCover(rest: number[], flavours: { flavour: Flavour; size: number[] }[]): number {
  const [first, second] = flavours
  if (rest.every((amount) => amount <= 0)) return 0
  if (first === undefined) return 0
  const alone = fewestNodes(rest, [first.size])
  if (second === undefined) return alone * first.flavour.pricePerHour
  if (flavours.length > 2) throw new Error('the lower bound knows pools of at most two flavours')
  let best = Infinity
  for (let n = 0; n <= Math.min(alone, 100_000); n++) {
    const left = rest.map((amount, i) => amount - n * (first.size[i] ?? 0))
    const others = fewestNodes(left, [second.size])
    best = Math.min(best, n * first.flavour.pricePerHour + others * second.flavour.pricePerHour)
  }
  return best
}

/** Nodes needed if all were as large, in each resource, as the largest. Infinity when none has any. */
function fewestNodes(rest: number[], sizes: number[][]): number {
  const need = rest.map((amount, i) => {
    const size = Math.max(0, ...sizes.map((one) => one[i] ?? 0))
    return amount <= 0 ? 0 : Math.ceil(amount / size)
  })
  return Math.max(0, ...need)
}

/** Level by level: a node that goes and comes back pays a boot, or stays for the gap. */
function bootsOf(
  counts: { from: number; until: number; nodes: number }[],
  flavours: Flavour[],
): Spent {
  const bootMs = Math.min(...flavours.map((one) => one.bootMinutes)) * minuteMs
  const price = Math.min(...flavours.map((one) => one.pricePerHour))
  const bootPrice = Math.min(...flavours.map((one) => one.pricePerHour * one.bootMinutes)) / 60
  const endOfLevel: number[] = []
  const boots: Spent = { nodeHours: 0, price: 0 }
  for (const { from, until, nodes } of counts) {
    for (let level = 0; level < nodes; level++) {
      const gapMs = from - (endOfLevel[level] ?? -Infinity)
      endOfLevel[level] = until
      if (gapMs === 0) continue
      boots.nodeHours += Math.min(gapMs, bootMs) / hourMs
      boots.price += Math.min((gapMs / hourMs) * price, bootPrice)
    }
  }
  return boots
}
