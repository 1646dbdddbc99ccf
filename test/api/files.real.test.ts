/**
 * The page of a student's files in Chromium, on a real volume of a real agent: look, upload (cut in the middle, too), download
 * one and all, and what somebody else, another page or a full disk gets.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, sql } from '../../api/data/db.ts'
import { barriers, openBrowser, signedInPage } from '../browser.ts'
import { IN_CLASS, type SignedIn } from '../cast/record.ts'
import { keepPicture } from '../page-fit.ts'
import { volumeScene } from './volume-scene.ts'

const MIB = 2 ** 20
const scene = await volumeScene({ now: IN_CLASS })
const { site, student, stranger, mine, keep } = scene
const { pool } = site
const home = scene.homeOf()
const folder = mkdtempSync(join(tmpdir(), 'labplan-files-'))

let browser: Browser
let page: Page

beforeAll(async () => {
  await scene.makeVolume()
  browser = await openBrowser()
  page = await pageOf(student)
})

afterAll(async () => {
  await browser?.close()
  await scene.end()
  rmSync(folder, { recursive: true, force: true })
})

const pageOf = ({ token }: SignedIn, width = 1100): Promise<Page> =>
  signedInPage(browser, site, { token, width })

const files = () => `${site.origin}/workspaces/${mine.id}/files`
const shoot = (name: string, of = page) => keepPicture(of, name)
const names = () => page.locator('td .name').allTextContents()
const local = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

it('opens where the student’s files are, and says what to do when there are none', async () => {
  await page.goto(`${site.origin}/workspaces/${mine.id}`)
  await shoot('workspace-disk')
  await page.getByRole('link', { name: 'Browse, upload and download' }).click()
  await page.waitForURL(/path=lab1/)
  expect(await page.locator('.empty').first().textContent()).toContain('Nothing here yet.')
  await shoot('files-empty')
})

it('takes files, also of odd names, and shows them', async () => {
  const input = page.locator('input[type=file]')
  const odd = 'résumé <b> & %2e.txt'
  await input.setInputFiles([local('notes.txt', 'line one\n'), local(odd, 'two')])
  await page.locator('td .name').nth(1).waitFor()
  expect((await names()).toSorted()).toEqual(['notes.txt', odd].toSorted())
  expect(readFileSync(join(home, 'notes.txt'), 'utf8')).toBe('line one\n')
  await input.setInputFiles([local('notes.txt', 'other')])
  await page.locator('td .name').nth(2).waitFor()
  expect((await names()).toSorted()).toEqual(['notes (2).txt', 'notes.txt', odd].toSorted())
  // What became of each is still there to be read, and was read aloud.
  expect(await page.locator('.arriving [role=status]').allTextContents()).toEqual([
    'notes.txt is there.',
    `${odd} is there.`,
    'notes.txt is there.',
  ])
  await shoot('files')
})

it('gives one back, and all of them in an archive', async () => {
  const fetched = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name, exact: true }).click(),
    ])
    const to = join(folder, 'fetched')
    await download.saveAs(to)
    return { name: download.suggestedFilename(), to }
  }
  const one = await fetched('notes.txt')
  expect([one.name, readFileSync(one.to, 'utf8')]).toEqual(['notes.txt', 'line one\n'])
  const all = await fetched('Download all as an archive')
  expect(all.name).toBe('networks-101-lab1.zip')
  const listed = execFileSync('python3', [
    '-c',
    'import sys, zipfile; print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))',
    all.to,
  ])
  expect(listed.toString().split('\n')).toContain('notes.txt')
})

it(
  'goes on where an upload was cut, while the workspace is stopped',
  { timeout: 60_000 },
  async () => {
    await execute(pool, sql`update workspace set state = 'stopped' where id = ${mine.id}`)
    const large = local('data.bin', Buffer.alloc(10 * MIB, 'x'))
    const offsets: (string | undefined)[] = []
    page.on('request', (asked) => {
      if (asked.method() === 'PATCH') offsets.push(asked.headers()['upload-offset'])
    })
    await page.goto(files())
    // The second part of 8 MiB is cut; so are all tries to go on.
    let parts = 0
    await page.route(/\/uploads\//, (route) =>
      route.request().method() === 'PATCH' && ++parts > 1 ? route.abort() : route.continue(),
    )
    const cut = page.waitForEvent('requestfailed', (asked) => asked.method() === 'PATCH')
    await page.locator('input[type=file]').setInputFiles(large)
    await page.locator('.arriving progress[value="80"], .arriving progress[value="79"]').waitFor()
    await shoot('files-arriving')
    await cut
    await page.getByRole('button', { name: 'Stop: data.bin' }).click()
    await page.getByText('data.bin did not arrive. Choose it again').waitFor()
    await page.unroute(/\/uploads\//)
    expect(readdirSync(home)).not.toContain('data.bin')
    offsets.length = 0
    await page.locator('input[type=file]').setInputFiles(large)
    await page.getByText('data.bin is there.').waitFor()
    expect(statSync(join(home, 'data.bin')).size).toBe(10 * MIB)
    expect(parts).toBeGreaterThan(1)
    // What had arrived was not sent again.
    expect(offsets).toEqual([String(8 * MIB)])
    const asked = await page.evaluate(() => performance.getEntriesByType('resource').length)
    expect(asked).toBeGreaterThan(0)
  },
)

it('says that the disk is full, on the page and before anything is sent', async () => {
  await page.locator('input[type=file]').setInputFiles(local('more.bin', Buffer.alloc(16 * MIB)))
  await page.getByText('more.bin does not fit: the disk is full.').waitFor()
  expect(readdirSync(home)).not.toContain('more.bin')
  writeFileSync(join(home, 'filler'), Buffer.alloc(13.2 * MIB))
  await keep()
  await page.reload()
  await page.getByText('Full: nothing more can be saved.').waitFor()
  await shoot('files-full')
  rmSync(join(home, 'filler'))
  await keep()
})

it('is nobody else’s: not another student’s, not another page’s', async () => {
  const as = (who: SignedIn | undefined, headers = {}) => ({ who, headers })
  for (const path of ['', '/content?path=lab1/notes.txt', '/archive?path='])
    for (const [who, status] of [
      [stranger, 404],
      [undefined, 401],
    ] as const)
      expect((await site.get(`/workspaces/${mine.id}/files${path}`, as(who))).status).toBe(status)
  const upload = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${new URL(site.origin).port}/workspaces/${mine.id}/uploads`, {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': '3',
        'upload-metadata': 'filename eA==',
        ...headers,
      },
    })
  const cookie = (who: SignedIn) => ({ cookie: `__Host-labplan=${who.token}` })
  const ours = { origin: site.origin }
  expect((await upload({})).status).toBe(401)
  expect((await upload({ ...cookie(student), ...ours })).status).toBe(403)
  expect(
    (await upload({ ...cookie(student), 'x-csrf': student.csrf, origin: 'http://evil.example' }))
      .status,
  ).toBe(403)
  expect((await upload({ ...cookie(stranger), 'x-csrf': stranger.csrf, ...ours })).status).toBe(404)
  const begun = await upload({ ...cookie(student), 'x-csrf': student.csrf, ...ours })
  expect([begun.status, begun.headers.get('location')]).toEqual([
    201,
    expect.stringMatching(/^\/workspaces\/[0-9a-f-]+\/uploads\/[0-9a-f]{32}$/),
  ])
})

it('leads nowhere else by any path', async () => {
  for (const path of [
    '..',
    '../..',
    '../../../etc/passwd',
    '%2e%2e/%2e%2e/etc/passwd',
    '..%2f..%2fetc%2fpasswd',
  ])
    for (const part of ['?', '/content?', '/archive?']) {
      const { status, text } = await site.get(
        `/workspaces/${mine.id}/files${part}path=${encodeURIComponent(path)}`,
        { who: student },
      )
      expect([path, part, status]).toEqual([path, part, 404])
      expect(text).not.toContain('root:')
    }
})

it('sends nothing that a browser would show or run on our pages’ behalf', async () => {
  writeFileSync(join(home, 'page.html'), '<script>alert(1)</script>')
  const { headers } = await site.get(`/workspaces/${mine.id}/files/content?path=lab1/page.html`, {
    who: student,
  })
  expect(headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': expect.stringMatching(/^attachment; /),
    'x-content-type-options': 'nosniff',
  })
})

it('works by keyboard, on a telephone, and has no barrier axe knows of', async () => {
  const narrow = await pageOf(student, 360)
  await narrow.goto(files())
  const overflow = await narrow.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(overflow).toBeLessThanOrEqual(0)
  await shoot('files-narrow', narrow)
  const input = narrow.locator('input[type=file]')
  await input.focus()
  expect(await narrow.evaluate('document.activeElement.tagName')).toBe('INPUT')
  expect(await barriers(narrow)).toEqual([])
  await narrow.context().close()
})

it('says so when the agent is away', async () => {
  await scene.goAway()
  const { status, text } = await site.get(`/workspaces/${mine.id}/files`, { who: student })
  expect([status, text]).toEqual([
    503,
    expect.stringContaining('Files cannot be reached at the moment'),
  ])
  await scene.comeBack()
  expect((await site.get(`/workspaces/${mine.id}/files?path=lab1`, { who: student })).status).toBe(
    200,
  )
})
