/**
 * A worker whose machine slept for hours: its first pass makes what the session under way still needs, takes away what is over,
 * and makes nothing of what it slept through. The real reconciler and record; Terraform and the Swarm as play-worker.ts has them.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { allDocuments } from '../../cast/documents.ts'
import { importDocuments, launch, signIn, testRing } from '../../cast/record.ts'
import { SEATS_STACK, beginRun } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'
import { playWorker } from './play-worker.ts'

/** Networks 101 is on Tuesdays from 10:00 to 15:00 in Paris: 09:00 to 14:00 here. */
const at = (name: string): Date => new Date(`2026-${name}:00Z`)
const minuteOf = (name: string): number =>
  (at(name).getTime() - at('11-24T00:00').getTime()) / 60_000

const database = await testDatabase()
const { pool } = database
let boss: Boss
let worker: ReturnType<typeof playWorker>
beforeAll(async () => {
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
  const documents = allDocuments().map(({ name, text }) => ({
    ...{ name, text: text.replace('minutes: 120', 'minutes: 300') },
  }))
  await importDocuments(pool, testRing(), at('11-20T08:00'), documents)
  worker = playWorker(
    database,
    boss,
    (minute) => new Date(at('11-24T00:00').getTime() + minute * 60_000),
  )
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
})

const ask = (name: string) => {
  const place = {
    installation: database.installation,
    registry: '127.0.0.1:5000',
    storageRoot: '/srv/labplan',
  }
  const budget = { memoryMb: 4096, cores: 2 }
  return reconciler({ pool, boss, place, now: () => at(name), budget }).reconcile()
}
const pass = (name: string) => worker.pass(minuteOf(name))
const done = (name: string, what: string) =>
  worker.done.filter((one) => one.minute === minuteOf(name) && one.what === what).length
const asked = async () =>
  (
    await many<{ key: string }>(
      pool,
      sql`select data->>'stackKey' as key from pgboss.job where name = 'apply-stack' order by created_on, id`,
    )
  ).map(({ key }) => key)
const session = (day: string) =>
  one<{ state: string; receipts: number }>(
    pool,
    sql`select state, (select count(*) from receipt where session_id = session.id) as receipts from session
        where course_id = (select id from course where key = 'networks-101') and starts_at = ${at(`${day}T09:00`)}`,
  )
const workspace = (id: string) =>
  one(pool, sql`select state, message_code as why from workspace where id = ${id}`)
const alive = async () =>
  (await one<{ n: number }>(pool, sql`select count(*) as n from seat where state <> 'absent'`)).n
const student = async (name: string) => {
  const { personId } = await signIn(pool, { name, now: at('11-24T08:00') })
  return personId
}
const come = async (personId: string, name: string) =>
  (await launch(pool, { personId, courseKey: 'networks-101', now: at(name) })).id

it('makes a class late that still lasts, also where a run of it was under way, lets in who waits, and tells of it', async () => {
  await pass('11-24T05:00')
  expect(await alive()).toBe(0)
  // It has asked for the run and begun it, and sleeps from the next second on.
  await ask('11-24T08:20')
  expect(await asked()).toContain(SEATS_STACK)
  await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest: 'x', now: at('11-24T08:20') })
  const before = (await asked()).length
  const waiting = await come(await student('Student One'), '11-24T09:05')
  expect(await workspace(waiting)).toMatchObject({ state: 'starting' })
  await pass('11-24T11:20')
  expect((await asked()).slice(before)).toContain(SEATS_STACK)
  expect(done('11-24T11:20', 'make')).toBe(30)
  expect(await workspace(waiting)).toMatchObject({ state: 'ready' })
  await pass('11-24T11:21')
  await pass('11-24T11:22')
  expect(await session('11-24')).toEqual({ state: 'open', receipts: 0 })
  const told = (await latestNotices(pool, { limit: 20 })).map(({ code }) => code)
  expect(told).toEqual(['notice.session-ready', 'notice.session-late'])
})

it('stops who is past the end and takes away what is over, when it wakes after it', async () => {
  const before = (await asked()).length
  await pass('11-24T17:00')
  expect((await asked()).slice(before)).toContain(SEATS_STACK)
  await pass('11-24T17:01')
  await pass('11-24T17:02')
  expect(await alive()).toBe(0)
  expect(await many(pool, sql`select state, message_code as why from workspace`)).toEqual([
    { state: 'stopped', why: 'stopped.session_end' },
  ])
  expect(await session('11-24')).toEqual({ state: 'closed', receipts: 1 })
})

it('makes nothing of a class that it slept through, and lets nobody wait for it', async () => {
  await pass('12-01T05:00')
  const waiting = await come(await student('Student Two'), '12-01T09:05')
  await pass('12-01T14:30')
  await pass('12-01T14:31')
  expect([done('12-01T14:30', 'make'), done('12-01T14:31', 'make'), await alive()]).toEqual([
    0, 0, 0,
  ])
  expect(await workspace(waiting)).toEqual({ state: 'stopped', why: 'stopped.session_end' })
  expect(await session('12-01')).toMatchObject({ state: 'closed' })
  expect(await session('12-08')).toEqual({ state: 'planned', receipts: 0 })
})

it('writes no receipt of a class that ended meanwhile before its seats had their time to go', async () => {
  await pass('12-08T08:20')
  await pass('12-08T09:05')
  expect(await alive()).toBe(30)
  await ask('12-08T17:00')
  // The driver is quick, and Terraform has only begun.
  await pool.query(`update seat set state = 'cold', wanted_on = false where state <> 'absent'`)
  await ask('12-08T17:01')
  expect(await session('12-08')).toEqual({ state: 'ended', receipts: 0 })
  await pass('12-08T17:02')
  await pass('12-08T17:03')
  expect(await alive()).toBe(0)
  expect(await session('12-08')).toEqual({ state: 'closed', receipts: 1 })
})
