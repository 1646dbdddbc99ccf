/**
 * Who waits for a place, in which order, and when it is likely to come: the facts of stacks/rules/queue.ts and
 * turns.ts, and the record of how long each workspace ran.
 */
import { isLearned, likelyTurn, type PastStay } from '../../../stacks/rules/queue.ts'
import { type Waiter, inTurn, turnEnds } from '../../../stacks/rules/turns.ts'
import { type Db, type Query, execute, many, notify, one, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { type Opening, opening } from './place.ts'
import { countFreeNumbers, freeNumbers, numbersInAll } from '../seats/seat-number.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3600_000
/** So many past stays of a course say how long people stay. */
const LEARNED_FROM = 300

/** A part of the statement that starts somebody in a place (`ownPlace`). */
export const openStay = (stay: {
  workspaceId: string
  courseId: string
  period: string
  now: Date
}): Query => sql`insert into stay (id, workspace_id, course_id, period, started_at)
        select ${newId()}::uuid, ${stay.workspaceId}::uuid, ${stay.courseId}::uuid, ${stay.period}, ${stay.now}::timestamptz from place_of
        on conflict (workspace_id) where ended_at is null do nothing`

type Sharing = Opening['sharing']

/** Turns are for what is scarce: GPUs. How long one is in ms; undefined where there are none. */
const turnOf = ({ lifecycle, gpus }: Sharing): number | undefined =>
  gpus > 0 && lifecycle.turnHours > 0 ? lifecycle.turnHours * HOUR_MS : undefined

/** How long a place is held for whose turn it is; undefined where whoever is next is simply let in. */
export const holdMinutes = (sharing: Sharing): number | undefined =>
  turnOf(sharing) === undefined ? undefined : sharing.lifecycle.holdMinutes

/** What `opening` says of a course, for who has asked already. */
type Known = Pick<Opening, 'sharing' | 'period'>

/**
 * Who waits for a place and has none held, first in line first. In a course without turns: who came first. Free seat numbers go
 * to the first who have none; whoever is left without one could take no place, and stands in nobody's way.
 */
export async function waiters(
  db: Db,
  course: { id: string },
  { sharing, period }: Known,
): Promise<Waiter[]> {
  const rows = await many<{ id: string; queued_at: Date; has_number: boolean }>(
    db,
    sql`select id, queued_at, seat_id is not null as has_number from workspace where course_id = ${course.id} and state = 'queued'
        and held_until is null order by queued_at, id`,
  )
  const isServed = rows.length > 0 && turnOf(sharing) !== undefined
  const served = isServed ? await servedMs(db, course.id, period) : new Map<string, number>()
  const line = inTurn(
    rows.map((row) => ({
      id: row.id,
      queuedAt: row.queued_at.getTime(),
      servedMs: served.get(row.id) ?? 0,
    })),
  )
  const without = new Set(rows.flatMap((row) => (row.has_number ? [] : [row.id])))
  if (without.size === 0) return line
  let free = await countFreeNumbers(db, course.id)
  return line.filter(({ id }) => !without.has(id) || free-- > 0)
}

/** What each was served in the project period under way, or in the course's classes. */
async function servedMs(db: Db, courseId: string, period: string): Promise<Map<string, number>> {
  const rows = await many<{ workspace_id: string; ms: number }>(
    db,
    sql`select workspace_id, sum(extract(epoch from ended_at - started_at) * 1000)::float8 as ms from stay
        where course_id = ${courseId} and period = ${period} and ended_at is not null group by workspace_id`,
  )
  return new Map(rows.map((row) => [row.workspace_id, row.ms]))
}

const hasPlace = sql`state in ('starting', 'ready', 'resetting', 'failed', 'stopping') and stops_at is not null`

type RunningRow = {
  id: string
  started_at: Date
  stops_at: Date
  turn_ends_at: Date | null
}

async function running(db: Db, courseId: string): Promise<RunningRow[]> {
  return many<RunningRow>(
    db,
    sql`select id, coalesce(started_at, state_at) as started_at, stops_at, turn_ends_at from workspace
        where course_id = ${courseId} and ${hasPlace}`,
  )
}

/** Says, or takes back, when the turns of who runs end: as many as wait. `line`: who waits, where that is known. Idempotent. */
export async function settleTurns(
  tx: Db,
  course: { id: string },
  known: Known & { line?: Waiter[] },
): Promise<void> {
  const { sharing } = known
  const turnMs = turnOf(sharing)
  if (turnMs === undefined) return
  const who = await running(tx, course.id)
  const ends = turnEnds(
    {
      running: who.map((row) => ({ id: row.id, startedAt: row.started_at.getTime() })),
      waiting: known.line ?? (await waiters(tx, course, known)),
      free: await freePlaces(tx, course.id),
    },
    { turnMs, warnMs: sharing.lifecycle.warnMinutes * MINUTE_MS },
  )
  for (const row of who) {
    const end = ends.get(row.id)
    if (end === row.turn_ends_at?.getTime()) continue
    await execute(
      tx,
      sql`update workspace set turn_ends_at = ${end === undefined ? null : new Date(end)}, version = version + 1
          where id = ${row.id}`,
    )
    await notify(tx, 'workspace', row.id)
  }
}

/**
 * What stands after `from`: courses where somebody can be served or is to be sent home, or where turns are said to end
 * for fewer or more people than wait.
 */
export const toServe = sql`(select course.*,
    (select count(seat_id) + case when count(*) = count(seat_id) then 0
        else least(count(*) - count(seat_id), (select count(*) from ${freeNumbers})) end
      from workspace where course_id = course.id and state = 'queued' and held_until is null) as waiting,
    (select count(*) from place where course_id = course.id) as places,
    (select count(*) from place where course_id = course.id and workspace_id is null) as free,
    (select count(*) from workspace where course_id = course.id and ${hasPlace}) as running,
    (select count(*) from workspace where course_id = course.id and ${hasPlace} and turn_ends_at is not null) as ending
  from course where exists (select from workspace where course_id = course.id
    and (state = 'queued' or turn_ends_at is not null))) course
  where (waiting > 0 and (free > 0 or places = 0))
    or (gpus > 0 and (lifecycle ->> 'turnHours')::float > 0 and ending <> least(running, greatest(waiting - free, 0)))`

async function freePlaces(db: Db, courseId: string): Promise<number> {
  const { free } = await one<{ free: number }>(
    db,
    sql`select count(*) as free from place where course_id = ${courseId} and workspace_id is null`,
  )
  return free
}

export type QueueView = {
  ahead: number
  /** Null when no place is ever given back. */
  estimateAt: Date | null
  /** No place is likely before the session ends. */
  isBeyond: boolean
  /** It is one's turn: a place is held until then, and a click starts it. */
  heldUntil: Date | null
  /** How long a place is held when it is one's turn; null where one is simply let in. */
  holdMinutes: number | null
  /** They are told by mail, too. */
  isToldByMail: boolean
  /** How many seat numbers their course has in all, when there is none left for them: no place comes by itself. */
  numbersOut: number | null
}

export async function queueView(
  db: Db,
  mine: { id: string; courseId: string; heldUntil: Date | null; isToldByMail: boolean; now: Date },
): Promise<QueueView> {
  const { courseId, heldUntil, isToldByMail, now } = mine
  const open = await opening(db, { id: courseId, now })
  const hold = holdMinutes(open.sharing) ?? null
  if (heldUntil)
    return {
      ...{ ahead: 0, estimateAt: heldUntil, isBeyond: false },
      ...{ heldUntil, holdMinutes: hold, isToldByMail, numbersOut: null },
    }
  const line = await waiters(db, { id: courseId }, open)
  const position = line.findIndex((waiter) => waiter.id === mine.id)
  const numbersOut = position < 0 ? await numbersInAll(db, mine.id) : undefined
  if (numbersOut !== undefined)
    return {
      ...{ ahead: 0, estimateAt: null, isBeyond: false, numbersOut },
      ...{ heldUntil: null, holdMinutes: hold, isToldByMail },
    }
  const ahead = Math.max(0, position)
  const turnMs = turnOf(open.sharing) ?? Infinity
  const at = likelyTurn(
    {
      running: [...(await running(db, courseId)), ...(await heldPlaces(db, courseId))].map(
        (row) => ({
          startedAt: row.started_at.getTime(),
          endsAt: Math.min(row.stops_at.getTime(), row.started_at.getTime() + turnMs),
        }),
      ),
      free: await freePlaces(db, courseId),
      ahead,
      mostMs: Math.min(turnMs, open.stopsAt.getTime() - now.getTime()),
      past: await pastStays(db, courseId),
    },
    now.getTime(),
  )
  const endsAt = open.sessionEndsAt?.getTime() ?? Infinity
  return {
    ahead,
    estimateAt: at === null ? null : new Date(at),
    isBeyond: at !== null && at >= endsAt,
    heldUntil: null,
    holdMinutes: hold,
    isToldByMail,
    numbersOut: null,
  }
}

/** A place held for somebody is as good as taken, by who starts at the end of the hold. */
async function heldPlaces(
  db: Db,
  courseId: string,
): Promise<{ started_at: Date; stops_at: Date }[]> {
  return many(
    db,
    sql`select held_until as started_at, held_until + make_interval(mins => (course.lifecycle ->> 'reserveMinutes')::int)
          as stops_at from workspace join course on course.id = workspace.course_id
        where course_id = ${courseId} and workspace.state = 'queued' and held_until is not null`,
  )
}

/** Until enough of its own people left by themselves, a course's are taken for those of the others: nearer than that all stay to the end. */
async function pastStays(db: Db, courseId: string): Promise<PastStay[]> {
  const own = await lastStays(db, sql`course_id = ${courseId}`)
  return isLearned(own) ? own : [...own, ...(await lastStays(db, sql`course_id <> ${courseId}`))]
}

async function lastStays(db: Db, whose: Query): Promise<PastStay[]> {
  const rows = await many<{ ms: number; reason: string }>(
    db,
    sql`select extract(epoch from ended_at - started_at)::float8 * 1000 as ms, reason from stay
        where ${whose} and ended_at is not null order by ended_at desc limit ${LEARNED_FROM}`,
  )
  return rows.map((row) => ({
    ms: row.ms,
    isWhole: row.reason === 'asked' || row.reason === 'idle',
  }))
}
