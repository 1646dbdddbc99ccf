/**
 * A course's plan as a form, and back: the form changes the fields it has in the document as it was written, and
 * leaves everything else, comments included, alone. Classes are changed by edits (plan-edits.ts), the last of which is
 * still open: the class that is chosen, at the time its fields say. Pure.
 */
import { parseDocument } from 'yaml'
import type { Scope } from '../../stacks/rules/series-edit.ts'
import { courseSchema } from '../../stacks/schema.ts'
import { putAt } from './document-edit.ts'
import {
  type CalendarZone,
  type ClassId,
  type ClassNumbers,
  type PlanClass,
  type PlanEdit,
  applyEdit,
  findClass,
  isScope,
  planClasses,
  readEdits,
  readId,
} from './plan-edits.ts'

export const planStates = ['draft', 'test', 'ready', 'archived'] as const
const MOST_STUDENTS = 10_000
const MINUTES = { least: 5, most: 20_160 }
const MOST_WEEKS = 60

/** The class whose fields are open, as it is before what they say; or one to be added. */
export type Chosen = {
  at: ClassId | 'new'
  scope: Scope
  /** Wall time, `2026-11-23T08:00`. */
  start: string
  minutes: string
  /** Of a new one: so many weeks in a row. */
  weeks: string
  /** Its own; empty: as many as the course, or its group, has. */
  students: string
  /** Key of a group; empty: everybody. */
  group: string
}

export type PlanForm = {
  students: string
  /** Whether classes are for as many as the LMS lists, and `students` only until those were read. */
  follow: 'yes' | 'no'
  /** Empty: all of them. */
  atOnce: string
  state: string
  edits: PlanEdit[]
  chosen: Chosen | undefined
}

/** @param text a course.yaml that is in force, so it can be read */
export function planForm(text: string): PlanForm {
  const raw = parseDocument(text).toJS() as { apiVersion: string; kind: string }
  const { apiVersion: _version, kind: _kind, ...fields } = raw
  const course = courseSchema.parse(fields)
  return {
    students: String(course.students),
    follow: course.followRoster ? 'yes' : 'no',
    atOnce: course.atOnce === undefined ? '' : String(course.atOnce),
    state: course.state,
    edits: [],
    chosen: undefined,
  }
}

/** Those of its fields that are the course's, as a page carries them to know later what was changed on it. */
export const baseOf = ({ students, atOnce, state, follow }: PlanForm): Record<string, string> => ({
  ...{ students, atOnce, state, follow },
})

/** What a browser sent, over what the document has. */
export function sentForm(body: Record<string, string>, known: PlanForm): PlanForm {
  const of = body['class']
  const at = of === 'new' ? of : readId(of ?? '')
  const { start = '', minutes = '', weeks = '1', scope } = body
  const { classStudents: ownStudents = '', classGroup: group = '' } = body
  const isFor = { students: ownStudents, group }
  return {
    students: body['students'] ?? known.students,
    follow: readFollow(body['follow']) ?? known.follow,
    atOnce: body['atOnce'] ?? known.atOnce,
    state: body['state'] ?? known.state,
    edits: readEdits(body['edits'] ?? ''),
    chosen: at && {
      ...{ at, start, minutes, weeks, ...isFor },
      scope: isScope(scope) ? scope : 'one',
    },
  }
}

export const readFollow = (text: string | undefined): PlanForm['follow'] | undefined =>
  text === 'yes' || text === 'no' ? text : undefined

export type FormError = { field: string; code: string; params?: Record<string, string | number> }

/** Everything that is wrong with it, by the name of its field. */
export function checkForm({ students, atOnce, state, chosen }: PlanForm): FormError[] {
  const errors: FormError[] = []
  const whole = (name: string, text: string, least: number, most: number, field = name) => {
    if (!wholeNumber(text, least, most))
      errors.push({ field, code: 'plan.error.number', params: { least, most } })
  }
  whole('students', students, 1, MOST_STUDENTS)
  if (atOnce !== '') whole('atOnce', atOnce, 1, MOST_STUDENTS)
  if (!planStates.some((one) => one === state))
    errors.push({ field: 'state', code: 'plan.error.state' })
  // A new class without a start is none yet.
  if (!chosen || (chosen.at === 'new' && chosen.start === '')) return errors
  if (!isWallTime(chosen.start)) errors.push({ field: 'start', code: 'plan.error.start' })
  whole('minutes', chosen.minutes, MINUTES.least, MINUTES.most)
  if (chosen.students !== '') whole('students', chosen.students, 1, MOST_STUDENTS, 'classStudents')
  if (chosen.at === 'new') whole('weeks', chosen.weeks, 1, MOST_WEEKS)
  return errors
}

export const wholeNumber = (text: string, least: number, most: number): boolean =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most

export function isWallTime(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/.test(text)) return false
  const at = Date.parse(`${text.slice(0, 10)}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text.slice(0, 10))
}

export type EditedPlan = {
  text: string
  /** Where the chosen class is in it. */
  at?: ClassId
  /** What the open fields amount to, once they are no longer open; and whether that class was one of a series. */
  open?: PlanEdit
  isSeries?: boolean
}

/** The document with what the form says; the same text when it says nothing new. The form is checked. */
export function editPlan(text: string, form: PlanForm, zone: CalendarZone): EditedPlan {
  const before = withEdits(text, form, zone)
  const { chosen } = form
  if (!chosen) return { text: before }
  const now = chosen.at === 'new' ? undefined : findClass(planClasses(before, zone), chosen.at)
  const open = openEdit(chosen, now)
  const isSeries = now?.isSeries ?? false
  if (open) return { open, isSeries, ...applyEdit(before, open, zone) }
  return { text: before, isSeries, ...(now && { at: now.id }) }
}

/** Without what the open fields say. */
export const withEdits = (text: string, form: PlanForm, zone: CalendarZone): string =>
  stepByStep(text, form, zone).text

function stepByStep(text: string, form: PlanForm, zone: CalendarZone) {
  let [edited, lost] = [withCourseFields(text, form), 0]
  for (const edit of form.edits) {
    const step = applyEdit(edited, edit, zone)
    edited = step.text
    if (step.isLost) lost++
  }
  return { text: edited, lost }
}

/** How many steps are for classes that are not there (any more), and change nothing. */
export function lostSteps(text: string, form: PlanForm, zone: CalendarZone): number {
  const { chosen } = form
  const { text: edited, lost } = stepByStep(text, form, zone)
  if (!chosen || chosen.at === 'new') return lost
  return findClass(planClasses(edited, zone), chosen.at) ? lost : lost + 1
}

function openEdit(chosen: Chosen, now: PlanClass | undefined): PlanEdit | undefined {
  const { at, scope, start } = chosen
  const [minutes, weeks] = [Number(chosen.minutes), Number(chosen.weeks)]
  const numbers = numbersOf(chosen, now)
  const more = numbers && { numbers }
  if (at === 'new') return start === '' ? undefined : { act: 'add', start, minutes, weeks, ...more }
  if (!now || (now.wall === start && now.minutes === minutes && !numbers)) return undefined
  return { act: 'move', at, scope, start, minutes, ...more }
}

/** What the fields say otherwise than the class does; undefined when nothing. */
function numbersOf(chosen: Chosen, now: PlanClass | undefined): ClassNumbers | undefined {
  const numbers: ClassNumbers = {}
  const students = chosen.students === '' ? null : Number(chosen.students)
  if (students !== (now?.students ?? null)) numbers.students = students
  const group = chosen.group === '' ? null : chosen.group
  if (group !== (now?.group ?? null)) numbers.group = group
  return Object.keys(numbers).length > 0 ? numbers : undefined
}

/** Values that are there are written over where they stand, to the letter; others are added or taken out. */
function withCourseFields(text: string, form: PlanForm): string {
  const before = planForm(text)
  let edited = text
  const put = (name: string, now: string, old: string, value: Value | undefined) => {
    if (now !== old) edited = putAt(edited, [name], value)
  }
  put('students', form.students, before.students, Number(form.students))
  const follows = form.follow === 'yes' ? true : undefined
  put('followRoster', form.follow, before.follow, follows)
  put('atOnce', form.atOnce, before.atOnce, form.atOnce === '' ? undefined : Number(form.atOnce))
  put('state', form.state, before.state, form.state)
  return edited
}

type Value = number | string | boolean
