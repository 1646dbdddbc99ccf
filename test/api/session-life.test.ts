/** When a session counts as ready, beside the class before it; and that nothing is due where nothing is to be done. */
import { afterAll, describe, expect, it } from 'vitest'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { whatIsDue } from '../../api/data/runs/due.ts'
import { moveSessions } from '../../api/data/sessions/session-life.ts'
import { loseReady, noteShort } from '../../api/data/sessions/session-ready.ts'
import { sessionsNotReady } from '../../api/data/sessions/session-watch.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
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

describe('what is ready until it begins', () => {
  /** A class 8:00–10:00 on three seats that it warms, ready at 7:40. */
  async function readyClass() {
    const course = await plannedCourse(pool, { seats: 4, atOnce: 3, ready: 4 })
    const warm = [{ key: `${course.key}/0`, numbers: [1, 2, 3] }]
    const look = async (minute: number) => {
      const now = at(minute)
      await noteShort(pool, { warm, now })
      await loseReady(pool, { now, keys: [`${course.key}/0`] })
      await withTransaction(pool, (tx) => moveSessions(tx, { now, warm }))
      const { state, ready_at } = await one<{ state: string; ready_at: Date | null }>(
        pool,
        sql`select state, ready_at from session where key = ${`${course.key}/0`}`,
      )
      return `${state}${ready_at ? ', ready' : ''}`
    }
    const setSeats = (numbersOf: number[], changes: { state: string; isOn: boolean }) =>
      execute(
        pool,
        sql`update seat set state = ${changes.state}, wanted_on = ${changes.isOn}
            where course_id = ${course.id} and number = any(${numbersOf}::int[])`,
      )
    await setSeats([1, 2, 3], { state: 'ready', isOn: true })
    await setSeats([4], { state: 'cold', isOn: false })
    expect(await look(-20)).toBe('ready, ready')
    return { course, look, setSeats }
  }
  const gone = { state: 'starting', isOn: true }
  const back = { state: 'ready', isOn: true }

  it('is ready no more when seats stay away, and again when they are back', async () => {
    const { look, setSeats } = await readyClass()
    await setSeats([2, 3], gone)
    expect(await look(-19)).toBe('ready, ready')
    expect(await look(-18.4)).toBe('preparing')
    await setSeats([2, 3], back)
    expect(await look(-17)).toBe('ready, ready')
  })

  it('stays so while one seat after the other starts anew', async () => {
    const { look, setSeats } = await readyClass()
    for (const minute of [-19, -18, -17]) {
      await setSeats([2], gone)
      expect(await look(minute)).toBe('ready, ready')
      await setSeats([2], back)
      expect(await look(minute + 0.4)).toBe('ready, ready')
    }
  })

  it('stays so whatever who came early does with their seat', async () => {
    const { course, look, setSeats } = await readyClass()
    const someone = await launchAt(pool, course, await newPerson(pool), -9)
    expect(await look(-9)).toBe('open, ready')
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: someone.id, actor, now: at(-8) }),
    )
    await coolDown(pool, someone.id, -7.8)
    for (const minute of [-7.7, -5]) expect(await look(minute)).toBe('open, ready')
    // What nobody has to do with is missed beside it.
    await setSeats([3], gone)
    await look(-4)
    expect(await look(-3)).toBe('open')
  })

  it('stays so when a place is taken by somebody whose number it does not warm', async () => {
    const { course, look, setSeats } = await readyClass()
    const someone = await launchAt(pool, course, await newPerson(pool), -9)
    await setSeats([4], back)
    await execute(
      pool,
      sql`update workspace set seat_id = (select id from seat where course_id = ${course.id} and number = 4), state = 'ready'
          where id = ${someone.id}`,
    )
    // Of three places two are left for the seats that nobody is in.
    await setSeats([3], { state: 'cold', isOn: false })
    for (const minute of [-9, -8]) expect(await look(minute)).toBe('open, ready')
    await setSeats([2], gone)
    await look(-7)
    expect(await look(-6)).toBe('open')
  })

  it('is asked for no more once it has begun', async () => {
    const { look, setSeats } = await readyClass()
    await look(-5)
    await setSeats([1, 2, 3], gone)
    await look(-0.2)
    for (const minute of [0.1, 30]) expect(await look(minute)).toBe('open, ready')
  })
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
    ...{ stops: false, preparing: [], short: [], holds: false, dead: false, late: [] },
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
