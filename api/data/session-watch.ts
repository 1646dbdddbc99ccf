/** What is known of a session that is not ready when it should be: for telling people why. */
import { currentBlueprint } from './blueprint.ts'
import { type Db, findOne, many, sql } from './db.ts'
import { type Warm, isLeftByHolder, numbered } from './session-ready.ts'
import { outagesDuring } from './storage-outage.ts'
import { parseBlueprint } from '../../stacks/blueprint.ts'

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

export type StackAtWork = {
  kind: 'seats' | 'volumes'
  differs: boolean
  failures: number
  message: string | null
  is_running: boolean
  /** The step its last run is in, or ended in. */
  step: string | null
  step_since: Date | null
}

export type SeatTrouble = { code: string; reason: string; count: number }

export type Readiness = {
  ready: number
  starting: number
  trouble: SeatTrouble[]
  stacks: StackAtWork[]
  /** Since when what keeps its files does not answer; null while it does. */
  storageAwaySince: Date | null
  /** Pools of the same zone, besides its own, none of whose stacks fails. */
  otherPools: string[]
}

/** How far the seats a session warms are, and what keeps them. */
export async function readinessOf(
  db: Db,
  session: { course_id: string; pool_id: string; numbers: number[]; now: Date },
): Promise<Readiness> {
  const { course_id: courseId, pool_id: poolId, numbers } = session
  const seats = await many<{ state: string; count: number }>(
    db,
    sql`select state, count(*) as count from seat where course_id = ${courseId} and number = any(${numbers}::int[]) group by state`,
  )
  const count = (state: string) => seats.find((one) => one.state === state)?.count ?? 0
  const trouble = await many<SeatTrouble>(
    db,
    sql`select coalesce(message_code, 'seat.start_failed') as code, coalesce(message_params ->> 'reason', '') as reason, count(*) as count
        from seat where course_id = ${courseId} and wanted_on and start_failures > 0
          and state in ('failed', 'stopping', 'cold') and message_code is not null
        group by 1, 2 order by count(*) desc, 1, 2 limit 3`,
  )
  const stacks = await many<StackAtWork>(
    db,
    sql`select stack.kind, stack.wanted_digest is distinct from stack.applied_digest as differs, stack.failures, stack.message,
          coalesce(stack.lease_until > ${session.now}, false) as is_running, step.name as step, step.started_at as step_since
        from stack
        left join lateral (select id from run where run.stack_id = stack.id and run.kind <> 'plan'
                           order by created_at desc, id desc limit 1) run on true
        left join lateral (select name, started_at from run_step where run_step.run_id = run.id
                           order by number desc limit 1) step on true
        where stack.course_id = ${courseId} and stack.kind in ('seats', 'volumes') order by stack.kind, stack.key`,
  )
  const pools = await many<{ key: string }>(
    db,
    sql`select pool.key from pool join pool own on own.zone_id = pool.zone_id and own.id = ${poolId}
        where pool.id <> own.id and not exists (select from stack where stack.pool_id = pool.id and stack.state in ('failed', 'needs_reconcile'))
        order by pool.key`,
  )
  const otherPools = pools.map((pool) => pool.key)
  const outages = await outagesDuring(db, { courseId, from: session.now, until: session.now })
  const storageAwaySince = outages.find(({ ended_at }) => ended_at === null)?.since_at ?? null
  const counts = { ready: count('ready'), starting: count('starting') }
  return { ...counts, trouble, stacks, storageAwaySince, otherPools }
}

const BLUEPRINTS_LOOKED_AT = 5

/** The image a course's seats were made of before the one they have now: its environment's previous build. */
export async function previousImage(db: Db, courseKey: string): Promise<string | undefined> {
  const head = await currentBlueprint(db)
  const imageIn = (blueprint: NonNullable<typeof head>['blueprint']) =>
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
