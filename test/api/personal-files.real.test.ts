/**
 * A student's own folder in Chromium, on a real volume of a real agent, while nothing runs: look, upload, download one and all, and
 * what somebody else or a path that leads elsewhere gets.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import { execute, one, sql } from '../../api/data/db.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import { digestOf } from '../../stacks/rules/wanted.ts'
import { volumeKeeper } from '../../workers/jobs/keep-volumes.ts'
import { turnsFor } from '../../workers/storage/turns.ts'
import { openBrowser, signedInPage } from '../browser.ts'
import { documentsWith } from '../cast/documents.ts'
import { IN_CLASS, launch, type SignedIn } from '../cast/record.ts'
import { isFitWideAndNarrow } from '../page-fit.ts'
import { agentScene, silent } from '../workers/storage/storage-scene.ts'
import { COURSE, seatScene } from './course-scene.ts'

const now = IN_CLASS
const { site, student, stranger, mine } = await seatScene({
  now,
  documents: documentsWith({
    'pool.yaml': 'storage: { backend: local }\n',
    'networks-101.yaml': 'personalVolume: true\n',
  }),
})
const { pool } = site
const scene = await agentScene(site.config.storage.socket)
const folder = mkdtempSync(join(tmpdir(), 'labplan-personal-'))

let browser: Browser
let page: Page
let theirs: { id: string }
let home: string

beforeAll(async () => {
  theirs = await launch(pool, { personId: stranger.personId, courseKey: COURSE, now })
  const { blueprint } = (await currentBlueprint(pool))!
  const { template } = blueprint.courses.find(({ key }) => key === 'networks-101')!
  await rememberTemplate(pool, { digest: digestOf(template), body: template })
  await execute(pool, sql`update seat set template_digest = ${digestOf(template)}`)
  await volumeKeeper({
    ...{ pool, agent: scene.agent, inTurn: turnsFor((one) => one), log: silent },
    now: () => now,
  }).keep()
  const { name } = await one<{ name: string }>(
    pool,
    sql`select name from volume where person_id = ${student.personId}`,
  )
  home = join(scene.root, 'mounts', name, 'home')
  await execute(pool, sql`update workspace set state = 'stopped' where id = ${mine.id}`)
  browser = await openBrowser()
  page = await signedInPage(browser, site, { token: student.token, width: 1100, bypassCSP: true })
})

afterAll(async () => {
  await browser?.close()
  await scene.end()
  rmSync(folder, { recursive: true, force: true })
  await site.close()
})

const files = (of = mine) => `/workspaces/${of.id}/personal/files`
const names = () => page.locator('td .name').allTextContents()
const local = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const looksRight = (name: string) => isFitWideAndNarrow(page, name)

it('is opened from the page of a workspace that is stopped, and says what to do while it is empty', async () => {
  await page.goto(`${site.origin}/workspaces/${mine.id}`)
  await looksRight('workspace-personal')
  await page
    .getByRole('region', { name: 'Your personal folder' })
    .getByRole('link', { name: 'Browse, upload and download' })
    .click()
  await page.waitForURL(/personal\/files$/)
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Your personal folder')
  expect(await page.locator('.empty').first().textContent()).toContain('Nothing here yet.')
  await looksRight('personal-empty')
})

it('takes files, also before any seat has shown it: they are the student’s', async () => {
  const input = page.locator('input[type=file]')
  await input.setInputFiles(local('notes.txt', 'mine'))
  await page.getByText('notes.txt is there.').waitFor()
  await page.locator('td .name').first().waitFor()
  expect(readFileSync(join(home, 'notes.txt'), 'utf8')).toBe('mine')
  expect([statSync(home).uid, statSync(join(home, 'notes.txt')).uid]).toEqual([1000, 1000])
  mkdirSync(join(home, 'reading'))
  writeFileSync(join(home, 'reading', 'list.md'), 'one book')
})

it('is browsed, and downloaded one by one or whole', async () => {
  await page.goto(site.origin + files())
  expect(await names()).toEqual(['notes.txt', 'reading'])
  await looksRight('personal')
  await page.getByRole('link', { name: 'reading' }).click()
  expect(await names()).toEqual(['list.md'])
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'list.md' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('list.md')
  await download.saveAs(join(folder, 'fetched'))
  expect(readFileSync(join(folder, 'fetched'), 'utf8')).toBe('one book')
  const all = await site.get(`${files()}/archive?path=`, { who: student })
  expect(all.headers).toMatchObject({
    'content-type': 'application/zip',
    'content-disposition': expect.stringContaining('personal.zip'),
  })
  expect(all.text).toContain('reading/list.md')
})

it('is nobody else’s, whichever workspace they ask by', async () => {
  for (const path of ['', '/content?path=notes.txt', '/archive?path='])
    for (const [who, status] of [
      [stranger, 404],
      [undefined, 401],
    ] as const)
      expect((await site.get(`${files()}${path}`, { who })).status).toBe(status)
  const own = await site.get(`${files(theirs)}`, { who: stranger })
  expect([own.status, own.text.includes('notes.txt')]).toEqual([200, false])
  expect(
    (await site.get(`${files(theirs)}/content?path=notes.txt`, { who: stranger })).status,
  ).toBe(404)
  const upload = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${new URL(site.origin).port}/workspaces/${mine.id}/personal/uploads`, {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': '3',
        'upload-metadata': 'filename eA==',
        origin: site.origin,
        ...headers,
      },
    })
  const as = (who: SignedIn, csrf = who.csrf) => ({
    ...{ cookie: `__Host-labplan=${who.token}`, 'x-csrf': csrf },
  })
  expect((await upload({})).status).toBe(401)
  expect((await upload(as(student, 'other'))).status).toBe(403)
  expect((await upload(as(stranger))).status).toBe(404)
  const begun = await upload(as(student))
  expect([begun.status, begun.headers.get('location')]).toEqual([
    201,
    expect.stringMatching(/^\/workspaces\/[0-9a-f-]+\/personal\/uploads\/[0-9a-f]{32}$/),
  ])
})

it('leads nowhere else by any path', async () => {
  for (const path of ['..', '../..', '../../../etc/passwd', '%2e%2e/%2e%2e/etc/passwd', '..%2f..'])
    for (const part of ['?', '/content?', '/archive?']) {
      const query = `${part}path=${encodeURIComponent(path)}`
      const { status, text } = await site.get(files() + query, { who: student })
      expect([query, status]).toEqual([query, 404])
      expect(text).not.toContain('root:')
    }
})

it('says so when the agent is away', async () => {
  await scene.goAway()
  expect((await site.get(files(), { who: student })).status).toBe(503)
  await scene.comeBack()
})
