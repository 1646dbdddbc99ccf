/**
 * A course's data, from the teacher's page: a version is filled in Chromium, published and sealed, put in force by a change of
 * the course, gone back from, and purged when nobody used it for long. On a real agent.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql } from '../../api/data/db.ts'
import { parse } from 'yaml'
import { firstBroken, purgeReceipts } from '../../api/data/volumes/purge.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import { say } from '../../api/locale.ts'
import { retentionKeeper } from '../../workers/jobs/keep-retention.ts'
import { openBrowser, signedInPage } from '../browser.ts'
import { documentsWith } from '../cast/documents.ts'
import { documentOf, IN_CLASS, launch, seatReady } from '../cast/record.ts'
import { isFit } from '../page-fit.ts'
import { agentScene, silent } from '../workers/storage/storage-scene.ts'
import { runCommand } from './command-line.ts'
import { textOf } from './page-text.ts'
import { courseScene } from './course-scene.ts'
import { turnsFor } from '../../workers/storage/turns.ts'

const { site, teacher, student } = await courseScene({
  now: IN_CLASS,
  documents: documentsWith({ 'pool.yaml': 'storage: { backend: local }\n' }),
})
const { pool } = site
const scene = await agentScene(site.config.storage.socket)
const { agent } = scene
const retention = retentionKeeper({
  ...{ pool, agent, installation: site.config.installation, log: silent, now: site.now },
  inTurn: turnsFor((name) => name),
  removeFromEngine: () => Promise.reject(new Error('no volume here is an engine’s')),
})
const AT = '/courses/networks-101/data'
let browser: Browser
let page: Page

beforeAll(async () => {
  await execute(
    pool,
    sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
  )
  browser = await openBrowser()
  page = await signedInPage(browser, site, { token: teacher.token, width: 360, bypassCSP: true })
})

afterAll(async () => {
  await browser?.close()
  await scene.end()
  await site.close()
})

const inForce = async () =>
  (parse(await documentOf(pool, 'networks-101')) as { data?: { version: number } }).data?.version
const versions = () =>
  many<{ version: number; name: string; state: string; files: number }>(
    pool,
    sql`select version, name, state, files from course_data order by version`,
  )
const folderOf = (name: string) => join(scene.root, 'mounts', name, 'home')

/** Once the page's script hears of it. */
async function choose(files: Record<string, string>): Promise<void> {
  await page.getByText('Choose files').waitFor()
  await page.locator('file-upload input').setInputFiles(
    Object.entries(files).map(([name, text]) => ({
      ...{ name, mimeType: 'text/plain', buffer: Buffer.from(text) },
    })),
  )
}

/** It is asked first. */
async function discard(): Promise<void> {
  await page.getByText('Discard this version…').click()
  await page.getByRole('button', { name: /^Discard version/ }).click()
}

/** By the page's own buttons. */
async function publish(files: Record<string, string>): Promise<void> {
  await page.goto(site.origin + AT)
  await page.getByRole('button', { name: 'Begin' }).click()
  await choose(files)
  await page.getByRole('cell', { name: Object.keys(files)[0]! }).waitFor()
  await page.getByRole('button', { name: /^Publish version/ }).click()
  await page.getByText('In force: each workspace gets it').waitFor()
}

it('is for who plans the course, and nobody else', async () => {
  for (const [who, status] of [
    [undefined, 401],
    [student, 403],
    [teacher, 200],
  ] as const)
    expect((await site.get(AT, { who })).status).toBe(status)
  for (const act of ['', '/1/publication', '/1/use', '/1/discard'])
    expect((await site.post(AT + act, { sizeMb: '8' }, { who: student })).status).toBe(403)
  expect((await site.post(`${AT}/9/use`, {}, { who: teacher })).status).toBe(404)
})

it('is filled while nobody sees it, then published and in force', async () => {
  await page.goto(site.origin + AT)
  await isFit(page, 'data-none')
  await page.getByLabel('Size, at most (MB)').fill('8')
  await page.getByRole('button', { name: 'Begin' }).press('Enter')
  await page.getByText('No file yet').waitFor()
  expect(await page.getByRole('button', { name: 'Publish version 1' }).isDisabled()).toBe(true)
  await choose({ 'subject.txt': 'one' })
  await page.getByRole('cell', { name: 'subject.txt' }).waitFor()
  await isFit(page, 'data-draft')
  expect(await inForce()).toBeUndefined()
  await page.getByRole('button', { name: 'Publish version 1' }).click()
  await page.getByText('In force: each workspace gets it').waitFor()
  await isFit(page, 'data-published')
  expect(await inForce()).toBe(1)
  const [first] = await versions()
  expect(first).toMatchObject({ version: 1, state: 'published', files: 1 })
  expect(readFileSync(join(folderOf(first!.name), 'subject.txt'), 'utf8')).toBe('one')
})

it('is never changed once it is published, by whatever way', async () => {
  const [{ name } = { name: '' }] = await versions()
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-length': '3',
    'upload-metadata': 'filename eA==',
  }
  const upload = { method: 'POST', id: undefined, headers, body: Readable.from([]) }
  expect((await agent.upload(name, upload)).status).toBe(409)
  expect(await agent.restore(name, Readable.from(['x']))).toMatchObject({ ok: false })
  await expect(execute(pool, sql`update course_data set bytes = 1`)).rejects.toThrow(
    'never changed',
  )
  // The page's own address takes nothing either: there is no draft.
  const sent = await fetch(`http://127.0.0.1:${new URL(site.origin).port}${AT}-uploads`, {
    method: 'POST',
    headers: { ...headers, cookie: `__Host-labplan=${teacher.token}`, 'x-csrf': teacher.csrf },
  })
  expect(sent.status).toBe(409)
  expect(readdirSync(folderOf(name))).toEqual(['subject.txt'])
})

it('has a next version, and goes back', async () => {
  await publish({ 'subject.txt': 'two', 'more.csv': '1,2' })
  expect(await inForce()).toBe(2)
  await page.getByRole('button', { name: 'Go back to version 1' }).click()
  await page.getByText('In force: each workspace gets it').waitFor()
  expect(await inForce()).toBe(1)
  const names = (await versions()).map(({ name }) =>
    readFileSync(join(folderOf(name), 'subject.txt'), 'utf8'),
  )
  expect(names).toEqual(['one', 'two'])
})

it('says to who works which version they have, and that another one is there', async () => {
  const mine = await launch(pool, {
    ...{ personId: student.personId, courseKey: 'networks-101', now: IN_CLASS },
  })
  const shown = async () =>
    textOf((await site.get(`/workspaces/${mine.id}`, { who: student })).text)
  expect(await shown()).toContain('Course data: version 1, in /data, at your next start.')
  await seatReady(pool, mine.id, IN_CLASS)
  const has = async (version: number) => {
    const body = { data: { version, mountPath: '/data' } }
    await rememberTemplate(pool, { digest: `v${version}`, body })
    await execute(pool, sql`update seat set template_digest = ${`v${version}`} where number = 1`)
  }
  await has(1)
  expect(await shown()).toContain('Course data: version 1, in /data, to be read only.')
  expect(await shown()).not.toContain('stop this workspace')
  await has(2)
  expect(await shown()).toContain('Version 1 is there: stop this workspace and start it again')
  await execute(pool, sql`update seat set template_digest = null`)
})

it('discards what was begun, whose number is used again', async () => {
  await page.goto(site.origin + AT)
  await page.getByRole('button', { name: 'Begin' }).click()
  await discard()
  await page.getByRole('button', { name: 'Begin' }).waitFor()
  expect(await versions()).toHaveLength(2)
  expect((await agent.list()).volumes).toHaveLength(2)
})

it('says so while the storage is away, and goes on with the same draft', async () => {
  await scene.goAway()
  expect((await site.post(AT, { sizeMb: '8' }, { who: teacher })).status).toBe(503)
  expect((await versions()).at(-1)).toMatchObject({ version: 3, state: 'draft' })
  await scene.comeBack()
  await page.goto(site.origin + AT)
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('No file yet').waitFor()
  expect(await versions()).toHaveLength(3)
  await discard()
  await page.getByRole('button', { name: 'Begin' }).waitFor()
})

it('keeps what is in force and the newest, and lets go of the rest after a month', async () => {
  for (const text of ['three', 'four', 'five']) await publish({ 'subject.txt': text })
  const states = async () => (await versions()).map(({ state }) => state)
  await retention.keep()
  expect(await states()).toEqual(Array.from({ length: 5 }, () => 'published'))
  site.setNow(new Date(IN_CLASS.getTime() + 31 * 86_400_000))
  await retention.keep()
  expect(await states()).toEqual(['purged', 'purged', 'published', 'published', 'published'])
  expect((await agent.list()).volumes).toHaveLength(3)
  expect(await inForce()).toBe(5)
})

const DAY_MS = 86_400_000
const stateOf = async (version: number) =>
  (await versions()).find((one) => one.version === version)?.state
const told = async () =>
  (
    await many<{ params: { count: number; goneAt: string } }>(
      pool,
      sql`select params from notice where code = 'notice.data-end' order by created_at`,
    )
  ).map(({ params }) => params)
/** What the last one says of the version in force. */
const saidOfForce = async () => {
  const [last] = await many<{ lines: { code: string }[] }>(
    pool,
    sql`select lines from notice where code = 'notice.data-end' order by created_at desc limit 1`,
  )
  return last?.lines.map(({ code }) => say('en', code)).join(' ')
}
const proved = async () =>
  (await purgeReceipts(pool)).map(
    ({ body }) =>
      JSON.parse(body) as {
        data: { version: number }
        times: { toldAt: string | null; doneAt: string }
      },
  )

it('has a receipt for each that went', async () => {
  expect(await proved()).toMatchObject(
    [1, 2].map((version) => ({
      ...{ kind: 'PurgeReceipt', number: version, reason: 'retention' },
      data: { name: expect.stringContaining('-data-g'), course: 'networks-101', version },
      times: { toldAt: null },
      ...{ before: { bytes: expect.any(Number) }, after: { file: false, listed: false } },
    })),
  )
  expect(firstBroken(await purgeReceipts(pool))).toBeUndefined()
  const { lines } = await runCommand(site, ['volume', 'purges'])
  expect(lines[1]).toMatch(/1 +networks-101 +data +1 /)
})

it('goes at the date of the course’s files but for what is in force, told twice before', async () => {
  await execute(pool, sql`update workspace set state = 'stopped'`)
  await execute(
    pool,
    sql`update seat set state = 'absent', wanted_on = false, service_id = null, task_id = null`,
  )
  const [course] = await many<{ until: Date }>(
    pool,
    sql`select volumes_until as until from course where key = 'networks-101'`,
  )
  const until = course!.until.getTime()
  const at = async (ms: number) => {
    site.setNow(new Date(ms))
    await retention.keep()
  }
  for (const days of [-31, -30, -29, -7, -6]) await at(until + days * DAY_MS)
  const goneAt = course!.until.toISOString()
  expect(await told()).toEqual([
    { count: 2, goneAt },
    { count: 2, goneAt },
  ])
  expect(await saidOfForce()).toContain('The version in force stays until the course is archived.')
  expect(await stateOf(4)).toBe('published')
  await at(until + DAY_MS)
  expect([await stateOf(3), await stateOf(4), await stateOf(5)]).toEqual([
    ...['purged', 'purged', 'published'],
  ])
  expect((await proved()).slice(2)).toMatchObject(
    [3, 4].map((version) => ({ data: { version }, times: { toldAt: expect.any(String) } })),
  )
  // Archived after its date, it is told of what goes besides, and has the week that is owed.
  await execute(pool, sql`update course set state = 'archived' where key = 'networks-101'`)
  await at(until + 2 * DAY_MS)
  expect((await told()).at(-1)).toEqual({
    count: 1,
    goneAt: new Date(until + 9 * DAY_MS).toISOString(),
  })
  expect(await saidOfForce()).toContain('The version in force is among them')
  await at(until + 8.9 * DAY_MS)
  expect(await stateOf(5)).toBe('published')
  expect((await agent.list()).volumes).toHaveLength(1)
  await at(until + 9 * DAY_MS)
  expect(await stateOf(5)).toBe('purged')
  expect((await agent.list()).volumes).toEqual([])
  expect((await proved()).at(-1)).toMatchObject({
    data: { version: 5 },
    times: { toldAt: new Date(until + 2 * DAY_MS).toISOString() },
  })
})
