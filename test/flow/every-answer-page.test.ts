/**
 * Pages that say what went wrong, what was overtaken and what was told: they have no barrier and fit, wide and on a telephone,
 * and show no gap that was left to be filled. Everything is real but the LMS and the worker.
 */
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { sendNotice } from '../../api/data/notice.ts'
import { markFailed } from '../../api/data/seats/seat-life.ts'
import { takeTimetable } from '../../api/teaching/timetable.ts'
import { openWebsite } from '../api/website.ts'
import { openBrowser } from '../browser.ts'
import { allDocuments, machineLearningDocument, networksDocument } from '../cast/documents.ts'
import {
  BEFORE_CLASS,
  IN_CLASS,
  addLmsCourse,
  courseId,
  importDocuments,
  launch,
  signIn,
} from '../cast/record.ts'
import { addCopiedActivity } from '../cast/copied-activity.ts'
import { isFitWideAndDark } from '../page-fit.ts'
import { visitor } from './visitor.ts'

const COURSE = '/courses/networks-101'
const now = BEFORE_CLASS
const site = await openWebsite(now)
const { pool, ring } = site
const browser = await openBrowser()
const visit = visitor(browser, site)
await importDocuments(pool, ring, now, allDocuments())
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const person = (locale: 'en' | 'fr', role: 'teacher' | 'student') =>
  signIn(pool, { name: `${role} ${locale}`, contextId, role, locale, now })
const [teacher, enseignante] = [await person('en', 'teacher'), await person('fr', 'teacher')]
const student = await person('fr', 'student')
const administrator = await signIn(pool, { administrator: true, locale: 'fr', now })
await execute(pool, sql`update membership set edits_plans = true where role = 'teacher'`)

afterAll(async () => {
  await browser.close()
  await site.close()
})

const put = (text: string) => importDocuments(pool, ring, now, [{ name: 'n.yaml', text }])
beforeEach(() => put(networksDocument()))

/** What the page says; `{{…}}` are tokens, which are meant to be read. */
async function looksWell(page: Page, name: string, ...says: RegExp[]): Promise<void> {
  const text = (await page.locator('main').innerText()).replaceAll('\u00a0', ' ')
  for (const one of says) expect(text, name).toMatch(one)
  expect(text.replaceAll(/\{\{[^}]*\}\}/g, ''), name).not.toMatch(/\{\w*\}|undefined|\[object/)
  await isFitWideAndDark(page, name)
}
/** Clicks what leads to another page, and waits for that. */
const follow = (page: Page, what: Locator) => Promise.all([page.waitForEvent('load'), what.click()])
const save = (page: Page) => follow(page, page.locator('.plan-acts .primary'))

it('a plan whose steps are lost since somebody took their class away', async () => {
  const second = '  - start: 2026-11-26T08:00\n    minutes: 60\nheadroom'
  await put(networksDocument().replace('headroom', second))
  const page = await visit(`${COURSE}/plan`, enseignante)
  await page.locator('.event', { hasText: '08:00' }).click()
  await page.locator('[name=act][value=remove]').click()
  await page.getByText('1 séance en moins').waitFor()
  await put(networksDocument())
  await save(page)
  await page.getByText('Quelqu’un d’autre a enregistré').waitFor()
  // Above the calendar that it asks to look through, also where that is a list.
  const lost = page.locator('.plan-calendar .note')
  expect(await lost.innerText()).toContain('1 de vos étapes')
  await looksWell(page, 'answer-plan-lost', /laissée de côté/)
  await page.context().close()
})

it('a connection window with mistakes, overtaken, and saved', async () => {
  const page = await visit(`${COURSE}/connection`, teacher)
  await page.locator('#textEn').fill('Use {{key}}.')
  await page.getByRole('button', { name: 'Add a button' }).click()
  await page.locator('#button-en-0').waitFor()
  await save(page)
  await looksWell(page, 'answer-window-wrong', /Button 1, Name in English: a name/)
  expect(await page.locator('.plan-verdict').innerText()).toBe(
    'In English: {{key}} means nothing here',
  )
  await page.locator('#textEn').fill('Use {{user}}.')
  await page.locator('#button-en-0').fill('Week 3')
  await page.locator('.sample', { hasText: 'Week 3' }).waitFor()
  await put(networksDocument().replace('headroom', 'display: { password: never }\nheadroom'))
  await save(page)
  await looksWell(page, 'answer-window-stale', /Somebody else saved/)
  await save(page)
  await looksWell(page, 'answer-window-saved', /Saved\.\s*Undo/)
  await page.context().close()
})

const event = (uid: string, summary: string, times: string) =>
  `BEGIN:VEVENT\nUID:${uid}\nSUMMARY:${summary}\n${times}\nEND:VEVENT\n`
const timetable = `BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n${[
  event('a', 'Lab', 'DTSTART:20261201T080000Z\nDTEND:20261201T100000Z\nRRULE:FREQ=WEEKLY;COUNT=9'),
  event('b', 'Open day of the whole school', 'DTSTART;VALUE=DATE:20261203'),
  event('c', 'Lecture for who missed the first one', 'DTSTART:20261204T080000Z'),
  event('d', 'Lecture', 'DTSTART:20261232T080000Z\nDTEND:20261232T090000Z'),
  event('e', '', 'DTSTART:20261204T080000Z\nDTEND:20261204T100000Z\nRRULE:FREQ=WEEKLY'),
].join('')}END:VCALENDAR\n`

it('a timetable with events that cannot be read, overtaken; and what is none', async () => {
  const page = await visit(`${COURSE}/timetable`, enseignante)
  const look = page.getByRole('button', { name: 'Que changerait-il' })
  await page.locator('#feed').fill('hello')
  await follow(page, look)
  await page.getByText('Exportez votre emploi du temps').waitFor()
  expect(await page.locator('main').innerText()).not.toContain('le dit déjà')
  await page.locator('#feed').fill(timetable)
  await follow(page, look)
  await page.getByText('Évènement sans nom').waitFor()
  await put(networksDocument(29))
  await follow(page, page.getByRole('button', { name: 'Reprendre' }))
  await page.getByText('rien n’a été repris').waitFor()
  await looksWell(
    page,
    'answer-timetable',
    /mar\. 1er déc\. 09:00/,
    /Lecture\s+Il ne peut pas être lu/,
  )
  await follow(page, page.getByRole('button', { name: 'Reprendre' }))
  await page.waitForURL(/\/plan/)
  await page.context().close()
})

it('a timetable taken over again, where its teacher moved a class and left one out', async () => {
  const feed = [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//EN', 'BEGIN:VEVENT', 'UID:S1'],
    ...['SUMMARY:NET101 lab', 'DTSTART;TZID=Europe/Paris:20261201T080000'],
    ...['DTEND;TZID=Europe/Paris:20261201T100000', 'RRULE:FREQ=WEEKLY;COUNT=3'],
    ...['END:VEVENT', 'END:VCALENDAR'],
  ].join('\n')
  const zone = { timeZone: 'Europe/Paris', holidays: [] }
  const empty = networksDocument().replace(/sessions:[^]*headroom/, 'headroom')
  const wish = { feed, contains: '', zone, today: '2026-11-23', asTimetable: false }
  const own = `    except: [2026-12-08T08:00]\n    move: { 2026-12-15T08:00: 2026-12-16T14:00 }\n`
  await put(takeTimetable(empty, wish).text.replace(/( +repeat: .*\n)/, `$1${own}`))
  const page = await visit(`${COURSE}/timetable`, teacher)
  await page.locator('#feed').fill(feed)
  await follow(page, page.getByRole('button', { name: 'What would change?' }))
  await looksWell(page, 'answer-timetable-kept', /Tue 8 Dec 08:00/, /Wed 16 Dec 14:00/)
  await follow(page, page.locator('[name=look][value=timetable]'))
  await looksWell(page, 'answer-timetable-undone', /Tue 8 Dec 08:00/, /Wed 16 Dec 14:00/)
  await page.context().close()
})

it('a course that others have to agree to, and that they do not', async () => {
  const page = await visit('/course-import', teacher)
  await page.locator('#text').fill('hello: [')
  await follow(page, page.getByRole('button', { name: 'What would it make?' }))
  await looksWell(page, 'answer-import-wrong', /This file makes no course/)
  const large = networksDocument(300).replace(/title: .*/, 'title: { en: Large, fr: Grand }')
  await page.locator('#text').fill(large)
  await follow(page, page.getByRole('button', { name: 'What would it make?' }))
  await follow(page, page.getByRole('button', { name: 'Make this course' }))
  await page.getByText('Nothing is made before they agree').waitFor()
  expect(await page.getByRole('button', { name: 'Make this course' }).count()).toBe(0)
  await looksWell(page, 'answer-import-waits')
  await follow(page, page.locator('main').getByRole('link', { name: 'My activities' }))
  expect(await page.locator('main').innerText()).toMatch(/Large waits for agreement\s+Sent to/)
  const { id } = await one<{ id: string }>(
    pool,
    sql`select id from change where state = 'proposed'`,
  )
  await site.api(`/api/changes/${id}/rejection`, { reason: 'Not this term.' })
  await page.reload()
  await looksWell(page, 'answer-course-refused', /Who decided wrote: “Not this term\.”/)
  await page.context().close()
})

it('a copied activity whose new edition waits, and is not agreed to', async () => {
  // As large as its own plan was agreed to.
  const outcome = await put(networksDocument(160, 30))
  if (outcome.outcome !== 'changed') throw new Error(outcome.outcome)
  const { id: agreed, blueprint_digest: digest } = outcome.change
  expect((await site.api(`/api/changes/${agreed}/approval`, { digest })).status).toBe(200)
  const from = contextId
  const copy = { from, contextId: '3', teacher: teacher.personId, now }
  const at = `/copied-activities/${await addCopiedActivity(pool, copy)}`
  const page = await visit(at, teacher)
  await looksWell(page, 'answer-copied', /./)
  await follow(page, page.getByRole('button', { name: 'edition' }))
  await page.goto(site.origin + at)
  await looksWell(page, 'answer-copied-waits', /sent to the infra team/)
  const { id } = await one<{ id: string }>(
    pool,
    sql`select id from change where state = 'proposed' order by created_at desc limit 1`,
  )
  await site.api(`/api/changes/${id}/rejection`, { reason: 'Not so many at once.' })
  await page.goto(site.origin + at)
  await looksWell(page, 'answer-copied-not-agreed', /Who decided wrote: “Not so many at once.”/)
  await page.context().close()
})

it('a change that was overtaken while its reviewer read it', async () => {
  await put(networksDocument(150))
  const { id } = await one<{ id: string }>(
    pool,
    sql`select id from change where state = 'proposed'`,
  )
  const page = await visit(`/admin/changes/${id}`, administrator)
  const fewer = machineLearningDocument.replace(/students: \d+/, 'students: 3')
  await importDocuments(pool, ring, now, [{ name: 'ml.yaml', text: fewer }])
  await follow(page, page.getByRole('button', { name: 'Approuver' }))
  await looksWell(page, 'answer-change-overtaken', /Autre chose a été approuvé/)
  await page.getByRole('link', { name: 'Retour à la modification' }).click()
  await page.waitForURL(`**/admin/changes/${id}`)
  await site.api(`/api/changes/${id}/rejection`, { reason: 'No.' })
  await page.context().close()
})

it('what teachers are told, and a seat that does not start', async () => {
  site.setNow(IN_CLASS)
  const mine = await launch(pool, {
    personId: student.personId,
    courseKey: 'networks-101',
    now: IN_CLASS,
  })
  const { seat_id: seat } = await one<{ seat_id: string }>(
    pool,
    sql`select seat_id from workspace where id = ${mine.id}`,
  )
  const message = { code: 'seat.start_failed', params: { reason: 'The key ring has no key k0' } }
  await withTransaction(pool, (tx) =>
    markFailed(tx, { id: seat, retryAt: IN_CLASS, message, now: IN_CLASS }),
  )
  const own = await visit(`/workspaces/${mine.id}`, student)
  await looksWell(own, 'answer-seat-failed', /donnez votre numéro de poste/)
  await own.context().close()
  const course = await courseId(pool, 'networks-101')
  const what = 'late.what.seats'
  const untilAt = '2026-11-26T09:00:00.000Z'
  const lines = [
    { code: 'late.seat.start_failed', params: { count: 2, reason: '–' } },
    { code: 'late.frozen', params: { what, untilAt, reason: 'The switch is changed.' } },
    { code: 'late.do.infra' },
  ]
  await withTransaction(pool, (tx) =>
    sendNotice(tx, {
      ...{ code: 'notice.session-late', to: 'both', courseId: course, lines, now: IN_CLASS },
      params: { startsAt: '2026-11-24T09:00:00.000Z', ready: 12, wanted: 30 },
      ...{ dedupeKey: 'late', shownUntil: new Date(IN_CLASS.getTime() + 3_600_000) },
    }),
  )
  const page = await visit(COURSE, enseignante)
  const said = [/ne disent pas pourquoi/, /Elle reprend le jeudi 26 novembre à 10:00/]
  await looksWell(page, 'answer-notices', ...said, /prévenue aussi\.\n/)
  await page.context().close()
})
