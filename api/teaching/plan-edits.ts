/**
 * Edits of a plan's classes, one after another over the document as it was written: each says what its teacher did,
 * so that the last one can be undone, and what they did not touch stays to the letter. Pure.
 */
import { type Document, isScalar, isSeq, parseDocument } from 'yaml'
import { canonicalJson, sha256 } from '../../stacks/blueprint.ts'
import { formatWall } from '../../stacks/rules/clock.ts'
import { plannedClasses } from '../../stacks/rules/schedule.ts'
import {
  type Scope,
  type Times,
  editTimes,
  onceAt,
  scopes,
} from '../../stacks/rules/series-edit.ts'
import { courseSchema } from '../../stacks/schema.ts'
import type { Course, SessionPlan, Zone } from '../../stacks/terms.ts'

/**
 * A class by the wall time it was planned at and its session, `0.6fa1c2d3@2026-11-24T10:00`: a mark of what the session
 * says, since its place in the document is another once somebody adds or removes one. Without a mark, as pages of former
 * versions have it, the place counts alone.
 */
export type ClassId = { session: number; mark?: string; planned: string }

/** What is another than before; null: as the course has it, everybody. */
export type ClassNumbers = { students?: number | null; group?: string | null }

export type PlanEdit =
  | {
      act: 'move'
      at: ClassId
      scope: Scope
      start: string
      minutes: number
      numbers?: ClassNumbers
    }
  | { act: 'remove'; at: ClassId; scope: Scope }
  /** So many weeks in a row; 1 is once. */
  | { act: 'add'; start: string; minutes: number; weeks: number; numbers?: ClassNumbers }

export type CalendarZone = Pick<Zone, 'timeZone' | 'holidays'>

const WALL = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d`
const ID = new RegExp(`^(\\d{1,4})(?:\\.([0-9a-f]{8}))?@(${WALL})$`)
const NUMBERS = String.raw`((?: s=\d{0,5})?(?: g=[a-z0-9-]*)?)`
const MOVE = new RegExp(`^move (\\S+) (one|following|all) (${WALL}) (\\d{1,5})${NUMBERS}$`)
const REMOVE = /^remove (\S+) (one|following|all)$/
const ADD = new RegExp(`^add (${WALL}) (\\d{1,5}) (\\d{1,2})${NUMBERS}$`)

export const writeId = ({ session, mark, planned }: ClassId): string =>
  `${session}${mark === undefined ? '' : `.${mark}`}@${planned}`

export function readId(text: string): ClassId | undefined {
  const [, session, mark, planned = ''] = ID.exec(text) ?? []
  if (session === undefined) return undefined
  return { session: Number(session), ...(mark !== undefined && { mark }), planned }
}

export const isScope = (text: string | undefined): text is Scope =>
  scopes.some((one) => one === text)

/** As a form carries them. */
export function writeEdits(edits: PlanEdit[]): string {
  return edits
    .map((edit) => {
      if (edit.act === 'add')
        return `add ${edit.start} ${edit.minutes} ${edit.weeks}${writeNumbers(edit.numbers)}`
      const of = `${writeId(edit.at)} ${edit.scope}`
      return edit.act === 'remove'
        ? `remove ${of}`
        : `move ${of} ${edit.start} ${edit.minutes}${writeNumbers(edit.numbers)}`
    })
    .join(',')
}

function writeNumbers({ students, group }: ClassNumbers = {}): string {
  const said = students === undefined ? '' : ` s=${students ?? ''}`
  return group === undefined ? said : `${said} g=${group ?? ''}`
}

function readNumbers(text = ''): { numbers?: ClassNumbers } {
  const students = / s=(\d*)/.exec(text)?.[1]
  const group = / g=(\S*)/.exec(text)?.[1]
  if (students === undefined && group === undefined) return {}
  const numbers: ClassNumbers = {}
  if (students !== undefined) numbers.students = students === '' ? null : Number(students)
  if (group !== undefined) numbers.group = group === '' ? null : group
  return { numbers }
}

/** What is not of the form is left out: only our own page writes it. */
export function readEdits(text: string): PlanEdit[] {
  return text.split(',').flatMap((one): PlanEdit[] => {
    const [, start = '', minutes, weeks, more] = ADD.exec(one) ?? []
    if (weeks !== undefined)
      return [
        { act: 'add', start, minutes: Number(minutes), weeks: Number(weeks), ...readNumbers(more) },
      ]
    const [, id = '', scope, to, length, numbers] = MOVE.exec(one) ?? REMOVE.exec(one) ?? []
    const at = readId(id)
    if (!at || !isScope(scope)) return []
    if (to === undefined) return [{ act: 'remove', at, scope }]
    const move = { at, scope, start: to, minutes: Number(length), ...readNumbers(numbers) }
    return [{ act: 'move', ...move }]
  })
}

export type PlanClass = {
  id: ClassId
  /** As in notes and blueprints. */
  key: string
  wall: string
  minutes: number
  isSeries: boolean
  /** How the series repeats. */
  rule: string | undefined
  title: string | undefined
  group: string | undefined
  /** Its own number of students, where it has one. */
  students: number | undefined
  isExam: boolean
}

/** Every class that is held, in order of time. */
export function planClasses(text: string, zone: CalendarZone): PlanClass[] {
  const course = courseIn(parseDocument(text))
  const marks = new Map(course.sessions.map((plan) => [plan, markOf(plan)]))
  return plannedClasses(course, zone)
    .map(({ key, plan, planned, wall }) => ({
      id: {
        session: course.sessions.indexOf(plan),
        mark: marks.get(plan) ?? '',
        planned: formatWall(planned),
      },
      ...{ key, wall: formatWall(wall), minutes: plan.minutes },
      isSeries: plan.repeat !== undefined || plan.also.length > 0,
      rule: plan.repeat,
      ...{ title: plan.title, group: plan.group, students: plan.students, isExam: plan.exam },
    }))
    .toSorted((a, b) => (a.wall + a.key < b.wall + b.key ? -1 : 1))
}

/** What somebody does to other single classes of it leaves it the same session. */
function markOf({ except: _except, also: _also, move: _move, ...said }: SessionPlan): string {
  return sha256(canonicalJson(said)).slice(0, 8)
}

/** Of sessions that say the same the one at the same place; undefined where none, or not one alone, is what was meant. */
export function findClass(classes: PlanClass[], at: ClassId): PlanClass | undefined {
  const alike = classes.filter(
    ({ id }) =>
      id.planned === at.planned &&
      (at.mark === undefined ? id.session === at.session : id.mark === at.mark),
  )
  return (
    alike.find(({ id }) => id.session === at.session) ?? (alike.length === 1 ? alike[0] : undefined)
  )
}

/** The zone whose holidays are the course's, and its time zone when it has one of its own. */
export function courseZone(text: string): Pick<Course, 'zone' | 'timeZone'> {
  const { zone, timeZone } = courseIn(parseDocument(text))
  return { zone, timeZone }
}

/** A document that is in force, or was made of one here, can be read. */
export function courseIn(document: Document): Course {
  const raw = document.toJS() as { apiVersion?: string; kind?: string }
  const { apiVersion: _version, kind: _kind, ...fields } = raw
  return courseSchema.parse(fields)
}

/**
 * @returns the new text, and where the class that was moved or added is in it; the same text for a class that is
 *   not there
 */
export function applyEdit(
  text: string,
  edit: PlanEdit,
  zone: CalendarZone,
): { text: string; at?: ClassId; isLost?: true } {
  const document = parseDocument(text)
  const course = courseIn(document)
  const place = { timeZone: course.timeZone ?? zone.timeZone, holidays: zone.holidays }
  if (edit.act === 'add') {
    addSession(document, onceAt(edit, { holidays: 'skip' }, place), edit.weeks)
    putNumbers(document, course.sessions.length, edit.numbers)
    const written = writtenOver(text, document)
    return { text: written, at: idIn(written, course.sessions.length, edit.start) }
  }
  const now = findClass(planClasses(text, zone), edit.at)
  const before = now && course.sessions[now.id.session]
  if (!before) return { text, isLost: true }
  const { session, planned } = now.id
  const numbers = edit.act === 'move' ? edit.numbers : undefined
  const isApart = numbers !== undefined
  const to = edit.act === 'move' ? { start: edit.start, minutes: edit.minutes, isApart } : undefined
  const isTaken = before.uid !== undefined
  const { sessions, at } = editTimes(before, { planned, scope: edit.scope, to, isTaken }, place)
  putSessions(document, session, before, sessions)
  if (at) putNumbers(document, session + at.session, numbers)
  const written = writtenOver(text, document)
  if (!at) return { text: written }
  return { text: written, at: idIn(written, session + at.session, at.planned) }
}

/** As pages name it from then on. */
function idIn(text: string, session: number, planned: string): ClassId {
  const plan = courseIn(parseDocument(text)).sessions[session]
  return { session, ...(plan && { mark: markOf(plan) }), planned }
}

/** What it says of itself, no longer what its course says. */
function putNumbers(document: Document, index: number, numbers: ClassNumbers = {}): void {
  for (const [name, value] of Object.entries(numbers))
    putField(document, ['sessions', index, name], value ?? undefined)
}

function addSession(document: Document, times: Times, weeks: number): void {
  const { start, minutes, holidays } = times
  const made = {
    ...{ start, minutes },
    ...(weeks > 1 ? { repeat: weekly(weeks) } : holidays === 'keep' && { holidays }),
  }
  if (isSeq(document.get('sessions'))) document.addIn(['sessions'], document.createNode(made))
  else document.set('sessions', document.createNode([made]))
}

export const weekly = (weeks: number): string => `FREQ=WEEKLY;COUNT=${weeks}`

const fields = ['start', 'minutes', 'repeat', 'except', 'also', 'move', 'holidays'] as const

/** The first is written over where it stands; a second one is a copy with other times. */
function putSessions(document: Document, index: number, before: Times, after: Times[]): void {
  const [first, ...others] = after
  if (!first) return void document.deleteIn(['sessions', index])
  const copy = document.getIn(['sessions', index]) as { toJSON(): Record<string, unknown> }
  const raw = copy.toJSON()
  putFields(document, index, before, first, fields)
  const list = document.get('sessions')
  if (!isSeq(list)) return
  for (const [i, times] of others.entries()) {
    // What a timetable knows it by stays with the first.
    const { uid: _uid, sequence: _sequence, ...kept } = raw
    const own = Object.fromEntries(fields.map((name) => [name, saidOf(times, name)]))
    list.items.splice(index + 1 + i, 0, document.createNode(withoutUndefined({ ...kept, ...own })))
  }
}

/** Those fields of a session that differ. */
export function putFields<Name extends string>(
  document: Document,
  index: number,
  before: { [name in Name]?: unknown },
  after: { [name in Name]?: unknown },
  names: readonly Name[],
): void {
  for (const name of names) {
    if (canonicalJson(after[name] ?? null) === canonicalJson(before[name] ?? null)) continue
    putField(document, ['sessions', index, name], saidOf(after, name))
  }
}

function putField(document: Document, path: (string | number)[], value: unknown): void {
  if (isNothing(value)) return void document.deleteIn(path)
  const node = document.getIn(path, true)
  if (isScalar(node) && typeof value !== 'object') node.value = value
  else {
    const made = document.createNode(value)
    // Lists of times stand on one line, as those that are there.
    if (isSeq(made)) made.flow = true
    document.setIn(path, made)
  }
}

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** What goes without saying is not written. */
export function saidOf<Name extends string>(of: { [name in Name]?: unknown }, name: Name): unknown {
  const value = of[name]
  return isNothing(value) || (name === 'holidays' && value === 'skip') ? undefined : value
}

const withoutUndefined = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

/** Lines that say the same with other spaces stay as their author wrote them; long lines are not folded. */
export function writtenOver(before: string, document: Document): string {
  const written = document.toString({ lineWidth: 0 })
  const bare = (line: string) => {
    const said = line.trim().replaceAll(/\s+/g, '')
    // How far in a remark stands says nothing.
    return said.startsWith('#') ? said : `${/^\s*/.exec(line)?.[0].length} ${said}`
  }
  const known = new Map(before.split('\n').map((line) => [bare(line), line]))
  const restored = written
    .split('\n')
    .map((line) => known.get(bare(line)) ?? line)
    .join('\n')
  const says = (text: string) => canonicalJson(parseDocument(text).toJS())
  return says(restored) === says(written) ? restored : written
}
