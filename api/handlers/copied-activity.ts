/** What a copied activity opens: asked of its teacher, decided by who may edit one of the two LMS courses. */
import { z } from 'zod'
import { audit } from '../data/audit.ts'
import { withTransaction } from '../data/db.ts'
import {
  type CopiedActivity,
  acceptCopiedActivity,
  findCopiedActivity,
} from '../data/lms-activity.ts'
import { editsPlansIn, findMembership } from '../data/person.ts'
import { Problem, notAllowed, notFound } from '../errors.ts'
import { copiedActivityPage } from '../pages/copied-activity.ts'
import { paths } from '../paths.ts'
import { type Handler, type Visit, actorOf, personOf } from '../visit.ts'

export const show: Handler = async (visit) => {
  const activity = await seenActivity(visit)
  return { html: copiedActivityPage(visit, activity, await mayDecide(visit, activity)) }
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

function mayDecide(visit: Visit, activity: CopiedActivity): Promise<boolean> {
  const lmsContextIds = [activity.lms_context_id, activity.copied_from_id].filter(
    (id) => id !== null,
  )
  return editsPlansIn(visit.pool, { personId: personOf(visit).personId, lmsContextIds })
}

export const decisionBody = z.object({ decision: z.literal('same') })

export const decide: Handler<unknown, z.infer<typeof decisionBody>> = async (visit) => {
  const activity = await seenActivity(visit)
  if (!(await mayDecide(visit, activity))) throw notAllowed('lti.copied.may-not')
  await withTransaction(visit.pool, async (tx) => {
    await acceptCopiedActivity(tx, activity.id)
    await audit(tx, {
      actor: actorOf(visit, 'teacher'),
      action: 'activity.same-course',
      subject: { kind: 'lms_resource', id: activity.id },
      detail: { course: activity.copied_course_id },
      now: visit.at,
    })
  })
  return { seeOther: paths.course(activity.course_key) }
}
