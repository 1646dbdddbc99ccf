/** Which lists are to be read now: every day, when a teacher comes, and twice for each class. */
import { type Db, many, sql } from '../db.ts'

const MINUTE_MS = 60_000
/** A list is read so long before its class is prepared; and once more when the class opens. */
const BEFORE_LEAD_MS = 15 * MINUTE_MS
const DAY_MS = 24 * 60 * MINUTE_MS
/** A teacher's launch asks for one that is older than this. */
const TEACHER_MS = 10 * MINUTE_MS
const BACKOFF = { firstMs: MINUTE_MS, mostMs: 6 * 60 * MINUTE_MS }

/** After so many failures in a row, how long until it is tried again: 1, 2, 4 minutes, up to 6 hours. */
export const backoffMs = (failures: number): number =>
  Math.min(BACKOFF.firstMs * 2 ** Math.max(0, failures - 1), BACKOFF.mostMs)

export type KnownList = {
  read_at: Date | null
  tried_at: Date | null
  /** By a teacher's launch. */
  asked_at: Date | null
  failures: number
  /** Of classes that begin to be prepared soon, or are under way: when their preparation begins. */
  leads: Date[]
  /** Of classes under way: when they opened. */
  opened: Date[]
}

/** By active platform, ids of its LMS courses that a course of ours is opened from, those tried longest ago first. */
export async function rostersDue(
  db: Db,
  now: Date,
): Promise<{ platform: string; ids: string[] }[]> {
  const soon = new Date(now.getTime() + BEFORE_LEAD_MS)
  const opensCourse = sql`select course.id from lms_resource resource
      join course on course.id = resource.course_id and course.state <> 'archived'
      where resource.lms_context_id = here.id`
  const held = sql`session.course_id in (${opensCourse}) and session.state <> 'cancelled' and grace_ends_at > ${now}`
  const rows = await many<KnownList & { id: string; platform_id: string }>(
    db,
    sql`select here.id, here.platform_id, roster_read_at as read_at, roster_tried_at as tried_at, roster_asked_at as asked_at,
          roster_failures as failures,
          array(select distinct lead_starts_at from session where ${held} and lead_starts_at <= ${soon}) as leads,
          array(select distinct opens_at from session where ${held} and opens_at <= ${now}) as opened
        from lms_context here join platform on platform.id = here.platform_id and platform.state = 'active'
        where roster_url is not null and (roster_taken_until is null or roster_taken_until <= ${now})
          and exists (${opensCourse})
        order by roster_tried_at nulls first, here.id`,
  )
  const due = Map.groupBy(
    rows.filter((row) => isDue(row, now)),
    (row) => row.platform_id,
  )
  return [...due].map(([platform, lists]) => ({ platform, ids: lists.map(({ id }) => id) }))
}

export function isDue(known: KnownList, now: Date): boolean {
  const { read_at: readAt, tried_at: triedAt, asked_at: askedAt, failures } = known
  if (failures > 0 && triedAt && now.getTime() - triedAt.getTime() < backoffMs(failures))
    return false
  if (!readAt || now.getTime() - readAt.getTime() >= DAY_MS) return true
  const read = readAt.getTime()
  if (askedAt && askedAt.getTime() - read >= TEACHER_MS) return true
  const moments = [
    ...known.leads.map((at) => at.getTime() - BEFORE_LEAD_MS),
    ...known.opened.map((at) => at.getTime()),
  ]
  return moments.some((moment) => read < moment && moment <= now.getTime())
}
