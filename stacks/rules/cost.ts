/** What does a course cost? Its sessions' share of the machines that are bought for them. */
import type { Blueprint, BlueprintCourse, BlueprintSession } from '../blueprint.ts'
import type { Pool } from '../terms-pool.ts'
import { parseInstant } from './clock.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export interface CourseCost {
  /** Of bought nodes, shared by seats with who else sits there; own machines count nothing. */
  nodeHours: number
  price: number
  currency: string
  /** Places × hours, wherever they are. */
  seatHours: number
}

/** Seats, its own too, that are on each of a session's nodes at some time while it has them. */
export type NodeSharing = (session: BlueprintSession) => ReadonlyMap<string, number>

/** @param about courses whose sessions will be asked about */
export function nodeSharing(blueprint: Blueprint, about = blueprint.courses): NodeSharing {
  const asked: SittingsOnDay = []
  for (const course of about) for (const day of sittingsOf(course).days) asked[day] = []
  for (const course of blueprint.courses) {
    const { days, sittings } = sittingsOf(course)
    for (let i = 0; i < days.length; i++)
      asked[days[i] as number]?.push(sittings[i] as (typeof sittings)[number])
  }
  return (session) => seatsMeanwhile(sittingOf(session), asked)
}

/** By the number of a pool's day; of days that nobody asks about there is none. */
type SittingsOnDay = (Sitting[] | undefined)[]

/** Names of nodes come again all term long: only who is there at the same time shares one. */
function seatsMeanwhile(own: Sitting, onDay: SittingsOnDay): Map<string, number> {
  const seats = new Map(own.session.placements.map(({ node }): [string, number] => [node, 0]))
  own.days.forEach((day, i) => {
    const dayBefore = own.days[i - 1]
    for (const there of onDay[day] ?? []) {
      const isMeanwhile = there.from < own.until && own.from < there.until
      // Who stays overnight is there on both days, and counts once.
      if (!isMeanwhile || (dayBefore !== undefined && there.days.includes(dayBefore))) continue
      for (const { node, seats: more } of there.session.placements) {
        const sum = seats.get(node)
        if (sum !== undefined) seats.set(node, sum + more)
      }
    }
  })
  return seats
}

type Sitting = {
  session: BlueprintSession
  /** One number for each of its days, by pool. */
  days: number[]
  from: number
  until: number
}

/** A session that an edit leaves alone stays the same object. */
const sittings = new WeakMap<BlueprintSession, Sitting>()

function sittingOf(session: BlueprintSession): Sitting {
  const known = sittings.get(session)
  if (known) return known
  const span = spanOf(session)
  const sitting = { session, days: daysOf(session.pool, span), ...span }
  sittings.set(session, sitting)
  return sitting
}

/** Each day of each session of a course, and who sits there then: side by side, since a look reads those of a campus. */
type CourseSittings = { days: Int32Array; sittings: Sitting[] }

/** A course that an edit leaves alone stays the same object, too. */
const courseSittings = new WeakMap<BlueprintCourse, CourseSittings>()

function sittingsOf(course: BlueprintCourse): CourseSittings {
  const known = courseSittings.get(course)
  if (known) return known
  const all = course.sessions.map((session) => sittingOf(session))
  const found = {
    days: Int32Array.from(all.flatMap(({ days }) => days)),
    sittings: all.flatMap((sitting) => sitting.days.map(() => sitting)),
  }
  courseSittings.set(course, found)
  return found
}

/** Numbers of pools' days as they come up: some hundreds in a term. They mean nothing outside of this process. */
const dayNumbers = new Map<string, number>()

function daysOf(pool: string, { from, until }: { from: number; until: number }): number[] {
  const first = Math.floor(from / dayMs)
  return Array.from({ length: Math.floor((until - 1) / dayMs) - first + 1 }, (_, n) => {
    const name = `${pool} ${first + n}`
    const known = dayNumbers.get(name) ?? dayNumbers.size
    dayNumbers.set(name, known)
    return known
  })
}

export const spanOf = (session: BlueprintSession): { from: number; until: number } => ({
  from: parseInstant(session.leadStartsAt),
  until: parseInstant(session.graceEndsAt),
})

/** Its hours of each bought node, by its share of the seats there meanwhile. Own machines cost nothing. */
export function sessionCost(
  session: BlueprintSession,
  pool: Pool,
  sharing: NodeSharing,
): { price: number; nodeHours: number } {
  const { from, until } = spanOf(session)
  const prices = new Map(pool.flavours.map((one) => [one.key, one.pricePerHour]))
  const there = sharing(session)
  let price = 0
  let nodeHours = 0
  for (const { node, seats } of session.placements) {
    const cut = node.lastIndexOf('-')
    // A bought machine is its flavour and a number from 1; an own one may be called anything.
    const pricePerHour =
      Number(node.slice(cut + 1)) > 0 ? prices.get(node.slice(0, cut)) : undefined
    if (pricePerHour === undefined) continue
    const hours = (((until - from) / hourMs) * seats) / Math.max(1, there.get(node) ?? 0)
    nodeHours += hours
    price += hours * pricePerHour
  }
  return { price, nodeHours }
}

/** @returns undefined for a course that is not in it */
export function courseCost(
  blueprint: Blueprint,
  pools: Pool[],
  courseKey: string,
): CourseCost | undefined {
  const known = costs.get(blueprint) ?? new Map<string, CourseCost | undefined>()
  costs.set(blueprint, known)
  if (known.has(courseKey)) return known.get(courseKey)
  const course = blueprint.courses.find((one) => one.key === courseKey)
  const cost = course && costOf(course, pools, nodeSharing(blueprint, [course]))
  known.set(courseKey, cost)
  return cost
}

/** A blueprint never changes, and is asked by its gate and by its page. */
const costs = new WeakMap<Blueprint, Map<string, CourseCost | undefined>>()

/** @param sharing of the nodes it sits on, at least */
export function costOf(course: BlueprintCourse, pools: Pool[], sharing: NodeSharing): CourseCost {
  const sum = { nodeHours: 0, price: 0, seatHours: 0 }
  for (const session of course.sessions) {
    const pool = pools.find((one) => one.key === session.pool)
    const cost = pool ? sessionCost(session, pool, sharing) : { price: 0, nodeHours: 0 }
    const hours = (parseInstant(session.endsAt) - parseInstant(session.startsAt)) / hourMs
    sum.price += cost.price
    sum.nodeHours += cost.nodeHours
    if (session.kind !== 'booking') sum.seatHours += hours * session.atOnce
  }
  const currency = pools.find((one) => one.key === course.pool)?.currency ?? ''
  return { ...sum, price: hundredths(sum.price), nodeHours: hundredths(sum.nodeHours), currency }
}

const hundredths = (amount: number): number => Math.round(amount * 100) / 100
