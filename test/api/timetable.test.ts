/** A timetable taken over into a course: seen before it is done, known again the next time, and out again as a feed. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, one, sql } from '../../api/data/db.ts'
import { planClasses, writeId } from '../../api/teaching/plan-edits.ts'
import { takeTimetable } from '../../api/teaching/timetable.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const AT = '/courses/networks-101/timetable'
const site = await openWebsite(BEFORE_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const lms = { courseKey: 'networks-101', contextId: '2', now: BEFORE_CLASS }
const contextId = await addLmsCourse(pool, lms)
const teacher = await signIn(pool, { contextId, role: 'teacher', now: BEFORE_CLASS })
const student = await signIn(pool, { contextId, now: BEFORE_CLASS })
await execute(pool, sql`update membership set edits_plans = person_id = ${teacher.personId}`)

beforeEach(() =>
  importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: networksDocument() }]),
)

const calendar = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//EN', ...events, 'END:VCALENDAR'].join('\n')
const event = (lines: string) => `BEGIN:VEVENT\n${lines}\nEND:VEVENT`
const lab = (sequence: number, more = '') =>
  event(
    `UID:lab-1\nSEQUENCE:${sequence}\nSUMMARY:NET101 lab\nDTSTART;TZID=Europe/Paris:20261126T140000\nDTEND;TZID=Europe/Paris:20261126T160000\nRRULE:FREQ=WEEKLY;COUNT=3${more}`,
  )
const others = [
  event('UID:old-1\nSUMMARY:NET101 lecture\nDTSTART:20250901T080000Z\nDTEND:20250901T100000Z'),
  event('UID:day-1\nSUMMARY:NET101 excursion\nDTSTART;VALUE=DATE:20261201'),
  event('UID:else-1\nSUMMARY:MATH\nDTSTART:20261201T080000Z\nDTEND:20261201T100000Z'),
]

const opened = async () => {
  const { text } = await site.get(AT, { who: teacher })
  return /name="read" value="([0-9a-f]+)"/.exec(text)?.[1] ?? ''
}
const post = async (form: Record<string, string>, read?: string) =>
  site.post(AT, { contains: 'net101', read: read ?? (await opened()), ...form }, { who: teacher })
const documentNow = async () =>
  (
    await one<{ document: string }>(
      pool,
      sql`select document from course where key = 'networks-101'`,
    )
  ).document

it('shows what would change before anything does', async () => {
  const { text } = await post({ feed: calendar(lab(0), ...others) })
  const page = textOf(text)
  expect(page).toContain('NET101 lab')
  expect(page).toContain('Thu 26 Nov 14:00, Thu 3 Dec 14:00, Thu 10 Dec 14:00')
  expect(page).toContain('1 event that is over is left out.')
  expect(page).toContain('It is a whole day, without hours')
  expect(page).not.toContain('MATH |')
  expect(await documentNow()).toBe(networksDocument())
})

it('takes it over, knows it again, and follows what the school changes', async () => {
  expect((await post({ feed: calendar(lab(0)), take: '1' })).status).toBe(303)
  const taken = await documentNow()
  expect(taken).toBe(
    networksDocument().replace(
      'headroom',
      `  - start: 2026-11-26T14:00
    minutes: 120
    repeat: FREQ=WEEKLY;COUNT=3
    holidays: keep
    title: NET101 lab
    uid: lab-1
    sequence: 0
headroom`,
    ),
  )
  expect(textOf((await post({ feed: calendar(lab(0)) })).text)).toContain('Nothing changes')
  const moved = lab(1).replaceAll('20261126T1', '20261127T1')
  expect((await post({ feed: calendar(moved), take: '1' })).status).toBe(303)
  expect(await documentNow()).toBe(
    taken.replace('2026-11-26T14:00', '2026-11-27T14:00').replace('sequence: 0', 'sequence: 1'),
  )
  const gone = calendar(event('UID:lab-1\nSEQUENCE:2\nSTATUS:CANCELLED\nSUMMARY:NET101 lab'))
  expect((await post({ feed: gone, take: '1' })).status).toBe(303)
  expect(await documentNow()).toBe(networksDocument())
})

/** What a teacher does in the plan to the class that stands at a wall time. */
async function changed(wall: string, to: Record<string, string>) {
  const plan = '/courses/networks-101/plan'
  const { text } = await site.get(plan, { who: teacher })
  const read = /name="read" value="([0-9a-f]+)"/.exec(text)?.[1] ?? ''
  const known = planClasses(await documentNow(), { timeZone: 'Europe/Paris', holidays: [] })
  const id = writeId(known.find((one) => one.wall === wall)!.id)
  const open = { class: id, start: wall, minutes: '120', scope: 'one', ...to }
  const form = { read, students: '30', atOnce: '30', state: 'ready', ...open }
  const gone = { ...form, class: '', edits: `remove ${id} one` }
  expect((await site.post(plan, to['gone'] ? gone : form, { who: teacher })).status).toBe(303)
}

it('keeps what was changed by hand when it is taken over again, and says so', async () => {
  await post({ feed: calendar(lab(0)), take: '1' })
  await changed('2026-12-03T14:00', { start: '2026-12-04T09:00' })
  await changed('2026-12-10T14:00', { gone: 'yes' })
  const before = await documentNow()
  const feed = calendar(lab(1))
  const looked = textOf((await post({ feed })).text)
  expect(looked).toContain('2 classes stand otherwise here than in the timetable')
  expect(looked).toContain('Thu 3 Dec 14:00: held on Fri 4 Dec 09:00')
  expect(looked).toContain('Thu 10 Dec 14:00: taken out')
  // Its number in the timetable is all that changes.
  expect(looked).toContain('Changed | Thu 26 Nov 14:00, Fri 4 Dec 09:00 | the same hours |')
  await post({ feed, take: '1' })
  expect(await documentNow()).toBe(before.replace('sequence: 0', 'sequence: 1'))
  const asked = await post({ feed, look: 'timetable' })
  expect(textOf(asked.text)).toContain('What was changed is lost')
  expect(asked.text).toMatch(/name="take"\s+value="timetable"/)
  await post({ feed, take: 'timetable' })
  expect(await documentNow()).not.toMatch(/move:|except:/)
})

it('keeps what was done to an event of one class, until the school moves it itself', async () => {
  const one = (sequence: number, day = '27') =>
    event(
      `UID:one\nSEQUENCE:${sequence}\nSUMMARY:NET101 exam\nDTSTART;TZID=Europe/Paris:202611${day}T140000\nDTEND;TZID=Europe/Paris:202611${day}T160000`,
    )
  await post({ feed: calendar(one(0)), take: '1' })
  await changed('2026-11-27T14:00', { start: '2026-11-27T16:00' })
  await changed('2026-11-27T16:00', { classStudents: '12', start: '2026-11-27T16:00' })
  const before = await documentNow()
  expect(before).toContain('students: 12')
  expect(textOf((await post({ feed: calendar(one(1)) })).text)).toContain(
    'held on Fri 27 Nov 16:00',
  )
  await post({ feed: calendar(one(1)), take: '1' })
  expect(await documentNow()).toBe(before.replace('sequence: 0', 'sequence: 1'))
  const moved = textOf((await post({ feed: calendar(one(2, '30')) })).text)
  expect(moved).toContain('1 class that was changed here')
  await post({ feed: calendar(one(2, '30')), take: '1' })
  expect(await documentNow()).toContain('start: 2026-11-30T14:00')
  expect(await documentNow()).not.toContain('move:')
})

it('follows what the school says of a class that was changed here, and names what it undoes', async () => {
  await post({ feed: calendar(lab(0)), take: '1' })
  await changed('2026-12-03T14:00', { start: '2026-12-04T09:00' })
  const feed = calendar(lab(1, '\nEXDATE;TZID=Europe/Paris:20261203T140000'))
  const looked = textOf((await post({ feed })).text)
  expect(looked).toContain('1 class that was changed here')
  expect(looked).not.toContain('stands otherwise')
})

it('says where a class would be held twice, since its part of the series is planned by hand by now', async () => {
  await post({ feed: calendar(lab(0)), take: '1' })
  await changed('2026-12-03T14:00', { minutes: '180', scope: 'following' })
  const looked = textOf((await post({ feed: calendar(lab(1)) })).text)
  expect(looked).toContain('Thu 3 Dec 14:00, Thu 10 Dec 14:00. Both would be held.')
})

it('takes over only what was looked at', async () => {
  const read = await opened()
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: networksDocument(28) }])
  const late = await post({ feed: calendar(lab(0)), take: '1' }, read)
  expect(late.status).toBe(409)
  // With the timetable still there, and what it would change by now.
  const said = textOf(late.text)
  expect(said).toContain('Somebody else saved this course meanwhile, so nothing was taken over')
  expect(said).toContain('NET101 lab | New')
  expect(late.text).toContain('UID:lab-1')
  expect(await documentNow()).toBe(networksDocument(28))
})

it('is for who plans the course, and says what cannot be read', async () => {
  expect((await site.get(AT, { who: student })).status).toBe(403)
  expect(textOf((await post({ feed: 'hello' })).text)).toContain('This is no iCalendar file.')
})

it('says what to do with a timetable that is too large, and takes what is not', async () => {
  const feed = (megabytes: number) => `${calendar(lab(0))}\n${'x'.repeat(megabytes * 1024 * 1024)}`
  expect(textOf((await post({ feed: feed(1.8) })).text)).toContain('This is no iCalendar file.')
  const large = await post({ feed: feed(9) })
  expect(large.status).toBe(413)
  expect(textOf(large.text)).toContain('less of it')
  expect(large.text).toContain(`href="${AT}"`)
})

it('gives a feed that calendar programs read without a login, and only by its address', async () => {
  const { text } = await site.get(AT, { who: teacher })
  const address = new URL(/copy-button\s+value="([^"]+\.ics)"/.exec(text)?.[1] ?? '')
  const feed = await site.get(address.pathname)
  expect(feed.headers['content-type']).toContain('text/calendar')
  expect(feed.text.match(/BEGIN:VEVENT/g)).toHaveLength(12)
  const forged = address.pathname.replace('networks-101', 'machine-learning-lab')
  expect((await site.get(forged)).status).toBe(404)
  // What goes out comes back as the same classes.
  const zone = { timeZone: 'Europe/Paris', holidays: [] }
  const given = { feed: feed.text, contains: '', zone, today: '2026-11-24' }
  const empty = networksDocument().replace(/sessions:[^]*headroom/, 'headroom')
  expect(takeTimetable(empty, given).changes).toHaveLength(12)
})
