/** A teacher's plan of a course: the form, what it would mean while one types, saving, and undo. */
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { formatWall, wallOf } from '../../stacks/rules/clock.ts'
import { defaultZone } from '../../stacks/schema.ts'
import type { PlannedCourse } from '../access.ts'
import { mergeSent, readBase } from '../teaching/course-settings.ts'
import { revertChange } from '../data/changes/change-review.ts'
import { zonesInForce } from '../data/courses/documents.ts'
import { conflict, notFound } from '../errors.ts'
import { type PlanView, boardFragment, planPage } from '../pages/plan.ts'
import { type SavedPart, savedParts } from '../pages/saved-note.ts'
import { paths } from '../paths.ts'
import { type CalendarView, firstView, readView, shows, viewAt } from '../teaching/plan-calendar.ts'
import { type CalendarZone, courseIn, courseZone, planClasses } from '../teaching/plan-edits.ts'
import {
  type PlanForm,
  baseOf,
  checkForm,
  editPlan,
  lostSteps,
  planForm,
  sentForm,
} from '../teaching/plan-form.ts'
import { afterGesture } from '../teaching/plan-gesture.ts'
import { type Handler, type Reply, type Visit, actorOf } from '../visit.ts'
import { isReadable, ownChange, readOf, saveCourse, savedChange } from './edited-course.ts'

export const planBody = z.record(z.string(), z.string().max(20_000))
type Body = z.infer<typeof planBody>

export const undoBody = z.object({
  change: z.string(),
  part: z.enum(savedParts).default('plan'),
})

const pathOf: Record<SavedPart, (key: string, saved?: string) => string> = {
  plan: paths.coursePlan,
  settings: paths.courseSettings,
  window: paths.courseWindow,
}

type Seen = PlannedCourse & { mayChange: boolean }

export const show: Handler<Seen> = async (visit, course) => {
  const form = planForm(course.document)
  const saved = await savedChange(visit, course)
  const { mayChange } = course
  return page(visit, course, { form, errors: [], mayChange, ...(saved && { saved }) })
}

/** What the form would mean, as a part of the page: asked while one types, and by each gesture. */
export const preview: Handler<Seen, Body> = async (visit, course) => {
  const view = await viewOf(visit, course, await sent(visit, course))
  return {
    text: String(boardFragment(visit, view)),
    headers: { 'content-type': 'text/html; charset=utf-8' },
  }
}

const gestures = ['act', 'choose', 'place', 'go', 'check']

export const save: Handler<PlannedCourse, Body> = async (visit, course) => {
  const answer = await sent(visit, course)
  // Without JavaScript a gesture is a form, too.
  if (gestures.some((name) => visit.body[name] !== undefined)) return page(visit, course, answer)
  if (answer.errors.length > 0) return { ...(await page(visit, course, answer)), status: 422 }
  // Somebody else saved since this form was read: nothing of either is lost, and one decides knowingly.
  if (visit.body['read'] !== readOf(course))
    return { ...(await page(visit, course, { ...answer, isStale: true })), status: 409 }
  const { text } = editPlan(course.document, answer.form, await zoneOf(visit, course))
  const saving = await saveCourse(visit, course, text)
  if ('fresh' in saving) return save(visit, saving.fresh)
  if ('refused' in saving)
    return { ...(await page(visit, course, { ...answer, refused: saving.refused })), status: 422 }
  return { seeOther: paths.coursePlan(course.key, saving.change) }
}

/** Back to what was approved before a change of this course alone, as long as nobody changed it since. */
export const undo: Handler<PlannedCourse, z.infer<typeof undoBody>> = async (visit, course) => {
  const { id } = (await ownChange(visit, course, visit.body.change)) ?? {}
  if (!id) throw notFound()
  const seeOther = pathOf[visit.body.part](course.key)
  const actor = actorOf(visit, 'teacher')
  const over = { key: course.key, text: course.document }
  const undone = await revertChange(visit.pool, { id, actor, now: visit.at }, (proposal) =>
    visit.planner.proposeOver({ ...proposal, over }),
  )
  if (undone.outcome === 'later' || undone.outcome === 'stale') throw conflict('plan.undo-later')
  if (undone.outcome !== 'changed' && undone.outcome !== 'unchanged')
    throw conflict('problem.not-approved')
  if (undone.outcome === 'unchanged' || undone.change.state === 'approved') return { seeOther }
  // Nothing is undone yet: somebody has to agree, or the policy denies it.
  return { seeOther: pathOf[visit.body.part](course.key, undone.change.id) }
}

type Answer = Pick<PlanView, 'form' | 'errors' | 'isStale' | 'refused' | 'saved' | 'mayChange'> & {
  /** What was asked to be shown; else where the next class is. */
  shown?: CalendarView | undefined
}

async function sent(visit: Visit<Body>, course: PlannedCourse): Promise<Answer> {
  const { body } = visit
  const zone = await zoneOf(visit, course)
  const known = planForm(course.document)
  const sentAll = sentForm(body, known)
  // Where somebody else saved meanwhile: over what they did.
  const base = readBase(body['base']) ?? baseOf(known)
  const typed = { ...sentAll, ...mergeSent(baseOf(sentAll), base, baseOf(known)) }
  const form = afterGesture(typed, body, course.document, zone)
  return { form, errors: checkForm(form), shown: shownAfter(body, form) }
}

/** A class that was dropped out of sight is followed. */
function shownAfter(body: Body, { chosen }: PlanForm): CalendarView | undefined {
  const shown = readView(body['go']) ?? readView(body['view'])
  const isDropped = body['place'] !== undefined || body['to-start'] !== undefined
  if (!shown || !isDropped || !chosen || shows(shown, chosen.start)) return shown
  return viewAt(shown.unit, chosen.start.slice(0, 10))
}

export async function zoneOf(
  { pool }: Pick<Visit, 'pool'>,
  { document }: Pick<PlannedCourse, 'document'>,
): Promise<CalendarZone> {
  const { zone: key, timeZone } = courseZone(document)
  const zones = await zonesInForce(pool)
  const zone = zones.find((one) => one.key === key) ?? defaultZone
  return { holidays: zone.holidays, timeZone: timeZone ?? zone.timeZone }
}

async function page(visit: Visit, course: PlannedCourse, answer: Answer): Promise<Reply> {
  return { html: planPage(visit, await viewOf(visit, course, answer)) }
}

async function viewOf(visit: Visit, course: PlannedCourse, answer: Answer): Promise<PlanView> {
  const zone = await zoneOf(visit, course)
  const { form, errors } = answer
  // What is wrong in the open fields is shown beside them; the calendar stays as it was before.
  const edited = editPlan(
    course.document,
    errors.length > 0 ? { ...form, ...planForm(course.document), edits: form.edits } : form,
    zone,
  )
  const classes = planClasses(edited.text, zone)
  const { groups } = courseIn(parseDocument(edited.text))
  const today = formatWall(wallOf(visit.at.getTime(), zone.timeZone)).slice(0, 10)
  const { shown = firstView(classes, today), ...said } = answer
  const common = {
    ...{ course, read: readOf(course), zone, classes, edited, groups, today, shown },
    lost: errors.length > 0 ? 0 : lostSteps(course.document, form, zone),
    ...said,
    timeZone: zone.timeZone,
  }
  if (errors.length > 0) return common
  if (!isReadable(edited.text, course.key)) return { ...common, refused: 'plan' }
  const document = { kind: 'Course', key: course.key, text: edited.text }
  const preview = await visit.planner.preview({ document, now: visit.at })
  return { ...common, preview, isSame: edited.text === course.document }
}
