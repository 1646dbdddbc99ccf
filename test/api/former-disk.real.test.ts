/**
 * A reset and after it, on real volumes of a real agent and in Chromium: what was there before is said, looked at, downloaded and
 * brought back, beside what is there now. Neither volume is lost, and none is made twice.
 */
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { beginGeneration } from '../../api/data/seats/seat.ts'
import { openBrowser, signedInPage } from '../browser.ts'
import { IN_CLASS, seatReady, type SignedIn } from '../cast/record.ts'
import { isFitWideAndNarrow } from '../page-fit.ts'
import { volumeOf } from './course-scene.ts'
import { volumeScene } from './volume-scene.ts'

const MIB = 2 ** 20
const scene = await volumeScene({ now: IN_CLASS })
const { site, agent, student, stranger, mine, seatId, homeOf } = scene
const { pool } = site

let browser: Browser
let page: Page

beforeAll(async () => {
  await execute(pool, sql`update course set volumes_until = '2027-02-15T22:00:00Z'`)
  await scene.makeVolume(1)
  write(1, 'essay.txt', 'the first essay')
  mkdirSync(join(homeOf(1), 'project'))
  write(1, 'project/main.py', 'print(1)')
  browser = await openBrowser()
  page = await tab(student, 1100)
})

afterAll(async () => {
  await browser?.close()
  await scene.end()
})

const tab = ({ token }: SignedIn, width: number) =>
  signedInPage(browser, site, { token, width, bypassCSP: true })
const address = (path = '') => `${site.origin}/workspaces/${mine.id}${path}`
function write(generation: number, path: string, text: string): void {
  writeFileSync(join(homeOf(generation), path), text)
  chownSync(join(homeOf(generation), path), 1000, 1000)
}
const names = () => page.locator('td .name').allTextContents()

const looksRight = (name: string) => isFitWideAndNarrow(page, name)

it('says before that what is there is kept, and begins with an empty disk', async () => {
  await page.goto(address('/reset'))
  await page.getByText('What is on your disk now is kept until').waitFor()
  await looksRight('reset')
  await page.getByLabel('Start with an empty volume').check()
  await page.getByRole('button', { name: 'Reset', exact: true }).click()
  await page.getByText('What was there before is kept.').waitFor()
  site.setNow(new Date('2026-11-24T09:30:00Z'))
  await withTransaction(pool, (tx) => beginGeneration(tx, { id: seatId }))
  await page.goto(address('/files?asOf=g1'))
  expect(await names()).toEqual(['essay.txt', 'project'])
  await page.getByText('It can be brought back once your new disk is there.').waitFor()
  await scene.makeVolume(2)
  await seatReady(pool, mine.id, site.now())
})

it('says after it where that is, and shows it: to look at and to download', async () => {
  write(2, 'essay.txt', 'the second essay')
  await page.goto(address())
  await page
    .getByText('What was on your disk before the reset of 24 Nov 2026, 10:30 is kept until')
    .waitFor()
  await looksRight('workspace-after-reset')
  await page.getByRole('link', { name: 'Look at it, download it or bring it back' }).click()
  await page.waitForURL(/path=lab1/)
  expect(await names()).toEqual(['essay.txt', 'project'])
  expect(await page.locator('input[type=file]').count()).toBe(0)
  await looksRight('files-before-reset')
  await page.getByRole('link', { name: 'project' }).click()
  expect(await names()).toEqual(['main.py'])
  const read = (query: string) =>
    site.get(`${new URL(page.url()).pathname}${query}`, { who: student })
  expect((await read('/content?path=lab1/essay.txt&asOf=g1')).text).toBe('the first essay')
  expect((await read('/content?path=lab1/essay.txt')).text).toBe('the second essay')
  expect((await read('/archive?path=lab1&asOf=g1')).text).toContain('main.py')
})

it('brings back one, and all, and what is there now stays as it is', async () => {
  await page.goto(address('/files?asOf=g1'))
  await page.getByRole('button', { name: 'Bring back essay.txt' }).click()
  await page.getByText('“essay (2026-11-24 10h30).txt” is back.').waitFor()
  expect(readFileSync(join(homeOf(2), 'essay.txt'), 'utf8')).toBe('the second essay')
  expect(readFileSync(join(homeOf(2), 'essay (2026-11-24 10h30).txt'), 'utf8')).toBe(
    'the first essay',
  )
  await page.goto(address('/files?asOf=g1'))
  await page.getByText('What is on your disk now stays as it is').waitFor()
  await page.getByRole('button', { name: 'Bring back what was before the reset' }).click()
  await page.getByText('“2026-11-24 10h30” is back.').waitFor()
  await looksRight('files-brought-back')
  expect(readdirSync(homeOf(2)).toSorted()).toEqual([
    ...['2026-11-24 10h30', 'essay (2026-11-24 10h30).txt', 'essay.txt'],
  ])
  expect(readFileSync(join(homeOf(2), '2026-11-24 10h30/project/main.py'), 'utf8')).toBe('print(1)')
  expect(readdirSync(homeOf(1)).toSorted()).toEqual(['essay.txt', 'project'])
  const { volumes } = await agent.list()
  expect(volumes.map(({ name, state }) => [name, state])).toEqual([
    [volumeOf(1), 'ready'],
    [volumeOf(2), 'ready'],
  ])
  const traces = await many<{ detail: object }>(
    pool,
    sql`select detail from audit where action = 'files.bring-back' order by at, id`,
  )
  const trace = { asOf: '2026-11-24T09:30:00Z', volume: volumeOf(1) }
  expect(traces.map(({ detail }) => detail)).toEqual([trace, trace])
})

it('brings nothing back that does not fit, and says so', async () => {
  write(1, 'large.bin', 'x'.repeat(16 * MIB))
  write(2, 'filler.bin', 'x'.repeat(10 * MIB))
  await page.goto(address('/files?asOf=g1'))
  await page.getByRole('button', { name: 'Bring back large.bin' }).click()
  await page.getByText('What you wanted back does not fit on your disk.').waitFor()
  expect(readdirSync(homeOf(2))).not.toContain('large.bin')
})

it('leads nowhere else by any path, and into no other seat’s disk', async () => {
  for (const path of ['..', '../..', '..%2f..%2fetc%2fpasswd', '%2e%2e/%2e%2e/etc/passwd'])
    for (const part of ['?', '/content?', '/archive?']) {
      const query = `${part}asOf=g1&path=${encodeURIComponent(path)}`
      const { status, text } = await site.get(`/workspaces/${mine.id}/files${query}`, {
        who: student,
      })
      // The page says that there was no such folder.
      expect([query, status]).toEqual([query, part === '?' ? 200 : 404])
      expect(text).not.toContain('root:')
      expect(text.includes('was not there on')).toBe(part === '?')
    }
  for (const part of ['?', '/content?path=lab1/essay.txt&', '/archive?'])
    expect(
      (await site.get(`/workspaces/${mine.id}/files${part}asOf=g1`, { who: stranger })).status,
    ).toBe(404)
  const other = volumeOf(1).replace('s001', 's002')
  await agent.ensure({ name: other, limitMb: 24, isNew: true })
  const wish = { volume: other, path: '', label: 'then' }
  await expect(agent.bringBack(volumeOf(2), wish)).rejects.toThrow(/400|same seat/)
  await expect(agent.bringBack(volumeOf(2), { ...wish, volume: volumeOf(2) })).rejects.toThrow(
    /400/,
  )
  expect(await agent.bringBack(volumeOf(2), { ...wish, volume: volumeOf(9) })).toBe('not-there')
})
