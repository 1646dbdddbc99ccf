/**
 * A course's plan as a form, and back: the form changes the fields it has in the document as it was written, and
 * leaves everything else, comments included, alone. Pure.
 */
import { type Document, isScalar, parseDocument } from 'yaml'
import { courseSchema } from '../stacks/schema.ts'

export const planStates = ['draft', 'test', 'ready', 'archived'] as const
const MOST_STUDENTS = 10_000
const MINUTES = { least: 5, most: 20_160 }
const MOST_WEEKS = 60

export type SessionForm = {
  /** Wall time, `2026-11-23T08:00`. */
  start: string
  minutes: string
  /** So many weeks in a row; 1 is once. Empty where `rule` says how it repeats. */
  weeks: string
  /** A repetition that this form cannot say, kept as it is. */
  rule?: string | undefined
  isRemoved?: boolean
}

export type PlanForm = {
  students: string
  /** Empty: all of them. */
  atOnce: string
  state: string
  sessions: SessionForm[]
  /** The class to add; nothing when its start is empty. */
  added: SessionForm
  /** Single classes moved to where they fit, `2026-11-30T08:00>2026-12-01T10:00`. */
  moves: string[]
}

export const noSession: SessionForm = { start: '', minutes: '120', weeks: '1' }

/** @param text a course.yaml that is in force, so it can be read */
export function planForm(text: string): PlanForm {
  const {
    apiVersion: _version,
    kind: _kind,
    ...fields
  } = parseDocument(text).toJS() as object & {
    apiVersion: string
    kind: string
  }
  const course = courseSchema.parse(fields)
  return {
    students: String(course.students),
    atOnce: course.atOnce === undefined ? '' : String(course.atOnce),
    state: course.state,
    sessions: course.sessions.map(({ start, minutes, repeat }) => ({
      ...{ start, minutes: String(minutes) },
      ...repetition(repeat),
    })),
    added: noSession,
    moves: [],
  }
}

function repetition(rule: string | undefined): Pick<SessionForm, 'weeks' | 'rule'> {
  if (rule === undefined) return { weeks: '1' }
  const weekly = /^FREQ=WEEKLY;COUNT=(\d+)$/.exec(rule)
  return weekly?.[1] ? { weeks: weekly[1] } : { weeks: '', rule }
}

const MOVE = /^\d{4}-\d\d-\d\dT\d\d:\d\d>\d{4}-\d\d-\d\dT\d\d:\d\d$/

/** What a browser sent, over what the document has: a class that was added meanwhile stays. */
export function sentForm(body: Record<string, string>, known: PlanForm): PlanForm {
  const session = (name: string, before: SessionForm): SessionForm => ({
    start: body[`${name}-start`] ?? before.start,
    minutes: body[`${name}-minutes`] ?? before.minutes,
    weeks: body[`${name}-weeks`] ?? before.weeks,
    rule: before.rule,
    isRemoved: body[`${name}-remove`] !== undefined,
  })
  return {
    students: body['students'] ?? known.students,
    atOnce: body['atOnce'] ?? known.atOnce,
    state: body['state'] ?? known.state,
    sessions: known.sessions.map((before, i) => session(`s${i}`, before)),
    added: session('added', noSession),
    moves: [...(body['moves'] ?? '').split(' '), body['move'] ?? ''].filter((one) =>
      MOVE.test(one),
    ),
  }
}

export type FormError = { field: string; code: string; params?: Record<string, string | number> }

/** Everything that is wrong with it, by the name of its field. */
export function checkForm(form: PlanForm): FormError[] {
  const errors: FormError[] = []
  const whole = (field: string, text: string, least: number, most: number) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      errors.push({ field, code: 'plan.error.number', params: { least, most } })
  }
  whole('students', form.students, 1, MOST_STUDENTS)
  if (form.atOnce !== '') whole('atOnce', form.atOnce, 1, MOST_STUDENTS)
  if (!planStates.some((state) => state === form.state))
    errors.push({ field: 'state', code: 'plan.error.state' })
  for (const [name, session] of named(form)) {
    if (session.isRemoved) continue
    if (!isWallTime(session.start))
      errors.push({ field: `${name}-start`, code: 'plan.error.start' })
    whole(`${name}-minutes`, session.minutes, MINUTES.least, MINUTES.most)
    if (!session.rule) whole(`${name}-weeks`, session.weeks, 1, MOST_WEEKS)
  }
  return errors
}

function named(form: PlanForm): [string, SessionForm][] {
  const known = form.sessions.map((session, i): [string, SessionForm] => [`s${i}`, session])
  return form.added.start === '' ? known : [...known, ['added', form.added]]
}

function isWallTime(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/.test(text)) return false
  const at = Date.parse(`${text.slice(0, 10)}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text.slice(0, 10))
}

/** The document with what the form says; the same text when it says nothing new. */
export function editPlan(text: string, form: PlanForm): string {
  const before = planForm(text)
  const values: Value[] = []
  const put = (path: Value['path'], now: string, old: string, value: Value['value']) => {
    if (now !== old) values.push({ path, value })
  }
  put(['students'], form.students, before.students, Number(form.students))
  put(['atOnce'], form.atOnce, before.atOnce, form.atOnce === '' ? undefined : Number(form.atOnce))
  put(['state'], form.state, before.state, form.state)
  for (const [i, session] of form.sessions.entries()) {
    const old = before.sessions[i]
    if (!old || session.isRemoved) continue
    put(['sessions', i, 'start'], session.start, old.start, session.start)
    put(['sessions', i, 'minutes'], session.minutes, old.minutes, Number(session.minutes))
    if (!session.rule)
      put(['sessions', i, 'repeat'], session.weeks, old.weeks, ruleOf(session.weeks))
  }
  return form.moves.reduce(moveClass, addAndRemove(putValues(text, values), form))
}

type Value = { path: (string | number)[]; value: string | number | undefined }

/** Values that are there are written over where they stand, to the letter; others are added or taken out. */
function putValues(text: string, values: Value[]): string {
  const document = parseDocument(text)
  const nodeAt = ({ path }: Value): unknown => document.getIn(path, true)
  const rangeOf = (one: Value) => {
    const node = nodeAt(one)
    return isScalar(node) && one.value !== undefined ? node.range : undefined
  }
  const inPlace = values
    .flatMap((one) => {
      const range = rangeOf(one)
      return range ? [{ from: range[0], to: range[1], value: String(one.value) }] : []
    })
    .toSorted((a, b) => b.from - a.from)
  const edited = inPlace.reduce(
    (all, { from, to, value }) => all.slice(0, from) + value + all.slice(to),
    text,
  )
  const others = values.filter((one) => !rangeOf(one))
  if (others.length === 0) return edited
  const whole = parseDocument(edited)
  for (const { path, value } of others)
    if (value === undefined) whole.deleteIn(path)
    else whole.setIn(path, value)
  return written(whole)
}

function addAndRemove(text: string, form: PlanForm): string {
  const removed = [...form.sessions.entries()].filter(([, session]) => session.isRemoved)
  if (removed.length === 0 && form.added.start === '') return text
  const document = parseDocument(text)
  // From the end, so that numbers before stay what they are.
  for (const [i] of removed.toReversed()) document.deleteIn(['sessions', i])
  if (form.added.start !== '') {
    const { start, minutes, weeks } = form.added
    const repeat = ruleOf(weeks)
    const added = { start, minutes: Number(minutes), ...(repeat !== undefined && { repeat }) }
    if (document.has('sessions')) document.addIn(['sessions'], document.createNode(added))
    else document.set('sessions', document.createNode([added]))
  }
  return written(document)
}

/** Long lines are not folded. Spaces may come out otherwise than they were typed. */
const written = (document: Document): string => document.toString({ lineWidth: 0 })

const ruleOf = (weeks: string): string | undefined =>
  Number(weeks) > 1 ? `FREQ=WEEKLY;COUNT=${Number(weeks)}` : undefined

/** One class of a series, or the one there is, at another time; the same text when there is none. */
function moveClass(text: string, move: string): string {
  const [from = '', to = ''] = move.split('>')
  const document = parseDocument(text)
  const { sessions } = courseSchema.parse(withoutHead(document.toJS() as Record<string, unknown>))
  const once = sessions.findIndex((one) => one.start === from && one.repeat === undefined)
  if (once >= 0) document.setIn(['sessions', once, 'start'], to)
  else {
    const series = sessions.findIndex(
      (one) =>
        one.repeat !== undefined && one.start.slice(11) === from.slice(11) && one.start <= from,
    )
    if (series < 0) return text
    if (!document.hasIn(['sessions', series, 'move']))
      document.setIn(['sessions', series, 'move'], document.createNode({}))
    document.setIn(['sessions', series, 'move', from], to)
  }
  return written(document)
}

function withoutHead({ apiVersion: _version, kind: _kind, ...fields }: Record<string, unknown>) {
  return fields
}
