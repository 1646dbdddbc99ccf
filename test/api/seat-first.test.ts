/** Who acts on a workspace locks its seat first: a launch or a served queue never meets a stop of the same moment half way. */
import { afterAll, expect, it } from 'vitest'
import { type Db, execute, sql, withTransaction } from '../../api/data/db.ts'
import { holdFree, markCold, seatsAtWork } from '../../api/data/seats/seat-life.ts'
import { serveQueue } from '../../api/data/workspaces/serve-queue.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
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

/** `other` begins once a stop has locked the seat, and the stop goes on when `other` waits, or is over. */
async function stopMeets<T>(workspaceId: string, minute: number, other: () => Promise<T>) {
  const seat = await seatOf(pool, workspaceId)
  let begun: Promise<T> | undefined
  const state = await withTransaction(pool, async (tx) => {
    await execute(tx, sql`select from seat where id = ${seat.id} for no key update`)
    begun = other()
    begun.catch(() => {})
    await Promise.any([untilSomebodyWaits(pool), begun])
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

it('serves who waits at the moment in which a run holds their seat and the one that has just stopped', async () => {
  const course = await plannedCourse(pool, { seats: 2, atOnce: 1, ready: 2 })
  const had: { person: string; workspace: string; seat: string }[] = []
  for (const time of [1, 3]) {
    const person = await newPerson(pool)
    const { id } = await launchAt(pool, course, person, time)
    had.push({ person, workspace: id, seat: (await seatOf(pool, id)).id })
    await withTransaction(pool, (tx) => stop(tx, id, time + 1))
    await coolDown(pool, id, time + 1)
  }
  // A run holds seats in the order of their ids, and has to have the waiter's before it comes to the other.
  const [waiter, leaver] = had.sort((one, other) => (one.seat < other.seat ? -1 : 1))
  if (!waiter || !leaver) throw new Error('two people had a seat each')
  await launchAt(pool, course, leaver.person, 5)
  expect(await launchAt(pool, course, waiter.person, 6)).toMatchObject({
    id: waiter.workspace,
    state: 'queued',
  })
  await withTransaction(pool, (tx) => stop(tx, leaver.workspace, 7))
  const [theirs, left] = [
    await seatOf(pool, waiter.workspace),
    await seatOf(pool, leaver.workspace),
  ]
  expect(theirs.id < left.id).toBe(true)
  const touched = [theirs, left].map(({ id }) => ({ id, isChanged: true }))
  const known = await seatsAtWork(pool, [theirs.id, left.id])
  let held: Promise<string[]> | undefined
  /** The run has locked the seat of who waits, and waits for the one that has stopped, when their turn comes. */
  const meetsRun = (tx: Db): Db => ({
    query: (async (...asked: Parameters<Db['query']>) => {
      const { text = '' } = asked[0] as { text?: string }
      if (!held && text.includes('select seat_id from workspace where id = any')) {
        held = withTransaction(pool, (other) => holdFree(other, { touched, known }))
        held.catch(() => {})
        await untilSomebodyWaits(pool)
      }
      return tx.query(...asked)
    }) as unknown as Db['query'],
  })
  await withTransaction(pool, (tx) => markCold(meetsRun(tx), { ids: [left.id], now: at(8) }))
  expect(await held).toEqual([])
  // Whose seat the run has is served once it is free, and is not passed by anybody.
  expect(
    await withTransaction(pool, (tx) => serveQueue(tx, { courseId: course.id, now: at(9) })),
  ).toBe(1)
})
