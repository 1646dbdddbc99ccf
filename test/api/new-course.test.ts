/** A course made while an activity is added: what is asked, whose it is, and what needs somebody's word. */
import { afterAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  checkDraft,
  draftDocument,
  emptyDraft,
  keyOfTitle,
  sentDraft,
} from '../../api/teaching/course-draft.ts'
import { many, one, sql, withTransaction } from '../../api/data/db.ts'
import { courseOffers } from '../../api/data/courses/new-course.ts'
import { keepCredential } from '../../api/data/pools/pool-credential.ts'
import { allDocuments } from '../cast/documents.ts'
import { importDocuments } from '../cast/record.ts'
import { type HttpAnswer, ask } from '../lms/http.ts'
import { launchAndEnter, openScene, registerAndActivate } from './lti-scene.ts'
import { textOf } from './page-text.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, lms, config, ring } = scene
await importDocuments(pool, ring, scene.now(), allDocuments())
await registerAndActivate(scene)

const browse = (cookies: string[], path: string, form?: Record<string, string>) =>
  ask(new URL(path, config.publicUrl).href, {
    headers: {
      ...{ cookie: cookies.join('; '), origin: config.publicUrl, 'accept-language': 'en' },
      accept: 'text/html',
    },
    ...(form && { form }),
  })

/** A teacher presses "Select content", and answers our page with the form that is sent on. */
async function choosing(person = 'teacher1') {
  const launched = await lms.launch({ person, course: 'networks-101' })
  const entered = await browse(launched.cookies, String(launched.headers['location']))
  const path = String(entered.headers['location'])
  const page = await browse(entered.cookies, path)
  const csrf = /name="csrf" value="([\w-]+)"/.exec(page.text)?.[1] ?? ''
  const send = (to: string, form: Record<string, string>): Promise<HttpAnswer> =>
    browse(entered.cookies, path + to, { csrf, ...form })
  return { cookies: entered.cookies, path, page, send }
}

const today = scene.now().getTime()
const dayAfter = (days: number) => new Date(today + days * 86_400_000).toISOString().slice(0, 10)
const inFiveWeeks = dayAfter(35)
const draft = { title: 'Signals & noise', students: '20', start: `${inFiveWeeks}T14:00` }

it('says what it would mean, and keeps nothing of it', async () => {
  const { send } = await choosing()
  const { text } = await send('/course/preview', draft)
  expect(textOf(text)).toContain('It can be made at once.')
  const large = await send('/course/preview', { ...draft, students: '300' })
  expect(textOf(large.text)).toContain('The infra team has to agree')
  const wrong = await send('/course/preview', { ...draft, students: '0' })
  expect(textOf(wrong.text)).toContain('Students: a whole number from 1 to 10000')
  expect(await many(pool, sql`select key from course where key like 'signals%'`)).toEqual([])
})

it('makes it, and sends it to the LMS as the activity’s course', async () => {
  const { send } = await choosing()
  const sent = await send('/course', draft)
  expect(sent.status).toBe(200)
  expect(sent.text).toContain('submit.js')
  const course = await one<{ key: string; usable_by_all: boolean; document: string }>(
    pool,
    sql`select key, usable_by_all, document from course where key like 'signals-noise-%'`,
  )
  expect(course.usable_by_all).toBe(false)
  // As the course that is there with the same environment.
  expect(parse(course.document)).toMatchObject({
    environment: 'terminal',
    pool: 'local',
    students: 20,
  })
})

it('is theirs: they find it again, others do not', async () => {
  const own = await choosing()
  expect(textOf(own.page.text)).toContain('Signals & noise')
  const other = await choosing('manager1')
  expect(textOf(other.page.text)).not.toContain('Signals & noise')
  const key = /value="(signals-noise-\w+)"/.exec(own.page.text)?.[1] ?? ''
  expect((await other.send('', { course: key })).status).toBe(400)
  expect((await own.send('', { course: key })).status).toBe(200)
})

it('plans it at once, also before any activity was opened', async () => {
  const { page, cookies } = await choosing()
  const key = /value="(signals-noise-\w+)"/.exec(page.text)?.[1] ?? ''
  expect((await browse(cookies, `/courses/${key}/plan`)).status).toBe(200)
  const other = await choosing('manager1')
  expect((await browse(other.cookies, `/courses/${key}/plan`)).status).toBe(404)
})

it('asks for what is more than a course may have, and leaves the activity to be chosen later', async () => {
  const { send } = await choosing()
  const answer = await send('/course', { ...draft, title: 'Everybody', students: '300' })
  expect(textOf(answer.text)).toContain('Sent to the infra team for review.')
  const [change] = await many<{ state: string; title: string }>(
    pool,
    sql`select state, title from change order by created_at desc limit 1`,
  )
  expect(change).toMatchObject({
    state: 'proposed',
    title: expect.stringMatching(/^Course everybody-/),
  })
})

it('makes a key of any title, and a document of any draft', () => {
  expect(keyOfTitle('Réseaux 101 : l’été')).toBe('reseaux-101-l-ete')
  expect(keyOfTitle('網路')).toBe('course')
  expect(keyOfTitle('3D')).toBe('d')
  const offers = [{ key: 'terminal', pool: 'local', seat: { cpu: 0.5, memoryMb: 512 } }]
  const sent = sentDraft({ title: 'a: b # c\n--- "', cpu: '2', filesMb: '64' }, offers)
  expect(checkDraft(sent)).toEqual([])
  expect(parse(draftDocument(sent, 'key-1', offers))).toMatchObject({
    title: 'a: b # c\n--- "',
    seat: { cpu: 2, memoryMb: 512, volumeQuotaMb: 64 },
    sessions: [],
  })
  const wrong = { ...emptyDraft, cpu: '-1', memoryMb: '1', filesMb: 'x', start: 'soon', weeks: '0' }
  expect(checkDraft(wrong).map(({ field }) => field)).toEqual([
    ...['title', 'environment', 'start', 'weeks', 'cpu', 'memoryMb', 'filesMb'],
  ])
})

it('makes a new edition for the copies of an LMS course, at new dates and with nobody in it', async () => {
  const own = await choosing()
  const key = /value="(signals-noise-\w+)"/.exec(own.page.text)?.[1] ?? ''
  const known = new Set(lms.activities('networks-101').map(({ id }) => id))
  const sent = await own.send('', { course: key })
  const action = /<form method="post" action="([^"]*)" data-submit>/.exec(sent.text)?.[1] ?? ''
  await ask(action.replaceAll('&amp;', '&'), {
    form: { JWT: /name="JWT" value="([^"]*)"/.exec(sent.text)?.[1] ?? '' },
    headers: { cookie: 'practice_lms=teacher1' },
  })
  const made = lms.activities('networks-101').find(({ id }) => !known.has(id))
  await launchAndEnter(scene, { person: 'teacher1', activity: made?.id ?? '' })
  const copy = lms.copyCourse('networks-101', { withStudents: true })
  const activity = `${copy.key}/${made?.key}`
  const { entered, page } = await launchAndEnter(scene, { person: 'teacher1', activity })
  const asked = await browse(entered.cookies, page)
  const [, from = ''] = /name="from" value="([^"]+)"/.exec(asked.text) ?? []
  expect(from).toBe(dayAfter(35 + 52 * 7))
  const csrf = /name="csrf" value="([\w-]+)"/.exec(asked.text)?.[1] ?? ''
  const form = { csrf, decision: 'edition', title: 'Signals, next year', from }
  const decided = await browse(entered.cookies, page, form)
  expect(String(decided.headers['location'])).toMatch(/^\/courses\/signals-next-year-\w+\/plan$/)
  const edition = String(decided.headers['location']).split('/')[2] ?? ''
  const { document } = await one<{ document: string }>(
    pool,
    sql`select document from course where key = ${edition}`,
  )
  expect(parse(document)).toMatchObject({
    title: 'Signals, next year',
    sessions: [{ start: `${from}T14:00`, repeat: 'FREQ=WEEKLY;COUNT=12' }],
  })
  const again = await launchAndEnter(scene, { person: 'teacher1', activity })
  expect(again.page).toBe(`/courses/${edition}`)
})

it('offers first where seats run today', async () => {
  const text = `apiVersion: labplan/v1
kind: Pool
key: cloud
title: Cloud
flavours: [{ key: m-large, cpu: 16, memoryMb: 65536, pricePerHour: 0.4, bootMinutes: 4 }]
`
  await importDocuments(pool, ring, scene.now(), [{ name: 'cloud.yaml', text }])
  const first = async () => (await courseOffers(pool, 'default')).pools.map(({ key }) => key)
  // Nobody has said yet how the cloud is entered, although its key comes first.
  expect(await first()).toEqual(['local', 'cloud'])
  await pool.query(`update pool set closed = 'closed', closed_at = now() where key = 'local'`)
  const access = {
    ...{ authUrl: 'http://cloud.localhost:5000/v3', applicationCredentialId: 'one' },
    applicationCredentialSecret: 'two',
  }
  const actor = { name: 'admin', role: 'operator' } as const
  await withTransaction(pool, (tx) =>
    keepCredential(tx, ring, { poolKey: 'cloud', access, actor, now: scene.now() }),
  )
  expect(await first()).toEqual(['cloud', 'local'])
})
