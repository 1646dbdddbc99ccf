/** Courses where time may change anything now: to be looked at one by one, when all of them at once went wrong. */
import { type Db, type Query, many, sql } from '../db.ts'

export type CourseName = { id: string; key: string }

/** Somebody is or waits in them, a seat is on, or a class of theirs is under way, over or about to be prepared. */
export async function coursesAtWork(db: Db, now: Date): Promise<CourseName[]> {
  return many<CourseName>(
    db,
    sql`select id, key from course where id in (
          select course_id from workspace where state <> 'stopped'
          union select course_id from seat where wanted_on or held
          union select course_id from session where state in ('preparing', 'ready', 'open', 'ended')
            or state = 'planned' and lead_starts_at <= ${now})
        order by key`,
  )
}

export async function courseNames(db: Db, ids: string[]): Promise<CourseName[]> {
  return many<CourseName>(
    db,
    sql`select id, key from course where id = any(${ids}::uuid[]) order by key`,
  )
}

/** The end of a `where`: of this course only, where one is given. */
export const andOf = (of: CourseName | undefined, column: Query): Query =>
  of ? sql`and ${column} = ${of.id}` : sql``
