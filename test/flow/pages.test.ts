/**
 * Our own pages in Chromium: they follow what happens without a reload, survive a restart of the api, work by
 * keyboard and without JavaScript. The worker's part is played by the cast; everything else is real.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { execute, sql, withTransaction } from '../../api/data/db.ts'
import { markFailed } from '../../api/data/seats/seat-life.ts'
import { barriers } from '../browser.ts'
import { seatReady } from '../cast/record.ts'
import { SEATS_STACK, hear } from '../cast/runs.ts'
import { pagesScene } from './pages-scene.ts'
import { loginCookie } from './visitor.ts'

const scene = await pagesScene()
const { now, site, pool, visit, student, waiting, teacher, administrator, mine, queued, run } =
  scene
afterAll(() => scene.close())

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

it('says that it has copied for its moment, also when the page changes under it', async () => {
  const page = await visit(`/workspaces/${mine.id}`, student)
  await page.evaluate(`{
    const real = setTimeout
    window.setTimeout = (run, ms) => (ms === 2_000 ? (window.endMoment = run) : real(run, ms))
  }`)
  await page.getByRole('button', { name: 'Copy: SSH command' }).click()
  await page.waitForFunction('window.endMoment')
  const before = await page.locator('time-left').textContent()
  await execute(
    pool,
    sql`update workspace set stops_at = stops_at + interval '10 minutes' where id = ${mine.id}`,
  )
  await pool.query(`select pg_notify('workspace', $1)`, [mine.id])
  await page.waitForFunction(
    `document.querySelector('time-left').textContent !== ${JSON.stringify(before)}`,
  )
  expect(await page.getByRole('button', { name: 'Copied' }).isVisible()).toBe(true)
  await page.evaluate('window.endMoment()')
  expect(await page.getByText('Copied').isVisible()).toBe(false)
  expect(await page.getByRole('button', { name: 'Copy: SSH command' }).isVisible()).toBe(true)
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
  await page.context().addCookies([{ ...loginCookie(site, student), partitionKey }])
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

it('sends once what is pressed twice, and shows that it is on its way', async () => {
  const page = await visit('/courses/networks-101/sharing', teacher)
  let sent = 0
  const shown = Promise.withResolvers<void>()
  await page.exposeFunction('tellShown', shown.resolve)
  await page.evaluate(`new MutationObserver(() => tellShown())
    .observe(document.body, { subtree: true, attributeFilter: ['aria-busy'] })`)
  await page.route('**/sharing', async (route) => {
    if (route.request().method() === 'POST' && ++sent) await shown.promise
    await route.continue()
  })
  await page.getByRole('button', { name: 'No longer for all' }).dblclick({ noWaitAfter: true })
  await page.getByRole('button', { name: 'Let all teachers use it' }).waitFor()
  expect(sent).toBe(1)
  await page.context().close()
})

it('asks nobody else for anything', async () => {
  const page = await visit('/', student)
  const asked = new Set<string>()
  page.on('request', (request) => asked.add(new URL(request.url()).origin))
  await page.goto(`${site.origin}/workspaces/${mine.id}`)
  await page.getByText('Stops by itself').waitFor()
  expect([...asked]).toEqual([site.origin])
})
