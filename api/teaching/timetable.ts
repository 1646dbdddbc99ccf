/** A timetable (iCalendar) taken over into a course's document: what it changes, and the document with it. Pure. */
import { isSeq, parseDocument } from 'yaml'
import {
  type CalendarProblem,
  type CalendarImport,
  importCalendar,
} from '../../stacks/rules/calendar-import.ts'
import { formatWall } from '../../stacks/rules/clock.ts'
import { plannedClasses } from '../../stacks/rules/schedule.ts'
import type { Course, SessionPlan } from '../../stacks/terms.ts'
import { type OwnWay, keepOwnWays } from './timetable-kept.ts'
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
  /** Single classes that were changed here: those that stay so, and those that become as the timetable has them. */
  kept: OwnWay[]
  undone: OwnWay[]
  /** Wall times at which a class that was planned here is held already. */
  twice: string[]
  problems: { summary: string; code: CalendarProblem }[]
  /** Events that are over: they are not taken over. */
  over: number
}

/** @param contains text in the summary or a category of this course's events; empty for all of them */
export function takeTimetable(
  text: string,
  given: {
    feed: string
    contains: string
    zone: CalendarZone
    today: string
    /** Whether single classes that were changed here become as the timetable has them. */
    asTimetable?: boolean
  },
): Timetable {
  const document = parseDocument(text)
  const course = courseIn(document)
  const { feed, contains, zone, today, asTimetable = false } = given
  const match = { course: course.key, contains: contains.trim() }
  const timeZone = course.timeZone ?? zone.timeZone
  const read = importCalendar(feed, [course], [match], timeZone)
  const known = byUid(course.sessions)
  const found = read.courses[0]?.sessions ?? []
  const after = byUid(found)
  const each = found.map((now) => {
    const old = known.get(now.uid ?? '')
    if (!old) return { plan: now, kept: [], undone: [] }
    return keepOwnWays(old, now, { timeZone, asTimetable, before: known, after })
  })
  const wanted = each.map((one) => one.plan)
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
    kept: each.flatMap((one) => one.kept),
    undone: each.flatMap((one) => one.undone),
    twice: heldTwice(course, sessions, zone),
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

const byUid = (list: SessionPlan[]): Map<string, SessionPlan> =>
  new Map(list.flatMap((one) => (one.uid === undefined ? [] : [[one.uid, one] as const])))

/** When classes of the timetable come to be held beside one that was planned here. */
function heldTwice(course: Course, sessions: SessionPlan[], zone: CalendarZone): string[] {
  const isTaken = ({ uid }: SessionPlan) => uid !== undefined
  const before = new Set(heldAt(course, course.sessions.filter(isTaken), zone))
  const own = course.sessions.filter((one) => !isTaken(one))
  const here = new Set(heldAt(course, own, zone))
  return heldAt(course, sessions.filter(isTaken), zone).filter(
    (wall) => here.has(wall) && !before.has(wall),
  )
}

function changesBetween(
  course: Course,
  sessions: SessionPlan[],
  zone: CalendarZone,
): TimetableChange[] {
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
  if (!isSeq(document.get('sessions'))) document.set('sessions', document.createNode([]))
  for (const one of added) document.addIn(['sessions'], document.createNode(wholePlan(one)))
}

/** What goes without saying, too. */
const unsaid: Partial<SessionPlan> = { stayMinutes: 0, spares: 0, exam: false }

/** A class split off its series is what the series is: group, exam, places. */
function wholePlan(plan: SessionPlan): Partial<SessionPlan> {
  const names = Object.keys(plan) as (keyof SessionPlan)[]
  const said = names.filter(
    (name) => saidOf(plan, name) !== undefined && plan[name] !== unsaid[name],
  )
  return Object.fromEntries(said.map((name) => [name, plan[name]]))
}
