/** Who acts on a workspace locks its seat first: a launch or a served queue never meets a stop of the same moment half way. */
import { afterAll, expect, it } from 'vitest'
import { type Db, execute, sql, withTransaction } from '../../api/data/db.ts'
import { serveQueue } from '../../api/data/serve-queue.ts'
import { stopWorkspace } from '../../api/data/workspace-act.ts'
import { testDatabase } from '../postgres.ts'
import {
  actor,
  at,
  coolDown,
  launchAt,
  newPerson,
  plannedCourse,
  seatOf,
  untilSomebodyWaits,
} from './class-scene.ts'

const database = await testDatabase()
const { pool } = database
afterAll(() => database.drop())
const stop = (tx: Db, workspaceId: string, minute: number) =>
  stopWorkspace(tx, { workspaceId, actor, now: at(minute) })

/** `other` begins once a stop has locked the seat, and the stop goes on when `other` waits. */
async function stopMeets<T>(workspaceId: string, minute: number, other: () => Promise<T>) {
  const seat = await seatOf(pool, workspaceId)
  let begun: Promise<T> | undefined
  const state = await withTransaction(pool, async (tx) => {
    await execute(tx, sql`select from seat where id = ${seat.id} for no key update`)
    begun = other()
    begun.catch(() => {})
    await untilSomebodyWaits(pool)
    return stop(tx, workspaceId, minute)
  })
  return [state, await begun] as const
}

it('lets somebody launch at the moment in which they are stopped', async () => {
  const course = await plannedCourse(pool, { seats: 2, atOnce: 2, ready: 2 })
  const person = await newPerson(pool)
  const { id } = await launchAt(pool, course, person, 1)
  await withTransaction(pool, (tx) => stop(tx, id, 2))
  await coolDown(pool, id, 3)
  const [state, launched] = await stopMeets(id, 4, () => launchAt(pool, course, person, 4))
  expect(state).toBe('stopped')
  expect(launched).toMatchObject({ id, state: 'starting' })
})

it('lets somebody give up waiting at the moment in which they are served', async () => {
  const course = await plannedCourse(pool, { seats: 2, atOnce: 1, ready: 2 })
  const first = await launchAt(pool, course, await newPerson(pool), 1)
  const second = await launchAt(pool, course, await newPerson(pool), 2)
  expect(second.state).toBe('queued')
  await execute(pool, sql`update place set workspace_id = null where workspace_id = ${first.id}`)
  const serve = () =>
    withTransaction(pool, (tx) => serveQueue(tx, { courseId: course.id, now: at(3) }))
  const [state, served] = await stopMeets(second.id, 3, serve)
  expect([state, served]).toEqual(['stopped', 0])
})
