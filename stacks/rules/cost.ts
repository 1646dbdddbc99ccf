/** What does a course cost? Its sessions' share of the machines that are bought for them. */
import type { Blueprint, BlueprintCourse, BlueprintSession } from '../blueprint.ts'
import type { Pool } from '../terms.ts'
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

/** A session's seats on one node, from its lead to its grace. */
export type Sitting = { seats: number; from: number; until: number }

/** Pool → node → day since 1970 → who sits there that day: names of nodes come again all term long. */
export type NodeSharing = Map<string, Map<string, Map<number, Sitting[]>>>

/** Of the nodes and days that these courses sit on. */
export function nodeSharing(blueprint: Blueprint, about = blueprint.courses): NodeSharing {
  const sharing: NodeSharing = new Map()
  for (const course of about)
    for (const { session, days } of course.sessions.map(sittingOf)) {
      const pool = sharing.get(session.pool) ?? new Map<string, Map<number, Sitting[]>>()
      sharing.set(session.pool, pool)
      for (const { node } of session.placements) {
        const byDay = pool.get(node) ?? new Map<number, Sitting[]>()
        pool.set(node, byDay)
        for (const day of days) if (!byDay.has(day)) byDay.set(day, [])
      }
    }
  const asked = new Set<string>()
  for (const [pool, nodes] of sharing)
    for (const days of nodes.values()) for (const day of days.keys()) asked.add(`${pool} ${day}`)
  for (const course of blueprint.courses)
    for (const there of meeting(course, asked)) {
      const pool = sharing.get(there.session.pool)
      for (const { node, seats } of there.session.placements) {
        const byDay = pool?.get(node)
        if (!byDay) continue
        const sitting = { seats, from: there.from, until: there.until }
        for (const day of there.days) byDay.get(day)?.push(sitting)
      }
    }
  return sharing
}

type Day = {
  session: BlueprintSession
  days: number[]
  /** Pool and day, for each day. */
  names: string[]
  from: number
  until: number
}

/** A session that an edit leaves alone stays the same object. */
const sittings = new WeakMap<BlueprintSession, Day>()

function sittingOf(session: BlueprintSession): Day {
  const known = sittings.get(session)
  if (known) return known
  const span = spanOf(session)
  const days = daysOf(span)
  const sitting = { session, days, names: days.map((day) => `${session.pool} ${day}`), ...span }
  sittings.set(session, sitting)
  return sitting
}

/** Its sessions in these pools on these days. */
function meeting(course: BlueprintCourse, asked: ReadonlySet<string>): Day[] {
  return course.sessions.map(sittingOf).filter(({ names }) => names.some((one) => asked.has(one)))
}

function daysOf({ from, until }: { from: number; until: number }): number[] {
  const first = Math.floor(from / dayMs)
  return Array.from({ length: Math.floor((until - 1) / dayMs) - first + 1 }, (_, n) => first + n)
}

export const spanOf = (session: BlueprintSession): { from: number; until: number } => ({
  from: parseInstant(session.leadStartsAt),
  until: parseInstant(session.graceEndsAt),
})

/** Who stays overnight is there on both days, and counts once. */
function seatsMeanwhile(
  byDay: Map<number, Sitting[]> | undefined,
  days: number[],
  { from, until }: { from: number; until: number },
): number {
  let seats = 0
  const [first = 0] = days
  for (const day of days)
    for (const one of byDay?.get(day) ?? []) {
      const isNew = day === first || one.from >= day * dayMs
      if (isNew && one.from < until && from < one.until) seats += one.seats
    }
  return seats
}

/** Its hours of each bought node, by its share of the seats there meanwhile. Own machines cost nothing. */
export function sessionCost(
  session: BlueprintSession,
  pool: Pool,
  sharing: NodeSharing,
): { price: number; nodeHours: number } {
  const { from, until } = spanOf(session)
  const days = daysOf({ from, until })
  const prices = new Map(pool.flavours.map((one) => [one.key, one.pricePerHour]))
  const nodes = sharing.get(session.pool)
  let price = 0
  let nodeHours = 0
  for (const { node, seats } of session.placements) {
    const cut = node.lastIndexOf('-')
    // A bought machine is its flavour and a number from 1; an own one may be called anything.
    const pricePerHour =
      Number(node.slice(cut + 1)) > 0 ? prices.get(node.slice(0, cut)) : undefined
    if (pricePerHour === undefined) continue
    const there = seatsMeanwhile(nodes?.get(node), days, { from, until })
    const hours = (((until - from) / hourMs) * seats) / Math.max(1, there)
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
