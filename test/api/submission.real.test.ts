/**
 * Handing in, whole: a student in Chromium submits twice from a real volume, the second late; nothing of it changes any more; the
 * teacher downloads both with a manifest. And an api or agent that dies between two steps.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { type HandedIn, handIn, submissionsOf } from '../../api/data/volumes/submission.ts'
import { manifest } from '../../api/storage/submissions-archive.ts'
import { keepSubmissions } from '../../workers/jobs/keep-submissions.ts'
import { openBrowser, signedInPage } from '../browser.ts'
import { allDocuments, documentsWith } from '../cast/documents.ts'
import { IN_CLASS, importDocuments, type SignedIn } from '../cast/record.ts'
import { keepPicture } from '../page-fit.ts'
import { silent } from '../workers/storage/storage-scene.ts'
import { volumeOf } from './course-scene.ts'
import { volumeScene } from './volume-scene.ts'

const now = IN_CLASS
const DUE = '2026-11-24T11:00'
const afterDue = new Date('2026-11-24T10:00:01Z')
const scene = await volumeScene({
  ...{ now, studentName: '=Student One' },
  documents: documentsWith({ 'networks-101.yaml': `submissions: { due: ${DUE} }\n` }),
})
const { site, agent, student, teacher, mine } = scene
const { pool, ring } = site
const home = scene.homeOf()
const folder = mkdtempSync(join(tmpdir(), 'labplan-submissions-'))
let browser: Browser
let page: Page

beforeAll(async () => {
  await scene.makeVolume()
  writeFileSync(join(home, 'report.txt'), 'first version')
  browser = await openBrowser()
  page = await signedInPage(browser, site, { token: student.token, width: 1100 })
})

afterAll(async () => {
  await browser?.close()
  await scene.end()
  rmSync(folder, { recursive: true, force: true })
})

/** Names and texts of an archive, read by another program than the one that wrote it. */
function inside(file: string): Record<string, string> {
  const program =
    'import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(json.dumps({n: z.read(n).decode("latin1") for n in z.namelist()}))'
  return JSON.parse(execFileSync('python3', ['-c', program, file]).toString()) as Record<
    string,
    string
  >
}

async function submit(): Promise<void> {
  await page.goto(`${site.origin}/workspaces/${mine.id}/files`)
  await page.getByRole('button', { name: 'Hand in this folder' }).click()
  await page.waitForURL(/path=lab1/)
}

it('takes what is there now, by the deadline', async () => {
  await page.goto(`${site.origin}/workspaces/${mine.id}/files`)
  await page.getByText('Deadline: 24 Nov 2026, 11:00.').waitFor()
  await submit()
  await page.getByRole('link', { name: 'submission-1.zip' }).waitFor()
  await keepPicture(page, 'hand-in')
  expect(await page.locator('.hand-in .tag').count()).toBe(0)
})

it('keeps each as it was, and marks what comes after the deadline', async () => {
  writeFileSync(join(home, 'report.txt'), 'second version')
  site.setNow(afterDue)
  await submit()
  await page.getByText('The deadline was').waitFor()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'submission-1.zip' }).click(),
  ])
  await download.saveAs(join(folder, 'one.zip'))
  expect(inside(join(folder, 'one.zip'))).toEqual({ 'report.txt': 'first version' })
  const rows = page.locator('.hand-in tbody tr')
  expect(await rows.nth(0).textContent()).toMatch(/2.*late/s)
  expect(await rows.nth(1).textContent()).not.toContain('late')
})

it('lets nobody change one, in the record or on disk', async () => {
  const [last] = await submissionsOf(pool, mine.id)
  for (const change of [
    sql`update submission set created_at = ${now}`,
    sql`update submission set sha256 = ${'0'.repeat(64)}`,
  ])
    await expect(execute(pool, change)).rejects.toThrow('A submission is never changed.')
  const file = join(scene.root, 'submissions', `${last!.id}.zip`)
  expect(statSync(file).mode & 0o777).toBe(0o400)
  // Asked for again, the agent answers what it was and reads nothing anew.
  writeFileSync(join(home, 'report.txt'), 'third version')
  const again = await agent.keep(last!.id, { volume: volumeOf(1), path: 'lab1' })
  expect(again).toMatchObject({ sha256: last!.sha256 })
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(last!.sha256)
})

it('gives the teacher both, with a manifest', async () => {
  const shown = await site.get('/courses/networks-101', {
    who: teacher,
    headers: { 'accept-language': 'en' },
  })
  expect(shown.text).toContain('2 submissions')
  const port = new URL(site.origin).port
  const ask = (who: SignedIn) =>
    fetch(`http://127.0.0.1:${port}/courses/networks-101/submissions`, {
      headers: { cookie: `__Host-labplan=${who.token}` },
    })
  const answer = await ask(teacher)
  expect(answer.headers.get('content-disposition')).toContain('networks-101-submissions.zip')
  writeFileSync(join(folder, 'all.zip'), Buffer.from(await answer.arrayBuffer()))
  const all = inside(join(folder, 'all.zip'))
  const archives = Object.keys(all).filter((name) => name.endsWith('.zip'))
  expect(archives.map((name) => name.split('/').at(-1))).toEqual([
    'submission-1.zip',
    'submission-2-late.zip',
  ])
  const texts = archives.map((name) => {
    writeFileSync(join(folder, 'inner.zip'), Buffer.from(all[name]!, 'latin1'))
    return inside(join(folder, 'inner.zip'))['report.txt']
  })
  expect(texts).toEqual(['first version', 'second version'])
  const [heads, ...lines] = all['manifest.csv']!.trimEnd().split('\r\n')
  expect(heads).toMatch(/^student,pseudonym,seat,submission,/)
  for (const [i, name] of archives.entries()) {
    const sha256 = createHash('sha256').update(Buffer.from(all[name]!, 'latin1')).digest('hex')
    expect(lines[i]).toContain(`,${sha256},`)
    expect(lines[i]).toMatch(/^'=Student One,/)
  }
  expect([lines[0]?.includes(',late,'), lines[1]?.includes(',late,')]).toEqual([false, true])
  expect((await ask(student)).status).toBe(403)
  const audited = await many(
    pool,
    sql`select 1 as one from audit where action = 'submission.download-all'`,
  )
  expect(audited).toHaveLength(1)
})

it('keeps what was handed in while the agent was away, with the time of the click', async () => {
  site.setNow(now)
  await scene.goAway()
  // A page that was open when it went.
  await site.post(`/workspaces/${mine.id}/submissions`, { path: 'lab1' }, { who: student })
  const [waiting] = await submissionsOf(pool, mine.id)
  expect(waiting).toMatchObject({ number: 3, state: 'making' })
  await scene.comeBack()
  await page.goto(`${site.origin}/workspaces/${mine.id}/files?path=lab1`)
  await page.getByText('being kept').waitFor()
  const keep = (seconds: number) =>
    keepSubmissions({
      pool,
      agent,
      log: silent,
      now: () => new Date(now.getTime() + seconds * 1000),
    })
  await keep(10)
  expect((await submissionsOf(pool, mine.id))[0]?.state).toBe('making')
  await keep(31)
  expect((await submissionsOf(pool, mine.id))[0]).toMatchObject({ state: 'kept', created_at: now })
})

it('says so when there was nothing to keep, and when none are taken', async () => {
  const actor = { name: 'test', role: 'student' } as const
  const wish = { workspaceId: mine.id, path: 'not-there', actor, now }
  await withTransaction(pool, (tx) => handIn(tx, wish))
  await keepSubmissions({ pool, agent, log: silent, now: () => afterDue })
  expect((await submissionsOf(pool, mine.id))[0]?.state).toBe('failed')
  await importDocuments(pool, ring, now, allDocuments())
  expect(await withTransaction(pool, (tx) => handIn(tx, wish))).toBeUndefined()
  // What was handed in stays to be seen.
  await page.goto(`${site.origin}/workspaces/${mine.id}/files?path=lab1`)
  await page.getByRole('link', { name: 'submission-2.zip' }).waitFor()
})

it('writes a manifest that no spreadsheet runs', () => {
  const row: HandedIn = {
    ...{
      id: 'x',
      number: 1,
      path: '',
      state: 'kept',
      due_at: null,
      created_at: now,
      kept_at: now,
      bytes: 1,
      files: 1,
      left_out: 0,
    },
    ...{
      sha256: 'f'.repeat(64),
      workspace_id: 'w',
      why: null,
      seat: 1,
      pseudonym: 'quiet-owl',
      display_name: '@SUM(1,"2")',
      is_held: false,
    },
  }
  const [, line] = manifest([row], 'Europe/Paris').split('\r\n')
  expect(line).toMatch(
    /^"'@SUM\(1,""2""\)",quiet-owl,1,1,2026-11-24T09:20:00.000Z,2026-11-24 10:20:00,/,
  )
})
