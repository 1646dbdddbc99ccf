/** In Chromium, LMS and Labplan on different sites, third-party cookies blocked: framed, in a window, in a dialog. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openBrowser } from '../browser.ts'
import {
  type Scene,
  chosenActivity,
  openScene,
  plannedCourse,
  registerAndActivate,
  registrationLink,
} from './lti-scene.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

let scene: Scene
let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  scene = await openScene()
  browser = await openBrowser()
  const platformId = await registerAndActivate(scene)
  await plannedCourse(scene, 'networks')
  for (const opensIn of ['window', 'frame'] as const) {
    const at = { lmsCourse: 'networks-101', key: opensIn, courseKey: 'networks' }
    chosenActivity(scene, { platformId, ...at })
    scene.lms.putActivity({
      course: 'networks-101',
      key: opensIn,
      title: `In a ${opensIn}`,
      opensIn,
    })
  }
})

afterAll(async () => {
  await browser.close()
  await scene.close()
})

beforeEach(async () => {
  context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  page = await context.newPage()
})

afterEach(() => context.close())

const become = (person: string, path: string) =>
  page.goto(`${scene.lms.url}/login/${person}?next=${path}`)

/** Clicks what opens a tab of its own. */
async function inNewTab(click: () => Promise<unknown>): Promise<Page> {
  const [tab] = await Promise.all([page.waitForEvent('popup'), click()])
  return tab
}

const workspace = /^http:\/\/labplan\.localhost:\d+\/workspaces\/[0-9a-f-]{36}$/

it('in a window: one click, and the workspace is there', async () => {
  await become('student1', '/courses/2')
  const tab = await inNewTab(() => page.getByRole('link', { name: 'In a window' }).click())
  await tab.waitForURL(workspace)
  await tab.getByRole('heading', { level: 1 }).waitFor()
  const cookies = await context.cookies(scene.config.publicUrl)
  expect(cookies.map(({ name }) => name)).toContain('__Host-labplan')
})

it('in a frame: the same, with a cookie of the frame', async () => {
  await become('student2', '/courses/2')
  await page.getByRole('link', { name: 'In a frame' }).click()
  const frame = page.frameLocator('iframe')
  await frame.getByRole('heading', { level: 1 }).waitFor()
  expect(page.frames().map((one) => one.url())).toContainEqual(expect.stringMatching(workspace))
  const [cookie] = (await context.cookies()).filter(({ name }) => name === '__Host-labplan')
  expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'None' })
  expect(cookie?.partitionKey).toContain('lms.localhost')
})

it('in a frame that keeps no cookie: one more click opens a window that does', async () => {
  // Chromium keeps partitioned cookies; a browser that does not is played by coming back without this one.
  await page.route(/\/lti\/login$/, (route) => {
    const login = new URLSearchParams(route.request().postData() ?? '')
    const back = `/lti/login?${login}&probed=1`
    const body = `<meta http-equiv="refresh" content="0; url=${back.replaceAll('&', '&amp;')}">`
    return route.fulfill({ contentType: 'text/html', body })
  })
  await become('student3', '/courses/2')
  await page.getByRole('link', { name: 'In a frame' }).click()
  const button = page.frameLocator('iframe').getByRole('button', { name: 'Open in a new window' })
  const tab = await inNewTab(() => button.click())
  await tab.waitForURL(workspace)
})

it('a teacher chooses the course in the LMS’s own dialog, and a student opens it', async () => {
  await become('teacher1', '/courses/2')
  const add = page.getByRole('link', { name: /Add an activity/u })
  await add.first().click()
  const dialog = page.frameLocator('iframe')
  await dialog.getByRole('radio', { name: /Course networks/ }).check()
  await dialog.getByRole('button', { name: 'Use this course' }).click()
  await page.waitForURL(`${scene.lms.url}/courses/2`)
  await become('student4', '/courses/2')
  const tab = await inNewTab(() => page.getByRole('link', { name: 'Course networks' }).click())
  await tab.waitForURL(workspace)
})

it('an administrator registers an LMS by pasting the link', async () => {
  const link = await registrationLink(scene, 'By hand')
  await become('admin', '/admin/tools')
  await page.getByLabel('Registration address').fill(link)
  await page.getByRole('button', { name: 'Start registration' }).click()
  await page.getByRole('button', { name: 'Activate' }).click()
  await page.getByText('Pending').waitFor({ state: 'detached' })
})

it('a refusal is readable in the frame, without barriers', async () => {
  scene.lms.chooseFaults('student5', ['deployment-other'])
  await become('student5', '/courses/2')
  await page.getByRole('link', { name: 'In a frame' }).click()
  const frame = page.frameLocator('iframe')
  await frame.getByText('deployment-pending').waitFor()
  scene.lms.chooseFaults('student5', [])
  const inner = page.frames().find((one) => one.url().includes('/lti/launch'))
  await inner?.evaluate(axe)
  const violations = await inner?.evaluate(
    '(async () => (await axe.run()).violations.map(({ id, nodes }) => id + ": " + nodes[0].html))()',
  )
  expect(violations).toEqual([])
})
