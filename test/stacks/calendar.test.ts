import { expect, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { courseCalendar, studentCalendar } from '../../stacks/rules/calendar-export.ts'
import { importCalendar } from '../../stacks/rules/calendar-import.ts'
import { formatWall } from '../../stacks/rules/clock.ts'
import { plannedClasses } from '../../stacks/rules/schedule.ts'
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

const paris = (id: string, at: string, end = '') =>
  `UID:net-1\nSUMMARY:NET101 Lab\nRECURRENCE-ID;TZID=Europe/Paris:${id}\nDTSTART;TZID=Europe/Paris:${at}${end && `\nDTEND;TZID=Europe/Paris:${end}`}`
const moved = (more = '') =>
  event(`${paris('20261130T080000', '20261201T103000', '20261201T123000')}${more}`)
const heldIn = (text: string, from = courses) => {
  const { courses: after, problems } = read(text, from)
  const zone = { timeZone: 'Europe/Paris', holidays: [] }
  const held = plannedClasses(after[0]!, zone).map(
    ({ wall, plan: { minutes } }) => `${formatWall(wall)} ${minutes}`,
  )
  return { after, held: held.toSorted(), codes: problems.map((one) => one.code) }
}

test('what is said of one class holds as long as its series does, whatever its own count of changes', () => {
  const later = weekly().replace('SEQUENCE:1', 'SEQUENCE:4')
  const { after, held } = heldIn(feed(later, moved('\nSEQUENCE:1')))
  expect(held).toContain('2026-12-01T10:30 120')
  // Alone, and older than what is known, it is old news.
  const alone = paris('20261207T080000', '20261208T080000', '20261208T100000')
  expect(read(feed(event(`${alone}\nSEQUENCE:1`)), after).changes).toEqual([])
})

test('one class of a series may be longer or shorter than the others, and is known again', () => {
  const longer = event(paris('20261130T080000', '20261130T080000', '20261130T120000'))
  const { after, held } = heldIn(feed(weekly(), longer))
  expect(held).toEqual([
    '2026-11-23T08:00 120',
    '2026-11-30T08:00 240',
    '2026-12-07T08:00 120',
    '2026-12-14T08:00 120',
  ])
  expect(read(feed(weekly(), longer), after).changes).toEqual([])
  const usual = heldIn(feed(weekly()), after)
  expect(usual.held).toContain('2026-11-30T08:00 120')
  expect(usual.held).toHaveLength(4)
  const gone = event('UID:net-1\nSEQUENCE:3\nSTATUS:CANCELLED\nSUMMARY:NET101 Lab')
  expect(heldIn(feed(gone), after).held).toEqual([])
})

test('a class of a series that the calendar does not have is a class of its own', () => {
  const { after, held } = heldIn(feed(moved()))
  expect(held).toEqual(['2026-12-01T10:30 120'])
  expect(read(feed(moved()), after).changes).toEqual([])
  expect(heldIn(feed(weekly(), moved()), after).held).toEqual([
    '2026-11-23T08:00 120',
    '2026-12-01T10:30 120',
    '2026-12-07T08:00 120',
    '2026-12-14T08:00 120',
  ])
})

test('a series in another zone is held at its own instants, over midnight and a change of clocks', () => {
  const series = (start: string, end: string, rule: string, more = '') =>
    event(`UID:far\nSUMMARY:NET101\nDTSTART${start}\nDTEND${end}\nRRULE:${rule}${more}`)
  // 23:30 in UTC on Monday is half past midnight on Tuesday.
  const night = series(':20261123T233000Z', ':20261124T003000Z', 'FREQ=WEEKLY;BYDAY=MO;COUNT=2')
  expect(heldIn(feed(night)).held).toEqual(['2026-11-24T00:30 60', '2026-12-01T00:30 60'])
  // Clocks go back on 25 October: what is said in UTC stays where it is in UTC.
  const utc = series(
    ...([':20261019T080000Z', ':20261019T090000Z', 'FREQ=WEEKLY;UNTIL=20261102T080000Z'] as const),
    '\nEXDATE:20261019T080000Z',
  )
  const { after, held } = heldIn(feed(utc))
  expect(held).toEqual(['2026-10-26T09:00 60', '2026-11-02T09:00 60'])
  expect(read(feed(utc), after).changes).toEqual([])
  const montreal = series(
    ';TZID=America/Toronto:20261019T090000',
    ';TZID=America/Toronto:20261019T100000',
    'FREQ=WEEKLY;COUNT=3',
  )
  expect(heldIn(feed(montreal)).held).toEqual([
    '2026-10-19T15:00 60',
    '2026-10-26T14:00 60',
    '2026-11-02T15:00 60',
  ])
})

test('what no plan can hold is said of that event, and the others are taken over', () => {
  const single = (uid: string, more: string) => event(`UID:${uid}\nSUMMARY:NET101 ${uid}\n${more}`)
  const text = feed(
    weekly(),
    single('weeks', 'DTSTART:20261101T080000Z\nDTEND:20261201T080000Z'),
    single(
      'rule',
      'DTSTART:20261101T080000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=99;COUNT=3',
    ),
    single('u'.repeat(501), 'DTSTART:20261101T080000Z\nDURATION:PT1H'),
    event('SUMMARY:NET101\nDTSTART:20261101T080000Z\nDURATION:PT1H'),
    event(
      paris('20261207T080000', '20261207T090000', '20261207T110000').replace(
        'RECURRENCE-ID',
        'RECURRENCE-ID;RANGE=THISANDFUTURE',
      ),
    ),
  )
  const { held, codes } = heldIn(text)
  expect(held).toHaveLength(4)
  expect(codes.toSorted()).toEqual([
    'following-not-understood',
    'no-uid',
    'not-understood',
    'not-understood',
    'too-long',
  ])
})

test('a zone that the feed names and does not describe is the one of that name', () => {
  const single = event(
    'UID:n\nSUMMARY:NET101\nDTSTART;TZID=America/Toronto:20261123T090000\nDTEND;TZID=America/Toronto:20261123T100000',
  )
  expect(heldIn(feed(single)).held).toEqual(['2026-11-23T15:00 60'])
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

test('plans nothing on a day that there is not', () => {
  const at = (uid: string, start: string, more = '') =>
    event(`UID:${uid}\nSUMMARY:NET101\nDTSTART:${start}\nDURATION:PT1H${more}`)
  const { courses: after, problems } = read(
    feed(
      ...[at('no-number', '2026120XT080000Z'), at('no-month', '20261332T080000Z')],
      ...[at('no-leap-day', '20270229T080000Z'), at('no-hour', '20261204T250000Z')],
      at('no-break', '20261201T080000Z', '\nRRULE:FREQ=WEEKLY;COUNT=2\nEXDATE:20261301T080000Z'),
      event('UID:no-end\nSUMMARY:NET101\nDTSTART:20261201T080000Z\nDTEND:20261232T090000Z'),
      ...[at('well', '20261201T080000Z'), weekly()],
    ),
  )
  expect(after[0]?.sessions.map((one) => one.uid)).toEqual(['well', 'net-1'])
  expect(problems.map((one) => `${one.uid} ${one.code}`)).toEqual([
    ...['no-number not-understood', 'no-month not-understood', 'no-leap-day not-understood'],
    ...['no-hour not-understood', 'no-break not-understood', 'no-end not-understood'],
  ])
})
