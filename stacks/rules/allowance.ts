/** Does a course ask for more than it may have without review? */
import type { Course, Note, Policy } from '../terms.ts'
import type { Occurrence } from './schedule.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000

export interface Allowed {
  seats: number
  atOnce: number
  hoursPerWeek: number
}

export function allowanceOf(course: Course, policy: Policy): Allowed {
  return {
    seats: course.allowance.seats ?? policy.allowance.seats,
    atOnce: course.allowance.atOnce ?? policy.allowance.atOnce,
    hoursPerWeek: course.allowance.hoursPerWeek ?? policy.allowance.hoursPerWeek,
  }
}

/** One warning per kind of excess. */
export function allowanceNotes(course: Course, sessions: Occurrence[], policy: Policy): Note[] {
  const allowed = allowanceOf(course, policy)
  const asked: Allowed = {
    seats: Math.max(0, ...sessions.map((one) => one.students)),
    atOnce: Math.max(course.headroom?.atOnce ?? 0, ...sessions.map((one) => one.atOnce)),
    hoursPerWeek: busiestWeekHours(sessions),
  }
  const what = ['seats', 'atOnce', 'hoursPerWeek'] as const
  return what
    .filter((name) => asked[name] > allowed[name])
    .map((name) => ({
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
