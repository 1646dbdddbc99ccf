/** A course whose time zone is another than its institution's: every page and notice says the hours of its classes. */
import { afterAll, expect, it } from 'vitest'
import { one, sql, withTransaction } from '../../api/data/db.ts'
import { noticesOfCourse, sendNotice } from '../../api/data/notice.ts'
import { noticeText } from '../../api/notice-text.ts'
import { networksDocument } from '../cast/documents.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, launch, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const now = BEFORE_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
const overseas = (zone = 'timeZone: America/Martinique\n') =>
  networksDocument().replace('students:', `${zone}students:`)
await importDocuments(pool, ring, now)
await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: overseas() }])
const lms = { courseKey: 'networks-101', contextId: '2', now }
const contextId = await addLmsCourse(pool, lms)
const teacher = await signIn(pool, { contextId, role: 'teacher', now })
const student = await signIn(pool, { contextId, now })
const seen = async (path: string, who = teacher) => textOf((await site.get(path, { who })).text)

it('is said to its students, on their workspace and their start page', async () => {
  const { id } = await launch(pool, { personId: student.personId, courseKey: 'networks-101', now })
  expect(await seen(`/workspaces/${id}`, student)).toContain('Your workspace opens at 09:50.')
  expect(await seen('/', student)).toContain('10:00–12:00')
})

it('is said to its teachers, on its page and in what they are told', async () => {
  expect(await seen('/courses/networks-101')).toContain('10:00–12:00')
  const { id: courseId } = await one<{ id: string }>(
    pool,
    sql`select id from course where key = 'networks-101'`,
  )
  const begins = { startsAt: '2026-11-24T14:00:00Z' }
  await withTransaction(pool, (tx) =>
    sendNotice(tx, {
      ...{ code: 'notice.session-late', to: 'teachers', params: begins, courseId },
      ...{ thread: 'a', dedupeKey: 'a', now, shownUntil: new Date(now.getTime() + 3_600_000) },
    }),
  )
  const [notice] = await noticesOfCourse(pool, { courseId, now })
  expect(notice?.time_zone).toBe('America/Martinique')
  expect(JSON.stringify(noticeText(notice!, 'en'))).toContain('10:00')
})

it('is its institution’s again once the plan names none', async () => {
  await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: overseas('') }])
  expect(await seen('/courses/networks-101')).toContain('10:00–12:00')
  const [row] = (
    await pool.query<{ starts_at: Date }>('select min(starts_at) as starts_at from session')
  ).rows
  expect(row?.starts_at.toISOString()).toBe('2026-11-24T09:00:00.000Z')
})
