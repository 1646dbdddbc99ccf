/**
 * A teacher at a course's settings and its students' connection window, in Chromium: what a change means beside it, steps
 * back, the draft, keys, a telephone; and nothing that is typed runs.
 * Everything is real but the LMS.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { execute, one, sql } from '../../api/data/db.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import {
  BEFORE_CLASS,
  IN_CLASS,
  type SignedIn,
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { openWebsite } from '../api/website.ts'
import { barriers, openBrowser } from '../browser.ts'
import { isFit, keepPicture } from '../page-fit.ts'

const COURSE = '/courses/networks-101'
const site = await openWebsite(BEFORE_CLASS)
const { pool, ring } = site

let browser: Browser
let teacher: SignedIn
let student: SignedIn
let page: Page

beforeAll(async () => {
  await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
  const lms = { courseKey: 'networks-101', contextId: '2', now: BEFORE_CLASS }
  const contextId = await addLmsCourse(pool, lms)
  teacher = await signIn(pool, { contextId, role: 'teacher', now: BEFORE_CLASS })
  student = await signIn(pool, { contextId, now: BEFORE_CLASS })
  await execute(pool, sql`update membership set edits_plans = true where role = 'teacher'`)
  browser = await openBrowser()
})

beforeEach(async () => {
  await page?.context().close()
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: networksDocument() }])
  page = await open(`${COURSE}/settings`)
})

afterAll(async () => {
  await browser?.close()
  await site.close()
})

async function open(path: string, { who = teacher, bypassCSP = true } = {}): Promise<Page> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB' },
    // axe is injected as a script.
    bypassCSP,
  })
  await context.addCookies([
    {
      ...{ name: '__Host-labplan', value: who.token, secure: true, httpOnly: true },
      ...{ url: `https://${new URL(site.origin).hostname}`, sameSite: 'None' },
    },
  ])
  const opened = await context.newPage()
  opened.on('pageerror', (error) => expect.unreachable(error.message))
  await opened.goto(site.origin + path)
  return opened
}

const documentNow = async () =>
  (
    await one<{ document: string }>(
      pool,
      sql`select document from course where key = 'networks-101'`,
    )
  ).document

const answer = () => page.locator('.plan-answer')

const keep = (name: string, fullPage = true) => keepPicture(page, name, fullPage)

const sample = () => page.locator('.sample')

it('completes tokens by keyboard, orders ports, and shows the window beside', async () => {
  await page.goto(`${site.origin}${COURSE}/connection`)
  const text = page.getByLabel('In English', { exact: true })
  await text.click()
  await page.keyboard.type('Log in as {{')
  await page.locator('.tokens [role=option]').first().waitFor()
  expect(await page.locator('.tokens [role=option]').allTextContents()).toEqual([
    ...['{{user}} login', '{{password}} password', '{{host}} machine’s address'],
    ...['{{seat}} number of the seat', '{{port:ssh}} port number of ssh'],
  ])
  await page.keyboard.press('Enter')
  await page.keyboard.type(' on port {{po')
  await page.keyboard.press('Tab')
  await page.keyboard.type('.')
  expect(await text.inputValue()).toBe('Log in as {{user}} on port {{port:ssh}}.')
  await sample().getByText('Log in as lab7k2m on port 42023.').waitFor()
  await page.getByRole('button', { name: 'Move web down' }).press('Enter')
  await page.getByRole('button', { name: 'Move web down', disabled: true }).waitFor()
  expect(await page.evaluate('document.activeElement.value')).toBe('up:web')
  await page.getByRole('button', { name: 'Add a button' }).click()
  await page.getByRole('alert').getByText('a name of up to 100 letters').waitFor()
  expect(await page.evaluate('document.activeElement.id')).toBe('button-en-0')
  await page.keyboard.type('Week 3')
  await page.getByLabel('Path, such as').fill('/lab/tree/week3.ipynb')
  await sample().getByText('Week 3').waitFor()
  await keep('connection-1200')
  await text.scrollIntoViewIfNeeded()
  await keep('connection', false)
  expect(await barriers(page)).toEqual([])
  await text.click()
  await page.keyboard.press('End')
  await page.keyboard.type(' {{')
  await page.locator('.tokens [role=option]').first().waitFor()
  expect(await barriers(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.keyboard.press('Backspace')
  await page.keyboard.press('Backspace')
  await page.setViewportSize({ width: 360, height: 900 })
  await keep('connection-360')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  expect(await documentNow()).toContain('path: /lab/tree/week3.ipynb')
})

/** Whatever of these were run would leave `ran` behind. */
const hostile = [
  '<script>window.ran = 1</script><img src=x onerror="window.ran = 1"><svg onload="window.ran = 1">',
  '"><iframe srcdoc="<script>parent.ran = 1</script>"></iframe><a href="javascript:window.ran = 1">x</a>',
  '</textarea></template><script>window.ran = 1</script>{{<script>window.ran = 1</script>}} {{user}}',
].join('\n\n')

it('runs nothing that a teacher types: not in the sample, not on the student’s page', async () => {
  await page.context().close()
  page = await open(`${COURSE}/connection`, { bypassCSP: false })
  for (const name of ['In English', 'In French'])
    await page.getByLabel(name, { exact: true }).fill(hostile)
  for (const name of await page.getByLabel('Called in English').all())
    await name.fill('<img src=x onerror="window.ran=1">')
  await page.getByRole('button', { name: 'Add a button' }).click()
  await page.getByLabel('Name in English').fill('<b onclick="window.ran=1">Week</b>')
  await sample().getByText('<b onclick').waitFor()
  await page.locator('#button-to-0').selectOption('link')
  await page.getByLabel('Address, such as').fill('javascript:window.ran=1//{{user}}')
  await page.getByRole('alert').getByText('an address with https, ssh').waitFor()
  await page.getByLabel('Address, such as').fill('ssh://{{user}}@x/?"onclick=window.ran=1')
  await page.getByRole('alert').getByText('an address with https, ssh').waitFor()
  await page.getByLabel('Address, such as').fill('ssh://{{user}}@host')
  await sample().getByRole('link', { name: '<b onclick' }).waitFor()
  expect(await isUntouched(sample())).toBe(true)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  expect(await page.getByLabel('In English', { exact: true }).inputValue()).toBe(hostile)
  await page.context().close()
  site.setNow(IN_CLASS)
  const mine = await launch(pool, {
    ...{ personId: student.personId, courseKey: 'networks-101', now: IN_CLASS },
  })
  await seatReady(pool, mine.id, IN_CLASS)
  page = await open(`/workspaces/${mine.id}`, { who: student, bypassCSP: false })
  await page.getByText('<script>window.ran = 1</script>').first().waitFor()
  await page.getByRole('button', { name: 'Start <img src=x' }).waitFor()
  const link = page.getByRole('link', { name: '<b onclick' })
  expect(await link.getAttribute('href')).toMatch(/^ssh:\/\/lab\w{4}@host$/)
  expect(await isUntouched(page.locator('.workspace'))).toBe(true)
  await keep('workspace-hostile')
  site.setNow(BEFORE_CLASS)
})

/** Holds back what answers the form until it is let go; `asked` once such a question is on its way. */
async function holdAnswers(): Promise<{ asked: Promise<void>; letGo(): Promise<void> }> {
  const [asked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const preview = '**/connection/preview'
  await page.route(preview, async (route) => {
    asked.resolve()
    await over.promise
    // One that was given up for a newer one is not answered.
    await route.continue().catch(() => {})
  })
  return {
    asked: asked.promise,
    async letGo() {
      over.resolve()
      await page.unroute(preview)
    },
  }
}

it('keeps what is typed, and what is pressed, while an answer is on its way', async () => {
  await page.context().close()
  page = await open(`${COURSE}/connection`)
  const [english, french] = [
    page.getByLabel('In English', { exact: true }),
    page.getByLabel('In French', { exact: true }),
  ]
  const typed = await holdAnswers()
  await english.fill('Before')
  await typed.asked
  await english.fill('After')
  await french.focus()
  await typed.letGo()
  await sample().getByText('After').waitFor()
  expect(await english.inputValue()).toBe('After')
  const pressed = await holdAnswers()
  for (let press = 0; press < 2; press++)
    await page.getByRole('button', { name: 'Add a button' }).click()
  await pressed.asked
  await french.fill('Meanwhile')
  await english.focus()
  // Longer than the form waits for more before it asks.
  await page.waitForTimeout(600)
  await pressed.letGo()
  await page.getByLabel('Name in English').nth(1).waitFor()
  expect(await french.inputValue()).toBe('Meanwhile')
})

/** No element of theirs, and nothing ran. */
async function isUntouched(where: Locator): Promise<boolean> {
  const elements = await where.locator('script, img, iframe, svg, b, [onclick], [onerror]').count()
  return elements === 0 && (await page.evaluate('window.ran')) === undefined
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
  expect(await documentNow()).toContain('memoryMb: 1024')
  expect(await documentNow()).toContain('days: [ MO, TU, WE, TH, FR, SA ]')
})

it('loses nothing when the line is cut, at a step or while it is saved, and says so', async () => {
  const notice = page.getByText('Labplan does not answer')
  await page.context().setOffline(true)
  await page.getByLabel('Memory (MB)').fill('2048')
  await notice.waitFor()
  await Promise.all([
    page.waitForEvent('requestfailed', (asked) => asked.isNavigationRequest()),
    page.getByRole('button', { name: 'Save' }).click({ noWaitAfter: true }),
  ])
  await page.context().setOffline(false)
  await page.goto(`${site.origin}${COURSE}/settings`)
  await answer().getByText('Memory (MB): 512 → 2048').waitFor()
  expect(await notice.isVisible()).toBe(false)
  await page.context().clearCookies()
  await page.getByLabel('Memory (MB)').fill('4096')
  await page.getByText('Your sign-in has ended.').waitFor()
  await keep('settings-signed-out')
})

it('makes a course of a file after showing what it makes, and joins by a link at a path', async () => {
  const { document: text } = await one<{ document: string }>(
    pool,
    sql`select document from course where key = 'networks-101'`,
  )
  await page.goto(`${site.origin}/course-import`)
  const file = { name: 'networks.yaml', mimeType: 'application/yaml', buffer: Buffer.from(text) }
  await page.getByLabel('File (.yaml)').setInputFiles(file)
  await page.getByRole('button', { name: 'What would it make?' }).click()
  await page.getByText('12 classes, from 24 November 2026').waitFor()
  await page.getByLabel('Day of the first class').fill('2027-01-12')
  await page.getByRole('button', { name: 'Look again' }).click()
  await page.getByText('12 classes, from 12 January 2027').waitFor()
  await looksRight('course-import')
  await page.getByRole('button', { name: 'Make this course' }).click()
  await page.locator('.event').first().waitFor()
  await page.goto(`${site.origin}${COURSE}/sharing`)
  await page.getByRole('button', { name: 'Make a link' }).click()
  await page.getByLabel('Leading to a path').fill('/lab/tree/week3.ipynb')
  await page.getByRole('button', { name: 'Show that link' }).click()
  const link = await page.locator('.feed-address').textContent()
  await looksRight('sharing-link')
  await page.context().close()
  page = await open(new URL(link!.trim()).pathname + new URL(link!.trim()).search, { who: student })
  await page.getByText('/lab/tree/week3.ipynb').waitFor()
  await looksRight('join')
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await page.waitForURL(/\/workspaces\//)
})

it('has no barrier and fits, wide, narrow and dark', async () => {
  for (const part of ['', '/settings', '/connection', '/plan', '/sharing'])
    for (const [width, colorScheme] of [
      [1200, 'light'],
      [360, 'light'],
      [1200, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.goto(site.origin + COURSE + part)
      await isFit(page, `course${part.replace('/', '-')}-${width}-${colorScheme}`)
    }
})

async function looksRight(name: string): Promise<void> {
  for (const width of [360, 1200]) {
    await page.setViewportSize({ width, height: 900 })
    await isFit(page, `${name}-${width}`)
  }
}
