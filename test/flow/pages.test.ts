/**
 * Our own pages in Chromium: they follow what happens without a reload, survive a restart of the api, work by
 * keyboard and without JavaScript, fit a telephone, and have no barrier axe knows of. The worker's part is
 * played by the cast; everything else is real.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { keepPlan } from '../../api/data/change-plan.ts'
import { type Change, latestChanges } from '../../api/data/change.ts'
import { execute, sql, withTransaction } from '../../api/data/db.ts'
import { markFailed } from '../../api/data/seat-life.ts'
import {
  type SignedIn,
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { type LiveRun, SEATS_STACK, applyingRun, hear, want } from '../cast/runs.ts'
import { cloudMachines, courseDocument, poolDocument } from '../cast/cloud.ts'
import { barriers, openBrowser, overflow } from '../browser.ts'
import { openWebsite } from '../api/website.ts'

// The browser has the machine's clock, so the class is on now.
const now = new Date()
const site = await openWebsite(now)
const { pool, ring } = site
// Set to a folder to keep what was seen.
const shots = process.env['LABPLAN_SHOTS']

let browser: Browser
let student: SignedIn
let waiting: SignedIn
let teacher: SignedIn
let administrator: SignedIn
let mine: { id: string }
let queued: { id: string }
let run: LiveRun
let change: Change

beforeAll(async () => {
  const wallStart = new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Europe/Paris',
    dateStyle: 'short',
    timeStyle: 'short',
  })
    .format(new Date(now.getTime() - 20 * 60_000))
    .replace(' ', 'T')
  const networks = networksDocument(30, 1).replace(/start: .*/, `start: ${wallStart}`)
  const documents = allDocuments().map((one) =>
    one.name === 'networks-101.yaml' ? { ...one, text: networks } : one,
  )
  await importDocuments(pool, ring, now, documents)
  const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
  const learning = await addLmsCourse(pool, {
    courseKey: 'machine-learning-lab',
    contextId: '3',
    now,
  })
  student = await signIn(pool, { name: 'Student One', contextId, now })
  waiting = await signIn(pool, { name: 'Student Two', locale: 'fr', contextId, now })
  teacher = await signIn(pool, { name: 'Teacher One', contextId, role: 'teacher', now })
  await execute(
    pool,
    sql`insert into membership (id, person_id, lms_context_id, role, seen_at)
        values (gen_random_uuid(), ${teacher.personId}, ${learning}, 'teacher', ${now})`,
  )
  administrator = await signIn(pool, { administrator: true, now })
  const start = ({ personId }: SignedIn) =>
    launch(pool, { personId, courseKey: 'networks-101', now })
  mine = await start(student)
  queued = await start(waiting)
  await execute(
    pool,
    sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
  )
  // More seats than the course may have unseen: it waits for a review.
  await importDocuments(pool, ring, now, [
    { name: 'large.yaml', text: networks.replace('students: 30', 'students: 150') },
  ])
  ;[change] = (await latestChanges(pool, 1)) as [Change]
  await keepPlan(pool, {
    ...{
      changeId: change.id,
      digest: change.blueprint_digest,
      stack: SEATS_STACK,
      due_at: now,
      now,
    },
    ...{ counts: { create: 120, update: 0, replace: 0, delete: 0 }, message: null },
    text: '  # docker_service.s031 will be created\n  + resource "docker_service" "s031" {\n    }',
  })
  await want(pool, now, { [SEATS_STACK]: 'two-seats' })
  await aPoolInACloud(wallStart)
  run = await applyingRun(pool, 'two-seats', new Date(now.getTime() - 9_000))
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await site.close()
})

/** With a machine that is full, one that is emptied and one that does not come up. */
async function aPoolInACloud(start: string): Promise<void> {
  const course = { key: 'cloud-lab', start, minutes: 240, students: 8 }
  await importDocuments(pool, ring, now, [
    { name: 'cloud.yaml', text: poolDocument('10.0.0.2:2377') },
    { name: 'cloud-lab.yaml', text: courseDocument(course) },
  ])
  await withTransaction(pool, (tx) => cloudMachines(tx, now))
}

async function visit(
  path: string,
  who: SignedIn | undefined,
  { javaScript = true } = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1200, height: 820 },
    javaScriptEnabled: javaScript,
    // Colours that are on their way from light to dark are neither.
    reducedMotion: 'reduce',
    locale: 'en-GB',
    // axe is injected as a script.
    bypassCSP: true,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  if (who) await context.addCookies([loginCookie(who)])
  const page = await context.newPage()
  page.on('pageerror', (error) => expect.unreachable(`${path}: ${error.message}`))
  await page.goto(site.origin + path)
  return page
}

// Chromium keeps `__Host-` cookies for https addresses only when asked this way, and sends them to *.localhost.
const loginCookie = ({ token }: SignedIn) => ({
  name: '__Host-labplan',
  value: token,
  url: `https://${new URL(site.origin).hostname}`,
  secure: true,
  httpOnly: true,
  sameSite: 'None' as const,
})

it('opens by itself when the environment is ready, with no reload, and says so to who listens', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student)
  await page.getByText('Getting ready').waitFor()
  await page.evaluate('window.sameDocument = true')
  const status = page.getByRole('status').filter({ hasText: 'Getting ready' })
  const element = await status.elementHandle()
  await seatReady(pool, mine.id, now)
  await page.getByRole('button', { name: 'Start Web terminal' }).waitFor()
  expect(await page.evaluate(`'sameDocument' in window`)).toBe(true)
  // A live region is read aloud only when it stays the same element.
  expect(await element?.evaluate((node) => [node.isConnected, node.textContent?.trim()])).toEqual([
    true,
    'Ready',
  ])
  expect(await page.title()).toBe('Ready · Networks 101 · Labplan')
  expect(await page.locator('time-left').textContent()).toMatch(/^1\sh\s\d\d left$/)
})

it('keeps what the reader opened when the page changes under it', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student)
  await page.getByText('Show the password').click()
  const password = page.locator('.secret code')
  await password.waitFor()
  await execute(
    pool,
    sql`update workspace set stops_at = stops_at - interval '80 minutes' where id = ${mine.id}`,
  )
  await pool.query(`select pg_notify('workspace', $1)`, [mine.id])
  await page.getByText(/\d+\smin left/).waitFor()
  expect(await password.isVisible()).toBe(true)
})

it('copies the SSH command', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student)
  await page.getByRole('button', { name: 'Copy: SSH command' }).click()
  await page.getByText('Copied').waitFor()
  const copied = await page.evaluate('navigator.clipboard.readText()')
  expect(copied).toMatch(/^ssh -p 32769 lab\w{4}@10\.0\.0\.5$/)
})

it('asks before a reset, and can be answered by keyboard alone', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student)
  const dialog = page.getByRole('dialog', { name: 'Start afresh?' })
  await page.getByRole('link', { name: 'Reset…' }).focus()
  await page.keyboard.press('Enter')
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Reset…')
  await page.keyboard.press('Enter')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByRole('link', { name: 'Reset…' }).click()
  expect(await barriers(page)).toEqual([])
  await dialog.getByLabel('Start with an empty volume').focus()
  await page.keyboard.press('Space')
  await page.keyboard.press('Enter')
  await page.getByText('Starting afresh').waitFor()
  await seatReady(pool, mine.id, now)
  await page.getByText('Stops by itself').waitFor()
})

it('comes back by itself after a restart of the api, and says nothing of so short a cut', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student)
  await page.getByText('Stops by itself').waitFor()
  await site.restart()
  await withTransaction(pool, async (tx) => {
    const { rows } = await tx.query<{ seat_id: string }>(
      'select seat_id from workspace where id = $1',
      [mine.id],
    )
    const message = { code: 'seat.start_failed', params: { reason: '' } }
    await markFailed(tx, { id: rows[0]?.seat_id ?? '', retryAt: now, message, now })
  })
  await page.getByText('Could not start').waitFor()
  expect(await page.locator('.live-lost').isVisible()).toBe(false)
  await seatReady(pool, mine.id, now)
  await page.getByText('Stops by itself').waitFor()
})

it('says after a while that the line is cut, and when it is back', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student)
  await page.getByText('Stops by itself').waitFor()
  await page.clock.install()
  await page.context().setOffline(true)
  await site.restart()
  await page.waitForTimeout(500)
  await page.clock.runFor(20_000)
  await page.getByText('The connection to Labplan was lost').waitFor()
  await page.context().setOffline(false)
  await page.clock.runFor(20_000)
  await page.getByText('The connection is back.').waitFor()
})

it('counts down to the opening, and lets in without being asked', async () => {
  await execute(
    pool,
    sql`update workspace set state = 'closed', queued_at = null, opens_at = ${new Date(Date.now() + 300_000)} where id = ${queued.id}`,
  )
  const page = await visit(`/workspaces/${queued.id}`, waiting)
  await page.getByText('Pas encore ouvert').waitFor()
  expect(await page.locator('time-left').textContent()).toMatch(/^dans [45]\smin$/)
  await execute(
    pool,
    sql`update workspace set state = 'queued', queued_at = ${now} where id = ${queued.id}`,
  )
  await pool.query(`select pg_notify('workspace', $1)`, [queued.id])
  await page.getByText('Vous êtes le prochain.').waitFor()
})

it('changes language and stays there', async () => {
  const page = await visit(`/workspaces/${queued.id}`, waiting)
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByText('Waiting for a place').waitFor()
  await page.goto(`${site.origin}/`)
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('My activities')
})

it('works without JavaScript, by loading again', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student, { javaScript: false })
  expect(await page.locator('copy-button').first().isVisible()).toBe(false)
  await page.getByText('Show the password').click()
  expect(await page.locator('.secret code').isVisible()).toBe(true)
  await page.getByRole('link', { name: 'Reset…' }).click()
  await page.getByRole('heading', { name: 'Start afresh?' }).waitFor()
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Restart' }).click()
  await page.getByText('Getting ready').waitFor()
  const refresh = page.locator('noscript meta[http-equiv=refresh]')
  expect(await refresh.getAttribute('content')).toBe('4')
  await seatReady(pool, mine.id, now)
  await page.getByRole('button', { name: 'Start Web terminal' }).waitFor()
})

it('lets somebody in an LMS’s frame start in a new tab, where the frame’s cookie is not', async () => {
  const lms = await framingLms(`${site.origin}/workspaces/${mine.id}`)
  const page = await visit('/', undefined)
  const partitionKey = 'http://lms.localhost'
  await page.context().addCookies([{ ...loginCookie(student), partitionKey }])
  await page.goto(lms.url)
  const frame = page.frameLocator('iframe')
  await frame.getByText('Opens in a new tab').waitFor()
  const asked = page
    .context()
    .waitForEvent('request', (request) => request.url().includes('.seats.localhost'))
  await frame.getByRole('button', { name: 'Start Web terminal' }).click()
  const request = await asked
  expect(request.url()).toMatch(
    /^http:\/\/[a-z2-7]{26}\.seats\.localhost:7081\/\.labplan\/enter\?ticket=/,
  )
  expect((await request.redirectedFrom()?.allHeaders())?.['cookie']).toBeUndefined()
  lms.close()
})

it('follows a run as it goes, and cancels it with the keyboard', async () => {
  const page = await visit(`/admin/runs?state=under-way`, administrator)
  await page.getByRole('link', { name: SEATS_STACK }).click()
  await page.getByText('1 of 2 changes is made').waitFor()
  const made = { address: 'docker_service.s002', action: 'create' }
  await hear(pool, run, 5, [{ at: now, kind: 'end', ...made, elapsedSeconds: 4 }])
  await page.getByText('2 of 2 changes are made').waitFor()
  const button = page.getByRole('button', { name: 'Cancel the run' })
  await button.focus()
  await page.keyboard.press('Enter')
  await page.getByText('It is being cancelled.').waitFor()
  expect(await button.isDisabled()).toBe(true)
  await page.context().close()
})

it('says what a plan means while it is typed, keeps what was typed, and saves by keyboard', async () => {
  const page = await visit('/courses/networks-101/plan', teacher)
  const answer = page.locator('.plan-answer')
  await answer.getByText('Nothing is changed yet.').waitFor()
  await page.getByLabel('Students').fill('25')
  await answer.getByText('from 30 students to 25 students').waitFor()
  expect(await answer.textContent()).toContain('Saved at once')
  // The tab was closed by mistake: what was typed is there again.
  await page.reload()
  await answer.getByText('from 30 students to 25 students').waitFor()
  expect(await page.getByLabel('Students').inputValue()).toBe('25')
  await page.getByRole('button', { name: 'Save' }).press('Enter')
  await page.getByRole('status').getByText('Saved.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await answer.getByText('Nothing is changed yet.').waitFor()
  expect(await page.getByLabel('Students').inputValue()).toBe('30')
  await page.context().close()
})

/** An active platform of its own site whose activity shows `address` in a frame. */
async function framingLms(address: string): Promise<{ url: string; close(): void }> {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html')
    answer.end(`<iframe title="lab" width="900" height="700" src="${address}"></iframe>`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://lms.localhost:${(server.address() as AddressInfo).port}`
  await execute(pool, sql`update platform set issuer = ${url}`)
  // Who may frame is read again after a few seconds; a restart reads it at once.
  await site.restart()
  return { url, close: () => server.close() }
}

const everyPage: [string, () => string, () => SignedIn | undefined][] = [
  ['front', () => '/', () => undefined],
  ['home', () => '/', () => student],
  ['workspace-ready', () => `/workspaces/${mine.id}`, () => student],
  ['workspace-queued', () => `/workspaces/${queued.id}`, () => waiting],
  ['reset', () => `/workspaces/${mine.id}/reset`, () => student],
  ['course', () => '/courses/networks-101', () => teacher],
  ['plan', () => '/courses/networks-101/plan', () => teacher],
  ['timetable', () => '/courses/networks-101/timetable', () => teacher],
  ['sharing', () => '/courses/networks-101/sharing?find=teacher', () => teacher],
  ['plan-does-not-fit', () => '/courses/machine-learning-lab/plan', () => teacher],
  ['course-does-not-fit', () => '/courses/machine-learning-lab', () => teacher],
  ['admin', () => '/admin', () => administrator],
  ['admin-platforms', () => '/admin/platforms', () => administrator],
  ['admin-courses', () => '/admin/courses', () => administrator],
  ['admin-pools', () => '/admin/pools', () => administrator],
  ['admin-pool', () => '/admin/pools/cloud', () => administrator],
  ['admin-runs', () => '/admin/runs', () => administrator],
  ['admin-run', () => `/admin/runs/${SEATS_STACK}`, () => administrator],
  ['admin-changes', () => '/admin/changes', () => administrator],
  ['admin-inventory', () => '/admin/inventory', () => administrator],
  ['admin-receipts', () => '/admin/receipts', () => administrator],
  ['admin-forecast', () => '/admin/forecast', () => administrator],
  ['admin-change', () => `/admin/changes/${change.id}`, () => administrator],
  ['sign-in-first', () => `/workspaces/${mine.id}`, () => undefined],
]

it.each(everyPage)('%s has no barrier and fits, wide, narrow and dark', async (name, path, who) => {
  const page = await visit(path(), who())
  // What is behind a click on the change's page is as much of it to its reviewer.
  if (name === 'admin-change')
    for (const one of await page.locator('main summary').all()) await one.click()
  for (const [width, colorScheme] of [
    [1200, 'light'],
    [390, 'light'],
    [1200, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 820 })
    await page.emulateMedia({ colorScheme })
    expect(await barriers(page)).toEqual([])
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    if (shots) await keep(page, `${name}-${width}-${colorScheme}`)
  }
  await page.context().close()
})

async function keep(page: Page, name: string): Promise<void> {
  mkdirSync(shots ?? '', { recursive: true })
  await page.screenshot({ path: join(shots ?? '', `${name}.png`), fullPage: true })
}

it('asks nobody else for anything', async () => {
  const page = await visit('/', student)
  const asked = new Set<string>()
  page.on('request', (request) => asked.add(new URL(request.url()).origin))
  await page.goto(`${site.origin}/workspaces/${mine.id}`)
  await page.getByText('Stops by itself').waitFor()
  expect([...asked]).toEqual([site.origin])
})
