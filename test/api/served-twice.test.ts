/** Two serve the same queue at the same moment, as two places that come free do: each who waits is served once, by one of them. */
import { afterAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../api/data/db.ts'
import { serveQueue } from '../../api/data/workspaces/serve-queue.ts'
import { testDatabase } from '../postgres.ts'
import {
  type ClassCourse,
  at,
  launchAt,
  newPerson,
  plannedCourse,
  untilSomebodyWaits,
} from './class-scene.ts'

const database = await testDatabase()
const { pool } = database
afterAll(() => database.drop())

/** The second begins once the first has served, and the first commits once the second waits for it. */
async function servedTwice({ id: courseId }: ClassCourse): Promise<[number, number]> {
  let second: Promise<number> | undefined
  const first = await withTransaction(pool, async (tx) => {
    const served = await serveQueue(tx, { courseId, now: at(3) })
    second = withTransaction(pool, (other) => serveQueue(other, { courseId, now: at(4) }))
    second.catch(() => {})
    await untilSomebodyWaits(pool)
    return served
  })
  return [first, await second!]
}

const takenSeats = async (course: ClassCourse) =>
  (
    await many<{ number: number; holder: string | null }>(
      pool,
      sql`select number, workspace.id as holder from seat left join workspace on seat_id = seat.id
          where seat.course_id = ${course.id} and taken order by number`,
    )
  ).map(({ number, holder }) => [number, holder])

it('holds a place once for whose turn it is, and gives them one seat', async () => {
  const course = await plannedCourse(pool, {
    ...{ seats: 4, atOnce: 2, ready: 2, kind: 'project', gpus: 1 },
    lifecycle: { turnHours: 0.5, warnMinutes: 5, holdMinutes: 15, reserveMinutes: 120 },
  })
  await execute(pool, sql`update course set allowance_seats = 0 where id = ${course.id}`)
  const { id } = await launchAt(pool, course, await newPerson(pool), 1)
  await execute(pool, sql`update course set allowance_seats = 4 where id = ${course.id}`)
  const served = await servedTwice(course)
  const { held_until } = await one<{ held_until: Date }>(
    pool,
    sql`select held_until from workspace where id = ${id}`,
  )
  const turns = await many(
    pool,
    sql`select 1 from audit where subject_id = ${id} and action = 'workspace.turn'`,
  )
  expect([served, held_until, turns.length]).toEqual([[1, 0], at(18), 1])
  expect(await takenSeats(course)).toEqual([[1, id]])
})

it('gives who comes first in line one seat while there is no place', async () => {
  const course = await plannedCourse(pool, { seats: 4, atOnce: 1, ready: 2 })
  const first = await launchAt(pool, course, await newPerson(pool), 1)
  await execute(pool, sql`update course set allowance_seats = 0 where id = ${course.id}`)
  const { id } = await launchAt(pool, course, await newPerson(pool), 2)
  await execute(pool, sql`update course set allowance_seats = 4 where id = ${course.id}`)
  expect(await servedTwice(course)).toEqual([0, 0])
  expect(await takenSeats(course)).toEqual([
    [1, first.id],
    [2, id],
  ])
})
