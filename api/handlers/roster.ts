/** The lists of a course's LMS courses: read now because a teacher says so; counts for the command line. */
import type { SeenCourse } from '../access.ts'
import { findCourse } from '../data/courses/course.ts'
import {
  type CourseRoster,
  listsOfCourse,
  rosterSummaries,
  rostersOfCourse,
} from '../data/lms/roster-view.ts'
import { Problem } from '../errors.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Handler, Visit } from '../visit.ts'

async function readLists(visit: Visit, courseId: string): Promise<void> {
  for (const id of await listsOfCourse(visit.pool, courseId)) await visit.lti.readRoster(id)
}

/** What came of it stands on the page. */
export const readNow: Handler<SeenCourse> = async (visit, course) => {
  await readLists(visit, course.id)
  return { seeOther: `${paths.course(course.key)}#roster-title` }
}

/** Numbers only: who they are is for who teaches them. */
export const list: Handler = async (visit) => ({
  json: {
    rosters: (await rosterSummaries(visit.pool)).map(({ read_at: readAt, ...one }) => ({
      ...one,
      readAt,
    })),
  },
})

const failureOf = (list: CourseRoster): string | null => {
  const code = list.offers_list ? list.code : 'roster.none-offered'
  return code && say('en', code, list.params)
}

export const read: Handler = async (visit) => {
  const course = await findCourse(visit.pool, visit.params['course'] ?? '')
  if (!course) throw new Problem(404, 'problem.not-found')
  await readLists(visit, course.id)
  const lists = await rostersOfCourse(visit.pool, course.id)
  return {
    json: {
      course: course.key,
      lists: lists.map((one) => ({
        ...{ students: one.students, dormant: one.dormant, readAt: one.read_at },
        failure: failureOf(one),
      })),
    },
  }
}
