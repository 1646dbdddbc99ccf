/**
 * A student's files as they were, over the agent's own socket and the site's own pages. What keeps the volume is the test's: folders,
 * whose snapshots are copies; a real Ceph's are in test/workers/storage/storage-cephfs.real.test.ts.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { beginOutage, endOutage } from '../../api/data/volumes/storage-outage.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import { storageAgent } from '../../api/storage/storage-agent.ts'
import { openLog } from '../../api/log.ts'
import { labplan } from '../../scripts/labplan.ts'
import type { Backend, VolumePlace } from '../../workers/storage/backend.ts'
import { localBackend } from '../../workers/storage/local.ts'
import { type Served, serveAgent } from '../../workers/storage/server.ts'
import { IN_CLASS } from '../cast/record.ts'
import { seatScene, volumeOf } from './course-scene.ts'
import { textOf } from './page-text.ts'

const now = IN_CLASS
const scene = await seatScene({ now })
const { site, student, stranger, mine } = scene
const { pool } = site
const name = volumeOf(1)
const root = join(site.home, 'volumes')
const home = join(root, 'home')
const IDS = ['20261117T110500Z', '20261124T081500Z']
let served: Served
let isReady = true

const place: VolumePlace = {
  ...{ home, uploads: join(root, 'uploads') },
  sight: async () => ({ name, state: 'ready', limitBytes: 24 * 2 ** 20, usedBytes: 0 }),
  snapshots: {
    list: async () =>
      readdirSync(join(root, 'snapshots'))
        .toSorted()
        .map((id) => ({
          id,
          at: `2026-11-${id.slice(6, 8)}T${id.slice(9, 11)}:${id.slice(11, 13)}:00Z`,
        })),
    keep: () => Promise.reject(new Error('nothing asks for that here')),
    home: async (id) => (IDS.includes(id) ? join(root, 'snapshots', id) : undefined),
  },
}

beforeAll(async () => {
  for (const folder of ['home/lab1', 'snapshots'])
    mkdirSync(join(root, folder), { recursive: true })
  const save = (file: string, text: string) => writeFileSync(join(home, 'lab1', file), text)
  const keep = (id: string) =>
    cpSync(home, join(root, 'snapshots', id), { recursive: true, preserveTimestamps: true })
  save('essay.txt', 'first')
  keep(IDS[0]!)
  save('essay.txt', 'second')
  save('lost.txt', 'precious')
  mkdirSync(join(home, 'lab1', 'project'))
  keep(IDS[1]!)
  save('essay.txt', 'third')
  const backend: Backend = {
    ...localBackend({ root }),
    kind: 'cephfs',
    list: async () => [await place.sight()],
    place: async (of) => (of === name && isReady ? place : undefined),
  }
  const { socket } = site.config.storage
  mkdirSync(join(socket, '..'), { recursive: true })
  served = await serveAgent(backend, { socket, root, log: openLog('storage', 'silent') })
  const [seat] = await many<{ id: string }>(
    pool,
    sql`select seat_id as id from workspace where id = ${mine.id}`,
  )
  const limit = { backend: 'cephfs', limitMb: 24 } as const
  await withTransaction(pool, (tx) =>
    recordVolumes(tx, { volumes: [{ seatId: seat!.id, generation: 1, name, limit }], now }),
  )
  await execute(pool, sql`update volume set state = 'ready'`)
})
afterAll(async () => {
  await served.close()
  await site.close()
})

const files = `/workspaces/${mine.id}/files`
const page = async (query: string, who = student) => {
  const answer = await site.get(`${files}?${query}`, { who })
  return { status: answer.status, html: answer.text }
}
const restore = (path: string, asOf: string, who = student) =>
  site.post(`${files}/restoration`, { path, asOf }, { who })

it('shows when things were kept, and what there was, with nothing that would change it', async () => {
  const of = await page('path=lab1')
  expect(textOf(of.html)).toContain('17 Nov 2026, 12:05')
  expect(of.html.indexOf('24 Nov 2026')).toBeLessThan(of.html.indexOf('17 Nov 2026'))
  const then = await page(`path=lab1&asOf=${IDS[0]}`)
  const text = textOf(then.html)
  expect(text).toContain('This is how it was on 17 Nov 2026, 12:05')
  expect(text).toContain('essay.txt')
  expect(text).not.toContain('lost.txt')
  expect(then.html).not.toContain('upload-box')
  const gone = textOf((await page(`path=lab1/project&asOf=${IDS[0]}`)).html)
  expect(gone).toMatch(/This folder was not there on 17 Nov 2026, 12:05\. Back to my files of now/)
})

it('downloads a file, or all, as it was', async () => {
  const file = await site.get(`${files}/content?path=lab1/essay.txt&asOf=${IDS[0]}`, {
    who: student,
  })
  expect(file.text).toBe('first')
  const archive = await site.get(`${files}/archive?path=lab1&asOf=${IDS[0]}`, { who: student })
  expect(archive.headers['content-type']).toBe('application/zip')
  expect(archive.text).toContain('essay.txt')
  expect(archive.text).not.toContain('project')
})

it('brings back one, or all, writes over nothing, and leaves a trace without a name of a file', async () => {
  const answer = await restore('lab1/essay.txt', IDS[0]!)
  expect([answer.status, answer.headers['location']]).toEqual([303, `${files}?path=lab1`])
  const read = (file: string) => readFileSync(join(home, 'lab1', file), 'utf8')
  expect(read('essay.txt')).toBe('third')
  expect(read('essay (2026-11-17 12h05).txt')).toBe('first')
  const said = textOf((await page('path=lab1')).html)
  expect(said).toContain('“essay (2026-11-17 12h05).txt” is back.')
  await restore('lab1', IDS[1]!)
  expect(readdirSync(home).toSorted()).toEqual(['lab1', 'lab1 (2026-11-24 09h15)'])
  const traces = await many<{ detail: object }>(
    pool,
    sql`select detail from audit where action = 'files.bring-back' order by at, id`,
  )
  expect(traces.map((one) => one.detail)).toEqual([
    { asOf: '2026-11-17T11:05:00Z' },
    { asOf: '2026-11-24T08:15:00Z' },
  ])
})

it('says that it is away while the volume is not ready, not that it is kept no more', async () => {
  isReady = false
  expect((await restore('lab1', IDS[0]!)).status).toBe(503)
  isReady = true
})

it('is for who it belongs to alone, and only where it is kept', async () => {
  expect((await page(`path=lab1&asOf=${IDS[0]}`, stranger)).status).toBe(404)
  expect((await restore('lab1', IDS[0]!, stranger)).status).toBe(404)
  expect((await page('path=lab1&asOf=20260101T000000Z')).status).toBe(404)
  expect((await page('path=lab1&asOf=..')).status).toBe(404)
  for (const [path, asOf, status] of [
    ['lab1', '20260101T000000Z', 404],
    ['lab1', '../../home', 400],
    ['../..', IDS[0]!, 404],
    ['gone', IDS[0]!, 404],
  ] as const)
    expect((await restore(path, asOf)).status, `${path} ${asOf}`).toBe(status)
})

it('says that it is away while the storage is', async () => {
  const outage = { backend: 'cephfs', now } as const
  await withTransaction(pool, (tx) => beginOutage(tx, { ...outage, since: now, reason: 'silence' }))
  expect((await restore('lab1', IDS[0]!)).status).toBe(503)
  await withTransaction(pool, (tx) => endOutage(tx, outage))
})

it('has no room taken by what an agent that ended had begun, once the worker asks the next', async () => {
  mkdirSync(join(root, 'uploads', 'restore-1', 'copy'), { recursive: true })
  await storageAgent({ socket: site.config.storage.socket }).list()
  await expect.poll(() => readdirSync(join(root, 'uploads'))).toEqual([])
})

it('is listed by the command line, too', async () => {
  const said: string[] = []
  const print = (line: string) => void said.push(line)
  const env = { LABPLAN_HOME: site.home }
  const run = (...words: string[]) =>
    labplan(['volume', 'snapshots', ...words], { print, complain: print }, env)
  expect(await run(name)).toBe(0)
  expect(said).toEqual(['2026-11-17T11:05:00Z', '2026-11-24T08:15:00Z'])
  expect(await run('lp-test0000-c0urse00-s002-g1')).toBe(1)
})
