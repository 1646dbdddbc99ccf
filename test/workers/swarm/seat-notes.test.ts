/** Steps of many seats written down together: few statements, and each seat as if alone. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, sql } from '../../../api/data/db.ts'
import { seatsOfCourse } from '../../../api/data/seats/seat.ts'
import { gathered } from '../../../workers/swarm/gather.ts'
import { seatNotes } from '../../../workers/swarm/seat-notes.ts'
import { at, plannedCourse } from '../../api/class-scene.ts'
import { testDatabase } from '../../postgres.ts'

const database = await testDatabase()
const { pool } = database
const notes = seatNotes({ pool, now: () => at(1) })
let ids: string[]
let courseId: string

beforeAll(async () => {
  const course = await plannedCourse(pool, { seats: 40, atOnce: 40, ready: 40 })
  courseId = course.id
  ids = (await seatsOfCourse(pool, courseId)).map(({ id }) => id)
})
afterAll(() => database.drop())

const states = async () =>
  Object.fromEntries(
    (
      await many<{ state: string; count: number }>(
        pool,
        sql`select state, count(*) from seat where course_id = ${courseId} group by state`,
      )
    ).map(({ state, count }) => [state, count]),
  )

it('asks once for all who come in a moment, and once more for who comes meanwhile', async () => {
  const rounds: number[][] = []
  const ends: (() => void)[] = []
  const ask = gathered(async (numbers: number[]) => {
    rounds.push(numbers)
    await new Promise<void>((resolve) => ends.push(resolve))
    if (numbers.includes(4)) throw new Error('four')
    return numbers.length
  })
  const first = [ask(1), ask(2)]
  while (ends.length < 1) await new Promise(setImmediate)
  const second = [ask(3), ask(4)]
  ends[0]!()
  expect(await Promise.all(first)).toEqual([2, 2])
  while (ends.length < 2) await new Promise(setImmediate)
  ends[1]!()
  const failed = await Promise.allSettled(second)
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const third = ask(5)
  while (ends.length < 3) await new Promise(setImmediate)
  ends[2]!()
  expect(await third).toBe(1)
  expect(rounds).toEqual([[1, 2], [3, 4], [5]])
})

it('gives each seat its own address and ports', async () => {
  const [a, b] = [ids[0]!, ids[1]!]
  const up = (id: string, last: number) => ({
    ...{ id, taskId: `task-${last}`, nodeAddress: `10.0.0.${last}`, identityPort: last },
    ports: new Map([[8080, 40_000 + last]]),
  })
  await Promise.all([notes.ready(up(a, 7)), notes.ready(up(b, 8))])
  const seats = (await seatsOfCourse(pool, courseId)).slice(0, 3)
  expect(seats.map((seat) => [seat.task_id, seat.node_address, seat.identity_port])).toEqual([
    ['task-7', '10.0.0.7', 7],
    ['task-8', '10.0.0.8', 8],
    [`task-${ids[2]}`, '127.0.0.1', 40_000],
  ])
  const ports = await Promise.all([a, b].map((id) => notes.ports(id)))
  expect(ports.map(([port]) => port?.published_port)).toEqual([40_007, 40_008])
})

it('writes down what can be written when a seat of the same moment cannot', async () => {
  const bad = { id: 'none', started: 1 }
  const good = ids.slice(0, 3).map((id) => ({ id, started: 1 }))
  const ends = await Promise.allSettled([bad, ...good].map((seat) => notes.starting(seat)))
  expect(ends.map(({ status }) => status)).toEqual(['rejected', ...good.map(() => 'fulfilled')])
  expect(await states()).toEqual({ ready: 37, starting: 3 })
})
