import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../api/data/db.ts'
import { settlePlaces } from '../../api/data/workspaces/settle-places.ts'
import { workspaceView } from '../../api/data/workspaces/workspace-view.ts'
import {
  resetWorkspace,
  restartWorkspace,
  startWorkspace,
  stopWorkspace,
} from '../../api/data/workspaces/workspace-act.ts'
import { claimWorkspace } from '../../api/data/workspaces/workspace-begin.ts'
import { workspacesDue } from '../../api/data/workspaces/workspace-time.ts'
import {
  type ClassCourse,
  actor,
  at,
  bringUp,
  coolDown,
  newPerson,
  plannedCourse,
  ring,
  seatOf,
} from './class-scene.ts'
import { testDatabase } from '../postgres.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database
let course: ClassCourse
const person = () => newPerson(pool)
const launch = (personId: string, now = at(1)) =>
  withTransaction(pool, (tx) => claimWorkspace(tx, { courseId: course.id, personId, now }))
const stateOf = async (id: string) =>
  (await one<{ state: string }>(pool, sql`select state from workspace where id = ${id}`)).state

describe('31 students, 30 places', () => {
  beforeEach(async () => {
    course = await plannedCourse(pool, { seats: 35, atOnce: 30, ready: 30 })
  })

  it('gives 31 distinct numbers at once, 30 running, and the 31st the first place in the queue', async () => {
    const people = await Promise.all(Array.from({ length: 31 }, person))
    const launches = await Promise.all(people.map((id) => launch(id)))
    expect(new Set(launches.map((l) => l.seatNumber)).size).toBe(31)
    const running = launches.filter((l) => l.state === 'ready' || l.state === 'starting')
    const queued = launches.filter((l) => l.state === 'queued')
    expect([running.length, queued.length]).toEqual([30, 1])
    const view = await workspaceView(pool, ring, queued[0]?.id ?? '', at(1))
    // Nobody is known to leave earlier than the session, so it may well be over first: said as it is.
    const likely = {
      ahead: 0,
      estimateAt: at(135),
      isBeyond: true,
      heldUntil: null,
      holdMinutes: null,
      isToldByMail: false,
      numbersOut: null,
    }
    expect(view?.queue).toEqual(likely)
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
    await coolDown(pool, first, 6)
    expect([await stateOf(first), await stateOf(last)]).toEqual(['stopped', 'starting'])
    expect((await seatOf(pool, last)).wanted_on).toBe(true)
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
    const view = await workspaceView(pool, ring, late.id, at(1))
    expect(view?.queue?.ahead).toBe(2)
  })
})

describe('one student', () => {
  beforeEach(async () => {
    course = await plannedCourse(pool, { seats: 4, atOnce: 3, ready: 2, outside: 0 })
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
    const before = await workspaceView(pool, ring, first.id, at(1))
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: first.id, actor, now: at(5) }),
    )
    await coolDown(pool, first.id, 6)
    const again = await launch(me, at(7))
    const after = await workspaceView(pool, ring, again.id, at(1))
    expect(again.seatNumber).toBe(first.seatNumber)
    expect(after?.credential).toEqual(before?.credential)
    expect(after?.ports[0]?.hostLabel).toBe(before?.ports[0]?.hostLabel)
    expect(before?.credential?.password).toMatch(/^[a-z2-9]{12}$/)
  })

  it('is told when the course opens, before it does, and is let in by itself', async () => {
    const early = await launch(await person(), at(-60))
    expect(early.state).toBe('closed')
    expect((await workspaceView(pool, ring, early.id, at(1)))?.opensAt).toEqual(at(-10))
    expect((await workspacesDue(pool, at(-11))).open).not.toContain(early.id)
    expect((await workspacesDue(pool, at(-10))).open).toContain(early.id)
    await withTransaction(pool, (tx) =>
      startWorkspace(tx, { workspaceId: early.id, actor, now: at(-10) }),
    )
    expect(await stateOf(early.id)).toBe('ready')
  })

  it('is stopped at the end of the session and its grace', async () => {
    const mine = await launch(await person())
    const due = async (minute: number) =>
      (await workspacesDue(pool, at(minute))).stop.find((one) => one.id === mine.id)
    expect(await due(134)).toBeUndefined()
    expect(await due(135)).toEqual({ id: mine.id, reason: 'session_end', hasSeat: true })
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: mine.id, actor, reason: 'session_end', now: at(135) }),
    )
    await coolDown(pool, mine.id, 135)
    const view = await workspaceView(pool, ring, mine.id, at(1))
    expect([view?.state, view?.message?.code]).toEqual(['stopped', 'stopped.session_end'])
  })

  it('restarts without losing its place, and starts afresh in the next generation when files are not kept', async () => {
    const mine = await launch(await person())
    await withTransaction(pool, (tx) =>
      restartWorkspace(tx, { workspaceId: mine.id, actor, now: at(3) }),
    )
    expect(await stateOf(mine.id)).toBe('starting')
    const seat = await seatOf(pool, mine.id)
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
  course = await plannedCourse(pool, { seats: 3, atOnce: 3, ready: 3 })
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
  await coolDown(pool, launches[0]?.id ?? '', 12)
  expect((await count()).n).toBe(2)
})
