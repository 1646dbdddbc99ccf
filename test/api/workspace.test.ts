import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { keyRing } from '../../api/data/key-ring.ts'
import { settlePlaces } from '../../api/data/place.ts'
import {
  markCold,
  markMade,
  markReady,
  markStarting,
  markStopping,
  rememberTemplate,
} from '../../api/data/seat-life.ts'
import { ensureSeats, seatsOfCourse } from '../../api/data/seat.ts'
import { workspaceView } from '../../api/data/workspace-view.ts'
import {
  claimWorkspace,
  resetWorkspace,
  restartWorkspace,
  startWorkspace,
  stopWorkspace,
  workspacesDue,
} from '../../api/data/workspace.ts'
import { testDatabase } from '../postgres.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database
const ring = keyRing({ current: 'k1', keys: { k1: Buffer.alloc(32, 7).toString('base64') } })
const at = (minutes: number) => new Date(Date.parse('2026-11-23T08:00:00Z') + minutes * 60_000)
const actor = { name: 'p-test', role: 'student' } as const

type Course = { id: string; key: string }
let course: Course

/** A course with `seats` numbers and one session 8:00–10:00 of `atOnce` places, `ready` of its seats running. */
async function plannedCourse(plan: {
  seats: number
  atOnce: number
  ready: number
  outside?: number
}): Promise<Course> {
  const id = newId()
  const key = `course-${id.slice(-6)}`
  await withTransaction(pool, async (tx) => {
    const zone = await one<{ id: string }>(tx, sql`select id from zone where key = 'default'`)
    const poolId = newId()
    await tx.query('insert into pool (id, zone_id, key, created_at) values ($1, $2, $3, $4)', [
      poolId,
      zone.id,
      `pool-${key}`,
      at(-600),
    ])
    await tx.query(
      `insert into course (id, zone_id, key, code, state, state_at, document, created_at, allowance_seats, places_outside)
       values ($1, $2, $3, $4, 'ready', $5, '', $5, $6, $7)`,
      [id, zone.id, key, id.replaceAll('-', '').slice(-8), at(-600), plan.seats, plan.outside ?? 0],
    )
    await tx.query(
      `insert into session (id, course_id, pool_id, key, starts_at, ends_at, opens_at, lead_starts_at, grace_ends_at, students, at_once, state, state_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 'planned', $8)`,
      [newId(), id, poolId, `${key}/1`, at(0), at(120), at(-10), at(-40), at(135), plan.atOnce],
    )
    await ensureSeats(tx, ring, { id, poolId, seats: plan.seats, ports: [webPort], now: at(-600) })
    await rememberTemplate(tx, { digest: 'tpl', body: { pidsLimit: 99 } })
    for (const seat of (await seatsOfCourse(tx, id)).slice(0, plan.ready)) {
      await markMade(tx, {
        id: seat.id,
        serviceId: `svc-${seat.number}`,
        generation: 1,
        templateDigest: 'tpl',
        now: at(-30),
      })
      await bringUp(tx, seat.id, -20)
    }
  })
  return { id, key }
}

const webPort = {
  number: 8080,
  name: 'terminal',
  kind: 'web' as const,
  required: true,
  title: { en: 'Terminal', fr: 'Terminal' },
}

async function bringUp(
  tx: Parameters<typeof markStarting>[0],
  id: string,
  minute: number,
): Promise<void> {
  const now = at(minute)
  await markStarting(tx, { id, started: 0, now })
  await markReady(tx, {
    id,
    taskId: `task-${id}`,
    nodeAddress: '127.0.0.1',
    identityPort: 40_000,
    ports: new Map([[8080, 40_001]]),
    now,
  })
}

async function person(): Promise<string> {
  const id = newId()
  const zone = await one<{ id: string }>(pool, sql`select id from zone where key = 'default'`)
  await pool.query(
    'insert into person (id, zone_id, pseudonym, created_at, seen_at) values ($1, $2, $3, $4, $4)',
    [id, zone.id, `p-${id.slice(-12)}`, at(-600)],
  )
  return id
}

const launch = (personId: string, now = at(1)) =>
  withTransaction(pool, (tx) => claimWorkspace(tx, { courseId: course.id, personId, now }))

async function seatOf(workspaceId: string) {
  return one<{ id: string; state: string; wanted_on: boolean }>(
    pool,
    sql`select seat.id, seat.state, seat.wanted_on from seat join workspace on seat_id = seat.id where workspace.id = ${workspaceId}`,
  )
}

const stateOf = async (id: string) =>
  (await one<{ state: string }>(pool, sql`select state from workspace where id = ${id}`)).state

/** What the worker does when a seat was asked to stop. */
async function coolDown(workspaceId: string, minute: number): Promise<void> {
  const seat = await seatOf(workspaceId)
  await withTransaction(pool, async (tx) => {
    await markStopping(tx, { id: seat.id, now: at(minute) })
    await markCold(tx, { id: seat.id, now: at(minute) })
  })
}

describe('31 students, 30 places', () => {
  beforeEach(async () => {
    course = await plannedCourse({ seats: 35, atOnce: 30, ready: 30 })
  })

  it('gives 31 distinct numbers at once, 30 running, and the 31st the first place in the queue', async () => {
    const people = await Promise.all(Array.from({ length: 31 }, person))
    const launches = await Promise.all(people.map((id) => launch(id)))
    expect(new Set(launches.map((l) => l.seatNumber)).size).toBe(31)
    const running = launches.filter((l) => l.state === 'ready' || l.state === 'starting')
    const queued = launches.filter((l) => l.state === 'queued')
    expect([running.length, queued.length]).toEqual([30, 1])
    const view = await workspaceView(pool, ring, queued[0]?.id ?? '')
    expect(view?.queue).toEqual({ ahead: 0, estimateAt: at(135) })
  })

  it('starts who waits when one stops, and not before that seat is cold', async () => {
    const launches: { id: string }[] = []
    for (const id of await Promise.all(Array.from({ length: 31 }, person)))
      launches.push(await launch(id))
    const [first, last] = [launches[0]?.id ?? '', launches[30]?.id ?? '']
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: first, actor, now: at(5) }),
    )
    expect(await stateOf(last)).toBe('queued')
    await coolDown(first, 6)
    expect([await stateOf(first), await stateOf(last)]).toEqual(['stopped', 'starting'])
    expect((await seatOf(last)).wanted_on).toBe(true)
  })

  it('puts newcomers behind those who wait', async () => {
    for (const id of await Promise.all(Array.from({ length: 32 }, person))) await launch(id)
    const [first] = await many<{ id: string }>(
      pool,
      sql`select id from workspace where course_id = ${course.id} and state = 'ready' limit 1`,
    )
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: first?.id ?? '', actor, now: at(5) }),
    )
    const late = await launch(await person(), at(6))
    expect(late.state).toBe('queued')
    const view = await workspaceView(pool, ring, late.id)
    expect(view?.queue?.ahead).toBe(2)
  })
})

describe('one student', () => {
  beforeEach(async () => {
    course = await plannedCourse({ seats: 4, atOnce: 3, ready: 2, outside: 0 })
  })

  it('gets one workspace from eight clicks at once', async () => {
    const me = await person()
    const launches = await Promise.all(Array.from({ length: 8 }, () => launch(me)))
    expect(new Set(launches.map((l) => `${l.id} ${l.seatNumber} ${l.state}`)).size).toBe(1)
    const taken = await one<{ n: number }>(
      pool,
      sql`select count(*) as n from seat where course_id = ${course.id} and taken`,
    )
    const places = await one<{ n: number }>(
      pool,
      sql`select count(*) as n from place where course_id = ${course.id} and workspace_id is not null`,
    )
    expect([taken.n, places.n]).toEqual([1, 1])
  })

  it('comes back to the same number, login and password, with a new host name only after a reset', async () => {
    const me = await person()
    const first = await launch(me)
    const before = await workspaceView(pool, ring, first.id)
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: first.id, actor, now: at(5) }),
    )
    await coolDown(first.id, 6)
    const again = await launch(me, at(7))
    const after = await workspaceView(pool, ring, again.id)
    expect(again.seatNumber).toBe(first.seatNumber)
    expect(after?.credential).toEqual(before?.credential)
    expect(after?.ports[0]?.hostLabel).toBe(before?.ports[0]?.hostLabel)
    expect(before?.credential?.password).toMatch(/^[a-z2-9]{12}$/)
  })

  it('is told when the course opens, before it does, and is let in by itself', async () => {
    const early = await launch(await person(), at(-60))
    expect(early.state).toBe('closed')
    expect((await workspaceView(pool, ring, early.id))?.opensAt).toEqual(at(-10))
    expect((await workspacesDue(pool, at(-11))).open).not.toContain(early.id)
    expect((await workspacesDue(pool, at(-10))).open).toContain(early.id)
    await withTransaction(pool, (tx) =>
      startWorkspace(tx, { workspaceId: early.id, actor, now: at(-10) }),
    )
    expect(await stateOf(early.id)).toBe('ready')
  })

  it('is stopped at the end of the session and its grace', async () => {
    const mine = await launch(await person())
    expect((await workspacesDue(pool, at(134))).stop).not.toContain(mine.id)
    expect((await workspacesDue(pool, at(135))).stop).toContain(mine.id)
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: mine.id, actor, reason: 'session_end', now: at(135) }),
    )
    await coolDown(mine.id, 135)
    const view = await workspaceView(pool, ring, mine.id)
    expect([view?.state, view?.message?.code]).toEqual(['stopped', 'stopped.session_end'])
  })

  it('restarts without losing its place, and starts afresh in the next generation when files are not kept', async () => {
    const mine = await launch(await person())
    await withTransaction(pool, (tx) =>
      restartWorkspace(tx, { workspaceId: mine.id, actor, now: at(3) }),
    )
    expect(await stateOf(mine.id)).toBe('starting')
    const seat = await seatOf(mine.id)
    await withTransaction(pool, (tx) => bringUp(tx, seat.id, 4))
    expect(await stateOf(mine.id)).toBe('ready')
    await withTransaction(pool, (tx) =>
      resetWorkspace(tx, { workspaceId: mine.id, keepFiles: false, actor, now: at(5) }),
    )
    const row = await one(
      pool,
      sql`select generation, wanted_generation from seat where id = ${seat.id}`,
    )
    expect([await stateOf(mine.id), row]).toEqual([
      'resetting',
      { generation: 1, wanted_generation: 2 },
    ])
  })

  it('never gets a number beyond the allowance, but a place in the queue', async () => {
    for (let i = 0; i < 4; i++) await launch(await person())
    const fifth = await launch(await person())
    expect(fifth).toMatchObject({ state: 'queued', seatNumber: null })
  })
})

it('lets places that a smaller plan no longer has run out instead of stopping anybody', async () => {
  course = await plannedCourse({ seats: 3, atOnce: 3, ready: 3 })
  const launches: { id: string }[] = []
  for (let i = 0; i < 3; i++) launches.push(await launch(await person()))
  await pool.query('update session set at_once = 2 where course_id = $1', [course.id])
  await withTransaction(pool, (tx) => settlePlaces(tx, { id: course.id, now: at(10) }))
  const count = () =>
    one<{ n: number }>(pool, sql`select count(*) as n from place where course_id = ${course.id}`)
  expect((await count()).n).toBe(3)
  await withTransaction(pool, (tx) =>
    stopWorkspace(tx, { workspaceId: launches[0]?.id ?? '', actor, now: at(11) }),
  )
  await coolDown(launches[0]?.id ?? '', 12)
  expect((await count()).n).toBe(2)
})
