/**
 * First light: a student's first class and the next one, in a real browser, through every part. What a
 * newcomer does after scripts/up, and what must be true of it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { many, one, sql } from '../../api/data/db.ts'
import { openBrowser } from '../browser.ts'
import { testDatabase } from '../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../practice-class.ts'

const database = await testDatabase()
let practice: PracticeClass
let browser: Browser
const contexts = new Map<string, BrowserContext>()

beforeAll(async () => {
  ;[practice, browser] = await Promise.all([
    practiceClass({ students: 3 }, { databaseUrl: database.url }),
    openBrowser(),
  ])
  await seatsReady(practice.inst, 3)
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await practice?.close()
  await database.drop()
})

/** From the LMS, as this person: the click on the activity, and the window it opens. */
async function clickActivity(person: string): Promise<Page> {
  const context = contexts.get(person) ?? (await browser.newContext())
  contexts.set(person, context)
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  await page.goto(`${practice.inst.lmsUrl}/login/${person}?next=/courses/2`)
  const popup = page.waitForEvent('popup')
  await page.locator(`a[href$="/launch/${practice.activity}"]`).click()
  return popup
}

/** Start, and the terminal that answers. */
async function start(workspace: Page): Promise<Page> {
  await workspace.locator('form.door button.primary').click()
  // The shell's prompt: what is typed before it would be lost.
  await workspace.locator('.xterm-rows').getByText('$').first().waitFor()
  return workspace
}

/** Types a command and waits for what it prints: the marker is not in what was typed. */
async function types(terminal: Page, command: string, answer: string): Promise<void> {
  await terminal.locator('.xterm-helper-textarea').focus()
  await terminal.keyboard.type(`${command}\n`)
  await terminal.locator('.xterm-rows').getByText(answer).first().waitFor()
}

const seatStates = async () =>
  (
    await many<{ state: string }>(practice.inst.pool, sql`select state from seat order by number`)
  ).map((r) => r.state)

let address = ''
let workspaceUrl = ''

it('two clicks from the LMS to a terminal that answers', async () => {
  const workspace = await clickActivity('student1')
  await workspace.locator('form.door button.primary').waitFor()
  workspaceUrl = workspace.url()
  const terminal = await start(workspace)
  address = terminal.url()
  expect(new URL(address).host).toMatch(/^[a-z2-7]{26}\.seats\.localhost/)
  await types(
    terminal,
    'echo "$((6*7)) is the answer" > note.txt; cat note.txt',
    '42 is the answer',
  )
})

it('another student cannot open the first one’s address', async () => {
  const workspace = await clickActivity('student2')
  await workspace.locator('form.door button.primary').waitFor()
  const answer = await workspace.goto(address)
  expect(answer?.status()).toBe(403)
  expect(await workspace.locator('.xterm-rows').count()).toBe(0)
})

it('stop, start again and restart keep the files; the page follows by itself', async () => {
  const page = await clickActivity('student1')
  await page.locator('form[action$="/stop"] button').click()
  await page.locator('form[action$="/start"] button').waitFor()
  await page.locator('form[action$="/start"] button').click()
  await page.locator('form.door button.primary').waitFor()
  await page.locator('form[action$="/restart"] button').click()
  await until(
    async () => (await workspaceState()) === 'ready',
    60_000,
    () => 'the restarted workspace',
  )
  await page.locator('form.door button.primary').waitFor()
  await types(await start(page), 'cat note.txt', '42 is the answer')
})

const workspaceState = async () =>
  (
    await one<{ state: string }>(
      practice.inst.pool,
      sql`select state from workspace where id = ${new URL(workspaceUrl).pathname.split('/').at(-1)}`,
    )
  ).state

it('a reset asks first, and gives an empty home at a new address', async () => {
  const page = await clickActivity('student2')
  await types(await start(page), 'echo "old $((1+1))" > old.txt; cat old.txt', 'old 2')
  const before = page.url()
  const again = await clickActivity('student2')
  // Before its script the link leads to a page that asks the same.
  await again.locator('a[data-dialog]').waitFor()
  await again.waitForLoadState('load')
  await again.locator('a[data-dialog]').click()
  await again.locator('dialog input[value="empty"]').check()
  await again.locator('dialog button.danger').click()
  await until(
    async () =>
      (
        await one<{ n: number }>(
          practice.inst.pool,
          sql`select count(*) as n from seat where applied_generation = 2 and state = 'ready'`,
        )
      ).n === 1,
    90_000,
    () => `the reset seat:\n${practice.inst.log('worker').slice(-3000)}`,
  )
  await again.locator('form.door button.primary').waitFor()
  await types(await start(again), 'ls old.txt; echo "status $?"', 'status 2')
  expect(again.url()).not.toBe(before)
})

it('the session ends: workspaces stop, seats go, and the next session brings the same files back', async () => {
  const page = await clickActivity('student1')
  await page.locator('form.door button.primary').waitFor()
  await practice.replan({ students: 3, minutes: 5 })
  await until(
    async () => (await seatStates()).every((state) => state === 'absent'),
    120_000,
    () => 'the seats to go',
  )
  expect(await workspaceState()).toBe('stopped')

  await practice.replan({ students: 3, startsInMinutes: -4, minutes: 180 })
  await seatsReady(practice.inst, 3)
  const next = await clickActivity('student1')
  await types(await start(next), 'cat note.txt', '42 is the answer')
  expect(next.url()).toBe(address)
}, 400_000)
