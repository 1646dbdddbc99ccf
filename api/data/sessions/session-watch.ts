/** What is known of a session that is not ready when it should be: for telling people why. */
import { type Db, findOne, many, sql } from '../db.ts'
import { type Warm, isLeftByHolder, numbered } from './session-ready.ts'
import { type Blueprint, parseBlueprint } from '../../../stacks/blueprint.ts'

/** Its teacher is told so long before it starts (mission, promise 1) … */
const TOLD_BEFORE_MS = 20 * 60_000
/** … but what was planned a minute ago is given the time it takes. */
const GIVEN_MS = 3 * 60_000

export type LateSession = {
  id: string
  key: string
  course_id: string
  course_key: string
  pool_id: string
  pool_key: string
  starts_at: Date
  ends_at: Date
  /** Dedupe key of the notice: a session that was moved is another one. */
  late_key: string
}

const firstKey = sql`'session-late/' || session.id || '/' || extract(epoch from session.starts_at)::bigint`
/** Who was told that it got ready is told once more when it did not stay so, and no third time. */
const lateKey = sql`(${firstKey} || case when session.unready_at > (select created_at from notice
  where dedupe_key = ${firstKey} || '/over') then '/again' else '' end)`
const sessionColumns = sql`session.id, session.key, session.course_id, course.key as course_key, session.pool_id,
  (select key from pool where id = session.pool_id) as pool_key,
  session.starts_at, session.ends_at, ${lateKey} as late_key`

/** What stands after `from`: sessions that are not ready although it is time, and nobody was told since. */
export const late = (now: Date) => {
  const given = new Date(now.getTime() - GIVEN_MS)
  return sql`session where session.state in ('preparing', 'open') and session.ready_at is null
    and session.starts_at <= ${new Date(now.getTime() + TOLD_BEFORE_MS)} and session.ends_at > ${now}
    and coalesce(session.preparing_at, session.state_at) <= ${given}
    and not exists (select from session before where before.course_id = session.course_id and before.state in ('open', 'ended')
      and before.starts_at < session.starts_at and before.grace_ends_at > ${given} and before.grace_ends_at <= ${now})
    and not exists (select from notice where notice.dedupe_key = ${lateKey})`
}

/**
 * Sessions with seats to warm that are not ready although it is time. Not one whose seats run all the same, with the
 * class before in them: those get theirs a moment after that class must go.
 */
export async function sessionsNotReady(
  db: Db,
  watch: { warm: Warm; now: Date },
): Promise<LateSession[]> {
  const { now, warm } = watch
  return many<LateSession>(
    db,
    sql`select ${sessionColumns}
        from (select session.* from ${late(now)}) session join course on course.id = session.course_id
        where session.key = any(${warm.map(({ key }) => key)}::text[])
          and exists (select from ${numbered(warm)} left join seat on seat.number = one.number and seat.course_id = session.course_id
              and (seat.state = 'ready' or exists (select from workspace where seat_id = seat.id and ${isLeftByHolder}))
            where one.key = session.key and seat.id is null)
        order by session.starts_at, session.key`,
  )
}

export const readyAfterAll = (now: Date) =>
  sql`session where session.state in ('ready', 'open') and session.ready_at is not null and session.ends_at > ${now}
    and exists (select from notice where notice.dedupe_key = ${lateKey})
    and not exists (select from notice where notice.dedupe_key = ${lateKey} || '/over')`

/** Sessions people were told are late, and not yet that they got ready. */
export async function sessionsReadyAgain(
  db: Db,
  now: Date,
): Promise<(LateSession & { ready_at: Date })[]> {
  return many(
    db,
    sql`select ${sessionColumns}, session.ready_at
        from (select session.* from ${readyAfterAll(now)}) session join course on course.id = session.course_id`,
  )
}

const BLUEPRINTS_LOOKED_AT = 5

type Head = { digest: string; blueprint: Blueprint }

/** The image a course's seats were made of before the one they have now: its environment's previous build. */
export async function previousImage(
  db: Db,
  head: Head | undefined,
  courseKey: string,
): Promise<string | undefined> {
  const imageIn = (blueprint: Blueprint) =>
    blueprint.courses.find((course) => course.key === courseKey)?.template?.image
  const image = head && imageIn(head.blueprint)
  let digest = head?.digest
  for (let looked = 0; looked < BLUEPRINTS_LOOKED_AT && digest; looked++) {
    const parent: { digest: string; bytes: Buffer } | undefined = await findOne(
      db,
      sql`select parent.digest, parent.bytes from blueprint join blueprint parent on parent.digest = blueprint.parent_digest
          where blueprint.digest = ${digest} and parent.approved_at is not null`,
    )
    const before = parent && imageIn(parseBlueprint(parent.bytes))
    if (before && before !== image) return before
    digest = parent?.digest
  }
  return undefined
}

/** A seat that failed so often in a row is said to be given up; it is still tried, once a minute. */
const GIVEN_UP_AFTER = 4

export const failingSeats = sql`seat where seat.state = 'failed' and seat.wanted_on
  and seat.start_failures >= ${GIVEN_UP_AFTER} and seat.message_code is not null`

export type GivenUp = {
  course_id: string
  session_id: string | null
  key: string
  until: Date
  numbers: number[]
  code: string
  reason: string
}

/** Seats that fail again and again, by course, and the session they are wanted for. */
export async function seatsGivenUp(db: Db, now: Date): Promise<GivenUp[]> {
  return many<GivenUp>(
    db,
    sql`select seat.course_id, session.id as session_id, coalesce(session.key, course.key) as key,
          coalesce(session.ends_at, ${new Date(now.getTime() + 3600_000)}::timestamptz) as until,
          array_agg(seat.number order by seat.number) as numbers,
          (array_agg(seat.message_code order by seat.number))[1] as code,
          coalesce((array_agg(seat.message_params ->> 'reason' order by seat.number))[1], '') as reason
        from (select seat.* from ${failingSeats}) seat join course on course.id = seat.course_id
        left join lateral (select id, key, ends_at from session where session.course_id = course.id
            and session.state in ('preparing', 'ready', 'open') order by starts_at limit 1) session on true
        group by seat.course_id, course.key, session.id, session.key, session.ends_at`,
  )
}
