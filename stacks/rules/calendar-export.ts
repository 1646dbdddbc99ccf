/** Sessions → an iCalendar feed (RFC 5545): one for a course, or one for a student by their seats. */
import ICAL from 'ical.js'
import type { Blueprint, BlueprintSession } from '../blueprint.ts'
import { seatNumbers } from '../blueprint.ts'
import type { Language } from './explain.ts'
import type { Text } from '../terms.ts'
import { parseInstant } from './clock.ts'

export interface CalendarFeed {
  /** Name of the calendar in the reader's program. */
  name: string
  language: Language
  title: (courseKey: string) => Text
  /** Address of the workspace page, if the reader may have one. */
  url?: (courseKey: string) => string
  /** ISO instant written as DTSTAMP: when the feed is asked for. */
  stampedAt: string
  /** Version of the plan: readers replace an event of a lower one. */
  sequence: number
}

/** All classes of one course. */
export function courseCalendar(blueprint: Blueprint, course: string, feed: CalendarFeed): string {
  const sessions = blueprint.courses.find((one) => one.key === course)?.sessions ?? []
  return write(
    sessions.map((session) => ({ course, session })),
    feed,
  )
}

/** The classes a student is expected in: those whose seats hold the student's number. */
export function studentCalendar(
  blueprint: Blueprint,
  seats: { course: string; seat: number }[],
  feed: CalendarFeed,
): string {
  const entries = seats.flatMap(({ course, seat }) => {
    const sessions = blueprint.courses.find((one) => one.key === course)?.sessions ?? []
    return sessions
      .filter((session) => seatNumbers(session.seats).includes(seat))
      .map((session) => ({ course, session }))
  })
  return write(entries, feed)
}

function write(
  entries: { course: string; session: BlueprintSession }[],
  feed: CalendarFeed,
): string {
  const calendar = new ICAL.Component('vcalendar')
  calendar.addPropertyWithValue('version', '2.0')
  calendar.addPropertyWithValue('prodid', '-//Labplan//Labplan//EN')
  calendar.addPropertyWithValue('x-wr-calname', feed.name)
  const inOrder = entries
    .filter(({ session }) => session.kind !== 'booking')
    .toSorted((a, b) =>
      a.session.startsAt + a.session.key < b.session.startsAt + b.session.key ? -1 : 1,
    )
  for (const { course, session } of inOrder)
    calendar.addSubcomponent(eventOf(course, session, feed))
  return `${calendar.toString()}\r\n`
}

function eventOf(course: string, session: BlueprintSession, feed: CalendarFeed): ICAL.Component {
  const event = new ICAL.Component('vevent')
  // The key stays when a class moves, so that a calendar moves it too instead of showing both.
  event.addPropertyWithValue('uid', `${session.key}@labplan`)
  event.addPropertyWithValue('dtstamp', utc(feed.stampedAt))
  event.addPropertyWithValue('sequence', feed.sequence)
  event.addPropertyWithValue('dtstart', utc(session.startsAt))
  event.addPropertyWithValue('dtend', utc(session.endsAt))
  const title = feed.title(course)[feed.language]
  event.addPropertyWithValue(
    'summary',
    session.group === null ? title : `${title} (${session.group})`,
  )
  event.addPropertyWithValue('categories', course)
  const url = feed.url?.(course)
  if (url !== undefined) event.addPropertyWithValue('url', url)
  return event
}

function utc(instant: string): ICAL.Time {
  return ICAL.Time.fromJSDate(new Date(parseInstant(instant)), true)
}
