// Automatic stops, warnings and the click that moves them, on real rows with a clock the test holds.
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type Db, execute, many, one, sql, withTransaction } from '../../api/data/db.ts'
import { workspaceView } from '../../api/data/workspaces/workspace-view.ts'
import {
  extendWorkspace,
  followSessions,
  stopWhoIsOver,
  toFollow,
  warnWorkspaces,
  workspacesDue,
} from '../../api/data/workspaces/workspace-time.ts'
import { serveQueue } from '../../api/data/workspaces/serve-queue.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import { lockWorkspace } from '../../api/data/workspaces/workspace.ts'
import { testDatabase } from '../postgres.ts'
import {
  type ClassCourse,
  actor,
  addSession,
  at,
  coolDown,
  launchAt,
  newPerson,
  plannedCourse,
  ring,
} from './class-scene.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database
const tx = <T>(work: (db: Db) => Promise<T>) => withTransaction(pool, work)

const launch = async (course: ClassCourse, minute: number) =>
  (await launchAt(pool, course, await newPerson(pool), minute)).id
const rowOf = (id: string) =>
  one<{ stops_at: Date; warned_at: Date | null; session_id: string | null; state: string }>(
    pool,
    sql`select stops_at, warned_at, session_id, state from workspace where id = ${id}`,
  )
const click = async (id: string, minute: number, from?: Date) => {
  const stop = from ?? (await rowOf(id)).stops_at
  await tx((db) => extendWorkspace(db, { workspaceId: id, from: stop, actor, now: at(minute) }))
  return (await rowOf(id)).stops_at
}
const dueAt = async (id: string, minute: number) =>
  (await workspacesDue(pool, at(minute))).stop.find((one) => one.id === id)?.reason
const auditOf = async (id: string) =>
  (
    await many<{ action: string }>(
      pool,
      sql`select action from audit where subject_id = ${id} order by at, id`,
    )
  ).map((row) => row.action)

describe('in a class', () => {
  it('runs to its end with nothing to click, and says why', async () => {
    const course = await plannedCourse(pool, { seats: 2, atOnce: 2, ready: 2 })
    const mine = await launch(course, 1)
    expect((await workspaceView(pool, ring, mine, at(1)))?.extension).toEqual({
      refused: 'extend.session-end',
    })
    expect(await click(mine, 2)).toEqual(at(135))
  })

  it('warns once, ten minutes before, and again when the end was moved', async () => {
    const course = await plannedCourse(pool, { seats: 2, atOnce: 2, ready: 2 })
    const mine = await launch(course, 1)
    const warned = async (minute: number) => {
      await tx((db) => warnWorkspaces(db, at(minute)))
      return (await rowOf(mine)).warned_at
    }
    expect([await warned(124), await warned(125), await warned(126)]).toEqual([
      null,
      at(125),
      at(125),
    ])
    expect((await workspaceView(pool, ring, mine, at(126)))?.isWarned).toBe(true)
    await pool.query('update session set grace_ends_at = $2 where course_id = $1', [
      course.id,
      at(165),
    ])
    await tx((db) => followSessions(db, at(127)))
    expect(await rowOf(mine)).toMatchObject({ stops_at: at(165), warned_at: null })
    expect([await warned(154), await warned(155)]).toEqual([null, at(155)])
    expect((await auditOf(mine)).filter((action) => action === 'workspace.warn')).toHaveLength(2)
  })

  it('holds a GPU for an hour at a time, to the end of the session', async () => {
    const plan = { seats: 2, atOnce: 2, ready: 2, gpus: 1, lifecycle: { reserveMinutes: 60 } }
    const course = await plannedCourse(pool, plan)
    const mine = await launch(course, 0)
    expect((await rowOf(mine)).stops_at).toEqual(at(60))
    expect(await click(mine, 50)).toEqual(at(110))
    expect(await click(mine, 100)).toEqual(at(135))
    expect(await click(mine, 130)).toEqual(at(135))
    expect(await dueAt(mine, 135)).toBe('session_end')
    const other = await launch(course, 0)
    expect(await dueAt(other, 60)).toBe('reservation')
  })

  it('is read for its session only when that changes its stop, for which a reservation is too short', async () => {
    const read = async (id: string, minute: number) =>
      (
        await many<{ id: string }>(pool, sql`select workspace.id from ${toFollow(at(minute))}`)
      ).some((row) => row.id === id)
    const plan = { seats: 2, atOnce: 2, ready: 2, gpus: 1, lifecycle: { reserveMinutes: 60 } }
    const [gpu, plain] = [
      await plannedCourse(pool, plan),
      await plannedCourse(pool, { ...plan, gpus: 0 }),
    ]
    const ids = [await launch(gpu, 0), await launch(plain, 0)] as const
    const endsAt = (course: ClassCourse, minute: number) =>
      pool.query('update session set grace_ends_at = $2 where course_id = $1', [
        course.id,
        at(minute),
      ])
    const seen: boolean[][] = []
    for (const end of [135, 165, 60, 50]) {
      await Promise.all([endsAt(gpu, end), endsAt(plain, end)])
      seen.push([await read(ids[0], 10), await read(ids[1], 10)])
    }
    expect(seen).toEqual([
      [false, false],
      [false, true],
      [false, true],
      [true, true],
    ])
  })

  it('stops with everybody in one go, each with its reason; who is acted on just then is left to the next look', async () => {
    const course = await plannedCourse(pool, { seats: 3, atOnce: 3, ready: 3 })
    const [mine, other, held] = [
      await launch(course, 0),
      await launch(course, 1),
      await launch(course, 2),
    ]
    const stop = () => tx((db) => stopWhoIsOver(db, at(135)))
    await tx(async (db) => {
      await lockWorkspace(db, held)
      await stop()
    })
    const states = async () =>
      Promise.all([mine, other, held].map(async (id) => (await rowOf(id)).state))
    expect(await states()).toEqual(['stopping', 'stopping', 'ready'])
    await stop()
    expect(await states()).toEqual(['stopping', 'stopping', 'stopping'])
    expect(await auditOf(mine)).toEqual(['seat.take', 'workspace.stop'])
    expect(
      await many(
        pool,
        sql`select wanted_on, workspace.message_code, reason, ended_at from workspace join seat on seat.id = seat_id
            join stay on stay.workspace_id = workspace.id where workspace.course_id = ${course.id}`,
      ),
    ).toEqual(
      Array.from({ length: 3 }, () => ({
        ...{ wanted_on: false, message_code: 'stopped.session_end' },
        ...{ reason: 'session_end', ended_at: at(135) },
      })),
    )
  })

  it('holds a place of a project period for a while at a time too', async () => {
    const course = await plannedCourse(pool, { seats: 2, atOnce: 2, ready: 2, kind: 'project' })
    expect((await rowOf(await launch(course, 0))).stops_at).toEqual(at(120))
  })
})

describe('outside class', () => {
  const selfStudy = { seats: 2, atOnce: 2, ready: 2, outside: 2 }

  it('is extended as often as the course allows; a second click on the same page adds nothing', async () => {
    const course = await plannedCourse(pool, { ...selfStudy, lifecycle: { extendTimes: 2 } })
    const mine = await launch(course, 300)
    expect(await click(mine, 310)).toEqual(at(480))
    expect(await click(mine, 310, at(420))).toEqual(at(480))
    expect(await click(mine, 311)).toEqual(at(540))
    expect(await click(mine, 312)).toEqual(at(540))
    expect((await workspaceView(pool, ring, mine, at(312)))?.extension).toEqual({
      refused: 'extend.often',
    })
    expect(await auditOf(mine)).toEqual(['seat.take', 'workspace.extend', 'workspace.extend'])
    expect(await dueAt(mine, 540)).toBe('time')
  })

  it('ends when the course closes, whatever is clicked', async () => {
    const course = await plannedCourse(pool, selfStudy)
    await pool.query('update course set outside_until = $2 where id = $1', [course.id, at(450)])
    const mine = await launch(course, 300)
    expect(await click(mine, 310)).toEqual(at(450))
    expect((await workspaceView(pool, ring, mine, at(311)))?.extension).toEqual({
      refused: 'extend.closes',
    })
  })

  it('is warned anew after an extension, and starts with all its clicks again', async () => {
    const course = await plannedCourse(pool, { ...selfStudy, lifecycle: { extendTimes: 1 } })
    const mine = await launch(course, 300)
    await tx((db) => warnWorkspaces(db, at(415)))
    expect((await rowOf(mine)).warned_at).toEqual(at(415))
    await click(mine, 416)
    expect((await rowOf(mine)).warned_at).toBeNull()
    await tx((db) => stopWorkspace(db, { workspaceId: mine, actor, now: at(420) }))
    await coolDown(pool, mine, 421)
    const { person_id } = await one<{ person_id: string }>(
      pool,
      sql`select person_id from workspace where id = ${mine}`,
    )
    await launchAt(pool, course, person_id, 430)
    expect(await click(mine, 431)).toEqual(at(430 + 180))
  })
})

describe('who is in when a session opens or ends', () => {
  it('works on in it, and in the next one, to the end of the last', async () => {
    const course = await plannedCourse(pool, { seats: 2, atOnce: 2, ready: 2, outside: 2 })
    const next = await addSession(pool, course, { from: 130, to: 250, grace: 15, atOnce: 2 })
    const mine = await launch(course, -15)
    expect(await rowOf(mine)).toMatchObject({ session_id: null, stops_at: at(105) })
    const stops: Date[] = []
    for (const minute of [-10, 0, 119, 120, 134]) {
      await tx((db) => followSessions(db, at(minute)))
      stops.push((await rowOf(mine)).stops_at)
      expect(await dueAt(mine, minute)).toBeUndefined()
    }
    expect(stops).toEqual([at(135), at(135), at(135), at(265), at(265)])
    expect(await rowOf(mine)).toMatchObject({ session_id: next, state: 'ready' })
  })

  it('keeps the longer time it had outside', async () => {
    const course = await plannedCourse(pool, { seats: 2, atOnce: 2, ready: 2, outside: 2 })
    const mine = await launch(course, -15)
    await click(mine, -14)
    await tx((db) => followSessions(db, at(-10)))
    expect((await rowOf(mine)).stops_at).toEqual(at(165))
  })
})

describe('while a seat takes a step, which changes its workspace after itself', () => {
  /** What runs between the two halves of a step; answers once the step is whole. */
  const amidStep = async (workspaceId: string, act: () => Promise<unknown>) =>
    tx(async (db) => {
      await execute(
        db,
        sql`update seat set state_at = ${at(2)} where id = (select seat_id from workspace where id = ${workspaceId})`,
      )
      await act()
      await execute(db, sql`update workspace set version = version + 1 where id = ${workspaceId}`)
    })
  const untilSomebodyWaits = () =>
    vi.waitUntil(
      async () =>
        (
          await many(
            pool,
            sql`select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
        ).length > 0,
      { timeout: 25_000 },
    )

  it('waits with a stop that somebody asked for until the step is done', async () => {
    const course = await plannedCourse(pool, { seats: 1, atOnce: 1, ready: 1 })
    const mine = await launch(course, 1)
    let stop: Promise<string> | undefined
    await amidStep(mine, async () => {
      stop = tx((db) => stopWorkspace(db, { workspaceId: mine, actor, now: at(3) }))
      await untilSomebodyWaits()
    })
    expect(await stop).toBe('stopping')
  })

  it('leaves out whose class is over until the next look', async () => {
    const course = await plannedCourse(pool, { seats: 1, atOnce: 1, ready: 1 })
    const mine = await launch(course, 1)
    const look = () => tx((db) => stopWhoIsOver(db, at(135)))
    await amidStep(mine, look)
    expect((await rowOf(mine)).state).toBe('ready')
    await look()
    expect((await rowOf(mine)).state).toBe('stopping')
  })
})

it('queues again who was stopped by the clock, and keeps them queued', async () => {
  const course = await plannedCourse(pool, { seats: 2, atOnce: 1, ready: 1, outside: 1 })
  const person = await newPerson(pool)
  const { id } = await launchAt(pool, course, person, 300)
  await tx((db) => stopWorkspace(db, { workspaceId: id, actor, reason: 'time', now: at(420) }))
  await coolDown(pool, id, 421)
  await launch(course, 422)
  expect((await launchAt(pool, course, person, 423)).state).toBe('queued')
  expect(await dueAt(id, 424)).toBeUndefined()
})

it('lets who still waits at the end of a session in at the next one', async () => {
  const course = await plannedCourse(pool, { seats: 2, atOnce: 1, ready: 1 })
  await addSession(pool, course, { from: 1440, to: 1560, grace: 15, atOnce: 1 })
  await launch(course, 1)
  const waiting = await launch(course, 2)
  expect((await rowOf(waiting)).state).toBe('queued')
  await tx((db) => serveQueue(db, { courseId: course.id, now: at(135) }))
  expect((await workspaceView(pool, ring, waiting, at(135)))?.opensAt).toEqual(at(1430))
})
