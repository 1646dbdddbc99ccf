/**
 * Whether a session is ready: as many of its seats are as it warms. Until it begins that may be taken back; one seat
 * that comes again within seconds is no reason to.
 */
import { type Db, execute, sql } from '../db.ts'

/** The seats each session warms. */
export type Warm = { key: string; numbers: number[] }[]

/** So long seats may be missing: a container that ended is up again, or on another machine. */
const SHORT_MS = 30_000

/** Those that their seats may make ready: what stands after `from`. */
export const toBeReady = sql`session where session.state in ('preparing', 'open') and session.ready_at is null`

/** It may stop being ready: what has begun was ready or was not. */
const mayBeLost = (now: Date) =>
  sql`session.state in ('ready', 'open') and session.ready_at is not null and session.starts_at > ${now}`

/** Those that have lacked seats for too long to be called ready: what stands after `from`. */
export const toBeLost = (now: Date) =>
  sql`session where session.short_since <= ${new Date(now.getTime() - SHORT_MS)} and ${mayBeLost(now)}`

/**
 * Sessions whose seats have become ready; answers how many. Ready needs each of the numbers a session warms ready for
 * it: a seat that somebody of the class before works in is not.
 */
export async function readySessions(db: Db, session: { now: Date; warm: Warm }): Promise<number> {
  const { now, warm } = session
  return execute(
    db,
    sql`update session set ready_at = ${now}, short_since = null,
          state = case when state = 'preparing' then 'ready' else state end,
          state_at = case when state = 'preparing' then ${now} else state_at end
        from ${unnested(warm)}
        where session.key = warm.key and ready_at is null and state in ('preparing', 'open')
          and ${seatsThere(warm)} >= warm.seats`,
  )
}

/** Writes down since when sessions that were ready lack seats, and that they no longer do. Answers how many changed. */
export async function noteShort(db: Db, session: { now: Date; warm: Warm }): Promise<number> {
  const { now, warm } = session
  return execute(
    db,
    sql`update session set short_since = case when short_since is null then ${now}::timestamptz end
        from ${unnested(warm)}
        where session.key = warm.key and ${mayBeLost(now)}
          and (short_since is null) = (${seatsThere(warm)} < warm.seats)`,
  )
}

/** Of these keys, those that have lacked seats too long are not ready any more; answers how many. */
export async function loseReady(db: Db, session: { now: Date; keys: string[] }): Promise<number> {
  const { now, keys } = session
  return execute(
    db,
    sql`update session set ready_at = null, short_since = null, unready_at = ${now},
          state = case when state = 'ready' then 'preparing' else state end,
          state_at = case when state = 'ready' then ${now} else state_at end
        where key = any(${keys}::text[]) and id in (select id from ${toBeLost(now)})`,
  )
}

/** `warm (key, seats)`: how many seats each session warms. */
const unnested = (warm: Warm) =>
  sql`unnest(${warm.map(({ key }) => key)}::text[], ${warm.map(({ numbers }) => numbers.length)}::int[]) as warm (key, seats)`

/** `one (key, number)`: each of those seats. */
export const numbered = (warm: Warm) => {
  const all = warm.flatMap(({ key, numbers }) => numbers.map((number) => ({ key, number })))
  return sql`unnest(${all.map(({ key }) => key)}::text[], ${all.map(({ number }) => number)}::int[]) as one (key, number)`
}

/** Nothing is the matter with it: who came to this class stopped it, or asked for it afresh. */
export const isLeftByHolder = sql`(workspace.state = 'resetting' or workspace.state in ('stopping', 'stopped')
  and workspace.state_at >= session.opens_at
  and coalesce(workspace.message_code, '') not in ('stopped.session_end', 'stopped.time'))`

/**
 * Of a session's numbers, how many are ready for it, or were left by who came to it. One that is off because somebody
 * works under another number, in a place of the class, counts as well.
 */
const seatsThere = (warm: Warm) => sql`(
  select count(*) filter (where is_mine and is_there)
    + least(count(*) filter (where is_mine and is_off and not is_there), count(*) filter (where is_elsewhere and not is_mine))
  from (select one.number is not null as is_mine,
      coalesce(seat.state = 'ready' and not coalesce(workspace.state = 'ready'
        and workspace.session_id <> session.id and session.state = 'preparing', false) or ${isLeftByHolder}, false) as is_there,
      seat.state <> 'absent' and not seat.wanted_on as is_off,
      coalesce(seat.state = 'ready' and workspace.state = 'ready'
        and coalesce(workspace.session_id, session.id) = session.id, false) as is_elsewhere
    from seat left join workspace on workspace.seat_id = seat.id
      left join ${numbered(warm)} on one.key = session.key and one.number = seat.number
    where seat.course_id = session.course_id) looked_at)`
