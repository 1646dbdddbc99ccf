/** When a session counts as ready, beside the class before it; and that nothing is due where nothing is to be done. */
import { afterAll, expect, it } from 'vitest'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { whatIsDue } from '../../api/data/due.ts'
import { moveSessions } from '../../api/data/session-life.ts'
import { sessionsNotReady } from '../../api/data/session-watch.ts'
import { stopWorkspace } from '../../api/data/workspace-act.ts'
import { testDatabase } from '../postgres.ts'
import {
  type ClassCourse,
  actor,
  addSession,
  at,
  bringUp,
  coolDown,
  launchAt,
  newPerson,
  plannedCourse,
  seatOf,
} from './class-scene.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database

const numbers = [1, 2]
const move = ({ key }: ClassCourse, minute: number) =>
  withTransaction(pool, (tx) =>
    moveSessions(tx, { now: at(minute), warm: [{ key: `${key}/150`, numbers }] }),
  )
const readyAt = async ({ key }: ClassCourse) =>
  (
    await one<{ ready_at: Date | null }>(
      pool,
      sql`select ready_at from session where key = ${`${key}/150`}`,
    )
  ).ready_at
const late = async ({ key }: ClassCourse, minute: number) => {
  const warm = [{ key: `${key}/150`, numbers }]
  return (await sessionsNotReady(pool, { warm, now: at(minute) })).length
}

/** Two places; the class ends at 120, with its grace at 135; the next of the course is at 150. */
async function classAfterClass() {
  const course = await plannedCourse(pool, { seats: 3, atOnce: 2, ready: 2 })
  const first = await launchAt(pool, course, await newPerson(pool), 0)
  const second = await launchAt(pool, course, await newPerson(pool), 1)
  await addSession(pool, course, { from: 150, to: 200, grace: 5, atOnce: 2 })
  return { course, people: [first.id, second.id] }
}

it('is not made ready by the people of the class before, and nobody is told that it is late', async () => {
  const { course, people } = await classAfterClass()
  await move(course, 115)
  expect(await readyAt(course)).toBeNull()
  expect(await late(course, 131)).toBe(0)
  for (const workspaceId of people) {
    await withTransaction(pool, (tx) => stopWorkspace(tx, { workspaceId, actor, now: at(135) }))
    const { id } = await seatOf(pool, workspaceId)
    await coolDown(pool, workspaceId, 136)
    await withTransaction(pool, (tx) => bringUp(tx, id, 137))
  }
  await move(course, 137)
  expect(await readyAt(course)).toEqual(at(137))
})

it('is late when its seats do not come back a while after the class before', async () => {
  const { course } = await classAfterClass()
  await move(course, 115)
  await execute(pool, sql`update seat set state = 'cold' where course_id = ${course.id}`)
  expect(await late(course, 137)).toBe(0)
  expect(await late(course, 138.5)).toBe(1)
})

it('is made ready by its own numbers only', async () => {
  const course = await plannedCourse(pool, { seats: 4, atOnce: 2, ready: 3 })
  await addSession(pool, course, { from: 150, to: 200, grace: 5, atOnce: 2 })
  await execute(
    pool,
    sql`update seat set state = 'cold' where course_id = ${course.id} and number = 1`,
  )
  await move(course, 140)
  expect(await readyAt(course)).toBeNull()
})

it('finds nothing due where nothing is to be done, and says what is', async () => {
  await execute(pool, sql`update session set state = 'cancelled', preparing_at = null`)
  await execute(pool, sql`update course set places_until = ${at(100_000)}`)
  await execute(pool, sql`update workspace set state = 'stopped'`)
  const quiet = await whatIsDue(pool, at(140))
  const { wishMark, ...rest } = quiet
  expect(rest).toEqual({
    ...{
      head: null,
      places: [],
      queues: [],
      moves: false,
      turns: false,
      sessions: false,
      closing: false,
    },
    ...{ lessons: false, runs: false, machines: false, frozen: false, news: false },
    ...{ stops: false, preparing: [], holds: false, dead: false, late: [] },
  })
  expect(wishMark).toBe('')
  await execute(pool, sql`update course set places_until = ${at(139)} where key like 'course-%'`)
  await execute(pool, sql`update session set state = 'planned'`)
  const due = await whatIsDue(pool, at(140))
  expect(due.places.length).toBeGreaterThan(2)
  expect(due).toMatchObject({ sessions: true, closing: false, turns: false })
  await execute(pool, sql`update session set state = 'ended'`)
  await execute(pool, sql`update seat set state = 'cold'`)
  const over = await whatIsDue(pool, at(100_000))
  expect(over).toMatchObject({ sessions: false, closing: true, preparing: [] })
})
