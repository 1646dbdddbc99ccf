/** The start page, the language, signing out, and whether we are alive. */
import { z } from 'zod'
import { LOCALE_COOKIE, LOGIN_COOKIE } from '../cookies.ts'
import { coursesOfPerson } from '../data/courses/course.ts'
import { coursesSharedWith } from '../data/courses/course-share.ts'
import { askedCourses, zoneOfMaker } from '../data/courses/new-course.ts'
import { ping } from '../data/pools/overview.ts'
import { sessionsToCome } from '../data/sessions/session.ts'
import { forgetVisitor } from '../data/people/visitor.ts'
import { frontPage, homePage } from '../pages/home.ts'
import { paths } from '../paths.ts'
import type { Handler } from '../visit.ts'

const SESSIONS_SHOWN = 6
const YEAR_SECONDS = 365 * 24 * 3600

export const show: Handler = async (visit) => {
  if (!visit.visitor) return { html: frontPage(visit) }
  const courses = await coursesOfPerson(visit.pool, visit.visitor.personId)
  const courseIds = courses.map((course) => course.id)
  const filter = { courseIds, now: visit.at, limit: SESSIONS_SHOWN }
  const sessions = await sessionsToCome(visit.pool, filter)
  const shared = await coursesSharedWith(visit.pool, visit.visitor.personId)
  const asked = await askedCourses(visit.pool, { personId: visit.visitor.personId, now: visit.at })
  const makesCourses = (await zoneOfMaker(visit.pool, visit.visitor.personId)) !== undefined
  return { html: homePage(visit, { makesCourses, courses, sessions, shared, asked }) }
}

export const localeBody = z.object({
  locale: z.enum(['en', 'fr']),
  // Only a path of ours: anything else would make this a way to send people elsewhere.
  back: z
    .string()
    .regex(/^\/(?![/\\])[^\\]*$/)
    .catch('/'),
})

/** The language of this browser; it wins over the one the LMS says. */
export const chooseLocale: Handler<unknown, z.infer<typeof localeBody>> = ({ body }) => ({
  seeOther: body.back,
  cookies: [{ name: LOCALE_COOKIE, value: body.locale, maxAgeSeconds: YEAR_SECONDS }],
})

export const leave: Handler = async (visit) => {
  if (visit.visitor) await forgetVisitor(visit.pool, visit.visitor)
  return {
    seeOther: paths.home(),
    cookies: [{ name: LOGIN_COOKIE, value: '', maxAgeSeconds: 0 }],
  }
}

/** For a load balancer: 200 while the database answers. */
export const health: Handler = async (visit) => {
  try {
    await ping(visit.pool)
    return { json: { state: 'ok' } }
  } catch {
    return { status: 503, json: { state: 'down', why: 'the database does not answer' } }
  }
}
