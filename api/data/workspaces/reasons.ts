/** What only the running system knows: who works where, which seats are there already, and which leads were learned. */
import { type Db, type Query, many, one, sql } from '../db.ts'
import { lockedSeats } from '../seats/seat-lock.ts'

export type SeatReason = {
  course: string
  seat: number
  why: 'working' | 'queued' | 'headroom'
  pool?: string
}

type Row = [course: string, pool: string, seat: number, exists: boolean, state: string | null]

type Facts = {
  rows: Row[]
  taken: Record<string, number[]>
  leads: [course: string, session: string, seconds: number][]
}

export type Running = {
  reasons: SeatReason[]
  taken: Record<string, number[]>
  leads: Record<string, number>
}

/** When one works or waits; in the others a seat is only theirs. */
const present = sql`workspace.state in ('queued', 'starting', 'ready', 'resetting', 'stopping', 'failed')`

const ofSeat = sql`join course on course.id = seat.course_id join pool on pool.id = seat.pool_id`
const reasonColumns = sql`course.key as course, pool.key as pool, seat.number, seat.taken, seat.state <> 'absent' as is_there`

/**
 * Reasons a seat should exist besides the blueprint's: people at work, people in the queue, and for the
 * headroom the seats that exist already, those nobody holds first, so that the same ones are kept; who has a seat; and the leads
 * that were learned, of what is not over. Of these courses only, where `of` says which.
 */
export async function seatReasons(db: Db, of?: string[]): Promise<Running> {
  const byCourse = await reasonsByCourse(db, of)
  return runningOf([...byCourse.values()])
}

/** What is known of several courses, of which none is twice. */
export const runningOf = (all: Running[]): Running => ({
  reasons: all.flatMap(({ reasons }) => reasons),
  taken: Object.assign({}, ...all.map(({ taken }) => taken)),
  leads: Object.assign({}, ...all.map(({ leads }) => leads)),
})

/** The same, course by course, where there is anything to say. */
export async function reasonsByCourse(
  db: Db,
  of: string[] | undefined,
): Promise<Map<string, Running>> {
  // Two statements: each is planned for what it is asked for.
  const own = (column: Query) =>
    of === undefined ? sql`true` : sql`${column} = any(${of}::text[])`
  const { rows, taken, leads } = await one<Facts>(
    db,
    sql`select
      (select coalesce(json_agg(json_build_array(course, pool, number, is_there, state) order by course, taken, number), '[]')
        from (select ${reasonColumns}, workspace.state from seat ${ofSeat}
            left join workspace on workspace.seat_id = seat.id and ${present} where seat.state <> 'absent' and ${own(sql`course.key`)}
          union all select ${reasonColumns}, workspace.state from workspace join seat on seat.id = workspace.seat_id ${ofSeat}
            where ${present} and seat.state = 'absent' and ${own(sql`course.key`)}) looked_at) as rows,
      (select coalesce(json_object_agg(key, numbers), '{}') from (
        select course.key, array_agg(seat.number order by seat.number) as numbers from seat join course on course.id = seat.course_id
        where seat.taken and ${own(sql`course.key`)} group by course.key) held) as taken,
      (select coalesce(json_agg(json_build_array(course.key, session.key, lead_seconds)), '[]')
        from session join course on course.id = session.course_id
        where lead_seconds is not null and session.state not in ('closed', 'cancelled') and ${own(sql`course.key`)}) as leads`,
  )
  const all = new Map<string, Running>()
  const about = (course: string): Running => {
    const known = all.get(course) ?? { reasons: [], taken: {}, leads: {} }
    all.set(course, known)
    return known
  }
  for (const row of rows) about(row[0]).reasons.push(...reasonOf(row))
  for (const [course, numbers] of Object.entries(taken)) about(course).taken[course] = numbers
  for (const [course, session, seconds] of leads) about(course).leads[session] = seconds
  return all
}

// Who stops leaves: the run that takes the seat away waits until it is cold, and takes all who leave at once.
const AT_WORK = new Set(['starting', 'ready', 'resetting', 'failed'])

function reasonOf([course, pool, seat, exists, state]: Row): SeatReason[] {
  const of = (why: SeatReason['why']): SeatReason[] => [{ course, seat, why }]
  // The stack that made its service keeps it.
  if (state !== null && AT_WORK.has(state))
    return of('working').map((reason) => (exists ? { ...reason, pool } : reason))
  if (state === 'queued') return of('queued')
  return exists ? of('headroom') : []
}

export type WarmSeat = { courseKey: string; numbers: number[]; since: Date; atOnce: number }

/**
 * Turns seats on that a session warms, and off what nobody needs: on when its holder works there, or when
 * the session warms it, it is free (or its holder has not stopped it in this session) and a place is left.
 * Answers how many rows changed. Of these courses only, where `of` says which.
 */
export async function wantWarmSeats(tx: Db, warm: WarmSeat[], of?: string[]): Promise<number> {
  const changed = await many(
    tx,
    sql`with ${turned(warm, of)}, changed as (
          update seat set wanted_on = turned.should from turned
          where seat.id = any(${lockedSeats(sql`(select id from turned)`)}) and seat.id = turned.id and seat.wanted_on <> turned.should
          returning seat.id)
        select id, pg_notify('seats', '') from changed`,
  )
  return changed.length
}

const turned = (
  warm: WarmSeat[],
  of: string[] | undefined,
): Query => sql`warmable as (${warmable(warm)}), turned as materialized (
          select id, should from (
            select seat.id, seat.wanted_on, coalesce(workspace.state in ('starting', 'ready', 'resetting', 'failed'), false)
              or warmable.id is not null as should
            from seat left join workspace on workspace.seat_id = seat.id left join warmable on warmable.id = seat.id
            where (seat.state <> 'absent' or seat.wanted_on) ${of ? sql`and seat.course_id = any(array(select id from course where key = any(${of}::text[])))` : sql``}) s where should <> wanted_on)`

/**
 * Seats to keep warm with nobody on them, of all sessions at once: in each as many as places are left, those that
 * already run first.
 */
function warmable(warm: WarmSeat[]) {
  const numbers = warm.flatMap((session, i) => session.numbers.map((number) => ({ i, number })))
  return sql`with session as (
          select * from unnest(${warm.map((_, i) => i)}::int[], ${warm.map((one) => one.courseKey)}::text[],
            ${warm.map((one) => one.since)}::timestamptz[], ${warm.map((one) => one.atOnce)}::int[])
            as session (i, course_key, since, at_once)
        ), running as materialized (
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
        select distinct id from idle where place <= "left"`
}
