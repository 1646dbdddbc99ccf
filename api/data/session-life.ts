/** What happens to a session: planned → preparing → ready → open → ended; session-close.ts closes it. */
import { type Db, execute, sql } from './db.ts'

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

/** Those that their seats may make ready: what stands after `from`. */
export const toBeReady = sql`session where session.state in ('preparing', 'open') and session.ready_at is null`

/** Moves every session that time or its seats have moved; answers how many. */
export async function moveSessions(tx: Db, session: { now: Date; warm: Warm }): Promise<number> {
  const { now } = session
  const moved = await execute(
    tx,
    sql`update session set state = 'preparing', state_at = ${now}, preparing_at = ${now}, ready_at = null, opened_at = null, ended_at = null
        where ${toPrepare(now)}`,
  )
  const ready = await readySessions(tx, session)
  const opened = await execute(
    tx,
    sql`update session set state = 'open', state_at = ${now}, opened_at = ${now}
        where ${toOpen(now)}`,
  )
  const ended = await execute(
    tx,
    sql`update session set state = 'ended', state_at = ${now}, ended_at = ${now},
          opened_at = case when state = 'open' then opened_at end
        where ${toEnd(now)}`,
  )
  return moved + ready + opened + ended
}

/**
 * Sessions whose seats have become ready; answers how many. Ready needs each of the numbers a session warms ready for
 * it: a seat that somebody of the class before works in is not.
 */
export async function readySessions(db: Db, session: { now: Date; warm: Warm }): Promise<number> {
  const { now, warm } = session
  return execute(
    db,
    sql`update session set ready_at = ${now},
          state = case when state = 'preparing' then 'ready' else state end,
          state_at = case when state = 'preparing' then ${now} else state_at end
        from ${unnested(warm)}
        where session.key = warm.key and ready_at is null and state in ('preparing', 'open')
          and (select count(*) from seat left join workspace on workspace.seat_id = seat.id and workspace.state = 'ready'
                and workspace.session_id <> session.id and session.state = 'preparing'
               where seat.course_id = session.course_id and seat.state = 'ready' and workspace.id is null
                 and seat.number in (select number from ${numbered(warm)} where one.key = session.key)) >= warm.seats`,
  )
}

type Warm = { key: string; numbers: number[] }[]

/** `warm (key, seats)`: how many seats each session warms. */
const unnested = (warm: Warm) =>
  sql`unnest(${warm.map(({ key }) => key)}::text[], ${warm.map(({ numbers }) => numbers.length)}::int[]) as warm (key, seats)`

/** `one (key, number)`: each of those seats. */
export const numbered = (warm: Warm) => {
  const all = warm.flatMap(({ key, numbers }) => numbers.map((number) => ({ key, number })))
  return sql`unnest(${all.map(({ key }) => key)}::text[], ${all.map(({ number }) => number)}::int[]) as one (key, number)`
}

/** Courses whose rows of place are due to be made right: a session opened, ended or was planned anew. */
export const withDuePlaces = (now: Date) =>
  sql`course where course.state <> 'archived' and (course.places_until is null or course.places_until <= ${now})`
