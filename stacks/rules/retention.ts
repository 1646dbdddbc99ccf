/** From when to when do a course's volumes and cold seats exist? */
import type { BlueprintCourse } from '../blueprint.ts'
import type { Course, Zone } from '../terms.ts'
import type { Pool } from '../terms-pool.ts'
import type { Policy } from '../terms-policy.ts'
import { formatInstant, instantOf, parseWall } from './clock.ts'
import type { Occurrence } from './schedule.ts'

const dayMs = 86_400_000

type StorageBackend = NonNullable<Pool['storage']>['backend']

export interface Span {
  from: number
  until: number
}

/** Volumes come with the first seats and stay `keepDays` after the course's last day. */
export function volumesOf(
  course: Course,
  span: Span | undefined,
  policy: Policy,
): BlueprintCourse['volumes'] {
  const until = filesUntil(course, span, policy)
  if (span === undefined || until === null || course.seat.volumeQuotaMb === undefined) return null
  return { from: formatInstant(span.from), until }
}

/** How many snapshots of each of its volumes are kept; undefined for none, as where its pool's storage has none. */
export function snapshotsKept(
  course: Course,
  backend: StorageBackend | undefined,
  policy: Policy,
): number | undefined {
  const keep = (course.snapshots ?? policy.snapshots)?.keep ?? 0
  return hasSnapshots(backend) && keep > 0 ? keep : undefined
}

/** Neither a folder of XFS nor a file system in a file can be looked at as it was before. */
export const hasSnapshots = (backend: StorageBackend | undefined): boolean => backend === 'cephfs'

/** Until when files of a course's students are kept for it. */
export function filesUntil(course: Course, span: Span | undefined, policy: Policy): string | null {
  if (span === undefined) return null
  return formatInstant(span.until + (course.keepDays ?? policy.keepDays) * dayMs)
}

/** Cold seats outside class: max(2, 10 % of the students) unless said. */
export function headroomOf(
  course: Course,
  zone: Zone,
  sessions: Occurrence[],
  policy: Policy,
): BlueprintCourse['headroom'] {
  const span = openSpan(course, zone, sessions)
  const wanted = course.headroom ?? policy.headroom
  const usual = policy.headroom.seats ?? Math.max(2, Math.ceil(course.students * 0.1))
  const seats = wanted.seats ?? usual
  if (span === undefined || seats === 0) return null
  return {
    seats,
    ...(wanted.reserved > 0 && { reserved: wanted.reserved }),
    ...(wanted.atOnce === undefined ? {} : { atOnce: Math.max(seats, wanted.atOnce) }),
    from: formatInstant(span.from),
    until: formatInstant(span.until),
    timeZone: course.timeZone ?? zone.timeZone,
    hours: wanted.hours,
    days: wanted.days,
  }
}

/** From the first session's seats (or the day the course opens) to its last end (or closing day). */
export function openSpan(course: Course, zone: Zone, sessions: Occurrence[]): Span | undefined {
  if (sessions.length === 0) return undefined
  const timeZone = course.timeZone ?? zone.timeZone
  let from = Infinity
  let until = -Infinity
  for (const session of sessions) {
    from = Math.min(from, session.leadStartsAt)
    until = Math.max(until, session.graceEndsAt)
  }
  const opens = course.open?.from && instantOf(parseWall(course.open.from), timeZone)
  const closes = course.open?.to && instantOf(parseWall(course.open.to) + dayMs, timeZone)
  return { from: Math.min(from, opens || from), until: Math.max(until, closes || until) }
}
