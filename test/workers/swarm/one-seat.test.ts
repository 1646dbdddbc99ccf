// One service per seat, and launches past the headroom: minutes of a morning with the real reconciler.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { stopWorkspace } from '../../../api/data/workspaces/workspace-act.ts'
import { environmentDocument, poolDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, launch, testRing } from '../../cast/record.ts'
import { newPerson } from '../../api/class-scene.ts'
import { testDatabase } from '../../postgres.ts'
import { playWorker } from '../reconciler/play-worker.ts'

const database = await testDatabase()
const { pool } = database
const ring = testRing()
let boss: Boss
beforeAll(async () => {
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
})

/** Minutes after the class starts, at 10:00 in Paris. */
const at = (minute: number) => new Date(Date.parse('2026-11-24T09:00:00Z') + minute * 60_000)
const course = (key: string, more: string) => `apiVersion: labplan/v1
kind: Course
key: ${key}
title: ${key}
environment: terminal
pool: local
seat: { cpu: 0.1, memoryMb: 64 }
students: 12
sessions:
  # The day before, so that the course is open for self-study.
  - { start: 2026-11-23T10:00, minutes: 60 }
  - { start: 2026-11-27T10:00, minutes: 60 }
  - { start: 2026-11-24T10:00, minutes: 120${more}
`
const documents = (...courses: { name: string; text: string }[]) => [
  { name: 'zone.yaml', text: zoneDocument },
  { name: 'environment.yaml', text: environmentDocument },
  { name: 'pool.yaml', text: poolDocument },
  ...courses,
]
const files = documents(
  { name: 'a.yaml', text: course('stays', ', stayMinutes: 30 }\nheadroom: { seats: 2 }') },
  { name: 'b.yaml', text: course('alone', ' }\nheadroom: { seats: 3, atOnce: 8 }') },
  {
    name: 'c.yaml',
    text: course('exam', ' }\nheadroom: { seats: 0 }').replace(
      '27T10:00, minutes: 60',
      '27T10:00, minutes: 60, exam: true, spares: 2',
    ),
  },
)
await importDocuments(pool, ring, at(-2880), files)
const arrive = async (courseKey: string, minute: number) =>
  launch(pool, { personId: await newPerson(pool), courseKey, now: at(minute) })
const workspaceNow = (id: string) =>
  one<{ state: string; seat_id: string; task_id: string | null; service_id: string | null }>(
    pool,
    sql`select workspace.state, workspace.seat_id, seat.task_id, seat.service_id
        from workspace join seat on seat.id = workspace.seat_id where workspace.id = ${id}`,
  )

it('launched at T−15 in a headroom seat, one works through the class and its stay in the same process', async () => {
  const worker = playWorker(database, boss, at)
  await worker.pass(-60)
  const mine = await arrive('stays', -15)
  await worker.pass(-15)
  const began = await workspaceNow(mine.id)
  expect(began).toMatchObject({ state: 'ready', task_id: expect.stringMatching(/^task-/) })
  // The class's other seats are made, warmed and, after it, removed; a change of the course comes in between.
  const changed = files.map((file) => ({
    ...file,
    text: file.text.replace('memoryMb: 64', 'memoryMb: 96'),
  }))
  for (const minute of [-14, -10, 0, 28, 29, 119, 121, 150, 159]) {
    if (minute === 28) await importDocuments(pool, ring, at(minute), changed)
    await worker.pass(minute)
    expect({ minute, ...(await workspaceNow(mine.id)) }).toEqual({ minute, ...began })
  }
  const touched = worker.done.filter((one) => one.seat === mine.seatNumber && one.minute > -15)
  expect(touched.filter((one) => one.course === courseIds.get('stays'))).toEqual([])
  // 120 minutes, 30 to stay, 10 of grace: then it stops, takes the change over and is gone with its class.
  for (const minute of [160, 161, 165]) await worker.pass(minute)
  expect((await workspaceNow(mine.id)).state).toBe('stopped')
}, 30_000)

it('makes what is launched past the headroom in one apply, and refills the headroom behind', async () => {
  const worker = playWorker(database, boss, at)
  await worker.pass(600)
  const seats = () =>
    many<{ number: number; state: string; taken: boolean }>(
      pool,
      sql`select number, state, taken from seat where course_id = ${courseIds.get('alone') ?? ''}
          and state <> 'absent' order by number`,
    )
  expect((await seats()).map((seat) => seat.state)).toEqual(['cold', 'cold', 'cold'])
  const before = await jobsOf('seats-alone-0')
  const launched = []
  for (let i = 0; i < 6; i++) launched.push(await arrive('alone', 601))
  expect(launched.map((one) => one.state)).toEqual(Array.from({ length: 6 }, () => 'starting'))
  await worker.pass(601)
  await worker.pass(601)
  expect(await jobsOf('seats-alone-0')).toBe(before + 1)
  for (const { id } of launched) expect((await workspaceNow(id)).state).toBe('ready')
  const free = (await seats()).filter((seat) => !seat.taken)
  expect(free.map((seat) => seat.state)).toEqual(['cold', 'cold', 'cold'])
  // Who leaves gives a place back; seats past the headroom go when nobody needs them.
  for (const { id } of launched)
    await withTransaction(pool, (tx) =>
      stopWorkspace(tx, { workspaceId: id, actor: { name: 'p', role: 'student' }, now: at(610) }),
    )
  await worker.pass(611)
  await worker.pass(612)
  expect((await seats()).length).toBe(3)
}, 30_000)

it('warms the spare seats of an exam, beside those of all who may be in, and it is ready then', async () => {
  const worker = playWorker(database, boss, at)
  const look = async () => {
    const { ready, state } = await one<{ ready: number; state: string }>(
      pool,
      sql`select (select count(*) from seat where course_id = session.course_id and seat.state = 'ready') as ready, state
          from session where key = 'exam/2026-11-27T10:00'`,
    )
    return { ready, state }
  }
  const start = 3 * 24 * 60
  for (const before of [27, 26, 25]) await worker.pass(start - before)
  expect(await look()).toEqual({ ready: 14, state: 'ready' })
  for (let i = 0; i < 3; i++) await arrive('exam', start + 1)
  await worker.pass(start + 2)
  expect(await look()).toEqual({ ready: 14, state: 'open' })
}, 30_000)

async function jobsOf(stackKey: string): Promise<number> {
  const { jobs } = await one<{ jobs: number }>(
    pool,
    sql`select count(*) as jobs from pgboss.job where name = 'apply-stack' and data ->> 'stackKey' = ${stackKey}`,
  )
  return jobs
}

const courseIds = new Map(
  (await many<{ key: string; id: string }>(pool, sql`select key, id from course`)).map((row) => [
    row.key,
    row.id,
  ]),
)
