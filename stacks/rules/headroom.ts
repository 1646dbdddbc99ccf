/** When is capacity kept for self-study? Only where a course reserves some of its cold seats. */
import type { Course, Zone } from '../terms.ts'
import type { Pool } from '../terms-pool.ts'
import type { Policy } from '../terms-policy.ts'
import { formatWall, instantOf, wallOf } from './clock.ts'
import type { Demand, Dimensions } from './demand.ts'
import { vectorOf } from './demand.ts'
import { isInDays, parseHours } from './hours.ts'
import { openSpan } from './retention.ts'
import type { Occurrence } from './schedule.ts'

const dayMs = 86_400_000

/** One demand per day with hours, minus the time of the course's own sessions. */
export function headroomDemands(
  course: Course,
  zone: Zone,
  sessions: Occurrence[],
  policy: Policy,
  { pool, dims }: { pool: Pool; dims: Dimensions },
): Demand[] {
  const wanted = course.headroom ?? policy.headroom
  const span = openSpan(course, zone, sessions)
  if (wanted.reserved === 0 || span === undefined) return []
  const timeZone = course.timeZone ?? zone.timeZone
  const hours = parseHours(wanted.hours)
  const each = vectorOf(course.seat, dims)
  const hasGpu = course.seat.gpu !== undefined
  const demands: Demand[] = []
  const firstDay = Math.floor(wallOf(span.from, timeZone) / dayMs) * dayMs
  for (let day = firstDay; instantOf(day, timeZone) < span.until; day += dayMs) {
    if (!isInDays(day, wanted.days)) continue
    const from = Math.max(span.from, instantOf(day + hours.fromMs, timeZone))
    const until = Math.min(span.until, instantOf(day + hours.toMs, timeZone))
    for (const free of withoutSessions(from, until, sessions)) {
      const session = `${course.key}/headroom/${formatWall(wallOf(free.from, timeZone))}`
      const who = { session, course: course.key, pool: pool.key }
      demands.push({ ...who, seats: wanted.reserved, each, hasGpu, isExtra: false, ...free })
    }
  }
  return demands
}

/** In class, the class has its own places. */
function withoutSessions(from: number, until: number, sessions: Occurrence[]) {
  const free: { from: number; until: number }[] = []
  let start = from
  for (const session of sessions) {
    if (session.graceEndsAt <= start || session.leadStartsAt >= until) continue
    if (session.leadStartsAt > start) free.push({ from: start, until: session.leadStartsAt })
    start = Math.max(start, session.graceEndsAt)
  }
  if (start < until) free.push({ from: start, until })
  return free
}
