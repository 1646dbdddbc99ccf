/** What a student asks for while storage is away: nothing waits for it, and what was handed in counts from the click. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { openHomes, recordMerge } from '../../api/data/seats/scratch-home.ts'
import { markRunning } from '../../api/data/seats/seat-life.ts'
import { beginOutage, endOutage } from '../../api/data/volumes/storage-outage.ts'
import { keepSubmissions } from '../../workers/jobs/keep-submissions.ts'
import { submissionsLeft } from '../../api/data/volumes/submission.ts'
import { openLog } from '../../api/log.ts'
import { storageAgent } from '../../api/storage/storage-agent.ts'
import { localBackend } from '../../workers/storage/local.ts'
import { type Served, serveAgent } from '../../workers/storage/server.ts'
import { documentsWith } from '../cast/documents.ts'
import { BEFORE_CLASS, IN_CLASS } from '../cast/record.ts'
import { seatScene } from './course-scene.ts'
import { textOf } from './page-text.ts'

const now = IN_CLASS
const scene = await seatScene({
  ...{ now, plannedAt: BEFORE_CLASS },
  documents: documentsWith({ 'networks-101.yaml': 'submissions: { due: 2026-11-24T11:00 }\n' }),
})
const { site, student, teacher, mine } = scene
const { pool } = site
const log = openLog('storage', 'silent')
/** Calls that reached it. None is answered: its storage hangs. */
let asked = 0
let served: Served

beforeAll(async () => {
  const { socket } = site.config.storage
  mkdirSync(dirname(socket), { recursive: true })
  const root = site.home
  const place = () => {
    asked++
    return new Promise<undefined>(() => {})
  }
  served = await serveAgent({ ...localBackend({ root }), place }, { socket, root, log })
  await scene.recordVolume({ limit: { backend: 'local', limitMb: 24 } })
  await withTransaction(pool, async (tx) => {
    await execute(tx, sql`update volume set state = 'ready'`)
    await beginOutage(tx, { backend: 'local', since: now, reason: 'silence', now })
  })
})
afterAll(async () => {
  await served.close()
  await site.close()
})

it('takes what is handed in at once, with the time of the click, and has it made when the storage is back', async () => {
  const path = `/workspaces/${mine.id}/submissions`
  const answer = await site.post(path, { path: '' }, { who: student })
  expect(answer.status).toBe(303)
  const rows = () => many(pool, sql`select state, created_at from submission`)
  expect(await rows()).toEqual([{ state: 'making', created_at: now }])
  const agent = storageAgent(site.config.storage)
  const later = { pool, agent, log, now: () => new Date(now.getTime() + 600_000) }
  await keepSubmissions(later)
  expect(asked).toBe(0)
  await withTransaction(pool, (tx) => endOutage(tx, { backend: 'local', now }))
  void keepSubmissions(later).catch(() => {})
  await expect.poll(() => asked).toBe(1)
  await withTransaction(pool, (tx) =>
    beginOutage(tx, { backend: 'local', since: now, reason: 'silence', now }),
  )
})

it('answers who asks for files, or brings some, without asking it', async () => {
  const before = asked
  const folder = await site.get(`/workspaces/${mine.id}/files`, { who: student })
  const download = await site.get(`/workspaces/${mine.id}/files/content?path=a`, { who: student })
  expect([folder.status, download.status]).toEqual([200, 503])
  const text = textOf(folder.text)
  expect(text).toContain('Files cannot be reached at the moment. Nothing is lost')
  // What was handed in meanwhile is there, and more can be.
  expect(text).toContain('being kept')
  expect(text).toContain('[ Hand in')
  expect(asked).toBe(before)
})

const COURSE = '/courses/networks-101'
const pageOf = async (path: string, who = teacher) => textOf((await site.get(path, { who })).text)
const post = async (path: string, who = teacher) => (await site.post(path, {}, { who })).status

it('offers a class that is under way to begin without its files, says what that means, and takes it back', async () => {
  await execute(pool, sql`update session set state = 'open' where starts_at <= ${now}`)
  expect(await pageOf(COURSE)).toContain('[ Start without their files… ]')
  const asked = await pageOf(`${COURSE}/scratch`)
  expect(asked).toContain('Whoever is at work already is left alone')
  expect(asked).toContain('Nothing there is overwritten')
  expect(await post(`${COURSE}/scratch`, student)).toBe(403)
  expect(await post(`${COURSE}/scratch`)).toBe(303)
  expect(await pageOf(COURSE)).toContain('[ Wait for the storage instead ]')
  expect(await post(`${COURSE}/scratch/undo`)).toBe(303)
  expect(await pageOf(COURSE)).toContain('[ Start without their files… ]')
  expect(await post(`${COURSE}/scratch`)).toBe(303)
})

it('tells who is on a scratch home where their files are, and hands in all of it once it is home', async () => {
  const { seat_id: seatId } = (
    await many<{ seat_id: string }>(pool, sql`select seat_id from workspace where id = ${mine.id}`)
  )[0]!
  const body = JSON.stringify({ volume: { mountPath: '/home', scratch: { backend: 'local' } } })
  await execute(pool, sql`insert into seat_template (digest, body) values ('on-scratch', ${body})`)
  await execute(
    pool,
    sql`update seat set template_digest = 'on-scratch', applied_generation = 1 where id = ${seatId}`,
  )
  const run = { id: seatId, taskId: 't', nodeAddress: '127.0.0.1', nodeId: 'node-a' }
  await markRunning(pool, { seats: [run], now })
  const page = () => pageOf(`/workspaces/${mine.id}`, student)
  expect(await page()).toContain('You are on a scratch home')
  expect(await page()).toContain('in the folder from-scratch-')
  expect(await page()).not.toContain('What you do may stand still')
  expect(await pageOf(COURSE)).toContain('1 seat is on one.')
  expect(await post(`${COURSE}/scratch/undo`)).toBe(409)

  await site.post(`/workspaces/${mine.id}/submissions`, { path: 'deep' }, { who: student })
  await withTransaction(pool, (tx) => endOutage(tx, { backend: 'local', now }))
  await site.post(`/workspaces/${mine.id}/submissions`, { path: 'deep' }, { who: student })
  const left = () => submissionsLeft(pool, new Date(now.getTime() + 600_000))
  expect(await left()).toEqual([])
  expect(await page()).toContain('stop and start to have it back')
  const [home] = await openHomes(pool)
  await recordMerge(pool, { id: home!.id, result: 'folder', now })
  expect((await left()).map(({ path }) => path)).toEqual(['', '', ''])
  await execute(pool, sql`update seat set template_digest = null where id = ${seatId}`)
  expect(await page()).toContain(
    'What you saved on the scratch home is in the folder from-scratch-',
  )
})
