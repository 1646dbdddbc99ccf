/** Reasons for seats, of some courses: what is read of them is what is read of them among all, and nothing of others. */
import { afterAll, expect, it } from 'vitest'
import { reasonsByCourse, seatReasons } from '../../api/data/workspaces/reasons.ts'
import { testDatabase } from '../postgres.ts'
import { launchAt, newPerson, plannedCourse } from './class-scene.ts'

const database = await testDatabase()
const { pool } = database
afterAll(() => database.drop())

const first = await plannedCourse(pool, { seats: 3, atOnce: 3, ready: 2 })
const second = await plannedCourse(pool, { seats: 3, atOnce: 3, ready: 2 })
for (const course of [first, second, second]) await launchAt(pool, course, await newPerson(pool), 1)

it('reads of one course what it reads of it among all', async () => {
  const all = await reasonsByCourse(pool, undefined)
  const one = await reasonsByCourse(pool, [second.key])
  expect(one.get(second.key)).toEqual(all.get(second.key))
  expect(one.get(second.key)?.taken[second.key]).toHaveLength(2)
  expect(one.get(second.key)?.reasons.some(({ why }) => why === 'working')).toBe(true)
})

it('reads nothing of a course it was not asked about, not even who has a seat there', async () => {
  expect([...(await reasonsByCourse(pool, [first.key])).keys()]).toEqual([first.key])
  expect(Object.keys((await seatReasons(pool, [first.key])).taken)).toEqual([first.key])
})
