/** What a plan must know of courses beside their documents: who holds seats, who comes, what was granted. */
import type { Allowance } from '../../../stacks/terms.ts'
import type { KnownOfCourses } from './course.ts'
import { type Db, many, sql } from '../db.ts'
import { studentsIn } from '../lms/roster-view.ts'

type Row = {
  key: string
  numbers: number[] | null
  dormant: number[] | null
  granted: Allowance
  roster: number | null
  is_listed: boolean
}

/**
 * By course: numbers with a holder (they stay in every plan), those of who does not come any more, what a review
 * granted, students of its LMS courses who come, and whether their lists were all read. Of some
 * courses when their keys are given. And which pools take no new seats.
 */
export async function knownOfCourses(db: Db, courseKeys?: string[]): Promise<KnownOfCourses> {
  const asked = courseKeys ?? null
  const isAsked = sql`(${asked}::text[] is null or course.key = any(${asked}))`
  const those = sql`(select id from course where ${isAsked})`
  const rows = await many<Row>(
    db,
    sql`with student as (${studentsIn(sql`resource.course_id in ${those}`)}),
        counted as (select course_id, count(*) filter (where comes)::int as students from student group by course_id),
        gone as (
          select workspace.course_id, array_agg(seat.number order by seat.number) as numbers
          from student join workspace on workspace.course_id = student.course_id and workspace.person_id = student.person_id
            join seat on seat.id = workspace.seat_id
          where not student.comes group by workspace.course_id),
        held as (
          select course_id, array_agg(number order by number) as numbers from seat where taken and course_id in ${those}
          group by course_id),
        opened as (
          select resource.course_id, bool_and(here.roster_read_at is not null) as is_listed
          from lms_resource resource join lms_context here on here.id = resource.lms_context_id
          where resource.course_id in ${those} group by resource.course_id)
        select course.key, course.granted, held.numbers, gone.numbers as dormant, counted.students as roster,
          coalesce(opened.is_listed, false) as is_listed
        from course left join held on held.course_id = course.id left join gone on gone.course_id = course.id
          left join counted on counted.course_id = course.id left join opened on opened.course_id = course.id
        where ${isAsked} order by course.key`,
  )
  const known: KnownOfCourses = {
    ...{ taken: {}, dormant: {}, granted: {}, roster: {}, listed: {} },
    closed: await closedPools(db),
  }
  for (const { key, numbers, dormant, granted, roster, is_listed: isListed } of rows) {
    if (numbers) known.taken[key] = numbers
    if (dormant) known.dormant[key] = dormant
    if (Object.keys(granted).length > 0) known.granted[key] = granted
    if (roster) known.roster[key] = roster
    if (isListed) known.listed[key] = true
  }
  return known
}

/** By key, since when (ISO). */
export async function closedPools(db: Db): Promise<KnownOfCourses['closed']> {
  const rows = await many<{ key: string; closed_at: Date }>(
    db,
    sql`select key, closed_at from pool where closed is not null and closed_at is not null order by key`,
  )
  return Object.fromEntries(rows.map(({ key, closed_at: at }) => [key, at.toISOString()]))
}
