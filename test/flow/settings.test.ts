/**
 * A teacher at a course's settings, in Chromium: what a change means beside it, steps back, the draft, a telephone.
 * Everything is real but the LMS.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { execute, one, sql } from '../../api/data/db.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import {
  BEFORE_CLASS,
  type SignedIn,
  addLmsCourse,
  importDocuments,
  signIn,
} from '../cast/record.ts'
import { openWebsite } from '../api/website.ts'
import { barriers, openBrowser, overflow } from '../browser.ts'

const COURSE = '/courses/networks-101'
const site = await openWebsite(BEFORE_CLASS)
const { pool, ring } = site
// Set to a folder to keep what was seen.
const shots = process.env['LABPLAN_SHOTS']

let browser: Browser
let teacher: SignedIn
let page: Page

beforeAll(async () => {
  await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
  const lms = { courseKey: 'networks-101', contextId: '2', now: BEFORE_CLASS }
  const contextId = await addLmsCourse(pool, lms)
  teacher = await signIn(pool, { contextId, role: 'teacher', now: BEFORE_CLASS })
  await execute(pool, sql`update membership set edits_plans = true`)
  browser = await openBrowser()
})

beforeEach(async () => {
  await page?.context().close()
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: networksDocument() }])
  page = await open()
})

afterAll(async () => {
  await browser?.close()
  await site.close()
})

async function open(): Promise<Page> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB' },
    // axe is injected as a script.
    bypassCSP: true,
  })
  await context.addCookies([
    {
      ...{ name: '__Host-labplan', value: teacher.token, secure: true, httpOnly: true },
      ...{ url: `https://${new URL(site.origin).hostname}`, sameSite: 'None' },
    },
  ])
  const opened = await context.newPage()
  opened.on('pageerror', (error) => expect.unreachable(error.message))
  await opened.goto(`${site.origin}${COURSE}/settings`)
  await opened.getByText('Nothing is changed yet.').waitFor()
  return opened
}

const answer = () => page.locator('.plan-answer')

async function keep(name: string): Promise<void> {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
}

it('says beside each change what it means, steps back, keeps a draft, and saves', async () => {
  await page.getByLabel('Memory (MB)').fill('1024')
  await answer().getByText('Memory (MB): 512 → 1024').waitFor()
  await page.getByLabel('Students may hand in work').check()
  await answer().getByText('Students may hand in work: (nothing) → yes').waitFor()
  await page.getByRole('button', { name: 'Undo the last step' }).click()
  await answer().getByText('Students may hand in work').waitFor({ state: 'detached' })
  expect(await page.getByLabel('Students may hand in work').isChecked()).toBe(false)
  await page.reload()
  await answer().getByText('Memory (MB): 512 → 1024').waitFor()
  await page.getByLabel('Sun').uncheck()
  await answer().getByText('Days: (nothing) → Mon, Tue, Wed, Thu, Fri, Sat').waitFor()
  await keep('settings-changed')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  const { document } = await one<{ document: string }>(
    pool,
    sql`select document from course where key = 'networks-101'`,
  )
  expect(document).toContain('memoryMb: 1024')
  expect(document).toContain('days: [ MO, TU, WE, TH, FR, SA ]')
})

it('has no barrier and fits, wide, narrow and dark', async () => {
  for (const part of ['', '/settings', '/plan', '/sharing'])
    for (const [width, colorScheme] of [
      [1200, 'light'],
      [360, 'light'],
      [1200, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.goto(site.origin + COURSE + part)
      expect(await barriers(page), `${part} ${width} ${colorScheme}`).toEqual([])
      expect(await overflow(page), `${part} ${width}`).toBeLessThanOrEqual(0)
      await keep(`course${part.replace('/', '-')}-${width}-${colorScheme}`)
    }
})
