/** What each stack should hold now, beside what was last applied: where the two differ a run is asked for. */
import { type CourseName, andOf } from '../courses/courses-at-work.ts'
import { type Db, type Query, execute, findOne, many, one, sql } from '../db.ts'
import { destroyFreezes, holdingFreezes } from './freeze.ts'
import { newId } from '../ids.ts'
import { isScratchChosen } from '../seats/scratch.ts'
import { lockedSeats } from '../seats/seat-lock.ts'
import { beginsWithout } from '../seats/slot-lack.ts'
import type { SeatTemplate } from '../../../stacks/blueprint.ts'
import { seatsPerStack } from '../../../stacks/rules/wanted.ts'

export type StackWish = {
  key: string
  kind: 'seats' | 'volumes' | 'base' | 'nodes'
  poolKey: string
  /** Null: of a pool's machines. */
  courseKey: string | null
  digest: string
}

export type UnsaidStacks = { keys: string[]; kinds: StackWish['kind'][] }

/** A job that was sent is given so long to take the stack's lease before it is asked for again. */
const ASK_AGAIN_MS = 15_000

/**
 * Records what is wanted. A stack of seats or machines nobody wants any more is wanted empty; a volumes stack is never
 * wanted away: only retention or a purge releases files. What nobody could say of (`unsaid`) stays wanted as it was.
 */
export async function wantStacks(
  tx: Db,
  wish: { stacks: StackWish[]; unsaid?: UnsaidStacks; now: Date },
): Promise<void> {
  const { keys: unsaid, kinds } = wish.unsaid ?? { keys: [], kinds: [] }
  const column = <T>(of: (stack: StackWish) => T) => wish.stacks.map(of)
  const keys = column((stack) => stack.key)
  await execute(
    tx,
    sql`with dropped as (
          update stack set wanted_digest = null, due_since = ${dueSince}, failures = 0, retry_at = null, cancelled_run_id = null
          where kind <> 'volumes' and wanted_digest is not null and not key = any(${keys}::text[])
            and not key = any(${unsaid}::text[]) and not kind = any(${kinds}::text[]))
        insert into stack (id, key, kind, pool_id, course_id, state, state_at, wanted_digest)
        select w.id, w.key, w.kind, pool.id, course.id, 'absent', ${wish.now}, w.digest
        from unnest(${column(newId)}::uuid[], ${keys}::text[], ${column((stack) => stack.kind)}::text[],
            ${column((stack) => stack.poolKey)}::text[], ${column((stack) => stack.courseKey)}::text[],
            ${column((stack) => stack.digest)}::text[]) as w (id, key, kind, pool, course, digest)
          join pool on pool.key = w.pool left join course on course.key = w.course
        where w.course is null or course.id is not null
        on conflict (key) do update set wanted_digest = excluded.wanted_digest, due_since = ${dueSince},
          failures = 0, retry_at = null, cancelled_run_id = null where stack.wanted_digest is distinct from excluded.wanted_digest`,
  )
}

/** What was as wanted until now is due from now on, however long ago it was before. */
const dueSince = sql`case when stack.wanted_digest is distinct from stack.applied_digest
            or stack.state not in ('absent', 'applied') then stack.due_since end`

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

// Nodes stand on their base, that of the same region: it is there before them, and goes after them.
const waitsForOther = sql`exists (select from stack other where other.pool_id = stack.pool_id
            and substr(other.key, length(other.kind) + 1) = substr(stack.key, length(stack.kind) + 1) and (
            (stack.kind = 'nodes' and stack.wanted_digest is not null and other.kind = 'base' and other.applied_digest is null)
            or (stack.kind = 'base' and stack.wanted_digest is null and other.kind = 'nodes' and other.state <> 'absent')))`

/** A stack that differs, in nobody's hands, neither held nor put off. `leaseNow`: by the clock that leases are dated by. */
export const isRunnable = (
  now: Date,
  leaseNow = now,
) => sql`(${stackDiffers} and not ${isInHand(now, leaseNow)}
  and (retry_at is null or retry_at <= ${now}) and (cancelled_run_id is null or retry_at is not null)
  and not exists (select from ${holdingFreezes(now)}) and not ${waitsForOther})`

/** What every stack is wanted to be, in one word: as long as it is the same, nobody wished otherwise. */
export const wishMark = sql`coalesce(md5(string_agg(key || coalesce(wanted_digest, ''), ',' order by key)), '')`

export async function readWishMark(db: Db): Promise<string> {
  return (await one<{ mark: string }>(db, sql`select ${wishMark} as mark from stack`)).mark
}

/** Stacks that differ and may be run: in nobody's hands, neither held nor put off, and not just asked for. */
export async function dueStacks(tx: Db, now: Date, leaseNow = now): Promise<DueStack[]> {
  await execute(
    tx,
    sql`update stack set due_since = ${now} where due_since is null and ${stackDiffers}`,
  )
  return many<DueStack>(
    tx,
    sql`select key, due_since as since, ${isTeardown} as "isTeardown", ${isAwaited} as "isAwaited", ${seatCount} as seats from stack
        where ${isRunnable(now, leaseNow)} order by key for update skip locked`,
  )
}

/** A seat beside the stack that makes it. */
export const isOfStack = sql`(seat.course_id = stack.course_id and seat.pool_id = stack.pool_id
          and (stack.kind <> 'seats' or stack.key like '%-' || (seat.number - 1) / ${seatsPerStack}))`

const seatCount = sql`(select count(*) from seat where ${isOfStack} and seat.state <> 'absent')`

const isTeardown = sql`(stack.kind <> 'volumes' and stack.wanted_digest is null)`

// A seat that is not there yet, or is made anew for its holder, in this pool and block of numbers.
const isAwaited = sql`(stack.kind = 'seats' and exists (select from seat join workspace on workspace.seat_id = seat.id
          where ${isOfStack}
            and workspace.state in ('starting', 'resetting')
            and (seat.state = 'absent' or seat.applied_generation is distinct from seat.generation)))`

/** Somebody runs it, or was just asked to. */
export function isInHand(now: Date, leaseNow = now) {
  return sql`(coalesce(lease_until > ${leaseNow}, false) or coalesce(asked_at > ${new Date(now.getTime() - ASK_AGAIN_MS)}, false))`
}

/** Stacks somebody runs, or was just asked to. */
export async function stacksInHand(
  db: Db,
  now: Date,
  leaseNow = now,
): Promise<Pick<DueStack, 'key' | 'isTeardown' | 'seats'>[]> {
  return many(
    db,
    sql`select key, ${isTeardown} as "isTeardown", ${seatCount} as seats from stack where ${isInHand(now, leaseNow)} order by key`,
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

/** How long a stack waits after a run that failed: doubled each time, from `first` to `most` seconds. */
export type Patience = { first: number; most: number }

const PATIENCE: Patience = { first: 5, most: 300 }

/**
 * A run did not reach what is wanted: tried again later, slower each time, at most every five minutes unless said
 * otherwise. Answers how many failed in a row; 0 when somebody has cancelled it meanwhile.
 */
export async function postponeStack(
  tx: Db,
  stack: { key: string; message: string; now: Date; patience?: Patience | undefined },
): Promise<number> {
  const { first, most } = stack.patience ?? PATIENCE
  const row = await findOne<{ failures: number }>(
    tx,
    sql`update stack set failures = failures + 1, message = ${stack.message},
          retry_at = ${stack.now}::timestamptz + interval '1 second' * least(${most}::float8, ${first}::float8 * power(2, least(failures, 20)))
        where key = ${stack.key} and cancelled_run_id is null returning failures`,
  )
  return row?.failures ?? 0
}

export type StackSeat = {
  number: number
  generation: number
  template_digest: string | null
  taken: boolean
  volume_made: boolean
  /** Generations whose volume the engine keeps itself, with no limit: they stay what they are. */
  engine_volumes: number[]
  /** Generations whose files are purged for good. */
  erased_volumes: number[]
  at_work: boolean
  /** It begins on a scratch home when it begins next, on this node of the Swarm if its files are on one. */
  scratch: boolean
  scratch_node: string | null
  /** It begins without its student's own volume when it begins next: nobody could bring that into it. */
  without_personal: boolean
}

export type UnusualSeat = StackSeat & { course_key: string }

/** What a stack of a course would be if no seat of it had a history. */
export type PlainStack = {
  kind: StackWish['kind']
  course: string
  seats: number[]
  templateDigest: string
  template: Pick<SeatTemplate, 'volume'>
}

/**
 * Seats of these stacks' courses that are not as any new one: in a later generation, at work with another template
 * (changed by nobody), with a holder or volume beyond the numbers that have one anyway, with a volume of the engine's in a pool
 * that has a limit by now, or about to begin without what cannot be had. Few, whatever the size of the campus.
 */
export async function unusualSeats(db: Db, stacks: PlainStack[]): Promise<UnusualSeat[]> {
  if (stacks.length === 0) return []
  const column = <T>(of: (stack: PlainStack) => T) => stacks.map(of)
  return many(
    db,
    sql`with plain as (
          select course.id, course.key, template, last, limited
          from unnest(${column((one) => one.course)}::text[], ${column((one) => one.templateDigest)}::text[],
            ${column((one) => (one.kind === 'volumes' ? (one.seats.at(-1) ?? 0) : null))}::int[],
            ${column((one) => one.template.volume?.backend !== undefined)}::boolean[]) as stack (course, template, last, limited)
            join course on course.key = stack.course
        ), unusual as (
          select seat.id from seat join plain on plain.id = seat.course_id where generation > 1
          union select seat.id from plain join seat on seat.course_id = plain.id
            where (taken or volume_made) and seat.number > plain.last
          union select seat.id from workspace join seat on seat.id = seat_id join plain on plain.id = seat.course_id
            where ${isAtWork} and seat.template_digest <> plain.template
          union select seat.id from plain join seat on seat.course_id = plain.id join volume on volume.seat_id = seat.id
            where limited and backend = 'engine'
          union select seat.id from plain join seat on seat.course_id = plain.id where ${isScratchChosen(sql`plain.id`)}
          union select seat.id from plain join course on course.id = plain.id join seat on seat.course_id = plain.id where ${beginsWithout}
        ), chosen as materialized (select plain.id from plain where ${isScratchChosen(sql`plain.id`)})
        select seat.number, seat.generation, seat.template_digest, seat.taken, seat.volume_made, course.key as course_key,
          array(select generation from volume where seat_id = seat.id and backend = 'engine' order by 1) as engine_volumes,
          array(select generation from volume where seat_id = seat.id and erased_at is not null and volume.state = 'purged'
            order by 1) as erased_volumes,
          -- Who waits begins otherwise; what runs, with or without anybody in it, stays as it is.
          coalesce(${isAtWork}, false)
            or ((seat.course_id in (select id from chosen) or ${beginsWithout}) and seat.state not in ('cold', 'absent')) as at_work,
          ${beginsWithout} and seat.state in ('cold', 'absent') as without_personal,
          seat.course_id in (select id from chosen) and seat.state in ('cold', 'absent') and not exists (${homesOf(sql`'merging', 'merged'`)}) as scratch,
          (select node_id from (${homesOf(sql`'open'`)} and trouble is null order by created_at desc limit 1) last) as scratch_node
        from unusual join seat on seat.id = unusual.id join course on course.id = seat.course_id
          left join workspace on workspace.seat_id = seat.id
        order by course.key, seat.number`,
  )
}

const homesOf = (states: Query): Query =>
  sql`select node_id from scratch_home home where home.seat_id = seat.id and home.generation = seat.generation and home.state in (${states})`

/** Somebody is in it, or about to be: rows `workspace` and `seat`. */
export const isAtWork = sql`(workspace.state in ('starting', 'ready') and seat.state in ('starting', 'ready'))`

export type StackRow = {
  id: string
  key: string
  kind: 'seats' | 'volumes' | 'base' | 'nodes'
  pool_id: string
}

/** A stack of seats or volumes. */
export type CourseStack = StackRow & { course_id: string; course_key: string; course_code: string }

export const isOfCourse = (stack: StackRow | CourseStack): stack is CourseStack =>
  stack.kind === 'seats' || stack.kind === 'volumes'

const rowColumns = sql`stack.id, stack.key, stack.kind, stack.pool_id, stack.course_id, course.key as course_key,
          course.code as course_code`

export async function findStack(db: Db, key: string): Promise<StackRow | CourseStack | undefined> {
  return findOne<StackRow | CourseStack>(
    db,
    sql`select ${rowColumns} from stack left join course on course.id = stack.course_id where stack.key = ${key}`,
  )
}

/** The same, for who is about to run it: `isFrozen`: not now; `areKept`: seats that exist may not be destroyed somewhere. */
export async function findRunnable(
  db: Db,
  key: string,
  now: Date,
): Promise<((StackRow | CourseStack) & { isFrozen: boolean; areKept: boolean }) | undefined> {
  return findOne(
    db,
    sql`select ${rowColumns}, exists (select from ${holdingFreezes(now)}) as "isFrozen",
          exists (select from ${destroyFreezes(now)}) as "areKept"
        from stack left join course on course.id = stack.course_id where stack.key = ${key}`,
  )
}

export async function poolKeyOf(db: Db, poolId: string): Promise<string> {
  return (await one<{ key: string }>(db, sql`select key from pool where id = ${poolId}`)).key
}

const isForgotten = (leaseNow: Date) => sql`held and not exists
  (select from stack where stack.course_id = seat.course_id and stack.kind = 'seats' and stack.lease_until > ${leaseNow})`

/** What stands after `from`: seats whose run is over without having said so. */
export const toRelease = (leaseNow: Date) => sql`seat where ${isForgotten(leaseNow)}`

/** Lets go of them: their worker was killed. The driver hears of it. */
export async function releaseHolds(tx: Db, leaseNow: Date, of?: CourseName): Promise<number> {
  return execute(
    tx,
    sql`with released as (update seat set held = false
          where id = any(${lockedSeats(sql`(select id from ${toRelease(leaseNow)} ${andOf(of, sql`seat.course_id`)})`)}) and ${isForgotten(leaseNow)} returning id)
        select pg_notify('seats', id::text) from released`,
  )
}

/** The volumes of these numbers exist now. */
export async function markVolumes(
  tx: Db,
  course: { id: string; numbers: number[] },
): Promise<void> {
  await execute(
    tx,
    sql`update seat set volume_made = true where id = any(${lockedSeats(sql`(select id from seat
          where course_id = ${course.id} and number = any(${course.numbers}::int[]) and not volume_made)`)})`,
  )
}

/** None of a course's volumes exist any more: they were purged, and their stack is gone. */
export async function markNoVolumes(tx: Db, course: { id: string }): Promise<void> {
  await execute(tx, sql`update seat set volume_made = false where course_id = ${course.id}`)
}
