/** Which courses something happened to: whatever is written is seen once it is committed, and no course is named without cause. */
import { afterAll, expect, it } from 'vitest'
import { changesSince } from '../../api/data/courses/course-change.ts'
import { execute, type Query, sql, withTransaction } from '../../api/data/db.ts'
import { seatsOfCourse } from '../../api/data/seats/seat.ts'
import { testDatabase } from '../postgres.ts'
import { at, launchAt, newPerson, plannedCourse } from './class-scene.ts'

const database = await testDatabase()
const { pool } = database
afterAll(() => database.drop())

const first = await plannedCourse(pool, { seats: 3, atOnce: 3, ready: 2 })
const second = await plannedCourse(pool, { seats: 3, atOnce: 3, ready: 2 })
const markNow = async () => (await changesSince(pool, undefined)).mark
/** A mark that all before it is over for: other databases of the same server may still write. */
async function begin(): Promise<string> {
  for (let i = 0; i < 200; i++) {
    const mark = await markNow()
    if ((await after(mark))?.length === 0) return mark
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('Others wrote on this server all the time.')
}
const after = async (mark: string) => (await changesSince(pool, mark)).courses

it('names all courses when it was not asked before', async () => {
  expect((await changesSince(pool, undefined)).courses).toBeNull()
})

it('names nobody when nothing was written, however often it is asked', async () => {
  const { mark } = await changesSince(pool, await begin())
  expect(await after(mark)).toEqual([])
  await execute(pool, sql`update installation set id = id`)
  expect(await after(mark)).toEqual([])
})

const [seat] = await seatsOfCourse(pool, second.id)
const writes: [string, Query][] = [
  ['a seat', sql`update seat set wanted_on = not wanted_on where id = ${seat!.id}`],
  ['a session', sql`update session set lead_seconds = 60 where course_id = ${second.id}`],
  [
    'a volume',
    sql`insert into volume (id, seat_id, generation, name, backend, state, state_at, created_at)
        values (gen_random_uuid(), ${seat!.id}, 1, 'v', 'engine', 'ready', ${at(0)}, ${at(0)})`,
  ],
  ['the course', sql`update course set places_until = ${at(5)} where id = ${second.id}`],
]

it.each(writes)('names the course of which %s was written, and no other', async (_, write) => {
  const mark = await begin()
  await execute(pool, write)
  expect(await after(mark)).toEqual([second.key])
})

it('names the course somebody comes to', async () => {
  const person = await newPerson(pool)
  const mark = await begin()
  await launchAt(pool, first, person, 1)
  expect(await after(mark)).toEqual([first.key])
})

it('names in the end what was under way, and older than what it saw, when it was asked', async () => {
  await begin()
  const mark = await withTransaction(pool, async (slow) => {
    await execute(
      slow,
      sql`update seat set wanted_on = not wanted_on where course_id = ${first.id}`,
    )
    await execute(pool, sql`update seat set wanted_on = not wanted_on where id = ${seat!.id}`)
    const asked = await markNow()
    expect(await after(asked)).toEqual([second.key])
    return asked
  })
  expect((await after(mark))?.toSorted()).toEqual([first.key, second.key].toSorted())
  expect(await after(await begin())).toEqual([])
})

it('names all courses when the numbers of transactions went back', async () => {
  const later = String(BigInt(await markNow()) + 1_000_000n)
  expect(await after(later)).toBeNull()
})
