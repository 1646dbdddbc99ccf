/**
 * The next instant at which time alone changes something: the edges the approved blueprint knows, and the due
 * instants in the rows. Between them a pass of the worker would find nothing, so none is made.
 */
import type { Blueprint } from '../../stacks/blueprint.ts'
import { instantOf, parseInstant, wallOf } from '../../stacks/rules/clock.ts'
import { parseHours } from '../../stacks/rules/hours.ts'
import { one, type Pool, sql } from '../../api/data/db.ts'

const dayMs = 86_400_000
const TOLD_BEFORE_MS = 20 * 60_000
/** As in api/data/runs/stack-wish.ts: so long a job that was sent has to begin. */
const ASKED_MS = 15_000
/** However little happens, the worker looks this often while somebody is at work. */
const HEARTBEAT_MS = 3_600_000

/** Sorted epoch ms of every edge of sessions, volumes and hours of self-study. */
export function edgesOf(blueprint: Blueprint): number[] {
  const edges = new Set<number>()
  for (const course of blueprint.courses) {
    for (const session of course.sessions) {
      const { leadStartsAt, opensAt, startsAt, endsAt, placesEndAt, graceEndsAt } = session
      for (const at of [leadStartsAt, opensAt, startsAt, endsAt, placesEndAt, graceEndsAt])
        edges.add(parseInstant(at))
      // Teachers are told of a class that is not ready.
      edges.add(parseInstant(startsAt) - TOLD_BEFORE_MS)
    }
    if (course.volumes)
      for (const at of [course.volumes.from, course.volumes.until]) edges.add(parseInstant(at))
    if (course.headroom) for (const at of hoursOf(course.headroom)) edges.add(at)
  }
  return [...edges].toSorted((a, b) => a - b)
}

function hoursOf(headroom: NonNullable<Blueprint['courses'][number]['headroom']>): number[] {
  const { timeZone, from, until } = headroom
  const { fromMs, toMs } = parseHours(headroom.hours)
  const edges = [parseInstant(from), parseInstant(until)]
  const first = Math.floor(wallOf(parseInstant(from), timeZone) / dayMs) * dayMs
  for (let day = first; instantOf(day, timeZone) < parseInstant(until); day += dayMs)
    edges.push(instantOf(day + fromMs, timeZone), instantOf(day + toMs, timeZone))
  return edges
}

type Row = {
  plan: Date | null
  drive: Date | null
  is_busy: boolean
  is_preparing: boolean
  is_waiting: boolean
}

export type NextDue = {
  plan: number
  drive: number
  /** A class has not begun, or is not ready yet: in project periods nothing is warmed. */
  isPreparing: boolean
  /** A stack is not what is wanted, and in nobody's hands. */
  isWaiting: boolean
}

export function dueIn(pool: Pool, edges: number[]) {
  return async (now: number): Promise<NextDue> => {
    const row = await one<Row>(
      pool,
      sql`select least(
            (select min(retry_at) from stack where wanted_digest is distinct from applied_digest or state = 'needs_reconcile'),
            (select min(lease_until) from stack),
            (select min(least(stops_at, turn_ends_at)) from workspace where state in ('starting', 'ready', 'failed')),
            (select min(least(stops_at, turn_ends_at, idle_stops_at) - make_interval(mins => (lifecycle ->> 'warnMinutes')::int))
              from workspace join course on course.id = course_id where workspace.state in ('starting', 'ready', 'failed') and warned_at is null),
            (select min(held_until) from workspace where state = 'queued'),
            (select min(opens_at) from workspace where state = 'closed'),
            (select min(lead_starts_at) from session where state = 'planned'),
            (select min(short_since) + interval '30 seconds' from session
              where ready_at is not null and state in ('ready', 'open') and starts_at > ${new Date(now)}),
            (select min(places_until) from course where state <> 'archived')) as plan,
          (select min(start_after) from seat where wanted_on and start_after > ${new Date(now)}) as drive,
          exists (select from session where kind not in ('project', 'booking') and (state in ('preparing', 'open') and ready_at is null
            or state in ('ready', 'open') and starts_at > ${new Date(now)})) as is_preparing,
          exists (select from stack where (wanted_digest is distinct from applied_digest or state not in ('absent', 'applied'))
            and not coalesce(lease_until > ${new Date(now)}, false) and not coalesce(asked_at > ${new Date(now - ASKED_MS)}, false)) as is_waiting,
          exists (select from workspace where state in ('queued', 'starting', 'ready', 'resetting', 'stopping', 'failed')) as is_busy`,
    )
    const beat = row.is_busy ? now + HEARTBEAT_MS : Infinity
    const plan = Math.min(row.plan?.getTime() ?? Infinity, after(edges, now), beat)
    const drive = Math.min(row.drive?.getTime() ?? Infinity, beat)
    return { plan, drive, isPreparing: row.is_preparing, isWaiting: row.is_waiting }
  }
}

function after(edges: number[], now: number): number {
  let [low, high] = [0, edges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edges[middle] ?? Infinity) > now) high = middle
    else low = middle + 1
  }
  return edges[low] ?? Infinity
}
