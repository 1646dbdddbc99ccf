/** When an event of a calendar takes place, as the wall times of a course: start, length, and how it repeats. */
import ICAL from 'ical.js'
import type { SessionPlan } from '../terms.ts'
import { formatWall, instantOf, wallOf } from './clock.ts'
import { seriesWalls } from './schedule.ts'
import { ruleFor } from './series-edit.ts'

const MOST_MINUTES = 20_160
const MOST_CLASSES = 1000

export type TimesProblem =
  | 'whole-day'
  | 'no-end'
  | 'too-long'
  | 'endless-series'
  | 'series-not-understood'

export type EventTimes = Pick<SessionPlan, 'start' | 'minutes' | 'except' | 'also' | 'move'> & {
  repeat?: string
}

/** Throws for times that are none. */
export function timesOf(component: ICAL.Component, timeZone: string): EventTimes | TimesProblem {
  const start = timeIn(component, 'dtstart')
  if (!start || start.time.isDate) return 'whole-day'
  const minutes = minutesOf(component)
  if (minutes === undefined || minutes < 5) return 'no-end'
  if (minutes > MOST_MINUTES) return 'too-long'
  const rule = component.getFirstPropertyValue('rrule')
  const series = rule === null ? undefined : seriesOf(start, String(rule), timeZone)
  if (typeof series === 'string') return series
  const walls = (name: string) =>
    component
      .getAllProperties(name)
      .flatMap(timesIn)
      .map((one) => (one.time.isDate ? one.time.toString().slice(0, 10) : wallText(one, timeZone)))
      .toSorted()
  const { repeat, also = [] } = series ?? {}
  return {
    start: series?.start ?? wallText(start, timeZone),
    minutes,
    ...(repeat === undefined ? {} : { repeat }),
    except: walls('exdate'),
    also: [...new Set([...also, ...walls('rdate').filter((wall) => wall.length > 10)])].toSorted(),
    move: {},
  }
}

/** A time, and the name of the zone it is in: a feed may name one that it does not describe. */
export type ZonedTime = { time: ICAL.Time; zone: string }

export function timeIn(component: ICAL.Component, name: string): ZonedTime | undefined {
  const property = component.getFirstProperty(name)
  return property ? timesIn(property)[0] : undefined
}

function timesIn(property: ICAL.Property): ZonedTime[] {
  const named = property.getParameter('tzid')
  return property
    .getValues()
    .filter((value) => value instanceof ICAL.Time)
    .map((time) => {
      const known = time.zone?.tzid ?? 'floating'
      const isNamed = known === 'floating' && typeof named === 'string' && isIana(named)
      return { time, zone: isNamed ? named : known === 'Z' ? 'UTC' : known }
    })
}

const TIMES = ['dtstart', 'dtend', 'recurrence-id', 'exdate', 'rdate']

/** Whether each of its times is one: ical.js takes the 32nd of a month for the first of the next, and no number for none. */
export const hasRealTimes = (component: ICAL.Component): boolean =>
  TIMES.flatMap((name) => component.getAllProperties(name)).every((property) => {
    const written = property.jCal.slice(3).map(String)
    return property
      .getValues()
      .every((value, i) => !(value instanceof ICAL.Time) || isAsWritten(value, written[i] ?? ''))
  })

const MINUTE_LENGTH = '2026-11-24T10:00'.length

const isAsWritten = (time: ICAL.Time, written: string): boolean =>
  time.toString().slice(0, MINUTE_LENGTH) === written.slice(0, MINUTE_LENGTH)

/** Undefined without an end. */
export function minutesOf(component: ICAL.Component): number | undefined {
  const [start, end] = [timeIn(component, 'dtstart'), timeIn(component, 'dtend')]
  if (start && end) return Math.round((instantIn(end, 'UTC') - instantIn(start, 'UTC')) / 60_000)
  const duration = component.getFirstPropertyValue('duration')
  if (duration instanceof ICAL.Duration) return Math.round(duration.toSeconds() / 60)
  return undefined
}

type Series = Pick<SessionPlan, 'start' | 'repeat' | 'also'>

/**
 * A rule repeats in the zone its event is in (RFC 5545 §3.3.10). Where that is another one than the course's, its days and hours
 * there may be others here: the rule as it is when it says the same, else one like it, else day by day.
 */
function seriesOf(start: ZonedTime, rule: string, timeZone: string): Series | TimesProblem {
  if (!/^FREQ=(DAILY|WEEKLY|MONTHLY)/.test(rule)) return 'series-not-understood'
  if (!/;(COUNT|UNTIL)=/.test(rule)) return 'endless-series'
  try {
    const instants = instantsOf(start, rule, timeZone)
    if (instants.length === 0) return 'series-not-understood'
    const walls = instants.map((instant) => wallOf(instant, timeZone))
    return ruleFor(walls, { repeat: rule, also: [] }, timeZone)
  } catch {
    return 'series-not-understood'
  }
}

function instantsOf(start: ZonedTime, rule: string, timeZone: string): number[] {
  const zone = start.zone === 'floating' ? timeZone : start.zone
  if (isIana(zone)) {
    const plan = { start: formatWall(wallIn(start.time)), repeat: rule }
    return seriesWalls(plan, zone).map((wall) => instantOf(wall, zone))
  }
  const found: number[] = []
  const times = ICAL.Recur.fromString(rule).iterator(start.time)
  for (let time = times.next(); time && found.length < MOST_CLASSES; time = times.next())
    found.push(instantIn({ time, zone }, timeZone))
  return found
}

/** A time of the feed as the course's wall time. */
export function wallText(time: ZonedTime, timeZone: string): string {
  return formatWall(wallOf(instantIn(time, timeZone), timeZone))
}

/** UTC as it is; a zone by its IANA name, else by the feed's own VTIMEZONE; a floating time in ours. */
function instantIn({ time, zone }: ZonedTime, timeZone: string): number {
  if (zone === 'UTC') return wallIn(time)
  if (zone === 'floating') return instantOf(wallIn(time), timeZone)
  return isIana(zone) ? instantOf(wallIn(time), zone) : time.toUnixTime() * 1000
}

const wallIn = (time: ICAL.Time): number =>
  Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute)

function isIana(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0
  } catch {
    return false
  }
}
