/** The rows of place, made to match what is open: added, dropped and given back, for several courses in as many statements as for one. */
import { type Db, execute, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { type Opening, openingOf, openingRows } from './place.ts'

/**
 * Makes the rows of place match the opening: adds what is missing, removes free ones beyond it.
 * Taken ones beyond it go when they are given back: nobody is stopped by an edit of a number.
 */
export async function settlePlaces(tx: Db, course: { id: string; now: Date }): Promise<Opening> {
  const seen = await lookAtPlaces(tx, { ids: [course.id], now: course.now })
  await makeRight(tx, seen)
  return seen[0]!.open
}

/** The same for several courses at once, in as many statements as for one. */
export async function settlePlacesOf(tx: Db, courses: { ids: string[]; now: Date }): Promise<void> {
  await makeRight(tx, await lookAtPlaces(tx, courses))
}

type Places = { id: string; open: Opening; count: number }

/** Sent together, done one after the other: what is counted is counted once nobody else may change it. */
async function lookAtPlaces(tx: Db, { ids, now }: { ids: string[]; now: Date }): Promise<Places[]> {
  const [, rows, counts] = await Promise.all([
    // Not "for update": that would wait for, and deadlock with, every launch that just referred to the course. In one
    // order for everybody, so that nobody waits for somebody who waits.
    execute(
      tx,
      sql`select 1 from course where id = any(${ids}::uuid[]) order by id for no key update`,
    ),
    openingRows(tx, { ids, now }),
    many<{ course_id: string; count: number }>(
      tx,
      sql`select course_id, count(*) from place where course_id = any(${ids}::uuid[]) group by course_id`,
    ),
  ])
  const countOf = new Map(counts.map(({ course_id, count }) => [course_id, count]))
  return ids.map((id) => ({ id, open: openingOf(rows, id, now), count: countOf.get(id) ?? 0 }))
}

async function makeRight(tx: Db, places: Places[]): Promise<void> {
  const more = places.map(({ id, open, count }) => ({ id, by: open.places - count }))
  const unsaid = places.filter(
    ({ open }) =>
      open.settledUntil?.getTime() !== open.until.getTime() || open.settledPlaces !== open.places,
  )
  await Promise.all([
    addPlaces(
      tx,
      more.flatMap(({ id, by }) => Array.from({ length: Math.max(0, by) }, () => id)),
    ),
    dropPlaces(
      tx,
      more.filter(({ by }) => by < 0),
    ),
    sayUntil(tx, unsaid),
  ])
}

/** `courseIds`: one for each place. */
async function addPlaces(tx: Db, courseIds: string[]): Promise<void> {
  if (courseIds.length === 0) return
  await execute(
    tx,
    sql`insert into place (id, course_id)
        select * from unnest(${courseIds.map(newId)}::uuid[], ${courseIds}::uuid[])`,
  )
}

async function dropPlaces(tx: Db, fewer: { id: string; by: number }[]): Promise<void> {
  if (fewer.length === 0) return
  await execute(
    tx,
    sql`delete from place where id in (select free.id
          from unnest(${fewer.map(({ id }) => id)}::uuid[], ${fewer.map(({ by }) => -by)}::int[]) as fewer (course_id, number)
            cross join lateral (select id from place where course_id = fewer.course_id and workspace_id is null
              limit fewer.number for update skip locked) free)`,
  )
}

async function sayUntil(tx: Db, places: Places[]): Promise<void> {
  if (places.length === 0) return
  await execute(
    tx,
    sql`update course set places_until = said.until, places_open = said.open
        from unnest(${places.map(({ id }) => id)}::uuid[], ${places.map(({ open }) => open.until)}::timestamptz[],
          ${places.map(({ open }) => open.places)}::int[]) as said (id, until, open) where course.id = said.id`,
  )
}

/**
 * Gives the workspace's place back, and drops it when the course has more than the opening allows. Answers whether anybody waits
 * for it, or is told of an end because somebody did: most who stop leave nobody behind them.
 */
export async function freePlace(
  tx: Db,
  place: { courseId: string; workspaceId: string; now: Date },
): Promise<boolean> {
  const { courseId, workspaceId, now } = place
  const row = await one<PlaceLeft>(
    tx,
    sql`select ${courseId}::uuid as course_id, give_place_back(${workspaceId}, ${courseId}, ${now}) as left`,
  )
  return (await settleLeft(tx, [row], now)).length > 0
}

/** What giving a place back left to do in its course. */
export type PlaceLeft = { course_id: string; left: 'settle' | 'serve' | 'nothing' }

/** Answers the courses where anybody waits, or is told of an end because somebody did. */
export async function settleLeft(tx: Db, rows: PlaceLeft[], now: Date): Promise<string[]> {
  const coursesWhere = (isSo: (left: PlaceLeft['left']) => boolean): string[] =>
    [...new Set(rows.filter(({ left }) => isSo(left)).map((row) => row.course_id))].toSorted()
  const unsettled = coursesWhere((left) => left === 'settle')
  if (unsettled.length > 0) await settlePlacesOf(tx, { ids: unsettled, now })
  return coursesWhere((left) => left !== 'nothing')
}
