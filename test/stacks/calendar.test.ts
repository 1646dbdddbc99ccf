import { expect, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { courseCalendar, studentCalendar } from '../../stacks/rules/calendar-export.ts'
import { importCalendar } from '../../stacks/rules/calendar-import.ts'
import { courseSchema } from '../../stacks/schema.ts'
import { campus } from '../campus/campus.ts'

const event = (lines: string) => `BEGIN:VEVENT\n${lines}\nEND:VEVENT`
const feed = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//Timetable//EN', ...events, 'END:VCALENDAR']
    .join('\n')
    .replaceAll('\n', '\r\n')

const courses = ['networks', 'systems'].map((key) =>
  courseSchema.parse({
    key,
    title: key,
    environment: 'terminal',
    pool: 'cloud',
    seat: { cpu: 1, memoryMb: 1024 },
    students: 20,
  }),
)
const matches = [
  { course: 'networks', contains: 'NET101' },
  { course: 'systems', contains: 'SYS200' },
]
const weekly = (rest = '') =>
  event(
    `UID:net-1\nSEQUENCE:1\nSUMMARY:NET101 Lab\nDTSTART;TZID=Europe/Paris:20261123T080000\nDTEND;TZID=Europe/Paris:20261123T100000\nRRULE:FREQ=WEEKLY;COUNT=4${rest}`,
  )
const read = (text: string, from = courses) => importCalendar(text, from, matches, 'Europe/Paris')

test('one feed fills many courses, whatever the zone its times are in', () => {
  const single = event(
    'UID:sys-1\nSUMMARY:Exam\nCATEGORIES:SYS200\nDTSTART:20261124T070000Z\nDURATION:PT1H30M',
  )
  const {
    courses: after,
    changes,
    problems,
  } = read(feed(weekly('\nEXDATE;TZID=Europe/Paris:20261130T080000'), single))
  expect(problems).toEqual([])
  expect(changes.map((one) => [one.course, one.change])).toEqual([
    ['networks', 'added'],
    ['systems', 'added'],
  ])
  expect(after[0]?.sessions).toMatchObject([
    {
      start: '2026-11-23T08:00',
      minutes: 120,
      repeat: 'FREQ=WEEKLY;COUNT=4',
      except: ['2026-11-30T08:00'],
    },
  ])
  expect(after[1]?.sessions).toMatchObject([
    { start: '2026-11-24T08:00', minutes: 90, uid: 'sys-1' },
  ])
})

test('a feed read twice changes nothing, and the same objects come back', () => {
  const once = read(feed(weekly())).courses
  const twice = read(feed(weekly()), once)
  expect(twice.changes).toEqual([])
  expect(twice.courses[0]).toBe(once[0])
})

test('a higher sequence replaces, a lower one is old news, and what the teacher added stays', () => {
  const once = read(feed(weekly())).courses
  const edited = once.map((course) => ({
    ...course,
    sessions: course.sessions.map((plan) => ({ ...plan, spares: 2, atOnce: 10 })),
  }))
  const later = read(
    feed(weekly().replace('SEQUENCE:1', 'SEQUENCE:2').replaceAll('T08', 'T09')),
    edited,
  )
  expect(later.courses[0]?.sessions).toMatchObject([
    { start: '2026-11-23T09:00', spares: 2, atOnce: 10, sequence: 2 },
  ])
  const older = read(feed(weekly().replaceAll('T08', 'T07')), later.courses)
  expect(older.changes).toEqual([])
  expect(older.courses[0]?.sessions[0]?.start).toBe('2026-11-23T09:00')
})

test('one class of a series moves or is cancelled, and the series is cancelled by its UID', () => {
  const id = 'UID:net-1\nSEQUENCE:1\nSUMMARY:NET101 Lab\nRECURRENCE-ID;TZID=Europe/Paris:'
  const moved = event(
    `${id}20261130T080000\nDTSTART;TZID=Europe/Paris:20261201T103000\nDTEND;TZID=Europe/Paris:20261201T123000`,
  )
  const off = event(
    `${id}20261207T080000\nSTATUS:CANCELLED\nDTSTART;TZID=Europe/Paris:20261207T080000`,
  )
  const { courses: after } = read(feed(moved, weekly(), off))
  expect(after[0]?.sessions).toMatchObject([
    { move: { '2026-11-30T08:00': '2026-12-01T10:30' }, except: ['2026-12-07T08:00'] },
  ])
  expect(read(feed(moved, weekly(), off), after).changes).toEqual([])
  const gone = read(
    feed(
      event(
        'UID:net-1\nSEQUENCE:3\nSTATUS:CANCELLED\nSUMMARY:NET101 Lab\nDTSTART:20261123T070000Z',
      ),
    ),
    after,
  )
  expect(gone.changes).toEqual([{ course: 'networks', uid: 'net-1', change: 'cancelled' }])
  expect(gone.courses[0]?.sessions).toEqual([])
})

test('a zone the feed defines itself is understood', () => {
  const zone =
    'BEGIN:VTIMEZONE\nTZID:School time\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE'
  const single = event(
    'UID:n\nSUMMARY:NET101\nDTSTART;TZID=School time:20261123T100000\nDTEND;TZID=School time:20261123T120000',
  )
  expect(read(feed(zone, single)).courses[0]?.sessions).toMatchObject([
    { start: '2026-11-23T08:00', minutes: 120 },
  ])
})

test('what cannot be taken over is said, event by event', () => {
  const { problems, changes } = read(
    feed(
      event('UID:1\nSUMMARY:Staff party\nDTSTART:20261124T070000Z\nDURATION:PT1H'),
      event('UID:2\nSUMMARY:NET101 and SYS200\nDTSTART:20261124T070000Z\nDURATION:PT1H'),
      event('UID:3\nSUMMARY:NET101\nDTSTART;VALUE=DATE:20261124'),
      event('UID:4\nSUMMARY:NET101\nDTSTART:20261124T070000Z'),
      event('UID:5\nSUMMARY:NET101\nDTSTART:20261124T070000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY'),
      event(
        'UID:6\nSUMMARY:NET101\nDTSTART:20261124T070000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;COUNT=2',
      ),
    ),
  )
  expect(changes).toEqual([])
  expect(problems.map((one) => `${one.uid} ${one.code}`)).toEqual([
    '1 matches-no-course',
    '2 matches-several-courses',
    '3 whole-day',
    '4 no-end',
    '5 endless-series',
    '6 series-not-understood',
  ])
  expect(read('<html>not found</html>').problems[0]?.code).toBe('not-a-calendar')
})

const plan = compile(campus(5, { courses: 8, weeks: 4, sessionsPerWeek: 2, seats: 30 })).blueprint
const options = {
  name: 'Example University',
  language: 'fr' as const,
  title: (key: string) => ({ fr: `Cours, ${key}; suite`, en: key }),
  stampedAt: '2026-09-01T00:00:00Z',
  sequence: 3,
}

test('what is exported can be imported: every class comes back at its time', () => {
  for (const course of plan.courses.filter((one) =>
    one.sessions.every((session) => session.kind !== 'project'),
  )) {
    const blank = courseSchema.parse({ ...courses[0], key: course.key })
    const text = courseCalendar(plan, course.key, options)
    expect(text.split('\r\n').every((line) => Buffer.byteLength(line) <= 75)).toBe(true)
    const back = importCalendar(
      text,
      [blank],
      [{ course: course.key, contains: course.key }],
      'Europe/Paris',
    )
    const starts = compile({
      ...campus(5, { courses: 1, weeks: 1, sessionsPerWeek: 1, seats: 1 }),
      courses: back.courses,
    }).blueprint.courses[0]?.sessions.map((session) => session.startsAt)
    expect(starts).toEqual(course.sessions.map((session) => session.startsAt))
  }
})

test('a student sees the classes of their own group only', () => {
  const course = plan.courses.find((one) => one.sessions.some((session) => session.group !== null))
  expect(course).toBeDefined()
  const key = course?.key ?? ''
  const mine =
    course?.sessions.filter((session) => session.group === 'g1' || session.group === null) ?? []
  const text = studentCalendar(plan, [{ course: key, seat: 1 }], options)
  expect(text.match(/BEGIN:VEVENT/g)).toHaveLength(mine.length)
  expect(text).not.toContain('(g2)')
})
