/**
 * A timetable feed (iCalendar, RFC 5545) → sessions of courses. One feed may hold many courses: each
 * event goes to the course it matches. Events are known again by UID: a higher SEQUENCE replaces, a
 * lower one is old news, STATUS:CANCELLED (or METHOD:CANCEL) removes.
 */
import ICAL from 'ical.js'
import { canonicalJson } from '../blueprint.ts'
import { courseSchema } from '../schema.ts'
import type { Course, SessionPlan } from '../terms.ts'
import { formatWall, instantOf, wallOf } from './clock.ts'

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
  | 'whole-day'
  | 'no-end'
  | 'endless-series'
  | 'series-not-understood'

interface CalendarEvent {
  uid: string
  sequence: number
  summary: string
  words: string[]
  isCancelled: boolean
  /** Set on an event that replaces one class of a series: the wall time first planned. */
  replaces: ICAL.Time | undefined
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
  const events = readEvents(text, result)
  const byCourse = new Map<string, CalendarEvent[]>()
  for (const event of events) {
    const course = courseOf(event, matches, result)
    if (course !== undefined) byCourse.set(course, [...(byCourse.get(course) ?? []), event])
  }
  result.courses = courses.map((course) => {
    const mine = byCourse.get(course.key)
    return mine === undefined
      ? course
      : withEvents(course, mine, course.timeZone ?? timeZone, result)
  })
  return result
}

function readEvents(text: string, result: CalendarImport): CalendarEvent[] {
  try {
    const calendar = new ICAL.Component(ICAL.parse(text) as unknown[])
    const isCancelling =
      String(calendar.getFirstPropertyValue('method') ?? '').toUpperCase() === 'CANCEL'
    return calendar
      .getAllSubcomponents('vevent')
      .map((component) => readEvent(component, isCancelling))
  } catch {
    result.problems.push({ uid: '', summary: text.slice(0, 40), code: 'not-a-calendar' })
    return []
  }
}

function readEvent(component: ICAL.Component, isCancelling: boolean): CalendarEvent {
  const value = (name: string) => component.getFirstPropertyValue(name)
  const summary = String(value('summary') ?? '')
  const categories = component
    .getAllProperties('categories')
    .flatMap((one) => one.getValues().map(String))
  const replaces = value('recurrence-id')
  return {
    uid: String(value('uid') ?? ''),
    sequence: Number(value('sequence') ?? 0),
    summary,
    words: [summary, ...categories].map((word) => word.toLowerCase()),
    isCancelled: isCancelling || String(value('status') ?? '').toUpperCase() === 'CANCELLED',
    replaces: replaces instanceof ICAL.Time ? replaces : undefined,
    component,
  }
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
  result.problems.push({ uid: event.uid, summary: event.summary, code })
  return undefined
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
  const inOrder = events.toSorted(
    (a, b) =>
      Number(a.replaces !== undefined) - Number(b.replaces !== undefined) ||
      a.sequence - b.sequence,
  )
  for (const event of inOrder) {
    const plan = plans.get(event.uid)
    const after = event.replaces
      ? replaceClass(plan, event, event.replaces, timeZone)
      : replaceSeries(plan, event, timeZone, result)
    if (after === undefined) plans.delete(event.uid)
    else plans.set(event.uid, after)
  }
  const changes = [...new Set(events.map((event) => event.uid))].flatMap((uid) => {
    const change = changeOf(before.get(uid), plans.get(uid))
    return change === undefined ? [] : [{ course: course.key, uid, change }]
  })
  result.changes.push(...changes)
  if (changes.length === 0) return course
  return courseSchema.parse({ ...course, sessions: [...plans.values()] })
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

/** @returns the plan before when the event is old news, undefined when it is cancelled */
function replaceSeries(
  before: SessionPlan | undefined,
  event: CalendarEvent,
  timeZone: string,
  result: CalendarImport,
): SessionPlan | undefined {
  if (before !== undefined && event.sequence < (before.sequence ?? 0)) return before
  if (event.isCancelled) return undefined
  const read = planOf(event, timeZone)
  if (typeof read === 'string') {
    result.problems.push({ uid: event.uid, summary: event.summary, code: read })
    return before
  }
  // What a teacher added here (group, places, exam) stays; when it takes place comes from the feed.
  const { repeat: _repeat, title: _title, ...kept }: Kept = before ?? emptyPlan
  return { ...kept, ...read }
}

type Kept = Omit<SessionPlan, keyof Times> & { repeat?: unknown; title?: unknown }

const emptyPlan: Kept = {
  holidays: 'keep',
  stayMinutes: 0,
  spares: 0,
  exam: false,
  extraTime: [],
}

type Times = Pick<
  SessionPlan,
  'start' | 'minutes' | 'except' | 'also' | 'move' | 'uid' | 'sequence'
> & {
  repeat?: string
  title?: string
}

function planOf(event: CalendarEvent, timeZone: string): Times | CalendarProblem {
  const start = event.component.getFirstPropertyValue('dtstart')
  if (!(start instanceof ICAL.Time) || start.isDate) return 'whole-day'
  const minutes = minutesOf(event.component, start)
  if (minutes === undefined || minutes < 5) return 'no-end'
  const repeat = repeatOf(event.component)
  if (repeat === 'endless-series' || repeat === 'series-not-understood') return repeat
  const walls = (name: string) =>
    event.component
      .getAllProperties(name)
      .flatMap((property) => property.getValues())
      .filter((value) => value instanceof ICAL.Time)
      .map((value) => (value.isDate ? value.toString().slice(0, 10) : wallText(value, timeZone)))
      .toSorted()
  return {
    start: wallText(start, timeZone),
    minutes,
    ...(repeat === undefined ? {} : { repeat }),
    except: walls('exdate'),
    also: walls('rdate').filter((wall) => wall.length > 10),
    move: {},
    ...(event.summary === '' ? {} : { title: event.summary.slice(0, 200) }),
    uid: event.uid,
    sequence: event.sequence,
  }
}

function minutesOf(component: ICAL.Component, start: ICAL.Time): number | undefined {
  const end = component.getFirstPropertyValue('dtend')
  if (end instanceof ICAL.Time)
    return Math.round((instantIn(end, 'UTC') - instantIn(start, 'UTC')) / 60_000)
  const duration = component.getFirstPropertyValue('duration')
  if (duration instanceof ICAL.Duration) return Math.round(duration.toSeconds() / 60)
  return undefined
}

function repeatOf(component: ICAL.Component): string | undefined {
  const rule = component.getFirstPropertyValue('rrule')
  if (rule === null) return undefined
  const text = String(rule)
  if (!/^FREQ=(DAILY|WEEKLY|MONTHLY)/.test(text)) return 'series-not-understood'
  return /;(COUNT|UNTIL)=/.test(text) ? text : 'endless-series'
}

/** A time of the feed as the course's wall time. */
function wallText(time: ICAL.Time, timeZone: string): string {
  return formatWall(wallOf(instantIn(time, timeZone), timeZone))
}

/** UTC as it is; a zone by its IANA name, else by the feed's own VTIMEZONE; a floating time in ours. */
function instantIn(time: ICAL.Time, timeZone: string): number {
  const { zone } = time
  const wall = Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute)
  const name = zone?.tzid ?? 'floating'
  if (name === 'UTC' || name === 'Z') return wall
  if (name === 'floating') return instantOf(wall, timeZone)
  return isIana(name) ? instantOf(wall, name) : time.toUnixTime() * 1000
}

function isIana(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0
  } catch {
    return false
  }
}

/** One class of a series: cancelled, or at another time. Its length stays the series'. */
function replaceClass(
  series: SessionPlan | undefined,
  event: CalendarEvent,
  replaces: ICAL.Time,
  timeZone: string,
): SessionPlan | undefined {
  if (series === undefined || event.sequence < (series.sequence ?? 0)) return series
  const planned = wallText(replaces, timeZone)
  const { [planned]: _old, ...move } = series.move
  const except = series.except.filter((wall) => wall !== planned)
  if (event.isCancelled) return { ...series, move, except: [...except, planned].toSorted() }
  const start = event.component.getFirstPropertyValue('dtstart')
  if (!(start instanceof ICAL.Time)) return series
  const moved = wallText(start, timeZone)
  return { ...series, except, move: moved === planned ? move : { ...move, [planned]: moved } }
}
