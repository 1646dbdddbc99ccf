/**
 * People launch between the moment a run reads what is wanted and the moment it holds what is to go: real launches, rows and
 * goals on PostgreSQL, and the real way of a run, up to where Terraform would plan: the engine knows of secrets alone, and has no network.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Db, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { holdCold, holdSeats, markCold } from '../../../api/data/seats/seat-life.ts'
import { serveQueue } from '../../../api/data/workspaces/serve-queue.ts'
import { stopWorkspace } from '../../../api/data/workspaces/workspace-act.ts'
import { claimWorkspace } from '../../../api/data/workspaces/workspace-begin.ts'
import type { SeatsContent } from '../../../stacks/content.ts'
import { terraformOf } from '../../../workers/jobs/apply-means.ts'
import { applyStackNow } from '../../../workers/jobs/apply-stack.ts'
import type { RunServices, StackRequest } from '../../../workers/terraform/run-stack.ts'
import { newPerson } from '../../api/class-scene.ts'
import { environmentDocument, poolDocument, zoneDocument } from '../../cast/documents.ts'
import { courseId, importDocuments, launch, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { playWorker } from '../reconciler/play-worker.ts'

const database = await testDatabase()
const { pool } = database
const ring = testRing()
const home = mkdtempSync(join(tmpdir(), 'labplan-test-launch-'))
let boss: Boss
beforeAll(async () => {
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
  rmSync(home, { recursive: true, force: true })
})

const at = (minute: number) => new Date(Date.parse('2026-11-24T09:00:00Z') + minute * 60_000)
const course = (key: string) => `apiVersion: labplan/v1
kind: Course
key: ${key}
title: ${key}
environment: terminal
pool: local
seat: { cpu: 0.1, memoryMb: 64 }
students: 12
sessions:
  # The day before, so that the course is open for self-study.
  - { start: 2026-11-23T10:00, minutes: 60 }
  - { start: 2026-11-27T10:00, minutes: 60 }
headroom: { seats: 2, atOnce: 8 }
`
const files = [
  { name: 'zone.yaml', text: zoneDocument },
  { name: 'environment.yaml', text: environmentDocument },
  { name: 'pool.yaml', text: poolDocument },
  ...['goes', 'changes', 'races', 'served', 'again', 'twice'].map((key) => ({
    name: key,
    text: course(key),
  })),
]
await importDocuments(pool, ring, at(-2880), files)

const secrets = new Map<string, string>()
const engine = {
  async call(method: string, path: string, { body }: { body?: { Name: string } } = {}) {
    if (method === 'POST' && body) secrets.set(body.Name, `id-${body.Name}`)
    if (method === 'POST') return { ID: `id-${body?.Name}` }
    if (path !== '/secrets') return []
    return [...secrets].map(([Name, ID]) => ({ ID, Spec: { Name } }))
  },
}

/** What the driver does with seats that are held, each time the run waits for it. */
async function coolHeld(now: Date): Promise<void> {
  const rows = await many<{ id: string }>(pool, sql`select id from seat where held`)
  await withTransaction(pool, (tx) => markCold(tx, { ids: rows.map(({ id }) => id), now }))
}

type Reading = { seats: string[]; held: number[]; outdated: boolean }
type Meanwhile = (reading: number) => Promise<unknown>

const services: RunServices = {
  ...{ pool, keyRing: ring, docker: engine as never, worker: 'worker-1', now: () => at(0) },
  config: {
    ...{ home, installation: database.installation, dockerHost: '' },
    ...{ terraformBinary: 'terraform', providerMirror: home, searchPath: '' },
  },
  log: { info: () => {}, warn: () => {}, error: () => {} },
}

/** A run of the stack; `meanwhile` happens once it has read what is wanted. Answers what each time it wanted, and held. */
async function run(key: string, minute: number, meanwhile: Meanwhile) {
  const readings: Reading[] = []
  const now = () => at(minute)
  const watched = (request: StackRequest): StackRequest => ({
    ...request,
    async before(turn) {
      await meanwhile(readings.length + 1)
      const prelude = await request.before!(turn)
      await prelude.cold
      const held = await many<{ number: number }>(
        pool,
        sql`select number from seat join course on course.id = course_id
            where held and course.key = ${key} order by number`,
      )
      const seats = (request.content as SeatsContent).seats.map(
        ({ number, template }) => `${number} ${template.memoryMb}`,
      )
      const outdated = prelude.outdated !== undefined
      readings.push({ seats, outdated, held: held.map((row) => row.number) })
      return prelude
    },
  })
  const terraform = terraformOf({ ...services, now })
  await applyStackNow(
    {
      ...{ pool, ring, engine: engine as never, now },
      place: {
        installation: database.installation,
        registry: '127.0.0.1:5000',
        storageRoot: '/srv/labplan',
      },
      log: pino({ level: 'silent' }),
      pace: { elapsedMs: () => 0, sleep: () => coolHeld(at(minute)) },
      terraform: {
        apply: (request) => terraform.apply(watched(request)),
        destroy: (request) => terraform.destroy(watched(request)),
      },
    },
    `seats-${key}-0`,
    new AbortController().signal,
  )
  return readings
}

const arrive = async (courseKey: string, minute: number, personId?: string) =>
  launch(pool, { personId: personId ?? (await newPerson(pool)), courseKey, now: at(minute) })
const seatOf = (id: string) =>
  one<{ workspace: string; seat: string; number: number; held: boolean }>(
    pool,
    sql`select workspace.state as workspace, seat.state as seat, seat.number, held
        from workspace join seat on seat.id = seat_id where workspace.id = ${id}`,
  )
const stop = (workspaceId: string, minute: number) =>
  withTransaction(pool, (tx) =>
    stopWorkspace(tx, { workspaceId, actor: { name: 'p', role: 'student' }, now: at(minute) }),
  )

/** Three at work, and two cold seats beside them; all three stop, and the run that takes their seats away is due. */
async function threeWhoLeft(courseKey: string, minute: number) {
  const worker = playWorker(database, boss, at)
  await worker.pass(minute)
  const people = await Promise.all([newPerson(pool), newPerson(pool), newPerson(pool)])
  const workspaces = []
  for (const personId of people) workspaces.push(await arrive(courseKey, minute, personId))
  await worker.pass(minute)
  await worker.pass(minute)
  for (const { id } of workspaces) await stop(id, minute + 1)
  await pool.query(
    `update workspace set state = 'stopped' where state = 'stopping' and course_id = $1`,
    [await courseId(pool, courseKey)],
  )
  return { people, workspaces }
}

it('leaves a seat to who comes back to it before it is held, and takes the others', async () => {
  const { people, workspaces } = await threeWhoLeft('goes', 600)
  const readings = await run('goes', 602, async (reading) => {
    if (reading === 1) await arrive('goes', 602, people[1])
  })
  expect(await seatOf(workspaces[1]!.id)).toEqual({
    ...{ workspace: 'ready', seat: 'ready', number: 2, held: false },
  })
  expect(readings).toEqual([
    { seats: ['4 64', '5 64'], held: [], outdated: true },
    { seats: ['2 64', '4 64', '5 64'], held: [1, 3], outdated: false },
  ])
  // The run stopped short of its end: it lets go of what it held, and of that alone.
  expect(await many(pool, sql`select 1 from seat where held`)).toEqual([])
})

it('leaves what a seat is made of to who takes it before it is held', async () => {
  const worker = playWorker(database, boss, at)
  await worker.pass(600)
  await pool.query(
    `update seat set state = 'ready', wanted_on = true, task_id = 'a-task', node_address = '10.0.0.5'
     where number = 2 and state = 'cold' and course_id = $1`,
    [await courseId(pool, 'changes')],
  )
  const changed = files.map((file) =>
    file.name === 'changes' ? { ...file, text: file.text.replace('Mb: 64', 'Mb: 96') } : file,
  )
  await importDocuments(pool, ring, at(601), changed)
  const taken: { id: string }[] = []
  const readings = await run('changes', 602, async (reading) => {
    if (reading === 1) taken.push(await arrive('changes', 602))
  })
  expect(await seatOf(taken[0]!.id)).toEqual({
    ...{ workspace: 'ready', seat: 'ready', number: 2, held: false },
  })
  expect(readings.map(({ outdated, held }) => ({ outdated, held }))).toEqual([
    { outdated: true, held: [] },
    { outdated: false, held: [1] },
  ])
  expect(readings[1]!.seats).toEqual(['1 96', '2 64', '3 96'])
})

it('sees a launch that is under way while it holds', async () => {
  const { people, workspaces } = await threeWhoLeft('races', 700)
  let launched: { end: Promise<void> } | undefined
  const readings = await run('races', 702, async (reading) => {
    if (reading === 1) launched = await openLaunch('races', people[0]!)
  })
  await launched?.end
  expect(readings.map(({ outdated, held }) => ({ outdated, held }))).toEqual([
    { outdated: true, held: [] },
    { outdated: false, held: [2, 3] },
  ])
  expect(await seatOf(workspaces[0]!.id)).toMatchObject({ workspace: 'ready', held: false })
})

it('sees that somebody is served from the queue while it holds', async () => {
  const { workspaces } = await threeWhoLeft('served', 660)
  const id = await courseId(pool, 'served')
  let served: { end: Promise<void> } | undefined
  const readings = await run('served', 662, async (reading) => {
    if (reading > 1) return
    await pool.query(`update workspace set state = 'queued', queued_at = $2 where id = $1`, [
      workspaces[0]!.id,
      at(662),
    ])
    // As a warm one is: nothing of its row changes when somebody is served.
    await pool.query(`update seat set wanted_on = true where number = 1 and course_id = $1`, [id])
    served = await openUntilWaited((tx) => serveQueue(tx, { courseId: id, now: at(662) }))
  })
  await served?.end
  expect(readings.map(({ outdated, held }) => ({ outdated, held }))).toEqual([
    { outdated: true, held: [] },
    { outdated: false, held: [2, 3] },
  ])
  expect(await seatOf(workspaces[0]!.id)).toMatchObject({ workspace: 'ready', held: false })
})

const openLaunch = (key: string, personId: string) =>
  openUntilWaited(async (tx) =>
    claimWorkspace(tx, { courseId: await courseId(tx, key), personId, now: at(702) }),
  )

/** What has done all it does, and commits only once somebody waits for its locks. Answers, boxed, its end. */
async function openUntilWaited(
  work: (tx: Db) => Promise<unknown>,
): Promise<{ end: Promise<void> }> {
  let begun = (): void => {}
  const isBegun = new Promise<void>((resolve) => (begun = resolve))
  const end = withTransaction(pool, async (tx) => {
    await work(tx)
    begun()
    await expect.poll(waitsForLocks, { timeout: 20_000 }).toBe(true)
  })
  await Promise.race([isBegun, end])
  return { end }
}

const waitsForLocks = async (): Promise<boolean> =>
  (
    await one<{ waits: boolean }>(
      pool,
      sql`select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()) as waits`,
    )
  ).waits

it('looks anew in the second run under one lease', async () => {
  const { people, workspaces } = await threeWhoLeft('twice', 620)
  await pool.query(`update stack set state = 'needs_reconcile' where key = 'seats-twice-0'`)
  const readings = await run('twice', 622, async (reading) => {
    if (reading === 2) await arrive('twice', 622, people[0])
  })
  // The first fails for want of a network, and a run that began after an unclean end is made once more.
  expect(readings).toEqual([
    { seats: ['4 64', '5 64'], held: [1, 2, 3], outdated: false },
    { seats: ['4 64', '5 64'], held: [], outdated: true },
    { seats: ['1 64', '4 64', '5 64'], held: [2, 3], outdated: false },
    { seats: ['1 64', '4 64', '5 64'], held: [2, 3], outdated: false },
  ])
  expect(await seatOf(workspaces[0]!.id)).toMatchObject({ workspace: 'starting', held: false })
}, 30_000)

it('reads a last time when people come again and again, and is tried later then', async () => {
  const { people } = await threeWhoLeft('again', 640)
  const readings = await run('again', 642, (reading) => arrive('again', 642, people[reading - 1]))
  expect(readings.map(({ outdated, held }) => ({ outdated, held }))).toEqual([
    { outdated: true, held: [] },
    { outdated: true, held: [] },
    { outdated: true, held: [] },
  ])
  const stack = await one<{ message: string; retry_at: Date }>(
    pool,
    sql`select message, retry_at from stack where key = 'seats-again-0'`,
  )
  expect(stack.message).toMatch(/^Somebody began to work on seats 3 before anything was done/)
  expect(stack.retry_at.getTime()).toBeGreaterThan(at(642).getTime())
})

it('gives who is new a seat that no run holds, and one that goes only when there is no other', async () => {
  const id = await courseId(pool, 'changes')
  const free = await many<{ id: string; number: number }>(
    pool,
    sql`select id, number from seat where course_id = ${id} and not taken order by number`,
  )
  await pool.query(`update seat set state = 'ready' where id = $1`, [free[0]!.id])
  await holdSeats(pool, { ids: [free[0]!.id], held: true })
  const take = async () => (await arrive('changes', 603)).seatNumber
  const numbers = []
  for (const _ of free) numbers.push(await take())
  expect(numbers).toEqual([...free.slice(1).map((seat) => seat.number), free[0]!.number])
})

it('holds a seat that is to be made right where it is cold and nobody begins to work', async () => {
  const id = await courseId(pool, 'goes')
  const mine = await arrive('goes', 604)
  await pool.query(`update seat set state = 'cold', held = false where course_id = $1`, [id])
  await pool.query(`update workspace set state = 'stopped' where course_id = $1 and id <> $2`, [
    id,
    mine.id,
  ])
  await pool.query(`update workspace set state = 'starting' where id = $1`, [mine.id])
  const others = await many<{ id: string }>(
    pool,
    sql`select id from seat where course_id = ${id} and number <> ${mine.seatNumber} order by number limit 2`,
  )
  await pool.query(`update seat set state = 'ready' where id = $1`, [others[1]!.id])
  const all = await many<{ id: string }>(
    pool,
    sql`select id from seat where course_id = ${id}
    and (number = ${mine.seatNumber} or id = any(${others.map((one) => one.id)}::uuid[]))`,
  )
  const ids = all.map((one) => one.id)
  expect(await withTransaction(pool, (tx) => holdCold(tx, ids))).toEqual([others[0]!.id])
  expect(await many(pool, sql`select id from seat where held and course_id = ${id}`)).toEqual([
    { id: others[0]!.id },
  ])
})
