/** Does a course ask for more than it may have without review? */
import type { Allowance, Course, Inventory, Note } from '../terms.ts'
import type { Policy } from '../terms-policy.ts'
import type { Occurrence } from './schedule.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000

export interface Allowed {
  seats: number
  atOnce: number
  hoursPerWeek: number
}

/** What is known of a course beside its document. */
export interface Known {
  /** What a review let it have. */
  granted?: Allowance | undefined
  /** Students of its LMS courses. */
  roster?: number | undefined
}

const amounts = ['seats', 'atOnce', 'hoursPerWeek'] as const

export const knownOf = (
  key: string,
  { granted, roster }: Pick<Inventory, 'granted' | 'roster'>,
): Known => ({ granted: granted[key], roster: roster[key] })

/**
 * What its document says, or else the policy's and, if that is more, its roster with room to grow; and in any case
 * what a review granted.
 */
export function allowanceOf(course: Course, policy: Policy, known: Known = {}): Allowed {
  const base = policy.allowance
  const roster = withGrowth(known.roster ?? 0, policy)
  const own = (name: keyof Allowed, least: number) =>
    Math.max(course.allowance[name] ?? Math.max(base[name], least), known.granted?.[name] ?? 0)
  return {
    seats: own('seats', roster),
    atOnce: own('atOnce', roster),
    hoursPerWeek: own('hoursPerWeek', 0),
  }
}

/** What it may have once this plan is approved: what it asks for beyond, with room to grow. */
export function allowanceOnceApproved(
  course: Course,
  sessions: Occurrence[],
  policy: Policy,
  known: Known,
): Allowed {
  const allowed = allowanceOf(course, policy, known)
  const asked = asksOf(course, sessions)
  const grown = excessOf(asked, allowed).map((name) => [name, withGrowth(asked[name], policy)])
  return { ...allowed, ...Object.fromEntries(grown) }
}

export const budgetOf = (course: Course, policy: Policy, known: Known = {}): number =>
  Math.max(course.allowance.budget ?? policy.allowance.budget, known.granted?.budget ?? 0)

/** A new allowance has room: 30 become 35 with 15 %. */
export function withGrowth(amount: number, { allowance }: Pick<Policy, 'allowance'>): number {
  // In whole percent, since 1.15 is not exactly that.
  return Math.ceil((amount * (100 + allowance.growthPercent)) / 100)
}

/** What a course asks for, of the sessions given. */
export function asksOf(course: Course, sessions: Occurrence[]): Allowed {
  return {
    seats: Math.max(0, ...sessions.map((one) => one.students)),
    atOnce: Math.max(course.headroom?.atOnce ?? 0, ...sessions.map((one) => one.atOnce)),
    hoursPerWeek: busiestWeekHours(sessions),
  }
}

/** Names of what it asks for beyond what it may have. */
export const excessOf = (asked: Allowed, allowed: Allowed): (keyof Allowed)[] =>
  amounts.filter((name) => asked[name] > allowed[name])

/** One warning per kind of excess. */
export function allowanceNotes(
  course: Course,
  sessions: Occurrence[],
  policy: Policy,
  known: Known = {},
): Note[] {
  const allowed = allowanceOf(course, policy, known)
  const asked = asksOf(course, sessions)
  return excessOf(asked, allowed).map((name) => ({
    code: 'allowance-exceeded',
    severity: 'warning',
    where: { course: course.key },
    params: { what: name, asked: asked[name], allowed: allowed[name] },
  }))
}

/** Class hours of the fullest week, Monday to Sunday; a project period is bounded by its places. */
function busiestWeekHours(sessions: Occurrence[]): number {
  const hours = new Map<number, number>()
  for (const session of sessions) {
    if (session.kind === 'project' || session.kind === 'booking') continue
    // 1970-01-05 was a Monday.
    const week = Math.floor((session.wallStart - 4 * dayMs) / (7 * dayMs))
    hours.set(week, (hours.get(week) ?? 0) + (session.endsAt - session.startsAt) / hourMs)
  }
  return Math.max(0, ...hours.values())
}
