/** Sessions: scheduled classes. The blueprint says when; the row's state is what happened to it. */
import type { BlueprintSession } from '../../../stacks/blueprint.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'
import { newId } from '../ids.ts'
import type { NoticeLine } from '../notice.ts'

export type SessionState =
  | 'planned'
  | 'preparing'
  | 'ready'
  | 'open'
  | 'ended'
  | 'closed'
  | 'cancelled'

export type Session = {
  id: string
  key: string
  course_id: string
  course_key: string
  course_title: { en: string; fr: string }
  pool_key: string
  starts_at: Date
  ends_at: Date
  opens_at: Date
  grace_ends_at: Date
  students: number
  at_once: number
  state: SessionState
  state_at: Date
  ready_at: Date | null
  /** When it was last said to be ready no more. */
  unready_at: Date | null
  lead_starts_at: Date
  /** Why it begins then: learned (lead-sample.ts); empty as long as nobody has looked. */
  lead_reason: NoticeLine[]
  /** What its newest early plan found (early-plan.ts); null before the first. */
  early_state: 'running' | 'passed' | 'failed' | null
  early_ended_at: Date | null
  early_problems: NoticeLine[] | null
  early_unknown: NoticeLine[] | null
  message_code: string | null
  message_params: Record<string, string | number>
}

/** What the compiler says of a session that its pool cannot hold, or not whole. */
export const DOES_NOT_FIT_NOTES: ReadonlySet<string> = new Set([
  'session-does-not-fit',
  'session-scattered',
  'pool-at-maximum',
  'seat-too-large',
])

/** Why a session is cancelled that its course still plans. */
const DOES_NOT_FIT = 'session.does-not-fit'
const FITS_PARTLY = 'session.fits-partly'
const LEFT_THE_PLAN = 'session.left-the-plan'

export async function findSession(db: Db, key: string): Promise<{ id: string } | undefined> {
  return findOne(db, sql`select id from session where key = ${key}`)
}

const sessionColumns = sql`session.id, session.key, session.course_id, course.key as course_key,
  course.title as course_title, pool.key as pool_key, session.starts_at, session.ends_at, session.opens_at,
  session.grace_ends_at, session.students, session.at_once, session.state, session.state_at, session.ready_at, session.unready_at,
  session.lead_starts_at, session.lead_reason,
  early.state as early_state, early.ended_at as early_ended_at, early.problems as early_problems, early.unknown as early_unknown,
  session.message_code, session.message_params`
const sessionTable = sql`session join course on course.id = session.course_id join pool on pool.id = session.pool_id
  left join lateral (select state, ended_at, problems, unknown from early_plan where session_id = session.id
                     order by started_at desc limit 1) early on true`

/** Sessions whose grace is not over, soonest first. */
export async function sessionsToCome(
  db: Db,
  filter: { courseIds?: string[]; now: Date; limit?: number },
): Promise<Session[]> {
  const courses = filter.courseIds
    ? sql`and session.course_id = any(${filter.courseIds}::uuid[])`
    : sql``
  return many<Session>(
    db,
    sql`select ${sessionColumns} from ${sessionTable}
        where session.grace_ends_at > ${filter.now} and (session.state <> 'cancelled' or session.message_code = ${DOES_NOT_FIT})
        ${courses} order by session.starts_at, session.key limit ${filter.limit ?? 1000}`,
  )
}

/**
 * Brings a course's rows in line with its approved plan. What is over stays as it was; what left the plan is
 * cancelled. Of what does not fit (`unfit`, keys) as many places are offered as do; where none does, the session
 * is cancelled with the reason, so that nobody is let in.
 */
export async function followPlan(
  tx: Db,
  course: {
    id: string
    sessions: BlueprintSession[]
    poolIds: Map<string, string>
    unfit: Set<string>
    now: Date
  },
): Promise<void> {
  for (const session of course.sessions) {
    const poolId = course.poolIds.get(session.pool)
    // A pool nobody described is an error note of the compiler; its sessions cannot be held anywhere.
    if (poolId) await followSession(tx, session, { ...course, poolId })
  }
  const planned = course.sessions.map((session) => session.key)
  await execute(
    tx,
    sql`update session set state = 'cancelled', state_at = ${course.now}, message_code = ${LEFT_THE_PLAN}, message_params = '{}'
        where course_id = ${course.id} and not key = any(${planned}::text[]) and grace_ends_at > ${course.now}
          and state not in ('cancelled', 'ended', 'closed')`,
  )
}

async function followSession(
  tx: Db,
  session: BlueprintSession,
  course: { id: string; poolId: string; unfit: Set<string>; now: Date },
): Promise<void> {
  const { state, places, code } = offerOf(session, course)
  // A session under way keeps its state when only its times change; one that was over may be held again.
  const follows = sql`(session.state in ('planned', 'cancelled') or excluded.state = 'cancelled'
    or session.grace_ends_at <= ${course.now})`
  // One that has just ended, and is made longer: who is in stays, and it ends when it ends.
  const goesOn = sql`(not ${follows} and session.state = 'ended' and excluded.opens_at <= ${course.now} and excluded.ends_at > ${course.now})`
  await execute(
    tx,
    sql`insert into session (id, course_id, pool_id, key, starts_at, ends_at, opens_at, lead_starts_at, grace_ends_at,
          students, at_once, kind, state, state_at, message_code, message_params)
        values (${newId()}, ${course.id}, ${course.poolId}, ${session.key}, ${session.startsAt}, ${session.endsAt},
          ${session.opensAt}, ${session.leadStartsAt}, ${session.graceEndsAt}, ${session.students}, ${places},
          ${session.kind}, ${state}, ${course.now}, ${code}, ${JSON.stringify(code ? { places, wanted: session.atOnce } : {})})
        on conflict (key) do update set pool_id = excluded.pool_id, starts_at = excluded.starts_at,
          ends_at = excluded.ends_at, opens_at = excluded.opens_at, lead_starts_at = excluded.lead_starts_at,
          grace_ends_at = excluded.grace_ends_at, students = excluded.students, at_once = excluded.at_once, kind = excluded.kind,
          state = case when ${follows} then excluded.state when ${goesOn} then 'open' else session.state end,
          state_at = case when ${goesOn} or ${follows} and session.state <> excluded.state then excluded.state_at else session.state_at end,
          opened_at = case when ${goesOn} then coalesce(session.opened_at, ${course.now}) else session.opened_at end,
          ended_at = case when ${goesOn} then null else session.ended_at end,
          message_code = case when ${follows} then excluded.message_code else session.message_code end,
          message_params = case when ${follows} then excluded.message_params else session.message_params end
        where session.grace_ends_at > ${course.now} or excluded.grace_ends_at > ${course.now}`,
  )
}

/** Places its pool has room for, of those it asks for. */
export function placesOf(session: BlueprintSession): number {
  const placed = session.placements.reduce((sum, { seats }) => sum + seats, 0)
  return Math.min(placed, session.atOnce)
}

/** What of a planned session can be held: all of it, some places, or nothing. Over is over. */
function offerOf(
  session: BlueprintSession,
  course: { unfit: Set<string>; now: Date },
): { state: SessionState; places: number; code: string | null } {
  const whole = { state: 'planned', places: session.atOnce, code: null } as const
  if (session.graceEndsAt <= course.now.toISOString()) return { ...whole, state: 'closed' }
  if (!course.unfit.has(session.key)) return whole
  const places = placesOf(session)
  if (places === 0) return { ...whole, state: 'cancelled', code: DOES_NOT_FIT }
  return { ...whole, places, code: FITS_PARTLY }
}

/** Workspaces that wait for an opening wait for the one the plan now has; the worker lets them in when it comes. */
export async function reopenClosed(tx: Db, course: { courseId: string; now: Date }): Promise<void> {
  const moved = await many<{ id: string }>(
    tx,
    sql`update workspace set opens_at = next.opens_at, version = version + 1
        from (select min(opens_at) as opens_at from session where course_id = ${course.courseId}
                and state <> 'cancelled' and ends_at > ${course.now}) next
        where course_id = ${course.courseId} and state = 'closed' and workspace.opens_at is distinct from next.opens_at
        returning id`,
  )
  for (const { id } of moved) await notify(tx, 'workspace', id)
}
