/** What happens to a session: planned → preparing → ready → open → ended; session-close.ts closes it. */
import { type Db, execute, many, sql } from './db.ts'

/**
 * Moves every session that time or its seats have moved. Ready needs every place's seat warmed before it
 * opens: as many ready seats of its course as it has places (or as many as it warms, when fewer).
 */
export async function moveSessions(
  tx: Db,
  session: { now: Date; warm: { key: string; seats: number }[] },
): Promise<void> {
  const { now } = session
  await execute(
    tx,
    sql`update session set state = 'preparing', state_at = ${now}, preparing_at = ${now}, ready_at = null, opened_at = null, ended_at = null
        where state = 'planned' and lead_starts_at <= ${now} and grace_ends_at > ${now}`,
  )
  await execute(
    tx,
    sql`update session set ready_at = ${now},
          state = case when state = 'preparing' then 'ready' else state end,
          state_at = case when state = 'preparing' then ${now} else state_at end
        from unnest(${session.warm.map((warm) => warm.key)}::text[], ${session.warm.map((warm) => warm.seats)}::int[])
          as warm (key, seats)
        where session.key = warm.key and ready_at is null and state in ('preparing', 'open')
          and (select count(*) from seat where seat.course_id = session.course_id and seat.state = 'ready') >= warm.seats`,
  )
  await execute(
    tx,
    sql`update session set state = 'open', state_at = ${now}, opened_at = ${now}
        where state in ('preparing', 'ready') and opens_at <= ${now} and ends_at > ${now}`,
  )
  await execute(
    tx,
    sql`update session set state = 'ended', state_at = ${now}, ended_at = ${now},
          opened_at = case when state = 'open' then opened_at end
        where state in ('planned', 'preparing', 'ready', 'open') and ends_at <= ${now}`,
  )
}

/** Courses whose rows of place are due to be made right: a session opened, ended or was planned anew. */
export async function coursesWithDuePlaces(db: Db, now: Date): Promise<string[]> {
  const rows = await many<{ id: string }>(
    db,
    sql`select id from course where state <> 'archived' and (places_until is null or places_until <= ${now})`,
  )
  return rows.map((row) => row.id)
}
