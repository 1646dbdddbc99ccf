/** The settings of a course: the form, what it would mean while one types, and saving. */
import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { PlannedCourse } from '../access.ts'
import {
  type Settings,
  checkSettings,
  mergeSent,
  readBase,
  readSettings,
  sentSettings,
  writeSettings,
} from '../teaching/course-settings.ts'
import { courseChoices } from '../data/courses/course-choices.ts'
import {
  type SettingsView,
  changedWords,
  keptWords,
  settingsFragment,
  settingsPage,
} from '../pages/settings.ts'
import { paths } from '../paths.ts'
import { type PlanEdit, courseIn, planClasses } from '../teaching/plan-edits.ts'
import { lostSteps, planForm, sentForm, withEdits } from '../teaching/plan-form.ts'
import { afterGesture } from '../teaching/plan-gesture.ts'
import type { Handler, Reply, Visit } from '../visit.ts'
import { isReadable, readOf, saveCourse, savedChange } from './edited-course.ts'
import { zoneOf } from './plan.ts'

export const settingsBody = z.record(z.string(), z.string().max(20_000))
type Body = z.infer<typeof settingsBody>
type Seen = PlannedCourse & { mayChange: boolean }

export const show: Handler<Seen> = async (visit, course) => {
  const settings = readSettings(course.document)
  const saved = await savedChange(visit, course)
  return page(visit, course, { settings, edits: [], saved, mayChange: course.mayChange })
}

export const preview: Handler<Seen, Body> = async (visit, course) => {
  const view = await viewOf(visit, course, await sent(visit, course))
  return {
    text: String(settingsFragment(visit, view)),
    headers: { 'content-type': 'text/html; charset=utf-8' },
  }
}

export const save: Handler<PlannedCourse, Body> = async (visit, course) => {
  const answer = await sent(visit, course)
  const onlyLooks = ['check', 'place'].some((name) => visit.body[name] !== undefined)
  if (onlyLooks) return page(visit, course, answer)
  const isStale = visit.body['read'] !== readOf(course)
  const view = await viewOf(visit, course, { ...answer, isStale })
  const again = (status: number, more: Partial<SettingsView> = {}): Reply => ({
    ...{ html: settingsPage(visit, { ...view, ...more }), status },
  })
  // Somebody else saved since this form was read: nothing of either is lost, and one decides knowingly.
  if (isStale) return again(409)
  if (view.errors.length > 0 || view.refused) return again(422)
  const saving = await saveCourse(visit, course, await textOf(visit, course, answer))
  if ('fresh' in saving) return save(visit, saving.fresh)
  if ('refused' in saving) return again(422, { refused: saving.refused })
  return { seeOther: paths.courseSettings(course.key, saving.change) }
}

type Answer = Pick<SettingsView, 'settings' | 'edits' | 'isStale' | 'saved'> & {
  mayChange?: boolean
}

/** What was typed; where somebody else saved meanwhile, over what they did. */
async function sent(visit: Visit<Body>, course: PlannedCourse): Promise<Answer> {
  const { body } = visit
  const current = readSettings(course.document)
  const base = readBase(body['base']) ?? current
  const settings = mergeSent(sentSettings(body, base), base, current)
  return { settings, edits: await editsAfter(visit, course, settings) }
}

/** A class that does not fit with these settings may be moved where it does. */
async function editsAfter(
  visit: Visit<Body>,
  course: PlannedCourse,
  settings: Settings,
): Promise<PlanEdit[]> {
  const { edits: known, place } = visit.body
  const zone = await zoneOf(visit, course)
  const text = written(course, settings)
  const form = sentForm({ edits: known ?? '' }, planForm(text))
  if (place === undefined) return form.edits
  const moved = afterGesture(form, { place }, text, zone)
  return afterGesture(moved, { act: 'close' }, text, zone).edits
}

/** What is wrong is said beside the form; the rest stays as it was. */
function written({ document }: PlannedCourse, settings: Settings): string {
  const isWrong = checkSettings(settings, readSettings(document)).length > 0
  return isWrong ? document : writeSettings(document, settings)
}

async function textOf(
  visit: Visit,
  course: PlannedCourse,
  { settings, edits }: Answer,
): Promise<string> {
  const text = written(course, settings)
  if (!isReadable(text, course.key)) return text
  return withEdits(text, { ...planForm(text), edits }, await zoneOf(visit, course))
}

/** Classes that were to be moved and are not there any more. */
async function lostOf(visit: Visit, course: PlannedCourse, { settings, edits }: Answer) {
  const text = written(course, settings)
  if (edits.length === 0 || !isReadable(text, course.key)) return 0
  return lostSteps(text, { ...planForm(text), edits }, await zoneOf(visit, course))
}

async function page(visit: Visit, course: PlannedCourse, answer: Answer): Promise<Reply> {
  return { html: settingsPage(visit, await viewOf(visit, course, answer)) }
}

async function viewOf(visit: Visit, course: PlannedCourse, answer: Answer): Promise<SettingsView> {
  const { settings, edits } = answer
  const { zone, environment } = courseIn(parseDocument(course.document))
  const current = readSettings(course.document)
  const calendar = await zoneOf(visit, course)
  const common = {
    choices: await courseChoices(visit.pool, { zone, own: environment }),
    ...{
      course,
      settings,
      edits,
      base: current,
      read: readOf(course),
      errors: checkSettings(settings, current),
    },
    ...{ mayChange: answer.mayChange ?? true, isStale: answer.isStale, saved: answer.saved },
    ...{ timeZone: calendar.timeZone, classes: [], lost: 0 },
  }
  if (common.errors.length > 0) return common
  const text = await textOf(visit, course, answer)
  if (!isReadable(text, course.key)) return { ...common, refused: 'plan' }
  const document = { kind: 'Course', key: course.key, text }
  const meaning = await visit.planner.preview({ document, now: visit.at })
  return {
    ...common,
    lost: await lostOf(visit, course, answer),
    ...{ preview: meaning, isSame: text === course.document, classes: planClasses(text, calendar) },
    words: changedWords(visit, { settings, current }),
    follows: keptWords(visit, meaning, calendar.timeZone),
  }
}
