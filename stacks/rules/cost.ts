/** What does a course cost? Its sessions' share of the machines that are bought for them. */
import type { Blueprint, BlueprintCourse, BlueprintSession } from '../blueprint.ts'
import type { Pool } from '../terms.ts'
import { parseInstant } from './clock.ts'

const hourMs = 3_600_000

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

/** Pool → node → who sits there. */
export type NodeSharing = Map<string, Map<string, Sitting[]>>

/** Of the nodes that these courses sit on. */
export function nodeSharing(blueprint: Blueprint, about = blueprint.courses): NodeSharing {
  const sharing: NodeSharing = new Map()
  for (const session of about.flatMap((one) => one.sessions))
    for (const { node } of session.placements) {
      const pool = sharing.get(session.pool) ?? new Map<string, Sitting[]>()
      if (!pool.has(node)) sharing.set(session.pool, pool.set(node, []))
    }
  for (const course of blueprint.courses)
    for (const session of course.sessions) {
      const pool = sharing.get(session.pool)
      for (const { node, seats } of pool ? session.placements : [])
        pool?.get(node)?.push({ seats, ...spanOf(session) })
    }
  return sharing
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
  let price = 0
  let nodeHours = 0
  for (const { node, seats } of session.placements) {
    const flavour = pool.flavours.find((one) => node.replace(/-\d+$/, '') === one.key)
    if (!flavour) continue
    const there = (sharing.get(session.pool)?.get(node) ?? [])
      .filter((one) => one.from < until && from < one.until)
      .reduce((all, one) => all + one.seats, 0)
    const hours = (((until - from) / hourMs) * seats) / Math.max(1, there)
    nodeHours += hours
    price += hours * flavour.pricePerHour
  }
  return { price, nodeHours }
}

/** @returns undefined for a course that is not in it */
export function courseCost(
  blueprint: Blueprint,
  pools: Pool[],
  courseKey: string,
): CourseCost | undefined {
  const course = blueprint.courses.find((one) => one.key === courseKey)
  return course && costOf(course, pools, nodeSharing(blueprint, [course]))
}

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
