/** The student's connection window as its teacher sets it: the form with a sample beside it, and saving. */
import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { Port } from '../../stacks/terms.ts'
import type { PlannedCourse } from '../access.ts'
import {
  type WindowForm,
  afterAct,
  checkWindow,
  displayIn,
  mergedWindow,
  readWindow,
  sentWindow,
  windowParts,
  writeWindow,
} from '../teaching/connection-window.ts'
import { readBase } from '../teaching/course-settings.ts'
import { courseChoices } from '../data/courses/course-choices.ts'
import { type WindowView, windowFragment, windowPage } from '../pages/connection-window.ts'
import { paths } from '../paths.ts'
import { courseIn } from '../teaching/plan-edits.ts'
import type { Handler, Reply, Visit } from '../visit.ts'
import { isReadable, readOf, saveCourse, savedChange } from './edited-course.ts'

export const windowBody = z.record(z.string(), z.string().max(100_000))
type Body = z.infer<typeof windowBody>
type Seen = PlannedCourse & { mayChange: boolean }

export const show: Handler<Seen> = async (visit, course) => {
  const ports = await portsOf(visit, course)
  const form = readWindow(course.document, ports)
  const saved = await savedChange(visit, course)
  const view = await viewOf(visit, course, form, ports)
  return { html: windowPage(visit, { ...view, saved, mayChange: course.mayChange }) }
}

export const preview: Handler<Seen, Body> = async (visit, course) => ({
  text: String(windowFragment(visit, await sentView(visit, course))),
  headers: { 'content-type': 'text/html; charset=utf-8' },
})

export const save: Handler<PlannedCourse, Body> = async (visit, course) => {
  const view = await sentView(visit, course)
  const again = (status: number, more: Partial<WindowView> = {}): Reply => ({
    ...{ html: windowPage(visit, { ...view, ...more }), status },
  })
  if (['act', 'check'].some((name) => visit.body[name] !== undefined)) return again(200)
  if (visit.body['read'] !== readOf(course)) return again(409, { isStale: true })
  if (view.errors.length > 0 || view.refused) return again(422)
  const text = writeWindow(course.document, view.form, view.ports)
  const saving = await saveCourse(visit, course, text)
  if ('fresh' in saving) return save(visit, saving.fresh)
  if ('refused' in saving) return again(422, { refused: saving.refused })
  return { seeOther: paths.courseWindow(course.key, saving.change) }
}

/** The ports of what its students work in. */
async function portsOf(visit: Visit, course: PlannedCourse): Promise<Port[]> {
  const { zone, environment: own } = courseIn(parseDocument(course.document))
  const { environments } = await courseChoices(visit.pool, { zone, own })
  return environments.find((one) => one.key === own)?.ports ?? []
}

/** What was typed; where somebody else saved meanwhile, over what they did. */
async function sentView(visit: Visit<Body>, course: PlannedCourse): Promise<WindowView> {
  const ports = await portsOf(visit, course)
  const { act } = visit.body
  const current = readWindow(course.document, ports)
  const base = readBase(visit.body['base']) ?? windowParts(current)
  const sent = afterAct(sentWindow(visit.body, current), act, ports)
  const view = await viewOf(visit, course, mergedWindow(sent, base, current), ports)
  return { ...view, ...(act !== undefined && { act }) }
}

async function viewOf(
  visit: Visit,
  course: PlannedCourse,
  form: WindowForm,
  ports: Port[],
): Promise<WindowView> {
  const errors = checkWindow(form, ports)
  const base = windowParts(readWindow(course.document, ports))
  const common = { course, form, ports, errors, base, read: readOf(course), mayChange: true }
  if (errors.length > 0) return common
  const text = writeWindow(course.document, form, ports)
  if (!isReadable(text, course.key)) return { ...common, refused: 'plan' }
  const isSame = text === course.document
  if (isSame) return { ...common, isSame, display: displayIn(form, ports) }
  const document = { kind: 'Course', key: course.key, text }
  const { lane } = await visit.planner.preview({ document, now: visit.at })
  return { ...common, isSame, lane, display: displayIn(form, ports) }
}
