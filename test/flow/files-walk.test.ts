/**
 * A student's files as one walk in Chromium, with every part real: a file goes up on the page, is edited in the running environment,
 * is handed in, edited and handed in again; the teacher comes from the LMS and downloads both; then the disk is filled from within,
 * and the pages say so while the environment goes on.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openBrowser } from '../browser.ts'
import { testDatabase } from '../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady } from '../practice-class.ts'

vi.setConfig({ testTimeout: 120_000 })

const QUOTA_MB = 24
// Set to a folder to keep what was seen.
const shots = process.env['LABPLAN_SHOTS']
const database = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'labplan-test-files-'))
let practice: PracticeClass
let browser: Browser
const contexts = new Map<string, BrowserContext>()

beforeAll(async () => {
  const plan = { students: 1, volumeQuotaMb: QUOTA_MB, submissionsDue: dueIn(30) }
  ;[practice, browser] = await Promise.all([
    practiceClass(plan, { databaseUrl: database.url }),
    openBrowser(),
  ])
  await seatsReady(practice.inst, 1)
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await practice?.close()
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

const dueIn = (days: number): string =>
  new Date(Date.now() + days * 24 * 3_600_000).toISOString().slice(0, 16)

/** From the LMS, as this person: the click on the activity, and the window it opens. */
async function clickActivity(person: string): Promise<Page> {
  const options = { locale: 'en-GB', viewport: { width: 1200, height: 860 } }
  const context = contexts.get(person) ?? (await browser.newContext(options))
  contexts.set(person, context)
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  await page.goto(`${practice.inst.lmsUrl}/login/${person}?next=/courses/2`)
  const popup = page.waitForEvent('popup')
  await page.locator(`a[href$="/launch/${practice.activity}"]`).click()
  return popup
}

async function shoot(page: Page, name: string): Promise<void> {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `files-walk-${name}.png`), fullPage: true })
}

let workspace: Page
let files: Page
let terminal: Page

/** Types a command into the environment, and waits for what it prints: that is not in what was typed. */
async function types(command: string, answer: string | RegExp): Promise<void> {
  await terminal.bringToFront()
  await terminal.locator('.xterm-helper-textarea').focus()
  await terminal.keyboard.type(`${command}\n`)
  await terminal.locator('.xterm-rows').getByText(answer).first().waitFor()
}

async function handIn(number: number): Promise<void> {
  await files.bringToFront()
  await files.getByRole('button', { name: 'Hand in this folder' }).click()
  await files.getByRole('link', { name: `submission-${number}.zip` }).waitFor()
}

/** Names and texts of an archive, read by another program than the one that wrote it. */
function inside(file: string): Record<string, string> {
  const program =
    'import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(json.dumps({n: z.read(n).decode("latin1") for n in z.namelist()}))'
  return JSON.parse(execFileSync('python3', ['-c', program, file]).toString()) as Record<
    string,
    string
  >
}

it('what a student uploads on the page is in the running environment, and can be edited there', async () => {
  workspace = await clickActivity('student1')
  await workspace.locator('form.door button.primary').waitFor()
  const address = workspace.url()
  await workspace.getByRole('link', { name: 'Browse, upload and download' }).click()
  await workspace.waitForURL(/path=/)
  files = workspace
  const report = join(folder, 'report.txt')
  writeFileSync(report, 'from my own computer\n')
  await files.locator('input[type=file]').setInputFiles(report)
  await files.getByText('report.txt is there.').waitFor()
  workspace = await contexts.get('student1')!.newPage()
  await workspace.goto(address)
  await workspace.locator('form.door button.primary').click()
  terminal = workspace
  // The shell's prompt: what is typed before it would be lost.
  await terminal.locator('.xterm-rows').getByText('$').first().waitFor()
  await types('cat report.txt', 'from my own computer')
  await types('echo "edited $((1+1)) times" >> report.txt; tail -1 report.txt', 'edited 2 times')
  await shoot(terminal, 'terminal')
})

it('is handed in twice, each as it was at that moment', async () => {
  await files.reload()
  await handIn(1)
  await types('echo "edited $((2+1)) times" >> report.txt; tail -1 report.txt', 'edited 3 times')
  await handIn(2)
  await shoot(files, 'handed-in')
})

it('the teacher comes from the LMS and downloads both, with a manifest', async () => {
  const course = await clickActivity('teacher1')
  await course.getByText('2 submissions').waitFor()
  await shoot(course, 'teacher')
  const [download] = await Promise.all([
    course.waitForEvent('download'),
    course.locator('a[href$="/submissions"]').click(),
  ])
  const file = join(folder, 'all.zip')
  await download.saveAs(file)
  const all = inside(file)
  const archives = Object.keys(all).filter((name) => name.endsWith('.zip'))
  const texts = archives.map((name) => {
    writeFileSync(join(folder, 'inner.zip'), Buffer.from(all[name]!, 'latin1'))
    return inside(join(folder, 'inner.zip'))['report.txt']
  })
  const first = 'from my own computer\nedited 2 times\n'
  expect(texts).toEqual([first, `${first}edited 3 times\n`])
  expect(all['manifest.csv']!.trimEnd().split('\r\n')).toHaveLength(3)
})

it('a disk that is full is said on the pages, and the student works on', async () => {
  await types('dd if=/dev/zero of=full bs=64k; echo "dd said $?"', 'dd said 1')
  await terminal.locator('.xterm-rows').getByText('No space left on device').first().waitFor()
  const page = await contexts.get('student1')!.newPage()
  await page.goto(files.url().replace(/\/files.*$/, ''))
  await page.getByText('Full: nothing more can be saved.').waitFor({ timeout: 90_000 })
  await shoot(page, 'full')
  await files.bringToFront()
  await files.reload()
  const more = join(folder, 'more.bin')
  writeFileSync(more, Buffer.alloc(1024 * 1024))
  await files.locator('input[type=file]').setInputFiles(more)
  await files.getByText('more.bin does not fit: the disk is full.').waitFor()
  // What was there is as it was, and room is made by the student alone.
  await types(
    'rm full; tail -1 report.txt; echo "and $((40+2)) more" > more.txt; cat more.txt',
    'and 42 more',
  )
  await page
    .getByText('Full: nothing more can be saved.')
    .waitFor({ state: 'hidden', timeout: 90_000 })
})
