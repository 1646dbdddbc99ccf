/** A timetable (iCalendar) taken over into a course's document: what it changes, and the document with it. Pure. */
import { isSeq, parseDocument } from 'yaml'
import {
  type CalendarProblem,
  type CalendarImport,
  importCalendar,
} from '../stacks/rules/calendar-import.ts'
import { formatWall } from '../stacks/rules/clock.ts'
import { plannedClasses } from '../stacks/rules/schedule.ts'
import type { Course, SessionPlan } from '../stacks/terms.ts'
import { type CalendarZone, courseIn, putFields, saidOf, writtenOver } from './plan-edits.ts'

/** Classes of one event of the timetable. */
export type TimetableChange = {
  change: CalendarImport['changes'][number]['change']
  title: string
  /** Wall times at which it is held: before, and as it would be. */
  before: string[]
  after: string[]
}

export type Timetable = {
  /** The document as it would be; the same text when nothing changes. */
  text: string
  changes: TimetableChange[]
  problems: { summary: string; code: CalendarProblem }[]
  /** Events that are over: they are not taken over. */
  over: number
}

/** @param contains text in the summary or a category of this course's events; empty for all of them */
export function takeTimetable(
  text: string,
  given: { feed: string; contains: string; zone: CalendarZone; today: string },
): Timetable {
  const document = parseDocument(text)
  const course = courseIn(document)
  const { feed, contains, zone, today } = given
  const match = { course: course.key, contains: contains.trim() }
  const read = importCalendar(feed, [course], [match], course.timeZone ?? zone.timeZone)
  const wanted = read.courses[0]?.sessions ?? []
  const known = new Set(course.sessions.map((one) => one.uid))
  const isOver = (one: SessionPlan) =>
    one.uid !== undefined &&
    !known.has(one.uid) &&
    (heldAt(course, [one], zone).at(-1) ?? '') < today
  const sessions = wanted.filter((one) => !isOver(one))
  const changes = changesBetween(course, sessions, zone)
  putAll(document, course.sessions, sessions)
  return {
    text: changes.length === 0 ? text : writtenOver(text, document),
    changes,
    // What is of another course is no problem of this one.
    problems: read.problems.filter((one) => one.code !== 'matches-no-course'),
    over: wanted.length - sessions.length,
  }
}

function heldAt(course: Course, sessions: SessionPlan[], zone: CalendarZone): string[] {
  return plannedClasses({ ...course, sessions }, zone)
    .map((one) => formatWall(one.wall))
    .toSorted()
}

function changesBetween(
  course: Course,
  sessions: SessionPlan[],
  zone: CalendarZone,
): TimetableChange[] {
  const byUid = (list: SessionPlan[]) =>
    new Map(list.flatMap((one) => (one.uid === undefined ? [] : [[one.uid, one] as const])))
  const [before, after] = [byUid(course.sessions), byUid(sessions)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((uid) => {
    const [old, now] = [before.get(uid), after.get(uid)]
    if (old === now || (old && now && JSON.stringify(old) === JSON.stringify(now))) return []
    return [
      {
        change: old === undefined ? 'added' : now === undefined ? 'cancelled' : 'updated',
        title: now?.title ?? old?.title ?? '',
        before: old ? heldAt(course, [old], zone) : [],
        after: now ? heldAt(course, [now], zone) : [],
      },
    ]
  })
}

const fields = [
  ...(['start', 'minutes', 'repeat', 'except', 'also', 'move', 'holidays'] as const),
  ...(['title', 'uid', 'sequence'] as const),
]

function putAll(
  document: ReturnType<typeof parseDocument>,
  before: SessionPlan[],
  after: SessionPlan[],
): void {
  const wanted = new Map(after.map((one) => [one.uid, one]))
  for (const [i, old] of [...before.entries()].toReversed()) {
    // What was planned here is in no timetable, and none of its business.
    if (old.uid === undefined) continue
    const now = wanted.get(old.uid)
    if (now === undefined) document.deleteIn(['sessions', i])
    else putFields(document, i, old, now, fields)
  }
  const known = new Set(before.map((one) => one.uid))
  const added = after.filter((one) => one.uid !== undefined && !known.has(one.uid))
  if (added.length === 0) return
  const made = added.map((one) =>
    Object.fromEntries(
      fields.map((name) => [name, saidOf(one, name)]).filter(([, value]) => value !== undefined),
    ),
  )
  if (!isSeq(document.get('sessions'))) document.set('sessions', document.createNode([]))
  for (const one of made) document.addIn(['sessions'], document.createNode(one))
}
