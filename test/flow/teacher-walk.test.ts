/**
 * From "add activity" in the LMS to a student at a running environment, as one walk in Chromium: a teacher makes a
 * course and its class, one edit is inside the allowance and holds at once, one is beyond it, is read by the infra
 * team and approved by a plain `git merge` on a clone; a colleague uses the course, too. Real Swarm, Terraform, Git
 * and LMS. Every page on the way is looked at by axe, wide and narrow.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../api/data/db.ts'
import { barriers, openBrowser, overflow } from '../browser.ts'
import { testDatabase } from '../postgres.ts'
import { type PracticeSite, practiceSite, seatsReady, until } from '../practice-class.ts'

const WIDE = { width: 1200, height: 860 }
const NARROW = { width: 360, height: 780 }
// Set to a folder to keep what was seen.
const shots = process.env['LABPLAN_SHOTS']

// Three students are in the LMS course, one of whom is an assistant until they launch: with 15 % that makes four.
const policy = `apiVersion: labplan/v1
kind: Policy
allowance: { seats: 4, atOnce: 4 }
`

const database = await testDatabase()
const clone = mkdtempSync(join(tmpdir(), 'labplan-test-clone-'))
const contexts = new Map<string, BrowserContext>()
let site: PracticeSite
let browser: Browser
/** The course's page, as its teacher has it open. */
let teacher: Page

beforeAll(async () => {
  ;[site, browser] = await Promise.all([practiceSite({ databaseUrl: database.url }), openBrowser()])
  await site.importDocuments({ policy })
  site.lms.setStudents('networks-101', ['student1', 'student2'])
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await site?.close()
  await database.drop()
  rmSync(clone, { recursive: true, force: true })
})

async function pageOf(person: string): Promise<Page> {
  const known = contexts.get(person)
  const context =
    known ??
    (await browser.newContext({
      ...{ viewport: WIDE, reducedMotion: 'reduce', locale: 'en-GB' },
      bypassCSP: true,
    }))
  contexts.set(person, context)
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  page.on('pageerror', (error) => expect.unreachable(error.message))
  return page
}

const inLms = async (person: string, path: string): Promise<Page> => {
  const page = await pageOf(person)
  await page.goto(`${site.lms.url}/login/${person}?next=${path}`)
  return page
}

/** The click on an activity, and the window it opens. */
async function openActivity(page: Page, name: string): Promise<Page> {
  const popup = page.waitForEvent('popup')
  await page.getByRole('link', { name }).click()
  return popup
}

async function ourFrame(page: Page): Promise<Frame> {
  await page.waitForSelector('iframe')
  const frame = await (await page.$('iframe'))?.contentFrame()
  if (!frame) throw new Error('The LMS shows no frame.')
  return frame
}

/** Nothing in anybody's way, wide and narrow. */
async function looksRight(page: Page, name: string): Promise<void> {
  for (const [size, word] of [
    [NARROW, 'narrow'],
    [WIDE, 'wide'],
  ] as const) {
    await page.setViewportSize(size)
    expect(await barriers(page)).toEqual([])
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    if (!shots) continue
    mkdirSync(shots, { recursive: true })
    await page.screenshot({ path: join(shots, `walk-${name}-${word}.png`), fullPage: true })
  }
}

/** Wall time in the school's zone, so many minutes from now. */
function wallIn(minutes: number): string {
  const at = new Date(Date.now() + minutes * 60_000)
  const text = at.toLocaleString('sv-SE', { timeZone: 'Europe/Paris' })
  return text.slice(0, 16).replace(' ', 'T')
}

const change = () =>
  one<{ id: string; state: string; lane: string }>(
    site.inst.pool,
    sql`select id, state, lane from change order by created_at desc, id desc limit 1`,
  )
const students = async () =>
  (
    await many<{ students: number }>(
      site.inst.pool,
      sql`select distinct students from session order by 1`,
    )
  ).map((row) => row.students)

it('a teacher makes a course and its class while adding an activity', async () => {
  const page = await inLms('teacher1', '/courses/2')
  await page
    .getByRole('link', { name: /Add an activity/u })
    .first()
    .click()
  const dialog = page.frameLocator('iframe')
  await dialog.getByRole('link', { name: 'New course' }).click()
  await dialog.getByLabel('Name').fill('Operating systems')
  await dialog.getByLabel('Where it runs').selectOption({ label: 'This machine' })
  await dialog.getByLabel('Students', { exact: true }).fill('2')
  await dialog.getByLabel('First class').fill(wallIn(8))
  await dialog.getByLabel('Weeks in a row').fill('3')
  await dialog.getByText('Size of each student’s environment').click()
  await dialog.getByLabel('Cores').fill('0.05')
  await dialog.getByLabel('Memory').fill('64')
  await dialog.getByLabel('Files').fill('128')
  await dialog.getByText('It can be made at once.').waitFor()
  expect(await barriers(await ourFrame(page))).toEqual([])
  await dialog.getByRole('button', { name: 'Make this course and use it' }).click()
  await page.waitForURL(`${site.lms.url}/courses/2`)
  expect(await students()).toEqual([2])
})

it('the course’s page counts who is in the LMS course, and its classes follow', async () => {
  teacher = await openActivity(await inLms('teacher1', '/courses/2'), 'Operating systems')
  await teacher.getByText('3 students').waitFor()
  await until(
    async () => (await students()).join() === '3',
    30_000,
    () => `the classes to follow:\n${site.inst.log('worker').slice(-2000)}`,
  )
  // The page says so by itself.
  await teacher.getByRole('cell', { name: '3', exact: true }).first().waitFor()
  await looksRight(teacher, 'course')
})

it('an edit inside the allowance holds at once', async () => {
  await teacher.getByRole('link', { name: 'Plan', exact: true }).click()
  await teacher.getByText('Nothing is changed yet.').waitFor()
  await teacher.locator('.event').first().click()
  await teacher.getByLabel('Minutes').fill('150')
  await teacher.locator('.plan-answer').getByText('150 minutes').waitFor()
  await looksRight(teacher, 'plan')
  await teacher.getByRole('button', { name: 'Save' }).click()
  await teacher.getByText('Saved.').waitFor()
  expect(await change()).toMatchObject({ lane: 'automatic', state: 'approved' })
})

it('one beyond it waits for the infra team, who read it on one screen', async () => {
  await teacher.getByLabel('Follow the LMS’s list').selectOption('no')
  await teacher.getByLabel('Students', { exact: true }).fill('6')
  await teacher.locator('.plan-answer').getByText('6 students').first().waitFor()
  await teacher.getByRole('button', { name: 'Save' }).click()
  await teacher.getByText('Sent to the infra team for review.').waitFor()
  await looksRight(teacher, 'plan-waits')
  const { id, state, lane } = await change()
  expect({ state, lane }).toEqual({ state: 'proposed', lane: 'review' })
  const infra = await pageOf('infra')
  const invite = /https?:\S+/.exec(await site.inst.labplan('admin', 'invite'))?.[0] ?? ''
  await infra.goto(invite)
  await infra.locator('main form button').click()
  await infra.goto(`${site.inst.publicUrl}/admin/changes?state=proposed`)
  await looksRight(infra, 'changes')
  await infra.locator(`a[href$="/admin/changes/${id}"]`).click()
  await infra.getByRole('heading', { level: 1 }).waitFor()
  await looksRight(infra, 'change')
})

it('a plain git merge on a clone approves it', async () => {
  const { id } = await change()
  const git = (...words: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.name=infra', '-c', 'user.email=infra@school.example', ...words],
      {
        ...{ cwd: clone, encoding: 'utf8' },
      },
    )
  const { address } = JSON.parse(await site.inst.labplan('estate', '--json')) as { address: string }
  git('clone', '--quiet', address, '.')
  await until(
    async () => git('ls-remote', '--heads', 'origin', `change/${id}`) !== '',
    30_000,
    () => `the branch of the change:\n${site.inst.log('worker').slice(-2000)}`,
  )
  git('fetch', '--quiet', 'origin')
  expect(git('diff', '--stat', 'origin/main', `origin/change/${id}`)).toContain('PLAN.md')
  git('merge', '--quiet', '--no-ff', '-m', 'Looks right', `origin/change/${id}`)
  git('push', '--quiet', 'origin', 'HEAD:main')
  await until(
    async () => (await change()).state === 'approved',
    30_000,
    () => `the merge to approve:\n${site.inst.log('worker').slice(-2000)}`,
  )
  expect(await students()).toEqual([6])
  // Labplan says on main what it took.
  await until(
    async () => {
      git('fetch', '--quiet', 'origin')
      return git('log', '-1', '--format=%(trailers:only)', 'origin/main').includes(
        'Approved-by: git',
      )
    },
    30_000,
    () => `main to say who approved:\n${site.inst.log('worker').slice(-2000)}`,
  )
})

it('the class opens, and a student is two clicks from a terminal that answers', async () => {
  await seatsReady(site.inst, 6, 100_000)
  const workspace = await openActivity(await inLms('student1', '/courses/2'), 'Operating systems')
  const start = workspace.locator('form.door button.primary')
  await start.waitFor()
  await looksRight(workspace, 'workspace')
  await start.click()
  await workspace.locator('.xterm-rows').getByText('$').first().waitFor()
  await workspace.locator('.xterm-helper-textarea').focus()
  await workspace.keyboard.type('echo "$((6*7)) is the answer"\n')
  await workspace.locator('.xterm-rows').getByText('42 is the answer').first().waitFor()
})

it('a colleague with whom it is shared uses it in their own LMS course', async () => {
  // Found by name once they have been here as a teacher.
  const seen = await openActivity(await inLms('manager1', '/courses/2'), 'Operating systems')
  await seen.getByRole('heading', { level: 1, name: 'Operating systems' }).waitFor()
  await teacher.getByRole('link', { name: 'Sharing, copies' }).click()
  await teacher.getByLabel('A colleague’s name').fill('Manager')
  await teacher.getByRole('button', { name: 'Look for them' }).click()
  const line = teacher.locator('.shares li', { hasText: 'Manager One' })
  await line.getByRole('combobox').selectOption('use')
  await line.getByRole('button', { name: 'Share' }).click()
  await line.getByRole('button', { name: 'Change' }).waitFor()
  await looksRight(teacher, 'sharing')
  const other = await inLms('manager1', '/courses/3')
  await other.locator('a[href^="/courses/3/choose/"]:not([href*="into"])').first().click()
  const dialog = other.frameLocator('iframe')
  await dialog.locator('label.choice', { hasText: 'Operating systems' }).click()
  expect(await barriers(await ourFrame(other))).toEqual([])
  await dialog.locator('form.ask button.primary').click()
  await other.waitForURL(`${site.lms.url}/courses/3`)
  const shared = await openActivity(other, 'Operating systems')
  await shared.getByRole('heading', { level: 1, name: 'Operating systems' }).waitFor()
})
