/** A course's settings over the pages: what they mean while one types, who may, saving, undo, and two at once. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  checkSettings,
  mergeSent,
  readSettings,
  sentSettings,
  writeSettings,
} from '../../api/teaching/course-settings.ts'
import { execute, sql } from '../../api/data/db.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, signIn, documentOf } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const SETTINGS = '/courses/networks-101/settings'
const site = await openWebsite(BEFORE_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
const now = BEFORE_CLASS
await importDocuments(pool, ring, now, allDocuments())
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const teacher = await signIn(pool, { name: 'Teacher One', contextId, role: 'teacher', now })
const assistant = await signIn(pool, { contextId, role: 'teacher', now })
await execute(
  pool,
  sql`update membership set edits_plans = person_id = ${teacher.personId} where lms_context_id = ${contextId}`,
)

beforeEach(async () => {
  await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: networksDocument() }])
})

const courseText = () => documentOf(pool, 'networks-101')

/** What the page's form holds when it is opened. */
async function opened(): Promise<Record<string, string>> {
  const { text } = await site.get(SETTINGS, { who: teacher })
  const [, read = ''] = /name="read" value="([0-9a-f]+)"/.exec(text) ?? []
  const base = readSettings(await courseText())
  return { ...base, read, base: JSON.stringify(base) }
}
const post = (form: Record<string, string>, to = SETTINGS) => site.post(to, form, { who: teacher })
const meaning = async (form: Record<string, string>) =>
  textOf((await post({ ...(await opened()), ...form }, `${SETTINGS}/preview`)).text)

it('shows them, in both languages', async () => {
  for (const locale of ['en', 'fr']) {
    const cookie = `__Host-labplan=${teacher.token}; __Host-labplan-locale=${locale}`
    const { text } = await site.get(SETTINGS, { headers: { cookie } })
    await expect(textOf(text)).toMatchFileSnapshot(`expected/settings.${locale}.txt`)
  }
})

it('is for who edits the LMS course', async () => {
  expect((await site.get(SETTINGS, { who: assistant })).status).toBe(403)
  expect((await site.post(SETTINGS, {}, { who: assistant })).status).toBe(403)
})

it('says what a change means while one types, and keeps nothing of it', async () => {
  const larger = await meaning({ memoryMb: '1024', descriptionEn: 'Bring a cable.' })
  expect(larger).toContain('It fits.')
  expect(larger).toContain('Memory (MB): 512 → 1024')
  expect(larger).toContain('Description in English: (nothing) → Bring a cable.')
  expect(larger).toContain('Files are kept until 10 April 2027.')
  expect(await meaning({ keepDays: '30' })).toContain('Files are kept until 11 March 2027.')
  const huge = await meaning({ cpu: '100' })
  expect(huge).toContain('It does not fit as it is.')
  expect(huge).toContain('100')
  expect(await meaning({ memoryMb: 'much' })).toContain('a whole number from 16 to 1000000')
  expect(await meaning({ groups: 'tuesday 15\nfew' })).toContain('not “few”')
  expect(await meaning({ headroomHours: '8-20' })).toContain('from and to in 24 hours')
  expect(await courseText()).toBe(networksDocument())
})

it('moves a class to where these settings fit, with the same button as the calendar', async () => {
  const form = { place: '0@2026-11-24T10:00>2026-11-25T13:00' }
  expect(await meaning(form)).toContain('moves to Wednesday 25 November at 13:00')
})

it('saves at once what the allowance covers, over the lines it stands on, and undoes', async () => {
  const saved = await post({
    ...(await opened()),
    memoryMb: '768',
    keepDays: '30',
    stopMinutes: '90',
  })
  expect(saved.status).toBe(303)
  const text = await courseText()
  const { seat, keepDays, lifecycle } = parse(text)
  expect({ seat, keepDays, lifecycle }).toEqual({
    seat: { cpu: 0.5, memoryMb: 768, volumeQuotaMb: 1024 },
    ...{ keepDays: 30, lifecycle: { stopMinutes: 90 } },
  })
  expect(text.startsWith(networksDocument().slice(0, 150))).toBe(true)
  const page = await site.get(String(saved.headers['location']), { who: teacher })
  expect(textOf(page.text)).toContain('Saved.')
  const [, change = ''] = /name="change" value="([^"]+)"/.exec(page.text) ?? []
  const undone = await post({ change, part: 'settings' }, '/courses/networks-101/plan/undo')
  expect(undone.headers['location']).toBe(SETTINGS)
  expect(await courseText()).toBe(networksDocument())
})

it('shows students the description in their language, as text', async () => {
  const text = 'Bring a cable.\n\n<script>alert(1)</script>'
  await post({ ...(await opened()), descriptionEn: text, descriptionFr: 'Apportez un câble.' })
  const who = await signIn(pool, { contextId, now })
  const started = await site.post('/courses/networks-101/workspace', {}, { who })
  const page = await site.get(String(started.headers['location']), { who })
  expect(page.text).toContain('<p>Bring a cable.</p>')
  expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  const cookie = `__Host-labplan=${who.token}; __Host-labplan-locale=fr`
  const french = await site.get(String(started.headers['location']), { headers: { cookie } })
  expect(french.text).toContain('<p>Apportez un câble.</p>')
})

it('refuses a name of somebody known and says why, with what was typed still there', async () => {
  const form = { ...(await opened()), descriptionEn: 'Ask Teacher One about cables.' }
  const refused = await post(form)
  expect(refused.status).toBe(422)
  expect(textOf(refused.text)).toContain('It names a person.')
  expect(textOf(refused.text)).toContain('about cables')
  expect(await courseText()).toBe(networksDocument())
})

it('loses nothing of two who change it at once', async () => {
  const form = { ...(await opened()), memoryMb: '768', stopMinutes: '90' }
  const other = { ...(await opened()), cpu: '0.25', stopMinutes: '60' }
  expect((await post(other)).status).toBe(303)
  const stale = await post(form)
  expect(stale.status).toBe(409)
  expect(textOf(stale.text)).toContain('Somebody else saved this course meanwhile')
  const field = (name: string) =>
    new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(stale.text)?.[1]
  expect([field('cpu'), field('memoryMb'), field('stopMinutes')]).toEqual(['0.25', '768', '90'])
  expect(textOf(stale.text)).toContain('Stops outside class after (minutes): 60 → 90')
})

it('says which classes cannot be moved to where it fits, since somebody took them away', async () => {
  const placed = await post({
    ...(await opened()),
    place: '0@2026-11-24T10:00>2026-11-25T13:00',
  })
  const edits = /name="edits"\s+value="([^"]+)"/.exec(placed.text)?.[1] ?? ''
  expect(edits).toContain('2026-11-25T13:00')
  const form = { ...(await opened()), edits }
  const other = networksDocument().replace('2026-11-24T10:00', '2026-11-24T14:00')
  await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: other }])
  const stale = await post(form)
  expect(stale.status).toBe(409)
  expect(textOf(stale.text)).toContain('1 of your steps is for a class that is no longer there')
})

it('takes a text as its author wrote it for untouched, with whatever lines it ends', async () => {
  const written = networksDocument().replace(
    'environment:',
    'description: |\n  Bring a cable.\n\n  Come early.\nenvironment:',
  )
  await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: written }])
  const shown = await opened()
  // As a browser sends what stands in the field.
  const sent = (text = '') => text.replaceAll('\n', '\r\n')
  const form = {
    ...shown,
    descriptionEn: sent(shown['descriptionEn']),
    descriptionFr: sent(shown['descriptionFr']),
  }
  expect((await post({ ...form, memoryMb: '768' })).status).toBe(303)
  expect(await courseText()).toBe(written.replace('512', '768'))
})

it('keeps the description that somebody else wrote while another number was typed', async () => {
  const written = networksDocument().replace('environment:', 'description: |\n  Old.\nenvironment:')
  await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: written }])
  const form = { ...(await opened()), memoryMb: '768' }
  const other = { ...(await opened()), descriptionEn: 'New.', descriptionFr: 'Neuf.' }
  expect((await post(other)).status).toBe(303)
  const stale = await post(form)
  expect(stale.status).toBe(409)
  expect(stale.text).toMatch(/>\s*New\.<\/textarea/)
  expect(textOf(stale.text)).not.toContain('Description in English:')
})

it.each(['cables', 'null', 'true'])('takes the one word %s for a text of several lines', (word) => {
  const written = networksDocument().replace(
    'environment:',
    'description: |\n  Bring a cable.\n  Come early.\nenvironment:',
  )
  const said = { titleEn: word, titleFr: word, descriptionEn: word, descriptionFr: word }
  const text = writeSettings(written, { ...readSettings(written), ...said })
  expect(parse(text)).toEqual({ ...parse(written), title: word, description: word })
  expect(readSettings(text)).toMatchObject(said)
})

it('writes every field, and reads it again', () => {
  const given = {
    ...{
      titleEn: 'Nets',
      titleFr: 'Réseaux',
      descriptionEn: 'Two\nlines: "so"',
      descriptionFr: '',
    },
    ...{ environment: 'desk', pool: 'cloud', state: 'test' },
    ...{ groups: 'mardi 15\njeu-di 12 1-5,9', openFrom: '2026-11-01', openTo: '' },
    ...{ cpu: '0.25', memoryMb: '256', diskMb: '100', gpuKind: 'a100', gpuCount: '2' },
    ...{
      volumeQuotaMb: '',
      keepDays: '0',
      personalVolume: 'yes',
      submissions: 'yes',
      submissionsDue: '2027-01-01T10:00',
      submissionsMost: '50',
      submissionsMb: '4096',
    },
    ...{ stopMinutes: '60', warnMinutes: '5', extendMinutes: '30', extendTimes: '0' },
    ...{ idleMinutes: '0', idleMinutesInClass: '15', reserveMinutes: '30', turnHours: '1.5' },
    ...{ holdMinutes: '10', headroomSeats: '', headroomAtOnce: '8', headroomReserved: '1' },
    ...{ headroomHours: '09:00-18:00', headroomDays: 'MO,FR' },
  }
  const known = readSettings(networksDocument())
  expect(Object.keys(known).toSorted()).toEqual(Object.keys(given).toSorted())
  expect(checkSettings(given, known)).toEqual([])
  const text = writeSettings(networksDocument(), given)
  // What one language leaves empty is said in the other's words.
  expect(readSettings(text)).toEqual({ ...given, descriptionFr: given.descriptionEn })
  const [before, after] = [networksDocument(), text].map((one) => parse(one))
  expect(after.sessions).toEqual(before.sessions)
  expect(writeSettings(text, known)).toBe(writeSettings(writeSettings(text, known), known))
  expect(parse(writeSettings(text, known))).toEqual({ ...before, state: 'ready' })
})

it('takes ticks that were not sent for none, only from the page that shows them', () => {
  const known = { ...readSettings(networksDocument()), submissions: 'yes' }
  expect(sentSettings({}, known)['submissions']).toBe('yes')
  const all = Object.fromEntries(
    ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'].map((d) => [`day-${d}`, 'yes']),
  )
  expect(sentSettings({ shown: 'all', ...all }, known)).toMatchObject({
    submissions: '',
    headroomDays: '',
  })
  const { 'day-SU': _sunday, ...week } = all
  expect(sentSettings({ shown: 'all', ...week }, known)['headroomDays']).toBe('MO,TU,WE,TH,FR,SA')
})

it('keeps a declared duty to keep submissions, which no field shows', () => {
  const duty = { reason: 'Exam papers', until: '2027-12-31' }
  const due = '2026-12-11T18:00'
  const text = `${networksDocument()}submissions: ${JSON.stringify({ due, duty })}\n`
  const without = { ...readSettings(text), submissionsDue: '' }
  const submissionsIn = (of: string) => (parse(of) as { submissions?: unknown }).submissions
  expect(submissionsIn(writeSettings(text, without))).toEqual({ duty })
  const limited = writeSettings(text, { ...without, submissionsMost: '5' })
  expect(submissionsIn(limited)).toEqual({ most: 5, duty })
  // Without its last field it is taken all the same.
  const open = `${networksDocument()}submissions: { totalMb: 9 }\n`
  const emptied = writeSettings(open, { ...readSettings(open), submissionsMb: '' })
  expect(submissionsIn(emptied)).toEqual({})
  expect(submissionsIn(writeSettings(text, { ...without, submissions: '' }))).toBeUndefined()
})

it('merges what two people wrote: each has what only they changed', () => {
  const base = { a: '1', b: '1', c: '1' }
  expect(mergeSent({ a: '2', b: '1', c: '2' }, base, { a: '1', b: '3', c: '3' })).toEqual({
    ...{ a: '2', b: '3', c: '2' },
  })
})
