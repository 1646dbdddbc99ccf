/** What only the running system knows: who works where, which seats are there already, and which leads were learned. */
import { type Db, execute, many, notify, sql } from './db.ts'

export type SeatReason = {
  course: string
  seat: number
  why: 'working' | 'queued' | 'headroom'
  pool?: string
}

type Row = {
  course: string
  pool: string
  seat: number
  taken: boolean
  exists: boolean
  state: string | null
}

/**
 * Reasons a seat should exist besides the blueprint's: people at work, people in the queue, and for the
 * headroom the free seats that exist already, so that the same ones are kept.
 */
export async function seatReasons(db: Db): Promise<{
  reasons: SeatReason[]
  taken: Record<string, number[]>
  leads: Record<string, number>
}> {
  const rows = await many<Row>(
    db,
    sql`select course.key as course, pool.key as pool, seat.number as seat, seat.taken,
          seat.state <> 'absent' as exists, workspace.state
        from seat join course on course.id = seat.course_id join pool on pool.id = seat.pool_id left join workspace on workspace.seat_id = seat.id
        where seat.taken or seat.state <> 'absent' order by course.key, seat.number`,
  )
  const taken: Record<string, number[]> = {}
  for (const row of rows) if (row.taken) (taken[row.course] ??= []).push(row.seat)
  return { reasons: rows.flatMap(reasonOf), taken, leads: await learnedLeads(db) }
}

/** By session (see lead-sample.ts); of what is over nobody asks any more. */
async function learnedLeads(db: Db): Promise<Record<string, number>> {
  const rows = await many<{ key: string; lead_seconds: number }>(
    db,
    sql`select key, lead_seconds from session where lead_seconds is not null and state not in ('closed', 'cancelled')`,
  )
  return Object.fromEntries(rows.map((row) => [row.key, row.lead_seconds]))
}

const AT_WORK = new Set(['starting', 'ready', 'resetting', 'stopping', 'failed'])

function reasonOf(row: Row): SeatReason[] {
  const of = (why: SeatReason['why']): SeatReason[] => [{ course: row.course, seat: row.seat, why }]
  // The stack that made its service keeps it.
  if (row.state !== null && AT_WORK.has(row.state))
    return of('working').map((reason) => (row.exists ? { ...reason, pool: row.pool } : reason))
  if (row.state === 'queued') return of('queued')
  return !row.taken && row.exists ? of('headroom') : []
}

export type WarmSeat = { courseKey: string; numbers: number[]; since: Date; atOnce: number }

/**
 * Turns seats on that a session warms, and off what nobody needs: on when its holder works there, or when
 * the session warms it, it is free (or its holder has not stopped it in this session) and a place is left.
 * Answers how many rows changed.
 */
export async function wantWarmSeats(tx: Db, warm: WarmSeat[]): Promise<number> {
  const on = await warmable(tx, warm)
  const changed = await execute(
    tx,
    sql`update seat set wanted_on = not wanted_on from (
          select seat.id, coalesce(workspace.state in ('starting', 'ready', 'resetting', 'failed'), false)
            or seat.id = any(${on}::uuid[]) as should
          from seat left join workspace on workspace.seat_id = seat.id
          where seat.state <> 'absent' or seat.wanted_on
        ) s where s.id = seat.id and s.should <> seat.wanted_on`,
  )
  if (changed > 0) await notify(tx, 'work', '')
  return changed
}

/**
 * Seats to keep warm with nobody on them, of all sessions at once: in each as many as places are left, those that
 * already run first.
 */
async function warmable(tx: Db, warm: WarmSeat[]): Promise<string[]> {
  if (warm.length === 0) return []
  const numbers = warm.flatMap((session, i) => session.numbers.map((number) => ({ i, number })))
  const rows = await many<{ id: string }>(
    tx,
    sql`with session as (
          select * from unnest(${warm.map((_, i) => i)}::int[], ${warm.map((one) => one.courseKey)}::text[],
            ${warm.map((one) => one.since)}::timestamptz[], ${warm.map((one) => one.atOnce)}::int[])
            as session (i, course_key, since, at_once)
        ), running as (
          select course.key, count(*) as seats from workspace join course on course.id = workspace.course_id
          where workspace.state in ('starting', 'ready', 'resetting', 'stopping', 'failed') group by course.key
        ), idle as (
          select seat.id, session.at_once - coalesce(running.seats, 0) as "left",
            row_number() over (partition by session.i order by seat.state in ('starting', 'ready') desc, seat.number) as place
          from session join course on course.key = session.course_key
            join unnest(${numbers.map((one) => one.i)}::int[], ${numbers.map((one) => one.number)}::int[])
              as named (i, number) on named.i = session.i
            join seat on seat.course_id = course.id and seat.number = named.number
            left join workspace on workspace.seat_id = seat.id
            left join running on running.key = session.course_key
          where workspace.id is null or workspace.state = 'closed' or (workspace.state = 'stopped' and
            (workspace.state_at < session.since or workspace.message_code in ('stopped.session_end', 'stopped.time')))
        )
        select id from idle where place <= "left"`,
  )
  return rows.map((row) => row.id)
}
