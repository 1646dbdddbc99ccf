/** A teacher's plan of a course: the form, what it would mean while one types, saving, and undo. */
import { z } from 'zod'
import { sha256 } from '../../stacks/blueprint.ts'
import type { PlannedCourse } from '../access.ts'
import { findChange, proposeChange } from '../data/change.ts'
import { revertChange } from '../data/change-review.ts'
import { readSources } from '../data/documents.ts'
import { conflict, notFound } from '../errors.ts'
import { type PlanView, planPage, previewFragment } from '../pages/plan.ts'
import { paths } from '../paths.ts'
import { type PlanForm, checkForm, editPlan, planForm, sentForm } from '../plan-form.ts'
import { type Handler, type Reply, type Visit, actorOf } from '../visit.ts'

export const planBody = z.record(z.string(), z.string().max(200))
type Body = z.infer<typeof planBody>

export const undoBody = z.object({ change: z.string() })

export const show: Handler<PlannedCourse> = async (visit, course) => {
  const form = planForm(course.document)
  const savedId = visit.query.get('saved')
  const saved = savedId ? await ownChange(visit, course, savedId) : undefined
  return page(visit, course, { form, errors: [], ...(saved && { saved }) })
}

/** What the form would mean, as a part of the page: asked while one types. */
export const preview: Handler<PlannedCourse, Body> = async (visit, course) => {
  const view = await viewOf(visit, course, sent(visit, course))
  return {
    text: String(previewFragment(visit, view)),
    headers: { 'content-type': 'text/html; charset=utf-8' },
  }
}

export const save: Handler<PlannedCourse, Body> = async (visit, course) => {
  const answer = sent(visit, course)
  if (answer.errors.length > 0) return { ...(await page(visit, course, answer)), status: 422 }
  if (visit.body['move'] || visit.body['check'] !== undefined) return page(visit, course, answer)
  // Somebody else saved since this form was read: nothing of either is lost, and one decides knowingly.
  if (visit.body['read'] !== sha256(course.document))
    return { ...(await page(visit, course, { ...answer, isStale: true })), status: 409 }
  const text = editPlan(course.document, answer.form)
  const outcome = await proposeChange(visit.pool, {
    sources: [{ name: course.key, text }],
    actor: actorOf(visit, 'teacher'),
    ring: visit.ring,
    now: visit.at,
  })
  if (outcome.outcome === 'wrong')
    return { ...(await page(visit, course, { ...answer, isRefused: true })), status: 422 }
  const saved = outcome.outcome === 'changed' ? outcome.change.id : undefined
  return { seeOther: paths.coursePlan(course.key, saved) }
}

/** Back to what was approved before a change of this course alone. */
export const undo: Handler<PlannedCourse, z.infer<typeof undoBody>> = async (visit, course) => {
  const { id } = (await ownChange(visit, course, visit.body.change)) ?? {}
  if (!id) throw notFound()
  const actor = actorOf(visit, 'teacher')
  const undone = await revertChange(visit.pool, { id, actor, ring: visit.ring, now: visit.at })
  if (undone.outcome !== 'changed' && undone.outcome !== 'unchanged')
    throw conflict('problem.not-approved')
  return { seeOther: paths.coursePlan(course.key) }
}

type Answer = Pick<PlanView, 'form' | 'errors' | 'isStale' | 'isRefused' | 'saved'>

function sent({ body }: Visit<Body>, course: PlannedCourse): Answer {
  const form = sentForm(body, planForm(course.document))
  return { form, errors: checkForm(form) }
}

async function page(visit: Visit, course: PlannedCourse, answer: Answer): Promise<Reply> {
  return { html: planPage(visit, await viewOf(visit, course, answer)) }
}

async function viewOf(visit: Visit, course: PlannedCourse, answer: Answer): Promise<PlanView> {
  const common = { course, read: sha256(course.document), ...answer }
  if (answer.errors.length > 0) return common
  const text = textOf(course, answer.form)
  if (text === undefined) return { ...common, isRefused: true }
  const document = { kind: 'Course', key: course.key, text }
  const preview = await visit.planner.preview({ document, now: visit.at })
  return { ...common, preview, isSame: text === course.document }
}

/** Undefined when the document would be none that can be read: the form's own checks missed something. */
function textOf(course: PlannedCourse, form: PlanForm): string | undefined {
  const text = editPlan(course.document, form)
  const { documents, errors } = readSources([{ name: course.key, text }])
  return errors.length === 0 && documents.length === 1 ? text : undefined
}

/** A change of this course and nothing else. */
async function ownChange(visit: Visit, course: PlannedCourse, id: string) {
  const change = await findChange(visit.pool, id)
  return change?.title === `Course ${course.key}` ? change : undefined
}
