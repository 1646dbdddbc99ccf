/** What happens to a session: planned → preparing → ready → open → ended; session-close.ts closes it. */
import { type CourseName, andOf } from '../courses/courses-at-work.ts'
import { type Db, execute, sql } from '../db.ts'
import { type Warm, readySessions } from './session-ready.ts'

const toPrepare = (now: Date) =>
  sql`session.state = 'planned' and session.lead_starts_at <= ${now} and session.grace_ends_at > ${now}`
const toOpen = (now: Date) =>
  sql`session.state in ('preparing', 'ready') and session.opens_at <= ${now} and session.ends_at > ${now}`
const toEnd = (now: Date) =>
  sql`session.state in ('planned', 'preparing', 'ready', 'open') and session.ends_at <= ${now}`

/**
 * Whether time moves any session: by the first of each kind, which one row of an index says. One whose lead and grace
 * are both over is moved as well: it has ended.
 */
export const isTimeToMove = (now: Date) =>
  sql`coalesce(least((select min(lead_starts_at) from session where state = 'planned'),
    (select min(ends_at) from session where state in ('planned', 'preparing', 'ready', 'open')),
    (select min(opens_at) from session where state in ('preparing', 'ready'))) <= ${now}, false)`

/** Moves every session that time or its seats have moved, of one course where `of` says which; answers how many. */
export async function moveSessions(
  tx: Db,
  session: { now: Date; warm: Warm; of?: CourseName | undefined },
): Promise<number> {
  const { now } = session
  const isOf = andOf(session.of, sql`session.course_id`)
  const moved = await execute(
    tx,
    sql`update session set state = 'preparing', state_at = ${now}, preparing_at = ${now}, ready_at = null,
          short_since = null, unready_at = null, opened_at = null, ended_at = null
        where ${toPrepare(now)} ${isOf}`,
  )
  const ready = await readySessions(tx, session)
  const opened = await execute(
    tx,
    sql`update session set state = 'open', state_at = ${now}, opened_at = ${now}
        where ${toOpen(now)} ${isOf}`,
  )
  const ended = await execute(
    tx,
    sql`update session set state = 'ended', state_at = ${now}, ended_at = ${now},
          opened_at = case when state = 'open' then opened_at end
        where ${toEnd(now)} ${isOf}`,
  )
  return moved + ready + opened + ended
}

/** Courses whose rows of place are due to be made right: a session opened, ended or was planned anew. */
export const withDuePlaces = (now: Date) =>
  sql`course where course.state <> 'archived' and (course.places_until is null or course.places_until <= ${now})`
