/**
 * A timetable feed (iCalendar, RFC 5545) → sessions of courses. One feed may hold many courses: each
 * event goes to the course it matches. Events are known again by UID: a higher SEQUENCE replaces, a
 * lower one is old news, STATUS:CANCELLED (or METHOD:CANCEL) removes.
 */
import ICAL from 'ical.js'
import { canonicalJson } from '../blueprint.ts'
import { courseSchema } from '../schema.ts'
import type { Course, SessionPlan } from '../terms.ts'
import {
  type EventTimes,
  type TimesProblem,
  type ZonedTime,
  hasRealTimes,
  minutesOf,
  timeIn,
  timesOf,
  wallText,
} from './calendar-times.ts'

/** An event belongs to a course when its summary or a category contains this text, whatever the case. */
export interface CalendarMatch {
  course: string
  contains: string
}

export interface CalendarImport {
  /** The courses with their new sessions; those nothing happened to are the same objects. */
  courses: Course[]
  changes: { course: string; uid: string; change: 'added' | 'updated' | 'cancelled' }[]
  /** What could not be taken over, and why: shown to who imports. */
  problems: { uid: string; summary: string; code: CalendarProblem }[]
}

export type CalendarProblem =
  | 'not-a-calendar'
  | 'matches-no-course'
  | 'matches-several-courses'
  | 'no-uid'
  | 'not-understood'
  | 'following-not-understood'
  | TimesProblem

interface CalendarEvent {
  uid: string
  sequence: number
  summary: string
  words: string[]
  isCancelled: boolean
  /** Set on an event that replaces one class of a series: the wall time first planned. */
  replaces: ZonedTime | undefined
  hasRealTimes: boolean
  component: ICAL.Component
}

/**
 * @param timeZone where the institution is: for courses without one, and events that float
 * @returns new course documents; never throws for what the feed holds
 */
export function importCalendar(
  text: string,
  courses: Course[],
  matches: CalendarMatch[],
  timeZone: string,
): CalendarImport {
  const result: CalendarImport = { courses: [], changes: [], problems: [] }
  const byCourse = Map.groupBy(readEvents(text, result), (event) =>
    courseTaking(event, matches, result),
  )
  result.courses = courses.map((course) => {
    const mine = byCourse.get(course.key)
    return mine === undefined
      ? course
      : withEvents(course, mine, course.timeZone ?? timeZone, result)
  })
  return result
}

function readEvents(text: string, result: CalendarImport): CalendarEvent[] {
  const whole = calendarIn(text)
  const events = whole && eventsOf(whole)
  if (events) return events
  // One event that cannot be read costs no other.
  const { blocks, around } = eventBlocks(text)
  const calendar = calendarIn(around)
  if (!calendar) {
    result.problems.push({ uid: '', summary: text.slice(0, 40), code: 'not-a-calendar' })
    return []
  }
  return blocks.flatMap((block) => {
    const event = eventIn(block, calendar)
    const summary = /^SUMMARY[^:\r\n]*:(.*)/im.exec(block)?.[1]?.trim() ?? ''
    if (!event) result.problems.push({ uid: '', summary, code: 'not-understood' })
    return event ?? []
  })
}

/** The lines of each event, and those around them. */
function eventBlocks(text: string): { blocks: string[]; around: string } {
  const blocks: string[][] = []
  const around: string[] = []
  let block: string[] | undefined
  for (const line of text.split(/\r?\n/)) {
    if (/^BEGIN:VEVENT\s*$/i.test(line)) blocks.push((block = []))
    ;(block ?? around).push(line)
    if (/^END:VEVENT\s*$/i.test(line)) block = undefined
  }
  return { blocks: blocks.map((lines) => lines.join('\r\n')), around: around.join('\r\n') }
}

/** Undefined when it cannot be read, as with those below. */
function calendarIn(text: string): ICAL.Component | undefined {
  try {
    const calendar = new ICAL.Component(ICAL.parse(text) as unknown[])
    return calendar.name === 'vcalendar' ? withZonesByName(calendar) : undefined
  } catch {
    return undefined
  }
}

/** ical.js looks through all zones again for each time in one that is not there. */
function withZonesByName(calendar: ICAL.Component): ICAL.Component {
  const zones = calendar.getAllSubcomponents('vtimezone').map((component) => {
    const tzid = String(component.getFirstPropertyValue('tzid'))
    return [tzid, new ICAL.Timezone({ component, tzid })] as const
  })
  // Of several by one name the first counts.
  const byName = new Map(zones.toReversed())
  // ical.js expects null of one that is not there, whatever its types say.
  calendar.getTimeZoneByID = (name: string) => byName.get(name) ?? null!
  return calendar
}

function eventsOf(calendar: ICAL.Component): CalendarEvent[] | undefined {
  try {
    const events = calendar.getAllSubcomponents('vevent')
    return events.map((component) => readEvent(component, isCancelling(calendar)))
  } catch {
    return undefined
  }
}

/** Zones and the like are the calendar's, which is not read again with each event. */
function eventIn(block: string, calendar: ICAL.Component): CalendarEvent | undefined {
  try {
    const component = new ICAL.Component(ICAL.parse(block) as unknown[], calendar)
    return component.name === 'vevent' ? readEvent(component, isCancelling(calendar)) : undefined
  } catch {
    return undefined
  }
}

const isCancelling = (calendar: ICAL.Component): boolean =>
  String(calendar.getFirstPropertyValue('method') ?? '').toUpperCase() === 'CANCEL'

function readEvent(component: ICAL.Component, isOfCancelling: boolean): CalendarEvent {
  const value = (name: string) => component.getFirstPropertyValue(name)
  const summary = String(value('summary') ?? '')
  const categories = component
    .getAllProperties('categories')
    .flatMap((one) => one.getValues().map(String))
  return {
    uid: String(value('uid') ?? ''),
    sequence: Number(value('sequence') ?? 0) || 0,
    summary,
    words: [summary, ...categories].map((word) => word.toLowerCase()),
    isCancelled: isOfCancelling || String(value('status') ?? '').toUpperCase() === 'CANCELLED',
    replaces: timeIn(component, 'recurrence-id'),
    hasRealTimes: hasRealTimes(component),
    component,
  }
}

/** The course into which it is taken over, if it can be. */
function courseTaking(
  event: CalendarEvent,
  matches: CalendarMatch[],
  result: CalendarImport,
): string | undefined {
  const course = courseOf(event, matches, result)
  if (course !== undefined && event.uid === '') addProblem(result, event, 'no-uid')
  else if (course !== undefined && !event.hasRealTimes) addProblem(result, event, 'not-understood')
  else return course
  return undefined
}

function courseOf(
  event: CalendarEvent,
  matches: CalendarMatch[],
  result: CalendarImport,
): string | undefined {
  const found = matches.filter(({ contains }) =>
    event.words.some((word) => word.includes(contains.toLowerCase())),
  )
  const courses = new Set(found.map((match) => match.course))
  if (courses.size === 1) return [...courses][0]
  const code = courses.size === 0 ? 'matches-no-course' : 'matches-several-courses'
  addProblem(result, event, code)
  return undefined
}

function addProblem(
  result: CalendarImport,
  { uid, summary }: CalendarEvent,
  code: CalendarProblem,
): void {
  result.problems.push({ uid, summary, code })
}

/** Series first, then the single classes that replace one of theirs. */
function withEvents(
  course: Course,
  events: CalendarEvent[],
  timeZone: string,
  result: CalendarImport,
): Course {
  const before = new Map(course.sessions.map((plan, i) => [plan.uid ?? `#${i}`, plan]))
  const plans = new Map(before)
  const apart = Map.groupBy(before.keys(), (uid) => OWN_UID.exec(uid)?.[1])
  const reading: Reading = { course, timeZone, result, before, plans, apart, read: new Set() }
  for (const event of events.toSorted((a, b) => a.sequence - b.sequence))
    if (!event.replaces) takeSeries(reading, event)
  for (const event of events.toSorted((a, b) => a.sequence - b.sequence))
    if (event.replaces) takeClass(reading, event, event.replaces)
  const changes = [...new Set([...before.keys(), ...plans.keys()])].flatMap((uid) => {
    const change = changeOf(before.get(uid), plans.get(uid))
    return change === undefined ? [] : [{ course: course.key, uid, change }]
  })
  result.changes.push(...changes)
  if (changes.length === 0) return course
  return courseSchema.parse({ ...course, sessions: [...plans.values()] })
}

type Reading = {
  course: Course
  timeZone: string
  result: CalendarImport
  /** By UID; `#` and a number for what is of no calendar. */
  before: ReadonlyMap<string, SessionPlan>
  /** The same, as they are by now. */
  plans: Map<string, SessionPlan>
  /** By the UID of their series: UIDs of classes that stood by themselves before. */
  apart: Map<string | undefined, string[]>
  /** Series that are as this feed has them: what it says of their classes is as new, whatever those count. */
  read: Set<string>
}

type Change = CalendarImport['changes'][number]['change']

function changeOf(
  before: SessionPlan | undefined,
  after: SessionPlan | undefined,
): Change | undefined {
  if (before === undefined) return after === undefined ? undefined : 'added'
  if (after === undefined) return 'cancelled'
  return canonicalJson(before) === canonicalJson(after) ? undefined : 'updated'
}

/** Leaves everything as it was when the event is old news, or cannot be taken over. */
function takeSeries(reading: Reading, event: CalendarEvent): void {
  const { plans, read } = reading
  const before = plans.get(event.uid)
  if (before !== undefined && event.sequence < (before.sequence ?? 0)) return
  const after = event.isCancelled ? undefined : planOf(reading, event, before)
  if (typeof after === 'string') return addProblem(reading.result, event, after)
  read.add(event.uid)
  // Said anew, or no more: classes of theirs that stood by themselves.
  for (const uid of reading.apart.get(event.uid) ?? []) plans.delete(uid)
  if (after === undefined) plans.delete(event.uid)
  else plans.set(event.uid, after)
}

type Kept = Omit<SessionPlan, keyof EventTimes | 'uid' | 'sequence'> & {
  repeat?: unknown
  title?: unknown
}

const emptyPlan: Kept = {
  holidays: 'keep',
  stayMinutes: 0,
  spares: 0,
  exam: false,
  extraTime: [],
}

/** What a teacher added here (group, places, exam) stays; when it takes place comes from the feed. */
function planOf(
  { course, timeZone }: Pick<Reading, 'course' | 'timeZone'>,
  event: CalendarEvent,
  before: SessionPlan | undefined,
  uid = event.uid,
): SessionPlan | CalendarProblem {
  const times = readTimes(event, timeZone)
  if (typeof times === 'string') return times
  const { repeat: _repeat, title: _title, ...kept }: Kept = before ?? emptyPlan
  const title = event.summary === '' ? {} : { title: event.summary.slice(0, 200) }
  const plan = { ...kept, ...times, ...title, uid, sequence: event.sequence }
  const parsed = courseSchema.safeParse({ ...course, sessions: [plan] })
  return parsed.data?.sessions[0] ?? 'not-understood'
}

function readTimes({ component }: CalendarEvent, timeZone: string): EventTimes | CalendarProblem {
  try {
    return timesOf(component, timeZone)
  } catch {
    return 'not-understood'
  }
}

/** UID of a class that stands by itself: its series' own, and the wall time at which it was planned there. */
export const ownUid = (series: string, planned: string): string => `${series}/${planned}`

/** Another event's UID may begin as that of a series, too: what follows it has to be a wall time. */
const OWN_UID = /^([^]*)\/\d{4}-\d\d-\d\dT\d\d:\d\d$/

/** One class of a series: cancelled, at another time, or of another length; then it stands by itself. */
function takeClass(reading: Reading, event: CalendarEvent, replaces: ZonedTime): void {
  const { plans, before, timeZone } = reading
  const series = plans.get(event.uid)
  const planned = wallText(replaces, timeZone)
  const isRange = event.component.getFirstProperty('recurrence-id')?.getParameter('range')
  if (isRange) return leave(reading, event, planned, 'following-not-understood')
  const uid = ownUid(event.uid, planned)
  const known = series ?? plans.get(uid)
  const isOld = known !== undefined && event.sequence < (known.sequence ?? 0)
  if (isOld && !reading.read.has(event.uid)) return
  if (event.isCancelled) return without(reading, event.uid, planned)
  const minutes = minutesOf(event.component) ?? series?.minutes
  const start = timeIn(event.component, 'dtstart')
  if (series && minutes === series.minutes && start && !start.time.isDate)
    return move(reading, event.uid, planned, wallText(start, timeZone))
  const own = planOf(reading, event, before.get(uid) ?? series, uid)
  if (typeof own === 'string') return leave(reading, event, planned, own)
  without(reading, event.uid, planned)
  plans.set(uid, own)
}

/** What is said of it cannot be taken over: a class that stood by itself stays as it was, unless its series is cancelled. */
function leave(
  reading: Reading,
  event: CalendarEvent,
  planned: string,
  code: CalendarProblem,
): void {
  const { plans, before, read, result } = reading
  addProblem(result, event, code)
  const uid = ownUid(event.uid, planned)
  const own = before.get(uid)
  const isCancelled = read.has(event.uid) && !plans.has(event.uid)
  if (!own || plans.has(uid) || isCancelled) return
  without(reading, event.uid, planned)
  plans.set(uid, own)
}

function without({ plans }: Reading, uid: string, planned: string): void {
  plans.delete(ownUid(uid, planned))
  const series = plans.get(uid)
  if (!series) return
  const { [planned]: _old, ...moves } = series.move
  const except = [...new Set([...series.except, planned])].toSorted()
  plans.set(uid, { ...series, move: moves, except })
}

function move({ plans }: Reading, uid: string, planned: string, to: string): void {
  plans.delete(ownUid(uid, planned))
  const series = plans.get(uid)
  if (!series) return
  const { [planned]: _old, ...moves } = series.move
  const except = series.except.filter((wall) => wall !== planned)
  plans.set(uid, {
    ...series,
    except,
    move: to === planned ? moves : { ...moves, [planned]: to },
  })
}
