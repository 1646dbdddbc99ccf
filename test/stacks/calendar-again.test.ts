/** Feeds that are partly unreadable, and UIDs that look like others. */
import ICAL from 'ical.js'
import { expect, test, vi } from 'vitest'
import { importCalendar } from '../../stacks/rules/calendar-import.ts'
import { courseSchema } from '../../stacks/schema.ts'

const event = (lines: string) => `BEGIN:VEVENT\n${lines}\nEND:VEVENT`
const feed = (...parts: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//Timetable//EN', ...parts, 'END:VCALENDAR']
    .join('\n')
    .replaceAll('\n', '\r\n')

const course = courseSchema.parse({
  ...{ key: 'networks', title: 'Networks', environment: 'terminal', pool: 'cloud', students: 20 },
  seat: { cpu: 1, memoryMb: 1024 },
})
const read = (text: string, from = course) =>
  importCalendar(text, [from], [{ course: 'networks', contains: 'NET101' }], 'Europe/Paris')
const zone = (name: string) =>
  `BEGIN:VTIMEZONE\nTZID:${name}\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE`
const single = (uid: string, day = '24') =>
  event(
    `UID:${uid}\nSUMMARY:NET101 ${uid}\nDTSTART;TZID=School time:202611${day}T100000\nDTEND;TZID=School time:202611${day}T120000`,
  )
const malformed = event('UID:bad\nSUMMARY:NET101 bad\nno line at all')

test('an event that cannot be read costs no more than reading everything once more', () => {
  const zones = Array.from({ length: 200 }, (_, i) => zone(`School ${i}`))
  const singles = Array.from({ length: 100 }, (_, i) => single(`n-${i}`))
  const text = feed(zone('School time'), ...zones, ...singles, malformed)
  const parse = vi.spyOn(ICAL, 'parse')
  const { courses, problems } = read(text)
  const parsed = parse.mock.calls.reduce((sum, [part]) => sum + part.length, 0)
  expect(parsed).toBeLessThan(text.length * 2.1)
  expect(problems).toEqual([{ uid: '', summary: 'NET101 bad', code: 'not-understood' }])
  // The feed's own zones are still theirs.
  expect(courses[0]?.sessions.map((one) => one.start)).toEqual(
    singles.map(() => '2026-11-24T08:00'),
  )
})

test('times in a zone that the feed does not describe cost no look through all those it does', () => {
  const zones = Array.from({ length: 100 }, (_, i) => zone(`School ${i}`))
  const singles = Array.from({ length: 100 }, (_, i) => single(`n-${i}`))
  const looks = vi.spyOn(ICAL.Component.prototype, 'getFirstProperty')
  const { courses } = read(feed(...zones, ...singles))
  expect(courses[0]?.sessions).toHaveLength(100)
  expect(looks.mock.calls.filter(([name]) => name === 'tzid').length).toBeLessThan(300)
})

test('what stands around an event that cannot be read may be long, and says what all of them are', () => {
  const note = `X-NOTE:${'x'.repeat(200_000)}`
  const taken = read(feed(zone('School time'), note, single('a'))).courses[0]!
  const gone = read(feed('METHOD:CANCEL', zone('School time'), note, single('a'), malformed), taken)
  expect(gone.courses[0]?.sessions).toEqual([])
})

test('an event that is left open, or closes another, takes none with it', () => {
  const open = 'BEGIN:VEVENT\nUID:open\nSUMMARY:NET101 open\nDTSTART:20261124T080000Z'
  const closing = event('UID:closing\nSUMMARY:NET101 closing\nEND:VCALENDAR\nBEGIN:VTODO')
  const { courses, problems } = read(
    feed(zone('School time'), open, single('a'), closing, single('b')),
  )
  expect(courses[0]?.sessions.map((one) => one.uid)).toEqual(['a', 'b'])
  expect(problems.map((one) => `${one.summary} ${one.code}`)).toEqual([
    'NET101 open not-understood',
    'NET101 closing not-understood',
  ])
})

test.each([[['A/B', 'A']], [['A', 'A/B']]])('%j: one UID may begin as another', (uids) => {
  const text = feed(zone('School time'), ...uids.map((uid, i) => single(uid, `2${i + 4}`)))
  const { courses, problems } = read(text)
  expect(courses[0]?.sessions.map((one) => one.uid)).toEqual(uids)
  expect(problems).toEqual([])
  // With what a teacher added to each.
  const sessions = courses[0]!.sessions.map((one) => ({ ...one, students: 7 }))
  const again = read(text, { ...courses[0]!, sessions })
  expect(again.changes).toEqual([])
  expect(again.courses[0]?.sessions.map((one) => one.students)).toEqual([7, 7])
})
