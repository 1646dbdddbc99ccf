/**
 * A workspace near its automatic stop, in Chromium: said at once, read aloud, told by the computer to who allowed
 * it by a click, and put off by keyboard. The worker's part is played by the cast.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, sql, withTransaction } from '../../api/data/db.ts'
import { warnWorkspaces } from '../../api/data/workspaces/workspace-time.ts'
import {
  type SignedIn,
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { barriers, openBrowser } from '../browser.ts'
import { openWebsite } from '../api/website.ts'

// The browser has the machine's clock.
const now = new Date()
const site = await openWebsite(now)
const { pool, ring } = site
let browser: Browser
let student: SignedIn
let mine: { id: string }

beforeAll(async () => {
  const yesterday = new Date(now.getTime() - 24 * 3600_000).toISOString().slice(0, 10)
  const text = networksDocument(30)
    .replace(/start: .*/, `start: ${yesterday}T08:00`)
    .replace('headroom: { seats: 0 }', 'headroom: { seats: 3, hours: 00:00-24:00 }')
  const documents = allDocuments().map((one) =>
    one.name === 'networks-101.yaml' ? { ...one, text } : one,
  )
  const before = new Date(now.getTime() - 72 * 3600_000)
  await importDocuments(pool, ring, before, documents)
  const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
  student = await signIn(pool, { name: 'Student One', contextId, now })
  mine = await launch(pool, { personId: student.personId, courseKey: 'networks-101', now })
  await seatReady(pool, mine.id, now)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await site.close()
})

/** What the computer was told is kept in the page's own list, beside showing it. */
const listening = `window.told = []
  const Real = Notification
  window.Notification = class extends Real {
    constructor(title, options) { super(title, options); window.told.push(title) }
  }
  window.asked = 0
  window.Notification.requestPermission = async () => (window.asked++, 'denied')`

async function visit(permissions: string[]): Promise<Page> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    bypassCSP: true,
    permissions,
  })
  await context.addCookies([
    {
      name: '__Host-labplan',
      value: student.token,
      url: `https://${new URL(site.origin).hostname}`,
      ...{ secure: true, httpOnly: true, sameSite: 'None' },
    },
  ])
  await context.addInitScript(listening)
  const page = await context.newPage()
  page.on('pageerror', (error) => expect.unreachable(error.message))
  await page.goto(`${site.origin}/workspaces/${mine.id}`)
  return page
}

async function stopIn(minutes: number): Promise<void> {
  const stopsAt = new Date(now.getTime() + minutes * 60_000)
  await execute(
    pool,
    sql`update workspace set stops_at = ${stopsAt}, session_id = null, extensions = 0, warned_at = null
        where id = ${mine.id}`,
  )
  await withTransaction(pool, (tx) => warnWorkspaces(tx, now))
}

it('warns under the reader’s eyes, tells their computer once, and is put off by keyboard', async () => {
  await stopIn(60)
  const page = await visit(['notifications'])
  await page.getByText('Stops by itself').waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
  await stopIn(8)
  await page.getByRole('alert').filter({ hasText: 'Your workspace stops' }).waitFor()
  expect(await page.title()).toBe('Stops soon · Networks 101 · Labplan')
  await expect.poll(() => page.evaluate('window.told.length')).toBe(1)
  expect(await barriers(page)).toEqual([])
  await page.reload()
  await page.getByRole('alert').waitFor()
  expect(await page.evaluate('window.told.length')).toBe(0)
  await page.getByRole('button', { name: /^Extend: stop/ }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor({ state: 'hidden' })
  await page.getByText(/1\sh\s0\d left/).waitFor()
  // Another stop is another note.
  await stopIn(7)
  await expect.poll(() => page.evaluate('window.told.length')).toBe(1)
})

it('asks for leave to notify on a click only, and says what was answered', async () => {
  await stopIn(60)
  const page = await visit([])
  // Chromium without a screen answers no before it is asked: here it has not been.
  await page.addInitScript(
    `Object.defineProperty(Notification, 'permission', { get: () => 'default' })`,
  )
  await page.reload()
  const ask = page.getByRole('button', { name: 'Notify me on this computer' })
  await ask.waitFor()
  expect(await page.evaluate('window.asked')).toBe(0)
  await ask.click()
  await page.getByText('Your browser does not allow it.').waitFor()
  // It stays said when the page is rendered anew.
  await stopIn(8)
  await page.getByRole('alert').waitFor()
  expect(await page.getByText('Your browser does not allow it.').isVisible()).toBe(true)
  expect(await page.evaluate('[window.asked, window.told.length]')).toEqual([1, 0])
})
