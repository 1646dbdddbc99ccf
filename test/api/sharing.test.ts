/** Courses between colleagues: found by name or address, used, seen or changed as they were shared; and copies. */
import { afterAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { copyCourse, daysBetween } from '../../api/teaching/course-copy.ts'
import { execute, many, one, sql } from '../../api/data/db.ts'
import { coursesToChoose } from '../../api/data/lms/deep-link.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const COURSE = '/courses/networks-101'
const site = await openWebsite(BEFORE_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const now = BEFORE_CLASS
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const elsewhere = await addLmsCourse(pool, {
  courseKey: 'machine-learning-lab',
  contextId: '3',
  now,
})
const teacher = await signIn(pool, { name: 'Teacher One', contextId, role: 'teacher', now })
const teaching = { contextId: elsewhere, role: 'teacher', now } as const
const colleague = await signIn(pool, { ...teaching, name: 'Colleague Two' })
const other = await signIn(pool, { ...teaching, name: 'Colleague Three' })
const student = await signIn(pool, { name: 'Colleague Student', contextId, now })
await execute(
  pool,
  sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
)
await execute(
  pool,
  sql`update person set email = 'two@example.org' where id = ${colleague.personId}`,
)

// The threads that compile start with the first look: no test waits for that.
await site.get(`${COURSE}/plan`, { who: teacher })

const share = (form: Record<string, string>, who = teacher) =>
  site.post(`${COURSE}/sharing`, form, { who })
const statusOf = async (path: string, who = colleague) =>
  (await site.get(COURSE + path, { who })).status

it('finds colleagues by a part of their name or their whole address, and never a student', async () => {
  const find = async (text: string) =>
    textOf((await site.get(`${COURSE}/sharing?find=${text}`, { who: teacher })).text)
  expect(await find('colleague')).toContain('Colleague Two')
  expect(await find('colleague')).not.toContain('Colleague Student')
  expect(await find('TWO@example.org')).toContain('Colleague Two')
  expect(await find('two@example')).toContain('No teacher of your LMS is called that here.')
  expect(await find('co')).toContain('At least three letters.')
  expect(await find('%25%25%25')).toContain('No teacher of your LMS')
})

it('opens to a colleague what was shared, and no more', async () => {
  expect(await statusOf('/plan')).toBe(404)
  expect((await share({ act: 'share', person: student.personId })).status).toBe(400)
  await share({ act: 'share', person: colleague.personId, capability: 'use' })
  expect(await statusOf('/plan')).toBe(404)
  expect(await statusOf('/export')).toBe(200)
  await share({ act: 'share', person: colleague.personId, capability: 'view' })
  const seen = await site.get(`${COURSE}/plan`, { who: colleague })
  expect(textOf(seen.text)).toContain('You may try things here')
  expect(textOf(seen.text)).not.toContain('[ Save ]')
  const read = /name="read" value="([0-9a-f]+)"/.exec(seen.text)?.[1] ?? ''
  const form = { read, students: '25', atOnce: '25', state: 'ready' }
  const looked = await site.post(`${COURSE}/plan/preview`, form, { who: colleague })
  expect(textOf(looked.text)).toContain('from 30 students to 25 students')
  expect((await site.post(`${COURSE}/plan`, form, { who: colleague })).status).toBe(404)
  await share({ act: 'share', person: colleague.personId, capability: 'edit' })
  expect((await site.post(`${COURSE}/plan`, form, { who: colleague })).status).toBe(303)
  // Who sits in the class is for who teaches it.
  expect(await statusOf('')).toBe(404)
  expect(await statusOf('/plan', other)).toBe(404)
  expect(textOf((await site.get('/', { who: colleague })).text)).toContain('Courses you may use')
  await share({ act: 'unshare', person: colleague.personId })
  expect(await statusOf('/plan')).toBe(404)
  const told = await many(
    pool,
    sql`select actor from audit where action = 'course.share' and subject_id is not null`,
  )
  expect(told).toHaveLength(4)
})

it('is in an activity’s choice for all teachers, or for those it is shared with', async () => {
  const { zone_id: zoneId } = await one<{ zone_id: string }>(
    pool,
    sql`select zone_id from course where key = 'networks-101'`,
  )
  const offered = async ({ personId }: typeof teacher) =>
    (await coursesToChoose(pool, { zoneId, personId })).map((course) => course.key)
  expect(await offered(other)).toContain('networks-101')
  await share({ act: 'own' })
  expect(await offered(other)).not.toContain('networks-101')
  expect(await offered(teacher)).toContain('networks-101')
  await share({ act: 'share', person: other.personId, capability: 'use' })
  expect(await offered(other)).toContain('networks-101')
  await share({ act: 'all' })
})

it('duplicates a course to new dates, as the own course of who does it', async () => {
  const copied = await site.post(
    `${COURSE}/copies`,
    { title: 'Networks 102', from: '2027-02-02' },
    { who: other },
  )
  expect(copied.status).toBe(303)
  const [, key = ''] =
    /courses\/(networks-102-\w+)\/plan/.exec(String(copied.headers['location'])) ?? []
  const { document } = await one<{ document: string }>(
    pool,
    sql`select document from course where key = ${key}`,
  )
  expect(parse(document)).toMatchObject({
    title: 'Networks 102',
    sessions: [{ start: '2027-02-02T10:00', repeat: 'FREQ=WEEKLY;COUNT=12' }],
  })
  expect((await site.get(`/courses/${key}/plan`, { who: other })).status).toBe(200)
  expect((await site.get(`/courses/${key}/plan`, { who: teacher })).status).toBe(404)
})

it('stays with somebody who may change it, and leads who gave it away to where they still may be', async () => {
  const copied = await site.post(
    `${COURSE}/copies`,
    { title: 'Kept', from: '2027-02-02' },
    { who: other },
  )
  const [course = ''] = /\/courses\/kept-\w+/.exec(String(copied.headers['location'])) ?? []
  const press = (form: Record<string, string>) =>
    site.post(`${course}/sharing`, form, { who: other })
  const mine = { person: other.personId }
  for (const form of [
    { act: 'unshare', ...mine },
    { act: 'share', capability: 'view', ...mine },
  ]) {
    const refused = await press(form)
    expect(refused.status).toBe(409)
    expect(textOf(refused.text)).toContain('Nobody could change this course any more')
    expect(refused.text).toContain(`href="${course}/sharing"`)
  }
  expect((await site.get(`${course}/plan`, { who: other })).status).toBe(200)
  await press({ act: 'share', person: colleague.personId, capability: 'edit' })
  const given = await press({ act: 'unshare', ...mine })
  expect([given.status, given.headers['location']]).toEqual([303, '/'])
  expect((await site.get(`${course}/plan`, { who: colleague })).status).toBe(200)
})

it('moves every date of a plan, and nothing that only looks like one', () => {
  const text = `${networksDocument()
    .replace('en: Networks 101', 'en: Networks of 2026-11-24')
    .replace('COUNT=12', 'UNTIL=20261215')
    .replace(
      'headroom',
      `    except: [2026-12-01]
    move: { 2026-12-08T10:00: 2026-12-09T10:00 }
    uid: lab-1
projects:
  - { key: final, from: 2026-12-03, to: 2026-12-16, atOnce: 4 }
headroom`,
    )}`
  const copy = copyCourse(text, {
    key: 'copy-1',
    title: 'Copy',
    days: daysBetween('2026-11-24', '2027-02-02'),
  })
  expect(parse(copy)).toMatchObject({
    key: 'copy-1',
    sessions: [
      {
        start: '2027-02-02T10:00',
        repeat: 'FREQ=WEEKLY;UNTIL=20270223',
        except: ['2027-02-09'],
        move: { '2027-02-16T10:00': '2027-02-17T10:00' },
      },
    ],
    projects: [{ from: '2027-02-11', to: '2027-02-24' }],
  })
  expect(copy).not.toContain('uid')
})
