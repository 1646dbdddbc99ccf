/** When does a course meet? Series, exceptions, holidays and moves → sessions with their instants. */
import { RRuleTemporal } from 'rrule-temporal'
import { Temporal } from 'temporal-polyfill'
import type { Course, Holiday, Note, ProjectPeriod, SessionPlan, Zone } from '../terms.ts'
import type { Policy } from '../terms-policy.ts'
import { canonicalJson } from '../blueprint.ts'
import { formatWall, instantOf, parseWall } from './clock.ts'
import { isInDays, parseHours } from './hours.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** A session with instants in epoch ms; wall times as "UTC" ms. */
export interface Occurrence {
  key: string
  kind: 'class' | 'exam' | 'project' | 'booking'
  plan: SessionPlan | undefined
  project: ProjectPeriod | undefined
  group: string | undefined
  pool: string
  wallStart: number
  startsAt: number
  endsAt: number
  opensAt: number
  leadStartsAt: number
  readyAt: number
  /** End, stay and grace of those without extra time. */
  commonEndsAt: number
  /** End of everybody, extra time included. */
  graceEndsAt: number
  students: number
  atOnce: number
  spares: number
  warm: number
  /** Places with more time than the others: how many, until when (grace included). */
  extra: { seats: number; until: number }[]
}

export interface Schedule {
  occurrences: Occurrence[]
  notes: Note[]
}

/** All sessions of a course in order of start, and what has to be said about them. */
export function schedule(course: Course, zone: Zone, policy: Policy): Schedule {
  const timeZone = course.timeZone ?? zone.timeZone
  const notes: Note[] = []
  const occurrences: Occurrence[] = []
  const used = new Set<string>()
  for (const { plan, wall, key } of plannedClasses(course, zone, used, notes))
    occurrences.push(classAt(course, plan, policy, { key, wall, timeZone }, notes))
  for (const project of course.projects) {
    occurrences.push(...projectWindows(course, project, policy, timeZone, used))
  }
  occurrences.sort((a, b) => a.startsAt - b.startsAt || (a.key < b.key ? -1 : 1))
  return { occurrences, notes }
}

export interface PlannedClass {
  key: string
  /** One of `course.sessions`. */
  plan: SessionPlan
  /** Wall times as "UTC" ms: `planned` names it for good, at `wall` it takes place. */
  planned: number
  wall: number
}

/** Every class of the course that is held, whatever the course's state. */
export function plannedClasses(
  course: Course,
  zone: Pick<Zone, 'timeZone' | 'holidays'>,
  used = new Set<string>(),
  notes: Note[] = [],
): PlannedClass[] {
  const timeZone = course.timeZone ?? zone.timeZone
  // In order of the documents' content, so that the order of writing decides nothing.
  return course.sessions.toSorted(byContent).flatMap((plan) =>
    classesOf(course, plan, zone.holidays, timeZone, notes).map(({ planned, wall }) => {
      const key = uniqueKey(used, `${course.key}/${formatWall(planned)}`, plan.group)
      return { key, plan, planned, wall }
    }),
  )
}

function byContent(a: SessionPlan, b: SessionPlan): number {
  const text = (plan: SessionPlan) => `${plan.start} ${plan.group ?? ''} ${canonicalJson(plan)}`
  return text(a) < text(b) ? -1 : 1
}

function uniqueKey(used: Set<string>, base: string, group: string | undefined): string {
  let key = group === undefined ? base : `${base}/${group}`
  for (let n = 2; used.has(key); n++) key = `${base}/${group ?? ''}${n}`
  used.add(key)
  return key
}

/** Wall times of a series: `planned` names the class for good, `wall` is when it happens. */
function classesOf(
  course: Course,
  plan: SessionPlan,
  holidays: Holiday[],
  timeZone: string,
  notes: Note[],
): { planned: number; wall: number }[] {
  const excepted = new Set(plan.except)
  const planned = new Set([...seriesWalls(plan, timeZone), ...plan.also.map(parseWall)])
  const matched = new Set<string>()
  const classes: { planned: number; wall: number }[] = []
  for (const wall of [...planned].toSorted((a, b) => a - b)) {
    const text = formatWall(wall)
    const isExcepted = [text, text.slice(0, 10)].filter((name) => excepted.has(name))
    for (const name of isExcepted) matched.add(name)
    const moved = plan.move[text]
    if (moved !== undefined) matched.add(text)
    if (isExcepted.length > 0) continue
    const holiday = moved === undefined ? holidayOn(text.slice(0, 10), plan, holidays) : undefined
    if (holiday === undefined) {
      classes.push({ planned: wall, wall: moved === undefined ? wall : parseWall(moved) })
    } else {
      const params = { holiday: holiday.title, wall: text }
      notes.push({
        code: 'class-on-holiday',
        severity: 'info',
        where: { course: course.key },
        params,
      })
    }
  }
  const unmatched = [...plan.except, ...Object.keys(plan.move)].filter((name) => !matched.has(name))
  for (const wall of unmatched) {
    const where = { course: course.key }
    notes.push({ code: 'exception-matches-nothing', severity: 'warning', where, params: { wall } })
  }
  return classes
}

/** A day added by hand (`also`) or moved is meant: only the rule's own days give way to holidays. */
function holidayOn(day: string, plan: SessionPlan, holidays: Holiday[]): Holiday | undefined {
  if (plan.holidays === 'keep' || plan.also.some((wall) => wall.startsWith(day))) return undefined
  return holidays.find((holiday) => holiday.from <= day && day <= holiday.to)
}

const parsedRules = new Map<string, number[]>()

/**
 * Wall times of the rule alone, as "UTC" ms. It is expanded on wall time (as if in UTC), so that 08:00 stays 08:00
 * across clock changes; an UNTIL in UTC is first read in the zone (RFC 5545 §3.3.10).
 */
export function seriesWalls(
  plan: Pick<SessionPlan, 'start' | 'repeat'>,
  timeZone: string,
): number[] {
  if (plan.repeat === undefined) return [parseWall(plan.start)]
  const start = plan.start.replaceAll(/[-:]/g, '')
  const text = `DTSTART:${start}00Z\nRRULE:${untilAsWall(plan.repeat, timeZone)}`
  const known = parsedRules.get(text)
  if (known !== undefined) return known
  const walls = new RRuleTemporal({ rruleString: text, tzid: 'UTC' })
    .all((_date, count) => count < 1000)
    .map((date) => date.epochMilliseconds)
  parsedRules.set(text, walls)
  return walls
}

function untilAsWall(rule: string, timeZone: string): string {
  return rule.replace(
    /UNTIL=(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?/,
    (_all, ...parts: string[]) => {
      const [y, m, d, hour, minute, second, utc] = parts
      if (hour === undefined) return `UNTIL=${y}${m}${d}T235959Z`
      const text = `${y}-${m}-${d}T${hour}:${minute}:${second}`
      const wall =
        utc === undefined
          ? text
          : Temporal.Instant.from(`${text}Z`)
              .toZonedDateTimeISO(timeZone)
              .toPlainDateTime()
              .toString()
      return `UNTIL=${wall.replaceAll(/[-:]/g, '').slice(0, 13).padEnd(13, '0')}${second ?? '00'}Z`
    },
  )
}

function classAt(
  course: Course,
  plan: SessionPlan,
  policy: Policy,
  at: { key: string; wall: number; timeZone: string },
  notes: Note[],
): Occurrence {
  const startsAt = instantOf(at.wall, at.timeZone)
  const endsAt = startsAt + plan.minutes * minuteMs
  const tailMs = (plan.stayMinutes + (plan.graceMinutes ?? policy.graceMinutes)) * minuteMs
  const group = course.groups.find((one) => one.key === plan.group)
  const students = plan.students ?? group?.students ?? course.students
  const atOnce = Math.min(plan.atOnce ?? course.atOnce ?? students, students)
  const longest = Math.max(0, ...plan.extraTime.map((extra) => extra.minutes))
  noteClockChange(course, at, startsAt, endsAt, notes)
  return {
    key: at.key,
    kind: plan.exam ? 'exam' : 'class',
    plan,
    project: undefined,
    group: plan.group,
    pool: plan.pool ?? course.pool,
    wallStart: at.wall,
    startsAt,
    endsAt,
    opensAt: startsAt - (plan.opensMinutesBefore ?? policy.opensMinutesBefore) * minuteMs,
    ...before(startsAt, plan.opensMinutesBefore ?? policy.opensMinutesBefore, policy),
    commonEndsAt: endsAt + tailMs,
    graceEndsAt: endsAt + longest * minuteMs + tailMs,
    students,
    atOnce,
    spares: plan.spares,
    warm: atOnce + plan.spares,
    extra: extraPlaces(plan, atOnce, endsAt, tailMs),
  }
}

/** Ready by the policy's minute, but never later than the doors open; work starts before both. */
function before(startsAt: number, opensMinutes: number, policy: Policy) {
  const readyMinutes = Math.max(policy.readyMinutes, opensMinutes)
  const leadMinutes = Math.max(policy.leadMinutes, readyMinutes)
  return {
    leadStartsAt: startsAt - leadMinutes * minuteMs,
    readyAt: startsAt - readyMinutes * minuteMs,
  }
}

/** Longest first: who has most time holds a place longest. Never more places than run at once. */
function extraPlaces(plan: SessionPlan, atOnce: number, endsAt: number, tailMs: number) {
  let left = atOnce
  const places: { seats: number; until: number }[] = []
  for (const extra of plan.extraTime.toSorted((a, b) => b.minutes - a.minutes)) {
    const seats = Math.min(left, extra.students)
    if (seats > 0) places.push({ seats, until: endsAt + extra.minutes * minuteMs + tailMs })
    left -= seats
  }
  return places
}

/** The night the clock changes, a class may start an hour off or last longer on the wall. */
function noteClockChange(
  course: Course,
  at: { key: string; wall: number; timeZone: string },
  startsAt: number,
  endsAt: number,
  notes: Note[],
): void {
  const wallEnd = at.wall + (endsAt - startsAt)
  if (instantOf(wallEnd, at.timeZone) - startsAt === endsAt - startsAt) return
  const where = { course: course.key, session: at.key }
  notes.push({
    code: 'clock-changes',
    severity: 'info',
    where,
    params: { wall: formatWall(at.wall) },
  })
}

/** A project period: one window per day with hours, or one for the whole span; and its bookings. */
function projectWindows(
  course: Course,
  project: ProjectPeriod,
  policy: Policy,
  timeZone: string,
  used: Set<string>,
): Occurrence[] {
  const first = parseWall(project.from)
  const last = parseWall(project.to)
  const hours = parseHours(project.hours ?? '00:00-24:00')
  const windows: Occurrence[] = []
  const add = (
    kind: 'project' | 'booking',
    name: string,
    from: number,
    to: number,
    seats: number,
  ) => {
    const key = uniqueKey(used, `${course.key}/${name}`, undefined)
    const span = { from: instantOf(from, timeZone), to: instantOf(to, timeZone), wall: from }
    windows.push(projectWindow(course, project, policy, { kind, key, seats, ...span }))
  }
  if (hours.isWholeDay && project.days.length === 7) {
    add('project', `${project.key}/${project.from}`, first, last + dayMs, project.atOnce)
  } else {
    for (let day = first; day <= last; day += dayMs) {
      if (!isInDays(day, project.days)) continue
      const name = `${project.key}/${formatWall(day).slice(0, 10)}`
      add('project', name, day + hours.fromMs, day + hours.toMs, project.atOnce)
    }
  }
  for (const booking of project.bookings) {
    const from = parseWall(booking.start)
    add(
      'booking',
      `${project.key}/${booking.start}`,
      from,
      from + booking.minutes * minuteMs,
      booking.seats,
    )
  }
  return windows
}

function projectWindow(
  course: Course,
  project: ProjectPeriod,
  policy: Policy,
  at: {
    kind: 'project' | 'booking'
    key: string
    seats: number
    from: number
    to: number
    wall: number
  },
): Occurrence {
  const group = course.groups.find((one) => one.key === project.group)
  const students = project.students ?? group?.students ?? course.students
  const isBooking = at.kind === 'booking'
  const graceEndsAt = at.to + policy.graceMinutes * minuteMs
  const places = Math.min(at.seats, students)
  return {
    key: at.key,
    kind: at.kind,
    plan: undefined,
    project,
    group: project.group,
    pool: project.pool ?? course.pool,
    wallStart: at.wall,
    startsAt: at.from,
    endsAt: at.to,
    opensAt: at.from,
    ...before(at.from, 0, policy),
    commonEndsAt: graceEndsAt,
    graceEndsAt,
    students: isBooking ? places : students,
    atOnce: places,
    spares: 0,
    // Who comes when is not known: seats of a project start at the click.
    warm: 0,
    extra: [],
  }
}
