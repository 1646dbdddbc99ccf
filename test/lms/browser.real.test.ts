// The pages as people use them, in Chromium: LMS and tool on different sites, third-party cookies blocked.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { startLms } from './lms.ts'
import { startReferenceTool } from './reference-tool.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Lms } from './lms.ts'
import type { ReferenceTool } from './reference-tool.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const chosen = {
  type: 'ltiResourceLink',
  title: 'Chosen lab',
  custom: { course: 'networks-101' },
  lineItem: { scoreMaximum: 20 },
}

let browser: Browser
let context: BrowserContext
let page: Page
let lms: Lms
let tool: ReferenceTool

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  })
  lms = await startLms({ hostname: 'localhost' })
  tool = await startReferenceTool({ items: [chosen] })
  await lms.registerTool(`${tool.url}/register`, { activate: true })
})

afterAll(async () => {
  await browser.close()
  await tool.close()
  await lms.close()
})

beforeEach(async () => {
  tool.accepted.length = 0
  context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  page = await context.newPage()
})

afterEach(() => context.close())

function become(person: string, path: string): Promise<unknown> {
  return page.goto(`${lms.url}/login/${person}?next=${path}`)
}

const toolHeading = { name: 'Reference tool' }

test('an administrator connects a tool and activates it', async () => {
  const another = await startReferenceTool()
  // This tool says at once that it is done: late, the page's script must hear it all the same.
  await page.route('**/lms.js', async (route) => {
    await setTimeout(1000)
    await route.continue()
  })
  await become('admin', '/admin/tools')
  await page.getByLabel('Registration address').fill(`${another.url}/register`)
  await page.getByRole('button', { name: 'Start registration' }).click()
  await page.getByRole('button', { name: 'Activate' }).click()
  await page.getByText('Pending').waitFor({ state: 'detached' })
  await another.close()
  expect(lms.tools()).toMatchObject([{ state: 'active' }, { state: 'active' }])
})

test('a student opens an activity in a new window: two clicks', async () => {
  await page.goto(lms.url)
  await page.getByRole('link', { name: /student2/u }).click()
  await page.getByRole('link', { name: /Networks 101/u }).click()
  const opened = page.waitForEvent('popup')
  await page.getByRole('link', { name: 'TP de la semaine' }).click()
  await (await opened).getByRole('heading', toolHeading).waitFor()
  expect(tool.accepted.at(-1)).toMatchObject({ sub: '12' })
})

test('and one that opens in the page', async () => {
  await become('student1', '/courses/2')
  await page.getByRole('link', { name: 'The same lab, in the page' }).click()
  await page.frameLocator('iframe').getByRole('heading', toolHeading).waitFor()
  expect(tool.accepted).toHaveLength(1)
})

test('a teacher chooses in the tool and finds the activity in the course', async () => {
  await become('teacher1', '/courses/2')
  await page
    .getByRole('link', { name: /Add an activity/u })
    .first()
    .click()
  await page.frameLocator('iframe').getByRole('button', { name: 'Choose this' }).click()
  await page.waitForURL(`${lms.url}/courses/2`)
  await page.getByRole('link', { name: 'Chosen lab' }).waitFor()
  await page.getByRole('link', { name: 'Grades' }).click()
  const columns = await page.getByRole('columnheader').allInnerTexts()
  expect(columns).toEqual(['Person', 'Chosen lab / 20'])
})

test('a copy of the course opens the same thing', async () => {
  await become('teacher1', '/courses/2')
  await page.getByRole('button', { name: 'Copy this course' }).click()
  await page.getByRole('heading', { name: 'Networks 101 (copy)' }).waitFor()
  const opened = page.waitForEvent('popup')
  await page.getByRole('link', { name: 'Weekly lab' }).click()
  await (await opened).getByRole('heading', toolHeading).waitFor()
  const custom = tool.accepted.at(-1)?.['https://purl.imsglobal.org/spec/lti/claim/custom']
  expect(custom).toMatchObject({ course: 'networks-101' })
})

test('the switches spoil the launches of the one who ticked them', async () => {
  await become('student1', '/faults')
  await page.getByLabel('expired').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Launches are being spoilt: expired').waitFor()
  await page.goto(`${lms.url}/launch/${lms.activity('networks-101/weekly-lab').id}`)
  await page.getByText(/"exp" claim|"iat" claim/u).waitFor()
  lms.chooseFaults('student1', [])
  expect(tool.accepted).toHaveLength(0)
})

test.each([
  ['student1', '/login'],
  ['student2', '/courses/2'],
  ['teacher1', '/courses/2'],
  ['teacher1', '/courses/2/members'],
  ['teacher1', '/courses/2/grades'],
  ['admin', '/admin/tools'],
  ['admin', '/faults'],
])('%s reads %s without barriers, wide and narrow, from this server only', async (who, path) => {
  const foreign: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(lms.url)) foreign.push(request.url())
  })
  await become(who, path)
  await page.evaluate(axe)
  const violations = await page.evaluate(
    '(async () => (await axe.run()).violations.map(({ id, nodes }) => id + ": " + nodes[0].html))()',
  )
  expect(violations).toEqual([])
  await page.setViewportSize({ width: 390, height: 800 })
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(overflow).toBeLessThanOrEqual(0)
  expect(foreign).toEqual([])
})
