/**
 * Places: the right to run. A session has so many at once; outside every session a course has its
 * headroom. A free row is taken with SKIP LOCKED, so a whole class can arrive in the same second.
 */
import { firstStop, isReservation } from '../../../stacks/rules/lifecycle.ts'
import type { BlueprintSession } from '../../../stacks/blueprint.ts'
import type { Lifecycle } from '../../../stacks/terms.ts'
import { type Db, findOne, many, type Query, sql } from '../db.ts'
import { freeNumbers } from '../seats/seat-number.ts'

/** What holds for a course at one instant. */
export type Opening = {
  places: number
  sessionId: string | null
  /** Its end, with stay and grace; null outside class. */
  sessionEndsAt: Date | null
  /** Key of its project period; empty in classes and outside. */
  period: string
  /** When who starts now is stopped by itself. */
  stopsAt: Date
  /** Until when this answer stands. */
  until: Date
  /** How its people share it: the rules of its time, and the GPUs of a seat. */
  sharing: { lifecycle: Lifecycle; gpus: number }
  /** Who starts has a volume of their own, for all of their courses. */
  hasPersonal: boolean
  /** Somebody waits for a place they could take, and none is held for them. */
  isWaitedFor: boolean
  /** Somebody waits who has no seat number: the next one that is free is theirs. */
  isNumberWaitedFor: boolean
  /** The rows of place were made right for it. */
  isSettled: boolean
  /** Until when, and for how many, they are said to be right. */
  settledUntil: Date | null
  settledPlaces: number | null
}

type SessionRow = {
  id: string
  key: string
  kind: BlueprintSession['kind']
  opens_at: Date
  grace_ends_at: Date
  at_once: number
}

const NO_SESSION_MS = 24 * 3600_000

type OutsideRow = {
  places_until: Date | null
  places_open: number | null
  places_outside: number
  outside_from: Date | null
  outside_until: Date | null
  lifecycle: Lifecycle
  gpus: number
  has_personal: boolean
  is_waited_for: boolean
  is_number_waited_for: boolean
}

type CourseRow = OutsideRow & Nullable<SessionRow> & { course_id: string }

/** How many may run at `now`, on which session's account, and until when that holds. */
export async function opening(db: Db, { id, now }: { id: string; now: Date }): Promise<Opening> {
  return openingOf(await openingRows(db, { ids: [id], now }), id, now)
}

export async function openingRows(
  db: Db,
  { ids, now }: { ids: string[]; now: Date },
): Promise<CourseRow[]> {
  return many<CourseRow>(
    db,
    sql`select course.id as course_id, places_until, places_open, places_outside, outside_from, outside_until, lifecycle, gpus, personal is not null as has_personal,
          exists (select from workspace where course_id = course.id and state = 'queued' and held_until is null
            and (seat_id is not null or exists (select from ${freeNumbers}))) as is_waited_for,
          exists (select from workspace where course_id = course.id and state = 'queued' and seat_id is null) as is_number_waited_for,
          next.* from course
        left join lateral (select id, key, kind, opens_at, grace_ends_at, at_once from session
          where course_id = course.id and state <> 'cancelled' and grace_ends_at > ${now}
          order by opens_at, key limit 8) next on true
        where course.id = any(${ids}::uuid[]) order by next.opens_at, next.key`,
  )
}

export function openingOf(all: CourseRow[], id: string, now: Date): Opening {
  const rows = all.filter((row) => row.course_id === id)
  const [outside] = rows
  if (!outside) throw new Error(`There is no course ${id}.`)
  const sessions = rows.filter(isSession)
  const until = firstEdge(outside, sessions, now)
  const settledUntil = outside.places_until
  const isSettled = settledUntil !== null && settledUntil > now
  const settledPlaces = outside.places_open
  const waited = {
    isWaitedFor: outside.is_waited_for,
    isNumberWaitedFor: outside.is_number_waited_for,
  }
  const hasPersonal = outside.has_personal
  const sharing = { lifecycle: outside.lifecycle, gpus: outside.gpus }
  const said = { settledUntil, settledPlaces, ...waited, hasPersonal, sharing }
  const settled = { until, isSettled, ...said }
  const open = sessions.filter((session) => session.opens_at <= now)
  const main = open.toSorted(byClassThenEnd)[0]
  if (main) {
    const places = open.reduce((sum, session) => sum + session.at_once, 0)
    const stopsAt = stopOf(outside, main, now)
    const session = {
      sessionId: main.id,
      sessionEndsAt: main.grace_ends_at,
      period: periodOf(main),
    }
    return { places, ...session, stopsAt, ...settled }
  }
  const stopsAt = stopOf(outside, undefined, now)
  const places = isOpenOutside(outside, now) ? outside.places_outside : 0
  return { places, sessionId: null, sessionEndsAt: null, period: '', stopsAt, ...settled }
}

type Nullable<Row> = { [Key in keyof Row]: Row[Key] | null }

const isSession = <Row extends Nullable<SessionRow>>(row: Row): row is Row & SessionRow =>
  row.id !== null

// `COURSE/PERIOD/DAY`, as stacks/rules/schedule.ts names the windows and bookings of a project period.
const periodOf = ({ kind, key }: SessionRow): string =>
  kind === 'project' || kind === 'booking' ? (key.split('/')[1] ?? '') : ''

// A class inside a project period is what its students came for; of two, the one that lasts.
const byClassThenEnd = (a: SessionRow, b: SessionRow): number =>
  Number(a.kind === 'project') - Number(b.kind === 'project') ||
  b.grace_ends_at.getTime() - a.grace_ends_at.getTime()

function stopOf(outside: OutsideRow, session: SessionRow | undefined, now: Date): Date {
  const until = session ? session.grace_ends_at : outside.outside_until
  const account = {
    kind: session ? ('session' as const) : ('outside' as const),
    heldUntil: until?.getTime() ?? null,
    isReservation: session !== undefined && isReservation(session.kind, outside.gpus),
  }
  return new Date(firstStop(account, outside.lifecycle, now.getTime()))
}

const isOpenOutside = (row: OutsideRow, now: Date): boolean =>
  (row.outside_from === null || row.outside_from <= now) &&
  (row.outside_until === null || now < row.outside_until)

/** At the latest so far ahead; the same instant for every course and the whole day, so that it is rarely written anew. */
const horizonOf = (now: Date): Date =>
  new Date((Math.floor(now.getTime() / NO_SESSION_MS) + 1) * NO_SESSION_MS)

/** The next instant at which the answer may be another. */
function firstEdge(outside: OutsideRow, sessions: SessionRow[], now: Date): Date {
  const edges = [
    outside.outside_from,
    outside.outside_until,
    ...sessions.flatMap((s) => [s.opens_at, s.grace_ends_at]),
  ]
  const ahead = edges.filter((edge): edge is Date => edge !== null && edge > now)
  return ahead.reduce((first, edge) => (edge < first ? edge : first), horizonOf(now))
}

/** Takes a free place for the workspace, or finds the one it has; false when there is none. */
export async function takePlace(
  tx: Db,
  place: { courseId: string; workspaceId: string },
): Promise<boolean> {
  const found = await findOne(
    tx,
    sql`with ${ownPlace(place)} select 1 as has from place_of limit 1`,
  )
  return found !== undefined
}

/** Parts of a statement: `place_of` has a row when the workspace has a place, or took a free one. */
export const ownPlace = (place: { courseId: string; workspaceId: string }): Query =>
  sql`place_held as (select id from place where workspace_id = ${place.workspaceId}),
        place_taken as (
          update place set workspace_id = ${place.workspaceId} where id =
            (select id from place where course_id = ${place.courseId} and workspace_id is null limit 1 for update skip locked)
            and not exists (select from place_held) returning id),
        place_of as (select id from place_held union all select id from place_taken)`
