/** What each stack should hold now, beside what was last applied: where the two differ a run is asked for. */
import { type Db, execute, findOne, many, sql } from './db.ts'
import { holdingFreezes } from './freeze.ts'
import { newId } from './ids.ts'
import { seatsPerStack } from '../../stacks/rules/wanted.ts'

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
  const column = <T>(of: (stack: StackWish) => T) => wish.stacks.map(of)
  const keys = column((stack) => stack.key)
  await execute(
    tx,
    sql`insert into stack (id, key, kind, pool_id, course_id, state, state_at, wanted_digest)
        select w.id, w.key, w.kind, pool.id, course.id, 'absent', ${wish.now}, w.digest
        from unnest(${column(newId)}::uuid[], ${keys}::text[], ${column((stack) => stack.kind)}::text[],
            ${column((stack) => stack.poolKey)}::text[], ${column((stack) => stack.courseKey)}::text[],
            ${column((stack) => stack.digest)}::text[]) as w (id, key, kind, pool, course, digest)
          join pool on pool.key = w.pool join course on course.key = w.course
        on conflict (key) do update set wanted_digest = excluded.wanted_digest,
          failures = 0, retry_at = null, cancelled_run_id = null where stack.wanted_digest is distinct from excluded.wanted_digest`,
  )
  await execute(
    tx,
    sql`update stack set wanted_digest = null, failures = 0, retry_at = null, cancelled_run_id = null
        where kind = 'seats' and wanted_digest is not null and not key = any(${keys}::text[])`,
  )
}

/**
 * Not what is wanted, or its last run did not get that far: one that failed halfway has made things, also when by
 * now nothing is wanted and nothing was ever applied in full.
 */
export const stackDiffers = sql`(wanted_digest is distinct from applied_digest or stack.state not in ('absent', 'applied'))`

export type DueStack = {
  key: string
  /** Since when it is not what is wanted. */
  since: Date
  /** Nothing is wanted of it any more. */
  isTeardown: boolean
  /** Somebody looks at a page that waits for a seat of it. */
  isAwaited: boolean
  /** How many seats of it exist: what a run of it costs, if no more are wanted. */
  seats: number
}

/** Stacks that differ and may be run: in nobody's hands, neither held nor put off, and not just asked for. */
export async function dueStacks(tx: Db, now: Date): Promise<DueStack[]> {
  await execute(
    tx,
    sql`update stack set due_since = ${now} where due_since is null and ${stackDiffers}`,
  )
  return many<DueStack>(
    tx,
    sql`select key, due_since as since, ${isTeardown} as "isTeardown", ${isAwaited} as "isAwaited", ${seatCount} as seats from stack
        where ${stackDiffers} and not ${isInHand(now)}
          and (retry_at is null or retry_at <= ${now}) and (cancelled_run_id is null or retry_at is not null)
          and not exists (select from ${holdingFreezes(now)})
        order by key for update skip locked`,
  )
}

/** A seat beside the stack that makes it. */
export const isOfStack = sql`(seat.course_id = stack.course_id and seat.pool_id = stack.pool_id
          and (stack.kind <> 'seats' or stack.key like '%-' || (seat.number - 1) / ${seatsPerStack}))`

const seatCount = sql`(select count(*) from seat where ${isOfStack} and seat.state <> 'absent')`

const isTeardown = sql`(stack.kind = 'seats' and stack.wanted_digest is null)`

// A seat that is not there yet, or is made anew for its holder, in this pool and block of numbers.
const isAwaited = sql`(stack.kind = 'seats' and exists (select from seat join workspace on workspace.seat_id = seat.id
          where ${isOfStack}
            and workspace.state in ('starting', 'resetting')
            and (seat.state = 'absent' or seat.applied_generation is distinct from seat.generation)))`

const isInHand = (now: Date) =>
  sql`(coalesce(lease_until > ${now}, false) or coalesce(asked_at > ${new Date(now.getTime() - ASK_AGAIN_MS)}, false))`

/** Stacks somebody runs, or was just asked to. */
export async function stacksInHand(
  db: Db,
  now: Date,
): Promise<Pick<DueStack, 'key' | 'isTeardown' | 'seats'>[]> {
  return many(
    db,
    sql`select key, ${isTeardown} as "isTeardown", ${seatCount} as seats from stack where ${isInHand(now)} order by key`,
  )
}

/** They were asked for: not again until a worker took them and let go, or had long enough to. */
export async function markAsked(tx: Db, keys: string[], now: Date): Promise<void> {
  const askAgain = new Date(now.getTime() + ASK_AGAIN_MS)
  await execute(
    tx,
    sql`update stack set asked_at = ${now}, retry_at = ${askAgain} where key = any(${keys}::text[])`,
  )
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

/**
 * Seats of these courses as a stack sees them; those nobody has touched are left out: each is as any new one.
 * At work: its holder is in, so it is changed by nobody.
 */
export async function stackSeats(
  db: Db,
  courseKeys: string[],
): Promise<(StackSeat & { course_key: string })[]> {
  return many(
    db,
    sql`select seat.id, seat.number, seat.generation, seat.applied_generation, seat.template_digest, seat.state, seat.taken,
          seat.volume_made, course.key as course_key,
          coalesce(workspace.state in ('starting', 'ready') and seat.state in ('starting', 'ready'), false) as at_work
        from seat join course on course.id = seat.course_id left join workspace on workspace.seat_id = seat.id
        where course.key = any(${courseKeys}::text[])
          and (seat.taken or seat.volume_made or seat.generation > 1 or seat.state <> 'absent')
        order by course.key, seat.number`,
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
