/** A course made there and then, while an activity is added in the LMS: what it would mean, making it, and back. */
import { z } from 'zod'
import {
  type CourseOffers,
  courseOffers,
  freeCourseKey,
  makeCourse,
} from '../data/courses/new-course.ts'
import { zoneKeyOf } from '../data/courses/course.ts'
import {
  type CourseDraft,
  checkDraft,
  draftDocument,
  keyOfTitle,
  sentDraft,
} from '../teaching/course-draft.ts'
import { type NewCourseView, meaningFragment, newCoursePage } from '../pages/new-course.ts'
import { badRequest } from '../errors.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'
import { openLink, sendChoice } from './deep-link.ts'

export const draftBody = z.record(z.string(), z.string().max(500))
type Body = z.infer<typeof draftBody>

export const show: Handler = async (visit) => {
  const { linkId, offers } = await asked(visit)
  const draft = sentDraft({}, offers.environments)
  return { html: newCoursePage(visit, { linkId, offers, draft, errors: [] }) }
}

export const preview: Handler<unknown, Body> = async (visit) => ({
  text: String(meaningFragment(visit, await viewOf(visit))),
  headers: { 'content-type': 'text/html; charset=utf-8' },
})

/** Inside what a course may have it is made and chosen in one step; beyond it, infra is asked and the activity waits. */
export const create: Handler<unknown, Body> = async (visit) => {
  const view = await viewOf(visit)
  const { draft, offers, errors, preview: meaning } = view
  const onlyLooks = visit.body['check'] !== undefined || visit.body['start-at'] !== undefined
  if (errors.length > 0 || onlyLooks)
    return { html: newCoursePage(visit, view), ...(errors.length > 0 && { status: 422 }) }
  if (meaning?.lane === 'deny') return { html: newCoursePage(visit, view), status: 422 }
  const key = await freeCourseKey(visit.pool, keyOfTitle(draft.title))
  const text = draftDocument(draft, key, offers.environments)
  const made = await makeCourse({ key, text, ...makerOf(visit) }, visit.planner.propose)
  if (made === 'waits') return { html: newCoursePage(visit, { ...view, waits: true }) }
  if (made !== 'made') throw badRequest(`settings.refused.${made.refused}`)
  return sendChoice(visit, key)
}

/** Who makes it, and when. */
export const makerOf = (visit: Visit) => ({
  actor: actorOf(visit, 'teacher'),
  now: visit.at,
})

async function asked(visit: Visit): Promise<{ linkId: string; offers: CourseOffers }> {
  const { link, zoneId } = await openLink(visit)
  const offers = await courseOffers(visit.pool, await zoneKeyOf(visit.pool, zoneId))
  return { linkId: link.id, offers }
}

async function viewOf(visit: Visit<Body>): Promise<NewCourseView> {
  const { linkId, offers } = await asked(visit)
  const draft: CourseDraft = sentDraft(visit.body, offers.environments)
  const errors = checkDraft(draft)
  const view = { linkId, offers, draft, errors }
  if (errors.length > 0) return view
  // Any key that nobody has says the same.
  const key = `${keyOfTitle(draft.title)}-new`
  const text = draftDocument(draft, key, offers.environments)
  const document = { kind: 'Course', key, text }
  return { ...view, preview: await visit.planner.preview({ document, now: visit.at }) }
}
