/** A teacher's plan over the pages: what it says while one works, who may, saving, review, undo, and two at once. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, sql } from '../../api/data/db.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, signIn, documentOf } from '../cast/record.ts'
import { allDocuments, networksDocument, poolDocument, zoneDocument } from '../cast/documents.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const PLAN = '/courses/networks-101/plan'
const site = await openWebsite(BEFORE_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const contextId = await addLmsCourse(pool, {
  courseKey: 'networks-101',
  contextId: '2',
  now: BEFORE_CLASS,
})
const teacher = await signIn(pool, { contextId, role: 'teacher', now: BEFORE_CLASS })
const assistant = await signIn(pool, { contextId, role: 'teacher', now: BEFORE_CLASS })
const student = await signIn(pool, { contextId, now: BEFORE_CLASS })
await execute(
  pool,
  sql`update membership set edits_plans = person_id = ${teacher.personId} where lms_context_id = ${contextId}`,
)

beforeEach(async () => {
  await importDocuments(pool, ring, BEFORE_CLASS, [
    { name: 'n.yaml', text: networksDocument() },
    { name: 'p.yaml', text: poolDocument },
  ])
})

const courseText = () => documentOf(pool, 'networks-101')

/** What the page's form holds when it is opened. */
async function opened(): Promise<Record<string, string>> {
  const { text } = await site.get(PLAN, { who: teacher })
  const [, read = ''] = /name="read" value="([0-9a-f]+)"/.exec(text) ?? []
  return {
    ...{ read, students: '30', atOnce: '30', state: 'ready' },
  }
}
const post = (form: Record<string, string>, to = PLAN) => site.post(to, form, { who: teacher })

it('shows the plan, in both languages', async () => {
  for (const locale of ['en', 'fr']) {
    const cookie = `__Host-labplan=${teacher.token}; __Host-labplan-locale=${locale}`
    const { text } = await site.get(PLAN, { headers: { cookie } })
    await expect(textOf(text)).toMatchFileSnapshot(`expected/plan.${locale}.txt`)
  }
})

it('is for who edits the LMS course, and says so to others', async () => {
  expect((await site.get(PLAN, { who: student })).status).toBe(403)
  const refused = await site.get(PLAN, { who: assistant })
  expect(refused.status).toBe(403)
  expect(refused.text).toContain('Plans are made by who may edit the LMS course')
  expect((await site.get('/courses/networks-101', { who: teacher })).text).toContain(PLAN)
  expect((await site.get('/courses/networks-101', { who: assistant })).text).not.toContain(PLAN)
})

it('says what a change means while one types, and keeps nothing of it', async () => {
  const form = { ...(await opened()), students: '20', atOnce: '20' }
  const { text, status } = await post(form, `${PLAN}/preview`)
  expect(status).toBe(200)
  expect(textOf(text)).toContain('It fits.')
  expect(textOf(text)).toContain('12 sessions go from 30 students to 20 students')
  expect(textOf(text)).toContain('Saved at once')
  const more = await post({ ...form, students: '140' }, `${PLAN}/preview`)
  expect(textOf(more.text)).toContain('It needs a review by the infra team')
  const wrong = await post({ ...form, students: '0' }, `${PLAN}/preview`)
  expect(textOf(wrong.text)).toContain('a whole number from 1 to 10000')
  expect(await courseText()).toBe(networksDocument())
})

it('saves inside the allowance at once, changing the lines that were edited, and undoes', async () => {
  const saved = await post({ ...(await opened()), students: '25', atOnce: '25' })
  expect(saved.status).toBe(303)
  expect(await courseText()).toBe(networksDocument(25))
  const page = await site.get(String(saved.headers['location']), { who: teacher })
  expect(textOf(page.text)).toContain('Saved.')
  const [, change = ''] = /name="change" value="([^"]+)"/.exec(page.text) ?? []
  expect((await post({ change }, `${PLAN}/undo`)).status).toBe(303)
  expect(await courseText()).toBe(networksDocument())
})

it('sends what is beyond the allowance to review, and leaves the course as it is', async () => {
  const sent = await post({ ...(await opened()), students: '150' })
  const page = await site.get(String(sent.headers['location']), { who: teacher })
  expect(textOf(page.text)).toContain('Sent to the infra team for review.')
  expect(await courseText()).toBe(networksDocument())
})

it('plans one class of a series for fewer students', async () => {
  const form = {
    ...(await opened()),
    ...{ class: '0@2026-12-01T10:00', start: '2026-12-01T10:00', minutes: '120', scope: 'one' },
    classStudents: '12',
  }
  const { text } = await post(form, `${PLAN}/preview`)
  expect(textOf(text)).toContain('1 session goes from 30 students to 12 students')
  expect(textOf(text)).toContain('12 students')
  expect((await post(form)).status).toBe(303)
  expect(await courseText()).toContain('students: 12')
  expect(await courseText()).toContain('except: [ 2026-12-01T10:00 ]')
})

it('offers the nearest slots that fit, each one click away', async () => {
  await importDocuments(pool, ring, BEFORE_CLASS, [
    { name: 'p.yaml', text: poolDocument.replace('cpu: 64', 'cpu: 16') },
    {
      name: 'other.yaml',
      // One class: who moves away from it has room everywhere.
      text: networksDocument(20)
        .replaceAll('networks-101', 'networks-201')
        .replace(/\n +repeat: .*/, ''),
    },
  ])
  const form = { ...(await opened()), edits: 'move 0@2026-11-24T10:00 all 2026-11-24T10:00 115' }
  const { text } = await post(form, `${PLAN}/preview`)
  expect(textOf(text)).toContain('It does not fit as it is.')
  expect(text).toMatch(/class="event +is-unfit"/)
  const [, place = ''] = /name="place"\s+value="([^"]+)"/.exec(text) ?? []
  expect(place).toMatch(/^0@2026-11-24T10:00(&gt;|>)2026-11-2\dT\d\d:\d\d$/)
  const moved = await post({ ...form, place: place.replace('&gt;', '>') })
  expect(moved.status).toBe(200)
  expect(textOf(moved.text)).toContain('the session on Tuesday 24 November at 10:00 moves to')
  expect((await post({ ...form, ...openFields(moved.text) })).status).toBe(303)
  expect(await courseText()).toMatch(/minutes: 115[^]*move:\s+2026-11-24T10:00: /)
})

/** What the form holds of the class that is chosen. */
function openFields(text: string): Record<string, string> {
  const names = ['edits', 'class', 'start', 'minutes', 'view']
  const values = names.map((name) => [
    name,
    new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(text)?.[1] ?? '',
  ])
  const scope = /value="(\w+)"\s+checked\s*\/>/.exec(text)?.[1] ?? 'one'
  return { ...Object.fromEntries(values), scope }
}

it('moves, lengthens, removes and adds classes without a script, and undoes step by step', async () => {
  let form = await opened()
  const step = async (gesture: Record<string, string>) => {
    const { text } = await post({ ...form, ...gesture })
    form = { ...form, ...openFields(text) }
    return text
  }
  const chosen = await step({ choose: '0@2026-12-01T10:00' })
  expect(chosen).toContain('<legend>Tue 1 Dec 10:00</legend>')
  expect(textOf(chosen)).toContain('This change is for')
  await step({ check: '1', start: '2026-12-02T14:00', minutes: '90', scope: 'following' })
  const other = await step({ choose: '0@2026-11-24T10:00' })
  expect(form['edits']).toBe('move 0@2026-12-01T10:00 following 2026-12-02T14:00 90')
  expect(textOf(other)).toContain('10:00–12:00')
  await step({ act: 'remove', scope: 'one' })
  await step({ choose: 'new', start: '' })
  await step({ check: '1', start: '2026-12-04T08:00', minutes: '60', weeks: '2' })
  expect(textOf(await step({ act: 'close', go: 'week:2026-11-30' }))).toContain('08:00–09:00')
  await step({ act: 'undo', class: '' })
  expect((await post({ ...form, class: '' })).status).toBe(303)
  expect(await courseText()).not.toContain('2026-12-04')
  expect(await courseText()).toContain(`sessions:
  - start: 2026-12-02T14:00
    minutes: 90
    repeat: FREQ=WEEKLY;COUNT=11
`)
})

it('takes over what another changed and one did not touch', async () => {
  const base = JSON.stringify({ students: '30', atOnce: '30', state: 'ready', follow: 'no' })
  const [first, second] = [await opened(), await opened()]
  await post({ ...first, base, students: '20', atOnce: '20' })
  const late = await post({ ...second, base, atOnce: '10' })
  expect(late.status).toBe(409)
  const field = (name: string) =>
    new RegExp(`id="${name}"\\s+name="${name}"\\s+value="(\\d+)"`).exec(late.text)?.[1]
  expect([field('students'), field('atOnce')]).toEqual(['20', '10'])
})

it('lets nobody overwrite what another saved, and loses nothing of either', async () => {
  const first = await opened()
  const second = await opened()
  await post({ ...first, edits: 'move 0@2026-11-24T10:00 all 2026-11-24T10:00 90' })
  const late = await post({ ...second, students: '28', atOnce: '28' })
  expect(late.status).toBe(409)
  expect(textOf(late.text)).toContain('Somebody else saved this course meanwhile.')
  expect(late.text).toContain('value="28"')
  expect(await courseText()).toContain('minutes: 90')
})

it('shows what is wrong beside what was typed', async () => {
  const open = { class: '0@2026-11-24T10:00', start: '2026-11-24T10:00', minutes: '2' }
  const answer = await post({ ...(await opened()), ...open, students: '31' })
  expect(answer.status).toBe(422)
  expect(textOf(answer.text)).toContain('Minutes: a whole number from 5 to 20160')
  expect(answer.text).toContain('value="31"')
  expect(await courseText()).toBe(networksDocument())
})

it('shows a month with its holidays, and the week where somebody wants to look', async () => {
  const zone = `${zoneDocument}holidays:\n  - { title: Midwinter, from: 2026-12-21, to: 2027-01-02 }\n`
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'z.yaml', text: zone }])
  const form = await opened()
  const month = await post({ ...form, go: 'month:2026-12-01' }, `${PLAN}/preview`)
  expect(textOf(month.text)).toContain('December 2026')
  expect(textOf(month.text)).toContain('Midwinter')
  expect(month.text.match(/class="event /g)).toHaveLength(3)
  const week = await post({ ...form, go: 'week:2026-12-02' }, `${PLAN}/preview`)
  expect(textOf(week.text)).toContain('30 Nov – 6 Dec 2026')
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'z.yaml', text: zoneDocument }])
})
