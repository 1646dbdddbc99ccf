/** How many students come, as the lists of LMS courses and their launches say it: by LMS course, by course. */
import { type Db, many, one, sql } from '../db.ts'
import { READ } from './roster.ts'

export type CourseRoster = {
  id: string
  title: string
  /** Whether the LMS offers its list at all. */
  offers_list: boolean
  read_at: Date | null
  tried_at: Date | null
  failures: number
  code: string | null
  params: Record<string, string | number>
  students: number
  dormant: number
  /** The last time it was not as before, and how. */
  changed: { at: Date; joined: number; left: number } | null
}

type RosterRow = Omit<CourseRoster, 'changed'> & {
  changed: { at: string; joined: number; left: number } | null
}

/** The LMS courses whose activities open this course, with how many of theirs come. */
export async function rostersOfCourse(db: Db, courseId: string): Promise<CourseRoster[]> {
  const rows = await many<RosterRow>(
    db,
    sql`select here.id, coalesce(here.title, here.label, platform.name) as title, here.roster_url is not null as offers_list,
          here.roster_read_at as read_at, here.roster_tried_at as tried_at, here.roster_failures as failures,
          here.roster_code as code, here.roster_params as params,
          count(student.person_id) filter (where student.comes)::int as students,
          count(student.person_id) filter (where not student.comes)::int as dormant,
          (select detail || jsonb_build_object('at', audit.at) from audit
            where subject_kind = 'lms_context' and subject_id = here.id::text and action = ${READ}
            order by audit.at desc limit 1) as changed
        from lms_context here join platform on platform.id = here.platform_id
          left join lateral (${studentsIn(sql`resource.course_id = ${courseId} and resource.lms_context_id = here.id`)}) student on true
        where here.id in (select lms_context_id from lms_resource where course_id = ${courseId})
        group by here.id, platform.id order by 2, here.id`,
  )
  return rows.map(({ changed, ...row }) => ({
    ...row,
    changed: changed && { ...changed, at: new Date(changed.at) },
  }))
}

/**
 * Students by course, each once, with whether they come: who is listed for an activity that opens it, or came
 * through one. @param where restricts `resource`, an activity
 */
export const studentsIn = (where: ReturnType<typeof sql>) =>
  sql`select resource.course_id, member.person_id, bool_or(member.state = 'active' and not member.is_absent) as comes
      from lms_resource resource
        join membership member on member.lms_context_id = resource.lms_context_id and member.role = 'student'
      where ${where} and (not resource.is_restricted or exists (
        select from lms_resource_member one where one.resource_id = resource.id and one.person_id = member.person_id))
      group by resource.course_id, member.person_id`

/** Counts of all courses that an LMS course points at: never who they are. */
export async function rosterSummaries(
  db: Db,
): Promise<
  { course: string; follows: boolean; students: number; dormant: number; read_at: Date | null }[]
> {
  return many(
    db,
    sql`select course.key as course, course.follows_roster as follows,
          count(student.person_id) filter (where student.comes)::int as students,
          count(student.person_id) filter (where not student.comes)::int as dormant,
          (select min(here.roster_read_at) from lms_context here
            where here.id in (select lms_context_id from lms_resource where course_id = course.id)) as read_at
        from course left join (${studentsIn(sql`resource.course_id is not null`)}) student on student.course_id = course.id
        where exists (select from lms_resource where course_id = course.id)
        group by course.id order by course.key`,
  )
}

/** LMS courses whose activities open this course and whose lists can be read. */
export async function listsOfCourse(db: Db, courseId: string): Promise<string[]> {
  const { ids } = await one<{ ids: string[] }>(
    db,
    sql`select array(select distinct here.id from lms_context here join lms_resource on lms_context_id = here.id
          where course_id = ${courseId} and roster_url is not null) as ids`,
  )
  return ids
}
