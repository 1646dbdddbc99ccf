/**
 * A teacher at the calendar of their plan, in Chromium: each class by hand and by keys, a series in part and as a
 * whole, undo, the draft, a telephone. Everything is real but the LMS.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { execute, one, sql } from '../../api/data/db.ts'
import { allDocuments, networksDocument, zoneDocument } from '../cast/documents.ts'
import {
  BEFORE_CLASS,
  type SignedIn,
  addLmsCourse,
  importDocuments,
  signIn,
} from '../cast/record.ts'
import { openBrowser } from '../browser.ts'
import { isFit, keepPicture } from '../page-fit.ts'
import { openWebsite } from '../api/website.ts'

const PLAN = '/courses/networks-101/plan'
const site = await openWebsite(BEFORE_CLASS)
const { pool, ring } = site

let browser: Browser
let teacher: SignedIn
let page: Page

beforeAll(async () => {
  const holidays = `holidays:\n  - { title: Midwinter, from: 2026-12-21, to: 2027-01-02 }\n`
  const documents = allDocuments().map((one) =>
    one.name === 'zone.yaml' ? { ...one, text: zoneDocument + holidays } : one,
  )
  await importDocuments(pool, ring, BEFORE_CLASS, documents)
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

async function open(size = { width: 1280, height: 900 }): Promise<Page> {
  const context = await browser.newContext({
    ...{ viewport: size, reducedMotion: 'reduce', locale: 'en-GB' },
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
  await opened.goto(site.origin + PLAN)
  await opened.getByText('Nothing is changed yet.').waitFor()
  return opened
}

const answer = () => page.locator('.plan-answer')
const event = (text: string): Locator => page.locator('.event', { hasText: text })
const documentNow = async () =>
  (
    await one<{ document: string }>(
      pool,
      sql`select document from course where key = 'networks-101'`,
    )
  ).document

const keep = (name: string, fullPage = true) => keepPicture(page, name, fullPage)

/** From the middle of one to so many pixels and days away, in steps as a hand does. */
async function drag(from: Locator, by: { days?: number; hours?: number; fromEdge?: boolean }) {
  const box = (await from.boundingBox())!
  const day = (await page.locator('.cal-day').first().boundingBox())!
  const row = (await page.locator('.week-grid').first().boundingBox())!.height / 12
  const x = box.x + box.width / 2
  const y = by.fromEdge ? box.y + box.height - 3 : box.y + box.height / 2
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 10, y + 10)
  await page.mouse.move(x + (by.days ?? 0) * day.width, y + (by.hours ?? 0) * row, { steps: 4 })
  await page.mouse.up()
}

it('drags a class to another day and hour, and says at once what it means', async () => {
  await drag(event('10:00–12:00'), { days: 1, hours: 3 })
  await answer().getByText('moves to Wednesday 25 November at 13:00').waitFor()
  await event('13:00–15:00').waitFor()
  await keep('plan-dragged', false)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  expect(await documentNow()).toContain('2026-11-24T10:00: 2026-11-25T13:00')
})

it('drags the lower edge to make a class longer, then for those after it too, and undoes', async () => {
  await drag(event('10:00–12:00'), { hours: 1, fromEdge: true })
  await answer().getByText('1 session lasts 180 minutes instead of 120').waitFor()
  await page.getByLabel('all classes of the series').check()
  await answer().getByText('10 sessions last 180 minutes').waitFor()
  await page.getByRole('button', { name: 'Undo the last step' }).click()
  await answer().getByText('Nothing is changed yet.').waitFor()
  await event('10:00–12:00').waitFor()
})

it('does with keys what a hand does', async () => {
  await event('10:00–12:00').focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await answer().getByText('Wednesday 25 November at 10:30').waitFor()
  await event('10:30–12:45').waitFor()
  expect(await page.evaluate('document.activeElement.textContent')).toContain('10:30–12:45')
  await page.keyboard.press('Delete')
  await answer().getByText('1 session fewer').waitFor()
})

it('gives one class of a series other numbers', async () => {
  await event('10:00–12:00').click()
  await page.getByLabel('Students of this class').fill('12')
  await answer().getByText('1 session goes from 30 students to 12 students').waitFor()
  await event('12 students').waitFor()
  await page.getByLabel('all classes of the series').check()
  await answer().getByText('10 sessions go from 30 students to 12 students').waitFor()
  await page.getByRole('button', { name: 'Undo the last step' }).click()
  await answer().getByText('Nothing is changed yet.').waitFor()
})

it('adds a class where there is none, and keeps it when the tab is closed by mistake', async () => {
  const grid = page.locator('.cal-day[data-date="2026-11-26"] .week-grid')
  const { height, width } = (await grid.boundingBox())!
  await grid.dblclick({ position: { x: width / 2, y: (height / 12) * 6 } })
  await answer().getByText('1 more session').waitFor()
  await event('14:00–16:00').waitFor()
  await page.reload()
  await event('14:00–16:00').waitFor()
  await answer().getByText('1 more session').waitFor()
})

it('shows the month with holidays, and moves a class to another day there', async () => {
  await page.getByRole('button', { name: 'Month', exact: true }).click()
  await page.getByRole('button', { name: 'Next month' }).click()
  await page.getByText('December 2026').waitFor()
  await page.locator('.cal-holiday').first().waitFor()
  const from = page.locator('.cal-day[data-date="2026-12-08"] .event')
  const to = page.locator('.cal-day[data-date="2026-12-10"]')
  const [a, b] = [(await from.boundingBox())!, (await to.boundingBox())!]
  await page.mouse.move(a.x + 20, a.y + 8)
  await page.mouse.down()
  await page.mouse.move(a.x + 40, a.y + 12)
  await page.mouse.move(b.x + 40, b.y + 40, { steps: 4 })
  await page.mouse.up()
  await answer().getByText('moves to Thursday 10 December at 10:00').waitFor()
  await keep('plan-month')
})

it('has no barrier and fits, wide, narrow, dark, in a week and in a month', async () => {
  await event('10:00–12:00').click()
  await page.getByText('This change is for').waitFor()
  for (const unit of ['week', 'month']) {
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [360, 'light'],
      [1280, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await isFit(page, `plan-${unit}-${width}-${colorScheme}`)
    }
    await page
      .getByRole('button', { name: unit === 'week' ? 'Month' : 'Week', exact: true })
      .click()
  }
})
