/** What a copied activity opens: asked of its teacher, decided by who may edit one of the two LMS courses. */
import { z } from 'zod'
import { copyCourse, daysBetween, firstDay } from '../teaching/course-copy.ts'
import { keyOfTitle } from '../teaching/course-draft.ts'
import { audit } from '../data/audit.ts'
import { courseDocument } from '../data/courses/course.ts'
import { type Db, withTransaction } from '../data/db.ts'
import {
  type CopiedActivity,
  acceptCopiedActivity,
  askForEdition,
  findCopiedActivity,
  inTurnOfCopies,
} from '../data/lms/lms-activity.ts'
import { freeCourseKey, makeCourse } from '../data/courses/new-course.ts'
import { editsPlansIn, findMembership } from '../data/people/person.ts'
import { Problem, badRequest, notAllowed, notFound } from '../errors.ts'
import { type CopiedActivityView, copiedActivityPage } from '../pages/copied-activity.ts'
import { paths } from '../paths.ts'
import { addDays } from '../teaching/plan-calendar.ts'
import { type Handler, type Reply, type Visit, actorOf, personOf } from '../visit.ts'
import { makerOf } from './new-course.ts'
import { zoneOf } from './plan.ts'

export const show: Handler = async (visit) => {
  const activity = await seenActivity(visit)
  return { html: copiedActivityPage(visit, await viewOf(visit, activity)) }
}

const YEAR_DAYS = 52 * 7

async function viewOf(visit: Visit, activity: CopiedActivity): Promise<CopiedActivityView> {
  const mayDecide = await isTheirs(visit, activity)
  const first = mayDecide ? await firstDayOf(visit, activity) : undefined
  // The same day of the week, a year on.
  return { activity, mayDecide, from: first && addDays(first, YEAR_DAYS) }
}

async function firstDayOf(visit: Visit, activity: CopiedActivity): Promise<string | undefined> {
  const document = await courseDocument(visit.pool, activity.copied_course_id)
  return document === '' ? undefined : firstDay(document, await zoneOf(visit, { document }))
}

/** For those who teach the LMS course with the copy; to everybody else it does not exist. */
async function seenActivity(visit: Visit): Promise<CopiedActivity> {
  const { personId } = personOf(visit)
  const id = visit.params['activity'] ?? ''
  if (!/^[0-9a-f-]{36}$/.test(id)) throw notFound()
  const activity = await findCopiedActivity(visit.pool, id)
  if (!activity) throw new Problem(410, 'lti.copied.decided')
  const here = { personId, lmsContextId: activity.lms_context_id }
  if ((await findMembership(visit.pool, here))?.role !== 'teacher') throw notFound()
  return activity
}

function isTheirs(visit: Visit, activity: CopiedActivity): Promise<boolean> {
  const lmsContextIds = [activity.lms_context_id, activity.copied_from_id].filter(
    (id) => id !== null,
  )
  return editsPlansIn(visit.pool, { personId: personOf(visit).personId, lmsContextIds })
}

export const decisionBody = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('same') }),
  z.object({
    decision: z.literal('edition'),
    title: z.string().trim().min(1).max(200),
    /** Of the first class; empty: the same dates. */
    from: z.union([z.literal(''), z.iso.date()]).default(''),
  }),
])
type Decision = z.infer<typeof decisionBody>

export const decide: Handler<unknown, Decision> = async (visit) => {
  const activity = await seenActivity(visit)
  if (!(await isTheirs(visit, activity))) throw notAllowed('lti.copied.may-not')
  const { body, pool } = visit
  if (body.decision === 'edition') {
    const asked = await inTurnOfCopies(pool, activity, async () =>
      // As it is in its turn: who pressed twice has asked once.
      newEdition(visit, await seenActivity(visit), body),
    )
    return asked ?? show(visit, undefined)
  }
  await withTransaction(visit.pool, async (tx) => {
    await acceptCopiedActivity(tx, activity.id)
    await note(tx, visit, activity, 'activity.same-course')
  })
  return { seeOther: paths.course(activity.course_key) }
}

/** The plan at other dates with nobody in it, and the copies in this LMS course open it. Asked for once while it waits. */
async function newEdition(
  visit: Visit,
  activity: CopiedActivity,
  { title, from }: Extract<Decision, { decision: 'edition' }>,
): Promise<Reply> {
  if (activity.asked?.state === 'proposed') return show(visit, undefined)
  const document = await courseDocument(visit.pool, activity.copied_course_id)
  const first = await firstDayOf(visit, activity)
  const days = first && from !== '' ? daysBetween(first, from) : 0
  const key = await freeCourseKey(visit.pool, keyOfTitle(title))
  const text = copyCourse(document, { key, title, days })
  await withTransaction(visit.pool, (tx) => askForEdition(tx, { activity, courseKey: key }))
  const made = await makeCourse({ key, text, ...makerOf(visit) }, visit.planner.propose)
  if (made !== 'made' && made !== 'waits') throw badRequest(`settings.refused.${made.refused}`)
  await withTransaction(visit.pool, (tx) => note(tx, visit, activity, 'activity.new-edition'))
  if (made === 'waits') return show(visit, undefined)
  return { seeOther: paths.coursePlan(key) }
}

const note = (tx: Db, visit: Visit, activity: CopiedActivity, action: string): Promise<void> =>
  audit(tx, {
    ...{ actor: actorOf(visit, 'teacher'), action, now: visit.at },
    subject: { kind: 'lms_resource', id: activity.id },
    detail: { course: activity.copied_course_id },
  })
