/**
 * A session's end: when nothing of it runs any more it is closed, and its receipt is written with it. One that was called
 * off stays called off, and has its receipt when anything had been prepared for it.
 */
import { audit } from '../audit.ts'
import { type Db, execute, many, sql } from '../db.ts'
import { lockedSeats } from '../seats/seat-lock.ts'
import { type ClosingSession, writeReceipt } from './receipt.ts'

/** What is cold but not yet destroyed holds a receipt up this long after it was to go; then the receipt says it is still there. */
const SETTLE_MS = 15 * 60_000

const CLOCK = { name: 'clock', role: 'labplan' } as const

/**
 * Closes every session that is over. No seat of its course may run that nobody wants on, and its stacks must
 * be what is wanted now, so that what goes with it has gone: call it after that was recorded (wantStacks).
 * `keptUntil`: course key → until when its volumes are kept. `only`: this one, if it is over. Answers how many were closed.
 */
export async function closeSessions(
  tx: Db,
  close: { now: Date; keptUntil: Map<string, string | null>; only?: string },
): Promise<number> {
  const due = await sessionsToClose(tx, close.now, close.only)
  for (const session of due) {
    await execute(
      tx,
      sql`update session set closed_at = ${close.now}, state = case when state = 'cancelled' then state else 'closed' end,
            state_at = case when state = 'cancelled' then state_at else ${close.now} end
          where id = ${session.id}`,
    )
    const keptUntil = close.keptUntil.get(session.course_key) ?? null
    const { number } = await writeReceipt(tx, { session, keptUntil, now: close.now })
    await keepVolumes(tx, session.course_id, keptUntil)
    await audit(tx, {
      actor: CLOCK,
      action: 'session.closed',
      subject: { kind: 'session', id: session.id },
      detail: { receipt: number },
      now: close.now,
    })
  }
  return due.length
}

/** The date on a receipt is a promise: a plan that shrinks later does not bring it forward. */
async function keepVolumes(tx: Db, courseId: string, until: string | null): Promise<void> {
  await execute(
    tx,
    sql`update seat set volume_kept_until = greatest(volume_kept_until, ${until}::timestamptz)
        where id = any(${lockedSeats(sql`(select id from seat where course_id = ${courseId} and volume_made
          and volume_kept_until is distinct from greatest(volume_kept_until, ${until}::timestamptz))`)})`,
  )
}

/** What stands after `from`: sessions that are over, and all of theirs has gone or had its time to. */
export const toClose = (now: Date) => {
  const settled = new Date(now.getTime() - SETTLE_MS)
  return sql`session where ((session.state = 'ended' and session.grace_ends_at <= ${now}) or ${wasCalledOff})
    and not exists (select from seat where seat.course_id = session.course_id
      and seat.state not in ('absent', 'cold') and not seat.wanted_on)
    -- What could not stop in time has its time from when it could, and from when somebody was there to see that it is to go.
    and ((not exists (select from storage_outage where ended_at is null or ended_at > ${settled})
        and not exists (select from ${stacksLeft} and stack.due_since > ${settled})
        and least(session.grace_ends_at, case when session.state = 'cancelled' then session.state_at end) <= ${settled})
      or not exists (select from ${stacksLeft})
        -- What is brought home soon is on the receipt.
        and not exists (select from scratch_home home join seat on seat.id = home.seat_id
          where seat.course_id = session.course_id and home.state in ('open', 'merging') and home.trouble is null))`
}

/** Those of the session that are not what is wanted, or in somebody's hands; a dead worker's are given up (left-lease.ts). */
const stacksLeft = sql`stack where stack.course_id = session.course_id and stack.pool_id = session.pool_id and stack.kind = 'seats'
    and (stack.wanted_digest is distinct from stack.applied_digest or stack.state = 'needs_reconcile' or stack.lease_owner is not null)`

/** Called off when its preparation had begun, and no receipt says what became of it. */
const wasCalledOff = sql`(session.state = 'cancelled' and session.preparing_at is not null
  and (session.closed_at is null or session.closed_at < session.preparing_at))`

/** Those that are over, in the order in which they are closed. */
export async function sessionsOver(
  db: Db,
  now: Date,
): Promise<{ id: string; key: string; course_key: string }[]> {
  return many(
    db,
    sql`select session.id, session.key, course.key as course_key from (select id from ${toClose(now)}) over
          join session on session.id = over.id join course on course.id = session.course_id
        order by session.ends_at, session.key`,
  )
}

async function sessionsToClose(
  tx: Db,
  now: Date,
  only: string | undefined,
): Promise<ClosingSession[]> {
  return many<ClosingSession>(
    tx,
    sql`select session.id, session.key, session.course_id, course.key as course_key, course.code as course_code,
          pool.key as pool_key, session.starts_at, session.ends_at, session.lead_starts_at, session.students,
          session.at_once, session.ready_at, session.opened_at,
          case when session.state = 'cancelled' then session.state_at else session.ended_at end as ended_at
        from (select id from ${toClose(now)}) over join session on session.id = over.id
          join course on course.id = session.course_id join pool on pool.id = session.pool_id
        ${only ? sql`where session.id = ${only}` : sql``} order by session.ends_at, session.key for no key update of session`,
  )
}
