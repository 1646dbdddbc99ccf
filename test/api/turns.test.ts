// Turns on GPUs, and the line for them, on real rows with a clock the test holds.
import { afterAll, expect, it } from 'vitest'
import { type Db, one, sql, withTransaction } from '../../api/data/db.ts'
import { whatIsDue } from '../../api/data/runs/due.ts'
import { opening } from '../../api/data/workspaces/place.ts'
import { waiters } from '../../api/data/workspaces/queue.ts'
import { workspaceView } from '../../api/data/workspaces/workspace-view.ts'
import {
  extendWorkspace,
  warnWorkspaces,
  workspacesDue,
} from '../../api/data/workspaces/workspace-time.ts'
import { serveQueue } from '../../api/data/workspaces/serve-queue.ts'
import { startWorkspace, stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import { testDatabase } from '../postgres.ts'
import {
  type ClassCourse,
  actor,
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

/** Two hours of project period on two GPUs, with turns of half an hour. */
const gpuCourse = () =>
  plannedCourse(pool, {
    ...{ seats: 6, atOnce: 2, ready: 2, kind: 'project', gpus: 1 },
    lifecycle: { turnHours: 0.5, warnMinutes: 5, holdMinutes: 15, reserveMinutes: 120 },
  })
const launch = async (course: ClassCourse, minute: number) =>
  (await launchAt(pool, course, await newPerson(pool), minute)).id
const view = async (id: string, minute: number) => workspaceView(pool, ring, id, at(minute))
const stateOf = async (id: string) =>
  (await one<{ state: string }>(pool, sql`select state from workspace where id = ${id}`)).state

/** What the reconciler and the driver do at a minute; in life they look every two seconds. */
async function pass(course: ClassCourse, minute: number): Promise<void> {
  const now = at(minute)
  await tx((db) => serveQueue(db, { courseId: course.id, now }))
  await tx((db) => warnWorkspaces(db, now))
  for (const { id, reason } of (await workspacesDue(pool, now)).stop) {
    const state = await tx((db) => stopWorkspace(db, { workspaceId: id, actor, reason, now }))
    if (state === 'stopping') await coolDown(pool, id, minute)
  }
  await tx((db) => serveQueue(db, { courseId: course.id, now }))
}
const start = (id: string, minute: number) =>
  tx((db) => startWorkspace(db, { workspaceId: id, actor, now: at(minute) }))

it('cuts nobody while nobody waits', async () => {
  const course = await gpuCourse()
  const mine = await launch(course, 0)
  await launch(course, 0)
  await pass(course, 100)
  expect(await stateOf(mine)).toBe('ready')
  expect((await view(mine, 100))?.stopsAt).toEqual(at(120))
})

it('ends the longest turn for who waits, with notice, holds the place for a click, and passes it on', async () => {
  const course = await gpuCourse()
  const [first, second] = [await launch(course, 0), await launch(course, 10)]
  const [third, fourth] = [await launch(course, 12), await launch(course, 13)]
  await pass(course, 13)
  expect((await view(first, 13))?.stopsAt).toEqual(at(30))
  expect((await view(third, 13))?.queue).toMatchObject({ ahead: 0, estimateAt: at(30) })
  expect((await view(fourth, 13))?.queue).toMatchObject({ ahead: 1, estimateAt: at(40) })
  await pass(course, 25)
  expect((await view(first, 25))?.isWarned).toBe(true)
  expect((await view(first, 25))?.extension).toEqual({ refused: 'extend.others-wait' })
  await tx((db) => extendWorkspace(db, { workspaceId: first, from: at(30), actor, now: at(26) }))
  await pass(course, 30)
  expect((await view(first, 30))?.message?.code).toBe('stopped.turn')
  expect((await view(third, 30))?.queue?.heldUntil).toEqual(at(45))
  expect((await view(fourth, 30))?.queue).toMatchObject({ ahead: 0 })
  // Nobody clicks: it passes on, and who did not come may queue again.
  await pass(course, 40)
  await pass(course, 45)
  expect((await view(third, 45))?.message?.code).toBe('stopped.turn_passed')
  expect(await stateOf(second)).toBe('stopped')
  expect((await view(fourth, 45))?.queue?.heldUntil).toEqual(at(55))
  expect(await start(fourth, 46)).toBe('starting')
  expect(await start(third, 47)).toBe('starting')
})

it('lets who was served least go first, whoever came first', async () => {
  const course = await gpuCourse()
  const [first, second] = [await launch(course, 0), await launch(course, 1)]
  const third = await launch(course, 20)
  await pass(course, 30)
  expect(await start(third, 31)).toBe('starting')
  // The one that was cut queues before a newcomer, who was never served.
  expect(await start(first, 32)).toBe('queued')
  const newcomer = await launch(course, 33)
  const open = await opening(pool, { id: course.id, now: at(34) })
  const line = await waiters(pool, { id: course.id }, open)
  expect(line.map((one) => [one.id, one.servedMs / 60_000])).toEqual([
    [newcomer, 0],
    [first, 30],
  ])
  expect((await view(first, 34))?.queue?.ahead).toBe(1)
  await pass(course, 38)
  expect(await stateOf(second)).toBe('stopped')
  expect((await view(newcomer, 38))?.queue?.heldUntil).toEqual(at(53))
})

it('lets who runs go on when nobody waits any more', async () => {
  const course = await gpuCourse()
  const mine = await launch(course, 0)
  await launch(course, 1)
  const waiting = await launch(course, 20)
  await pass(course, 26)
  expect((await view(mine, 26))?.isWarned).toBe(true)
  await tx((db) => stopWorkspace(db, { workspaceId: waiting, actor, now: at(27) }))
  expect((await whatIsDue(pool, at(28))).queues).toContain(course.id)
  await pass(course, 28)
  await pass(course, 29)
  expect(await view(mine, 29)).toMatchObject({ stopsAt: at(120), isWarned: false })
})

it('gives the place on when the one it is held for leaves the line', async () => {
  const course = await gpuCourse()
  await launch(course, 0)
  await launch(course, 0)
  const [third, fourth] = [await launch(course, 20), await launch(course, 21)]
  await pass(course, 30)
  expect((await view(third, 30))?.queue?.heldUntil).toEqual(at(45))
  expect((await view(fourth, 30))?.queue?.heldUntil).toEqual(at(45))
  const fifth = await launch(course, 31)
  await tx((db) => stopWorkspace(db, { workspaceId: third, actor, now: at(32) }))
  expect((await view(fifth, 32))?.queue?.heldUntil).toEqual(at(47))
})

it('keeps no place of who comes for their turn when the period is over', async () => {
  const course = await gpuCourse()
  await launch(course, 95)
  await launch(course, 96)
  const mine = await launch(course, 97)
  await pass(course, 125)
  expect((await view(mine, 125))?.queue?.heldUntil).toEqual(at(140))
  expect(await start(mine, 136)).toBe('closed')
  const { held } = await one<{ held: number }>(
    pool,
    sql`select count(*) as held from place where workspace_id = ${mine}`,
  )
  expect(held).toBe(0)
})

it('takes people of a course that nobody has left yet for those of other courses', async () => {
  const known = await gpuCourse()
  const leaver = await launch(known, 0)
  await pool.query(
    `insert into stay (id, workspace_id, course_id, period, started_at, ended_at, reason)
     select gen_random_uuid(), $1, $2, '', $3, $4, 'asked' from generate_series(1, 40)`,
    [leaver, known.id, at(0), at(20)],
  )
  const course = await gpuCourse()
  await launch(course, 0)
  await launch(course, 0)
  const waiting = await launch(course, 1)
  expect((await view(waiting, 1))?.queue?.estimateAt).toEqual(at(20))
})
