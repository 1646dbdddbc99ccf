/** Early plans: which sessions had theirs, and what would have failed. */
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { newId } from '../ids.ts'
import type { NoticeLine } from '../notice.ts'
import { isInHand, isRunnable, type StackWish } from './stack-wish.ts'

export type SessionToPlan = {
  id: string
  key: string
  course_id: string
  starts_at: Date
  ends_at: Date
  lead_starts_at: Date
  /** Its newest early plan; null before the first. */
  due_at: Date | null
  state: 'running' | 'passed' | 'failed' | null
  started_at: Date | null
  ended_at: Date | null
  attempts: number | null
  /** What it could not learn. */
  unknown: NoticeLine[] | null
}

/** Sessions that are planned, whose preparation has not begun, soonest first. */
export async function sessionsToPlan(
  db: Db,
  within: { now: Date; until: Date },
): Promise<SessionToPlan[]> {
  return many<SessionToPlan>(
    db,
    sql`select session.id, session.key, session.course_id, session.starts_at, session.ends_at, session.lead_starts_at,
          newest.due_at, newest.state, newest.started_at, newest.ended_at, newest.attempts, newest.unknown
        from session left join lateral (
          select * from early_plan where session_id = session.id order by started_at desc limit 1) newest on true
        where session.state = 'planned' and session.lead_starts_at > ${within.now} and session.starts_at <= ${within.until}
        order by session.starts_at, session.key`,
  )
}

/**
 * Whether a stack waits for its run, or is in one: what people wait for comes before what may be known early. Nobody waits for
 * one that is frozen, cancelled, put off, or fails again and again.
 * @param key of the one stack that is asked about; of any when absent
 */
export async function hasRunsToDo(db: Db, now: Date, key?: string): Promise<boolean> {
  const which = key === undefined ? sql`true` : sql`key = ${key}`
  const found = await findOne(
    db,
    sql`select 1 from stack where ${which} and (${isInHand(now)} or (failures = 0 and ${isRunnable(now)})) limit 1`,
  )
  return found !== undefined
}

/** Says that it is being planned; false when another worker was first (`since`: when its last attempt began). */
export async function beginEarlyPlan(
  tx: Db,
  plan: { sessionId: string; dueAt: Date; since: Date | null; now: Date },
): Promise<boolean> {
  const begun = await execute(
    tx,
    sql`insert into early_plan (session_id, due_at, state, started_at)
        values (${plan.sessionId}, ${plan.dueAt}, 'running', ${plan.now})
        on conflict (session_id, due_at) do update set state = 'running', started_at = ${plan.now}, ended_at = null,
          attempts = early_plan.attempts + 1
          where early_plan.started_at = ${plan.since}`,
  )
  return begun === 1
}

export async function endEarlyPlan(
  tx: Db,
  plan: {
    sessionId: string
    dueAt: Date
    problems: NoticeLine[]
    unknown?: NoticeLine[]
    now: Date
  },
): Promise<void> {
  await execute(
    tx,
    sql`update early_plan set state = ${plan.problems.length > 0 ? 'failed' : 'passed'}, ended_at = ${plan.now},
          problems = ${JSON.stringify(plan.problems)}, unknown = ${JSON.stringify(plan.unknown ?? [])}
        where session_id = ${plan.sessionId} and due_at = ${plan.dueAt} and state = 'running'`,
  )
}

/** Whether people were told that an early plan of this session fails, and not yet that it no longer does. */
export async function failureWasTold(
  db: Db,
  keys: { failed: string; over: string },
): Promise<boolean> {
  const told = await findOne(
    db,
    sql`select 1 from notice where dedupe_key = ${keys.failed}
        and not exists (select from notice where dedupe_key = ${keys.over})`,
  )
  return told !== undefined
}

/** A stack that is planned before anybody wanted it: it has a row, and nothing is wanted of it. Machines are of no course. */
export async function ensureStack(
  tx: Db,
  stack: Pick<StackWish, 'key' | 'kind' | 'poolKey' | 'courseKey'> & { now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`insert into stack (id, key, kind, pool_id, course_id, state, state_at)
        select ${newId()}, ${stack.key}, ${stack.kind}, pool.id, course.id, 'absent', ${stack.now}
        from pool left join course on course.key = ${stack.courseKey}
        where pool.key = ${stack.poolKey} and (course.id is not null or ${stack.courseKey}::text is null)
        on conflict (key) do nothing`,
  )
}

/** Whether a stack is already what it will be then, so that no run has to make anything. */
export async function isApplied(db: Db, key: string, digest: string): Promise<boolean> {
  const found = await findOne(
    db,
    sql`select 1 from stack where key = ${key} and applied_digest = ${digest} and state = 'applied'`,
  )
  return found !== undefined
}
