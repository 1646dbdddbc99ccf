/**
 * From "add activity" in the LMS to a planned class, in Chromium and the LMS's own dialog, with clicks and seconds
 * counted; then a student opens the activity, and the teacher plans on. All real but what Terraform would make.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../api/data/db.ts'
import { type Scene, openScene, registerAndActivate } from '../api/lti-scene.ts'
import { allDocuments } from '../cast/documents.ts'
import { importDocuments } from '../cast/record.ts'
import { barriers, openBrowser } from '../browser.ts'

const MOST_CLICKS = 5
const MOST_MS = 120_000
// Set to a folder to keep what was seen.
const shots = process.env['LABPLAN_SHOTS']

let scene: Scene
let browser: Browser
let page: Page

beforeAll(async () => {
  scene = await openScene()
  await importDocuments(scene.pool, scene.ring, scene.now(), allDocuments())
  await registerAndActivate(scene)
  browser = await openBrowser()
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB' },
    bypassCSP: true,
  })
  context.setDefaultTimeout(30_000)
  page = await context.newPage()
  page.on('pageerror', (error) => expect.unreachable(error.message))
})

afterAll(async () => {
  await browser?.close()
  await scene?.close()
})

const become = (person: string, path: string) =>
  page.goto(`${scene.lms.url}/login/${person}?next=${path}`)

async function keep(name: string): Promise<void> {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
}

/** Monday of the week after next, at two in the afternoon: nobody's class yet. */
function start(): string {
  const at = new Date(scene.now().getTime() + 14 * 86_400_000)
  at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7))
  return `${at.toISOString().slice(0, 10)}T14:00`
}

async function ourFrame(): Promise<Frame> {
  await page.waitForSelector('iframe')
  const frame = await (await page.$('iframe'))?.contentFrame()
  if (!frame) throw new Error('The LMS shows no frame.')
  return frame
}

it('makes a course and its first class in at most five clicks', async () => {
  await become('teacher1', '/courses/2')
  const begun = Date.now()
  let clicks = 0
  const click = async (what: { click(): Promise<void> }) => {
    clicks++
    await what.click()
  }
  await click(page.getByRole('link', { name: /Add an activity/u }).first())
  const dialog = page.frameLocator('iframe')
  await click(dialog.getByRole('link', { name: 'New course' }))
  await dialog.getByLabel('Name').fill('Réseaux avancés')
  await dialog.getByLabel('Students', { exact: true }).fill('24')
  await dialog.getByLabel('First class').fill(start())
  await dialog.getByText('It can be made at once.').waitFor()
  await keep('new-course')
  expect(await barriers(await ourFrame())).toEqual([])
  await click(dialog.getByRole('button', { name: 'Make this course and use it' }))
  await page.waitForURL(`${scene.lms.url}/courses/2`)
  expect(clicks).toBeLessThanOrEqual(MOST_CLICKS)
  expect(Date.now() - begun).toBeLessThan(MOST_MS)
  const { key, document } = await one<{ key: string; document: string }>(
    scene.pool,
    sql`select key, document from course where key like 'reseaux-avances-%'`,
  )
  expect(document).toContain('students: 24')
  const sessions = await many(
    scene.pool,
    sql`select session.key from session join course on course.id = course_id where course.key = ${key}`,
  )
  expect(sessions).toHaveLength(12)
})

it('opens for its teacher, who plans on from there', async () => {
  await become('teacher1', '/courses/2')
  const [tab] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('link', { name: 'Réseaux avancés' }).click(),
  ])
  await tab.getByRole('link', { name: 'Plan', exact: true }).click()
  await tab.getByText('Nothing is changed yet.').waitFor()
  expect(await tab.locator('.event').count()).toBe(1)
})
