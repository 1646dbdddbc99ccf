/** When a snapshot is owed, to which volumes, and what becomes of those that could not be taken. The agent is the test's: it notes what it is told. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { execute, sql, withTransaction } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { beginOutage, endOutage } from '../../../api/data/volumes/storage-outage.ts'
import { openLog } from '../../../api/log.ts'
import { snapshotKeeper } from '../../../workers/jobs/keep-snapshots.ts'
import { at, plannedCourse } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

let database: TestDatabase
let courseId = ''
let now = at(0)
let told: [name: string, keep: number, take: string | null][] = []
/** What fails once. */
let fails = new Set<string>()
/** What happens as the agent is asked. */
let meanwhile = async () => {}
let stopping = new AbortController()

const agent = {
  keepSnapshots: async (name: string, { keep, take }: { keep: number; take: Date | null }) => {
    if (fails.delete(name)) throw new Error('no answer')
    await meanwhile()
    told.push([name, keep, take && take.toISOString().slice(11, 16)])
    return []
  },
}
const keeperOf = () =>
  snapshotKeeper({
    ...{ pool: database.pool, agent, log: openLog('worker', 'silent'), now: () => now },
    stopping: stopping.signal,
  })
const look = async (minutes: number, keeper = keeperOf()) => {
  now = at(minutes)
  told = []
  await keeper.keep()
  return told
}
const run = (query: ReturnType<typeof sql>) => execute(database.pool, query)
const keep = (snapshots: number) =>
  run(sql`update course set snapshots = ${snapshots} where id = ${courseId}`)

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  fails = new Set()
  meanwhile = async () => {}
  stopping = new AbortController()
  await run(sql`delete from storage_outage`)
  await run(sql`update course set snapshots = 0`)
  await run(sql`update volume set snapshots_kept = null`)
  ;({ id: courseId } = await plannedCourse(database.pool, { seats: 2, atOnce: 2, ready: 2 }))
  const seats = (await livingSeats(database.pool)).filter((seat) => seat.course_id === courseId)
  for (const [i, { id }] of seats.entries())
    await run(
      sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
          values (${newId()}, ${id}, 1, ${`${courseId}-${i + 1}`}, 'cephfs', 24, 'ready', ${at(-60)}, ${at(-60)})`,
    )
  await keep(7)
})
const both = (keepCount: number, take: string | null) =>
  [1, 2].map((number) => [`${courseId}-${number}`, keepCount, take])
const begin = (minutes: number) =>
  run(sql`update session set preparing_at = ${at(minutes)} where course_id = ${courseId}`)
const close = (minutes: number) =>
  run(sql`update session set closed_at = ${at(minutes)} where course_id = ${courseId}`)

it('is owed when a class is prepared and when it is over, once each', async () => {
  // What is to be kept is told at once; there is nothing to take yet.
  expect(await look(-50)).toEqual(both(7, null))
  expect(await look(-49)).toEqual([])
  await begin(-45)
  expect(await look(-44)).toEqual(both(7, '07:16'))
  expect(await look(0)).toEqual([])
  await close(135)
  expect(await look(136)).toEqual(both(7, '10:16'))
  expect(await look(137)).toEqual([])
})

it('is not owed to volumes that are made for this class, nor to what is not there', async () => {
  await run(sql`update volume set created_at = ${at(-40)} where name = ${`${courseId}-1`}`)
  await run(sql`update volume set state = 'missing' where name = ${`${courseId}-2`}`)
  await begin(-45)
  expect(await look(-44)).toEqual([[`${courseId}-1`, 7, null]])
})

it('is taken once, late, by a worker that was down, and by the next one where one could not', async () => {
  await begin(-45)
  await close(135)
  fails = new Set([`${courseId}-1`])
  expect(await look(600)).toEqual([[`${courseId}-2`, 7, '18:00']])
  expect(await look(601)).toEqual([[`${courseId}-1`, 7, '18:01']])
  expect(await look(602)).toEqual([])
})

it('is let go of when fewer are to be kept, or none', async () => {
  await close(135)
  await look(136)
  await keep(3)
  expect(await look(137)).toEqual(both(3, null))
  await keep(0)
  expect(await look(138)).toEqual(both(0, null))
  await run(sql`update session set closed_at = ${at(200)} where course_id = ${courseId}`)
  expect(await look(201)).toEqual([])
})

it('waits for storage that is away', async () => {
  await close(135)
  const outage = { backend: 'cephfs', now: at(136) } as const
  await withTransaction(database.pool, (tx) =>
    beginOutage(tx, { ...outage, since: at(136), reason: 'silence' }),
  )
  expect(await look(137)).toEqual([])
  await withTransaction(database.pool, (tx) => endOutage(tx, outage))
  expect(await look(138)).toEqual(both(7, '10:18'))
})

it('goes no further when the storage goes away meanwhile, or the worker ends', async () => {
  await close(135)
  const outage = { backend: 'cephfs', now: at(136) } as const
  meanwhile = async () => {
    await withTransaction(database.pool, (tx) =>
      beginOutage(tx, { ...outage, since: at(136), reason: 'silence' }),
    )
  }
  expect(await look(136)).toEqual([[`${courseId}-1`, 7, '10:16']])
  meanwhile = async () => {}
  await withTransaction(database.pool, (tx) => endOutage(tx, outage))
  stopping.abort()
  expect(await look(137)).toEqual([])
  stopping = new AbortController()
  expect(await look(138)).toEqual([[`${courseId}-2`, 7, '10:18']])
})
