/** What a student asks for while storage is away: nothing waits for it, and what was handed in counts from the click. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { beginOutage, endOutage } from '../../api/data/storage-outage.ts'
import { keepSubmissions } from '../../workers/jobs/keep-submissions.ts'
import { recordVolumes } from '../../api/data/volume.ts'
import { openLog } from '../../api/log.ts'
import { storageAgent } from '../../api/storage-agent.ts'
import { localBackend } from '../../workers/storage/local.ts'
import { type Served, serveAgent } from '../../workers/storage/server.ts'
import { allDocuments } from '../cast/documents.ts'
import {
  addLmsCourse,
  BEFORE_CLASS,
  IN_CLASS,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const site = await openWebsite(IN_CLASS)
const { pool, ring } = site
const now = IN_CLASS
const due = 'submissions: { due: 2026-11-24T11:00 }\n'
const documents = allDocuments().map((one) =>
  one.name === 'networks-101.yaml' ? { ...one, text: one.text + due } : one,
)
await importDocuments(pool, ring, BEFORE_CLASS, documents)
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const student = await signIn(pool, { name: 'Student One', contextId, now })
const mine = await launch(pool, { personId: student.personId, courseKey: 'networks-101', now })
await seatReady(pool, mine.id, now)
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
  const [seat] = await many<{ id: string }>(
    pool,
    sql`select seat_id as id from workspace where id = ${mine.id}`,
  )
  const limit = { backend: 'local', limitMb: 24 } as const
  const volume = { seatId: seat!.id, generation: 1, name: 'lp-abcdefgh-abcdefgh-s001-g1', limit }
  await withTransaction(pool, async (tx) => {
    await recordVolumes(tx, { volumes: [volume], now })
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
