/** A course carried from one installation to another as one file: the same blueprint there, but for its key and dates. */
import { afterAll, expect, it } from 'vitest'
import { canonicalJson, sha256 } from '../../stacks/blueprint.ts'
import { readCourseFile } from '../../api/teaching/course-import.ts'
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import { execute, many, sql } from '../../api/data/db.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { type Website, openWebsite } from './website.ts'

const IMPORT = '/course-import'
const now = BEFORE_CLASS
const here = await openWebsite(now)
const there = await openWebsite(now)
afterAll(() => Promise.all([here.close(), there.close()]))

const documents = (networks: string) =>
  allDocuments().map((one) => (one.name === 'networks-101.yaml' ? { ...one, text: networks } : one))

/** With everything a course can say that a blueprint or a page has. */
const full =
  `${networksDocument()}description: { en: Bring a cable., fr: Apportez un câble. } # said twice
keepDays: 30
lifecycle: { stopMinutes: 90 }
submissions: { due: 2027-02-09T18:00 }
display: { password: shown, text: 'You are {{user}}.' }
`.replace(
    'COUNT=12',
    'COUNT=12\n    except: [2026-12-01]\n    move: { 2026-12-08T10:00: 2026-12-09T10:00 }',
  )

async function teacherOf(site: Website, courseKey: string) {
  const contextId = await addLmsCourse(site.pool, { courseKey, contextId: '2', now })
  const teacher = await signIn(site.pool, { contextId, role: 'teacher', now })
  await execute(
    site.pool,
    sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
  )
  return { teacher, contextId }
}

await importDocuments(here.pool, here.ring, now, documents(full))
await importDocuments(
  ...([there.pool, there.ring, now] as const),
  allDocuments().filter(({ name }) => name !== 'networks-101.yaml'),
)
const sender = await teacherOf(here, 'networks-101')
const receiver = await teacherOf(there, 'machine-learning-lab')
const who = receiver.teacher
const exported = async () =>
  (await here.get('/courses/networks-101/export', { who: sender.teacher })).text

// The threads that compile start with the first look: no test waits for that.
await there.post(IMPORT, { text: await exported(), fresh: '1' }, { who })

/** A course of a blueprint without its key, its instants so many days earlier. */
async function courseDigest(site: Website, key: string, days: number): Promise<string> {
  const { blueprint } = (await currentBlueprint(site.pool))!
  const course = blueprint.courses.find((one) => one.key === key)!
  const earlier = (text: string) =>
    new Date(Date.parse(text) - days * 86_400_000).toISOString().replace('.000', '')
  const text = canonicalJson({ ...course, course8: 'same' })
    .replaceAll(key, 'same')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, earlier)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d(?=")/g, (wall) => earlier(`${wall}:00Z`).slice(0, 16))
  return sha256(text)
}

const made = async (): Promise<{ key: string; document: string }[]> =>
  many(
    there.pool,
    sql`select key, document from course where key <> 'machine-learning-lab' order by id desc`,
  )

it('makes the same blueprint elsewhere, and keeps what people wrote', async () => {
  const text = await exported()
  const looked = await there.post(IMPORT, { text, fresh: '1' }, { who })
  const page = textOf(looked.text)
  expect(page).toContain('11 classes, from 24 November 2026 to 9 February 2027')
  expect(page).toContain('It fits.')
  expect(await made()).toEqual([])
  const answer = await there.post(IMPORT, { text, make: '1' }, { who })
  const [course] = await made()
  expect(answer.headers['location']).toBe(`/courses/${course!.key}/plan`)
  expect(course!.document.replace(course!.key, 'networks-101')).toBe(text)
  expect(await courseDigest(there, course!.key, 0)).toBe(
    await courseDigest(here, 'networks-101', 0),
  )
  expect((await there.get(`/courses/${course!.key}/plan`, { who })).status).toBe(200)
})

it('makes it on new dates, under a new name, the same but for these', async () => {
  const form = { text: await exported(), from: '2026-12-01', title: 'Nets again', make: '1' }
  expect((await there.post(IMPORT, form, { who })).status).toBe(303)
  const [course] = await made()
  expect(course!.key).toMatch(/^nets-again-\w{4}$/)
  expect(course!.document).toContain('title: Nets again')
  expect(course!.document).toContain('due: 2027-02-16T18:00')
  expect(await courseDigest(there, course!.key, 7)).toBe(
    await courseDigest(here, 'networks-101', 0),
  )
})

it('takes what is here for what is not', async () => {
  const text = (await exported()).replace('environment: terminal', 'environment: elsewhere')
  const looked = await there.post(IMPORT, { text, fresh: '1' }, { who })
  expect(textOf(looked.text)).toContain('What its students work in (elsewhere) is not here')
  expect(looked.text).toMatch(/<option value="terminal" selected>/)
})

it('says what is wrong with a file, and makes nothing of it', async () => {
  const known = (await made()).length
  const wrong = async (text: string) => {
    const answer = await there.post(IMPORT, { text, make: '1' }, { who })
    expect(answer.status).toBe(422)
    return textOf(answer.text)
  }
  expect(await wrong(networksDocument().replace('students: 30', 'students: many'))).toContain(
    'line 8: students: &quot;many&quot;',
  )
  expect(await wrong('kind: Nothing')).toContain('This file makes no course')
  expect(await wrong(allDocuments()[1]!.text)).toContain('one course and nothing else')
  expect(await wrong(`${networksDocument()}# password: hunter2hunter2\n`)).toContain(
    'It looks like a password or a key',
  )
  expect(await made()).toHaveLength(known)
  expect(readCourseFile(`${networksDocument()}---\n${networksDocument()}`)).not.toHaveProperty(
    'course',
  )
})

it('is for who makes courses', async () => {
  const { contextId } = receiver
  const student = await signIn(there.pool, { contextId, now })
  const assistant = await signIn(there.pool, { contextId, role: 'teacher', now })
  for (const other of [student, assistant]) {
    expect((await there.get(IMPORT, { who: other })).status).toBe(403)
    expect((await there.post(IMPORT, { text: '' }, { who: other })).status).toBe(403)
    expect((await there.get('/', { who: other })).text).not.toContain(IMPORT)
  }
  expect((await there.get(IMPORT)).status).toBe(401)
  expect((await there.get('/', { who })).text).toContain(IMPORT)
})
