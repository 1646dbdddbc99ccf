/** The page of the web terminal, used as a student uses it, in Chromium. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Browser, BrowserContext, Page, WebSocketRoute } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { terminal } from '../../scripts/images/terminal.ts'
import { ensureGo } from '../../scripts/steps/go.ts'
import { readSettings, root } from '../../scripts/steps/settings.ts'
import { openBrowser } from '../browser.ts'
import { freePort } from '../free-port.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'labplan-test-web-terminal-'))

let server: ChildProcess
let address: string
let browser: Browser
let context: BrowserContext
let page: Page
/** Addresses asked and errors in the console, of all tests. */
const asked: string[] = []
const complaints: string[] = []

beforeAll(async () => {
  const program = join(folder, 'web-terminal')
  const go = await ensureGo(readSettings().cache, () => {})
  const cwd = join(root, 'scripts/images/web-terminal')
  await promisify(execFile)(go, ['build', '-o', program, '.'], { cwd })
  for (const file of terminal.files.filter(({ to }) => to.includes('/web-terminal/')))
    copyFileSync(join(root, file.from), join(folder, basename(file.to)))
  const port = await freePort()
  address = `http://127.0.0.1:${port}/`
  const shell = ['bash', '--norc', '--noprofile']
  const args = ['-listen', `127.0.0.1:${port}`, '-page', folder, ...shell]
  server = spawn(program, args, { env: { ...process.env, PS1: '$ ', HOME: folder } })
  await untilItAnswers()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  server?.kill()
  rmSync(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  await enter('en-GB')
})
afterEach(leave)

it('shows what is typed and printed, in the size of the window', async () => {
  await type('echo $((6*7))\n')
  await expect.poll(screen).toContain('42')
  const before = await size()
  await page.setViewportSize({ width: 500, height: 300 })
  await expect.poll(size).not.toEqual(before)
})

it('is the same shell after a reload', async () => {
  await type('kept=still\n')
  await page.reload()
  await type('echo $kept-here\n')
  await expect.poll(screen).toContain('still-here')
})

it('comes back by itself when the connection breaks, and says so meanwhile', async () => {
  let wire: WebSocketRoute | undefined
  await page.routeWebSocket(/\/terminal/, (route) => {
    wire = route
    route.connectToServer()
  })
  await page.reload()
  await type('kept=still\n')
  await page.evaluate(`
    const notice = document.getElementById('notice')
    window.words = []
    new MutationObserver(() => words.push(notice.textContent)).observe(notice, { childList: true })`)
  await wire?.close({ code: 1011 })
  await expect
    .poll(() => page.evaluate('words'))
    .toEqual(['Connection lost. Your programs go on; connecting again…', ''])
  await type('echo $kept-here\n')
  await expect.poll(screen).toContain('still-here')
})

it('does not answer again what programs asked before', async () => {
  // A question to the terminal ("what are you?"), as vim and others ask at their start.
  await type(`printf '\\033[c'; read -rsd c -t 5 answer; echo answered ${'$'}{#answer}\n`)
  await expect.poll(screen).toContain('answered 6')
  await type('clear\n')
  await page.reload()
  await type('echo nothing else\n')
  await expect.poll(screen).toContain('$ echo nothing else')
})

it('offers a new shell when one has ended, in the language of the browser', async () => {
  await leave()
  await enter('fr-FR')
  await type('gone=yes\n')
  await type('exit\n')
  await expect.poll(() => page.getByRole('status').textContent()).toContain('Appuyez sur Entrée')
  await type('\n')
  await expect.poll(() => page.getByRole('status').isVisible()).toBe(false)
  await type('echo new-${gone-shell}\n')
  await expect.poll(screen).toContain('new-shell')
})

it('can be used with a screen reader', async () => {
  await page.evaluate(axe)
  const found = await page.evaluate('axe.run()')
  expect((found as { violations: { id: string }[] }).violations.map(({ id }) => id)).toEqual([])
  const button = page.getByRole('button', { name: 'Screen reader mode' })
  await button.focus()
  await page.keyboard.press('Enter')
  expect(await button.getAttribute('aria-pressed')).toBe('true')
  await type('echo read-this\n')
  const read = () => page.locator('.xterm-accessibility').textContent()
  await expect.poll(read).toContain('read-this')
})

it('asked nobody else, and complained of nothing', () => {
  expect(asked.length).toBeGreaterThan(20)
  expect(asked.filter((url) => !url.startsWith(address))).toEqual([])
  expect(complaints).toEqual([])
})

async function enter(locale: string): Promise<void> {
  context = await browser.newContext({ locale, viewport: { width: 1000, height: 600 } })
  context.setDefaultTimeout(30_000)
  page = await context.newPage()
  page.on('request', (request) => asked.push(request.url()))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(address)
}

/** Ends the shell, which otherwise would be the next page's. */
async function leave(): Promise<void> {
  await type('exit\n')
  await page.getByRole('status').waitFor()
  await context.close()
}

/** Once there is a prompt: what is typed before is not lost, but may be shown twice. */
async function type(text: string): Promise<void> {
  await page.locator('.xterm-rows', { hasText: '$' }).waitFor()
  await page.locator('.xterm-helper-textarea').focus()
  await page.keyboard.type(text)
}

async function untilItAnswers(): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    if (await fetch(address).catch(() => undefined)) return
    if (Date.now() > deadline) throw new Error('The web terminal does not answer')
  }
}

async function screen(): Promise<string> {
  const rows = await page.locator('.xterm-rows > div').allTextContents()
  return rows.map((row) => row.replaceAll('\u00a0', ' ')).join('\n')
}

async function size(): Promise<string | undefined> {
  await type('clear; stty size\n')
  await expect.poll(screen).toMatch(/^\d+ \d+ *$/m)
  return /^\d+ \d+/m.exec(await screen())?.[0]
}
