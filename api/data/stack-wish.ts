/** What each stack should hold now, beside what was last applied: where the two differ a run is asked for. */
import { type Db, execute, findOne, many, sql } from './db.ts'
import { holdingFreezes } from './freeze.ts'
import { newId } from './ids.ts'

export type StackWish = {
  key: string
  kind: 'seats' | 'volumes'
  poolKey: string
  courseKey: string
  digest: string
}

/** A job that was sent is given so long to take the stack's lease before it is asked for again. */
const ASK_AGAIN_MS = 15_000

/**
 * Records what is wanted. A seats stack nobody wants any more is wanted empty; a volumes stack is never
 * wanted away: only retention or a purge releases files.
 */
export async function wantStacks(tx: Db, wish: { stacks: StackWish[]; now: Date }): Promise<void> {
  for (const stack of wish.stacks)
    await execute(
      tx,
      sql`insert into stack (id, key, kind, pool_id, course_id, state, state_at, wanted_digest)
          select ${newId()}, ${stack.key}, ${stack.kind}, pool.id, course.id, 'absent', ${wish.now}, ${stack.digest}
          from pool, course where pool.key = ${stack.poolKey} and course.key = ${stack.courseKey}
          on conflict (key) do update set wanted_digest = excluded.wanted_digest,
            failures = 0, retry_at = null, cancelled_run_id = null where stack.wanted_digest is distinct from excluded.wanted_digest`,
    )
  await execute(
    tx,
    sql`update stack set wanted_digest = null, failures = 0, retry_at = null, cancelled_run_id = null
        where kind = 'seats' and wanted_digest is not null and not key = any(${wish.stacks.map((s) => s.key)}::text[])`,
  )
}

/**
 * Not what is wanted, or its last run did not get that far: one that failed halfway has made things, also when by
 * now nothing is wanted and nothing was ever applied in full.
 */
export const stackDiffers = sql`(wanted_digest is distinct from applied_digest or stack.state not in ('absent', 'applied'))`

/** Keys of stacks that differ, are due and in nobody's hands; each is asked for once in a while only. */
export async function stacksToRun(tx: Db, now: Date): Promise<string[]> {
  const askAgain = new Date(now.getTime() + ASK_AGAIN_MS)
  const rows = await many<{ key: string }>(
    tx,
    sql`update stack set retry_at = ${askAgain} where id in (
          select id from stack where ${stackDiffers}
            and (retry_at is null or retry_at <= ${now}) and (cancelled_run_id is null or retry_at is not null) and (lease_until is null or lease_until <= ${now})
            and not exists (select from ${holdingFreezes(now)})
          order by key for update skip locked)
        returning key`,
  )
  return rows.map((row) => row.key).toSorted()
}

/** A run did not reach what is wanted: tried again later, slower each time, at most every five minutes. */
export async function postponeStack(
  tx: Db,
  stack: { key: string; message: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`update stack set failures = failures + 1, message = ${stack.message},
          retry_at = ${stack.now}::timestamptz + least(interval '5 minutes', interval '5 seconds' * power(2, failures))
        where key = ${stack.key} and cancelled_run_id is null`,
  )
}

export type StackSeat = {
  id: string
  number: number
  generation: number
  applied_generation: number | null
  template_digest: string | null
  state: string
  taken: boolean
  volume_made: boolean
  at_work: boolean
}

/** A course's seats as a stack sees them. At work: its holder is in, so it is changed by nobody. */
export async function stackSeats(db: Db, courseKey: string): Promise<StackSeat[]> {
  return many<StackSeat>(
    db,
    sql`select seat.id, seat.number, seat.generation, seat.applied_generation, seat.template_digest, seat.state, seat.taken,
          seat.volume_made, coalesce(workspace.state in ('starting', 'ready') and seat.state in ('starting', 'ready'), false) as at_work
        from seat join course on course.id = seat.course_id left join workspace on workspace.seat_id = seat.id
        where course.key = ${courseKey} order by seat.number`,
  )
}

export type StackRow = {
  id: string
  key: string
  kind: 'seats' | 'volumes'
  pool_id: string
  course_id: string
  course_key: string
  course_code: string
}

export async function findStack(db: Db, key: string): Promise<StackRow | undefined> {
  return findOne<StackRow>(
    db,
    sql`select stack.id, stack.key, stack.kind, stack.pool_id, stack.course_id, course.key as course_key,
          course.code as course_code
        from stack join course on course.id = stack.course_id where stack.key = ${key}`,
  )
}

/** Lets go of seats whose run is over without having said so: its worker was killed. */
export async function releaseHolds(tx: Db, now: Date): Promise<number> {
  return execute(
    tx,
    sql`update seat set held = false where held and not exists
        (select from stack where stack.course_id = seat.course_id and stack.kind = 'seats' and stack.lease_until > ${now})`,
  )
}

/** The volumes of these numbers exist now. */
export async function markVolumes(
  tx: Db,
  course: { id: string; numbers: number[] },
): Promise<void> {
  await execute(
    tx,
    sql`update seat set volume_made = true where course_id = ${course.id} and number = any(${course.numbers}::int[])`,
  )
}
