// Stops for want of work, on real rows: counters come as the worker hears them from a seat.
import { createHmac } from 'node:crypto'
import { type AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import { pino } from 'pino'
import { afterAll, expect, it } from 'vitest'
import { type Db, one, sql, withTransaction } from '../../api/data/db.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import { identityKey } from '../../api/data/seats/seat-secret.ts'
import { recordSample, type WatchedSeat, watchedSeats } from '../../api/data/seats/seat-sample.ts'
import { workspaceView } from '../../api/data/workspaces/workspace-view.ts'
import {
  extendWorkspace,
  warnWorkspaces,
  workspacesDue,
} from '../../api/data/workspaces/workspace-time.ts'
import { countersOf, sampleSeats } from '../../workers/swarm/sample.ts'
import { testDatabase } from '../postgres.ts'
import {
  type ClassCourse,
  actor,
  at,
  launchAt,
  newPerson,
  plannedCourse,
  ring,
  seatOf,
} from './class-scene.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database
const tx = <T>(work: (db: Db) => Promise<T>) => withTransaction(pool, work)
const selfStudy = { seats: 3, atOnce: 3, ready: 3, outside: 3 }

async function launched(course: ClassCourse, minute: number) {
  const { id } = await launchAt(pool, course, await newPerson(pool), minute)
  const seat = await seatOf(pool, id)
  let cpuMicros = 0
  /** A minute's look: `seconds` of processor time since the last. */
  const look = async (minute: number, seconds: number, gpuPercent: number | null = null) => {
    cpuMicros += seconds * 1_000_000
    const counters = { cpuMicros, networkBytes: 0, inputSecondsAgo: null, gpuPercent }
    const seen = { seatId: seat.id, taskId: `task-${seat.id}`, counters, now: at(minute) }
    await tx((db) => recordSample(db, seen))
    await tx((db) => warnWorkspaces(db, at(minute)))
  }
  const quiet = async (from: number, to: number, gpuPercent: number | null = null) => {
    for (let minute = from; minute <= to; minute++) await look(minute, 0, gpuPercent)
  }
  const due = async (minute: number) =>
    (await workspacesDue(pool, at(minute))).stop.find((each) => each.id === id)?.reason
  return {
    id,
    seatId: seat.id,
    look,
    quiet,
    due,
    view: (m: number) => workspaceView(pool, ring, id, at(m)),
  }
}

it('stops who has done nothing for an hour, after a warning, and says why', async () => {
  const mine = await launched(await plannedCourse(pool, selfStudy), 300)
  await mine.look(301, 30)
  await mine.quiet(302, 350)
  expect(await mine.view(350)).toMatchObject({ isWarned: false, isIdle: false, stopsAt: at(420) })
  await mine.quiet(351, 360)
  expect(await mine.view(360)).toMatchObject({ isWarned: true, isIdle: true, stopsAt: at(361) })
  // Not before it was looked at once more: somebody may have come back since.
  expect(await mine.due(361)).toBeUndefined()
  await mine.quiet(361, 361)
  expect(await mine.due(361)).toBe('idle')
})

it('goes on for who works again, and for who says so by a click', async () => {
  const mine = await launched(await plannedCourse(pool, selfStudy), 300)
  await mine.quiet(301, 355)
  expect((await mine.view(355))?.isWarned).toBe(true)
  await mine.look(356, 20)
  expect(await mine.view(356)).toMatchObject({ isWarned: false, isIdle: false })
  await mine.quiet(357, 410)
  expect(await mine.view(410)).toMatchObject({
    isIdle: true,
    stopsAt: at(416),
    extension: { to: at(420).getTime() },
  })
  await tx((db) =>
    extendWorkspace(db, { workspaceId: mine.id, from: at(416), actor, now: at(410) }),
  )
  await mine.quiet(411, 417)
  expect(await mine.due(417)).toBeUndefined()
  const { extensions } = await one<{ extensions: number }>(
    pool,
    sql`select extensions from workspace where id = ${mine.id}`,
  )
  expect(extensions).toBe(0)
})

it('watches nobody in class, unless the course says so', async () => {
  const listening = await launched(await plannedCourse(pool, selfStudy), 1)
  await listening.quiet(2, 80)
  expect(await listening.due(80)).toBeUndefined()
  const lifecycle = { idleMinutesInClass: 30 }
  const watched = await launched(await plannedCourse(pool, { ...selfStudy, lifecycle }), 1)
  const seats = (await watchedSeats(pool)).map((seat) => seat.id)
  expect([seats.includes(watched.seatId), seats.includes(listening.seatId)]).toEqual([true, false])
  await watched.quiet(2, 33)
  expect(await watched.due(33)).toBe('idle')
})

it('never stops for want of answers', async () => {
  const mine = await launched(await plannedCourse(pool, selfStudy), 300)
  await mine.quiet(301, 310)
  // The worker was away for an hour and a half: nobody knows what happened meanwhile.
  expect(await mine.due(400)).toBeUndefined()
  await mine.look(400, 0)
  expect(await mine.due(400)).toBeUndefined()
})

it('stops a seat with a GPU for want of work only where the load of its GPU is told', async () => {
  const course = await plannedCourse(pool, selfStudy)
  const counted = await launched(course, 300)
  const uncounted = await launched(course, 300)
  await tx((db) => rememberTemplate(db, { digest: 'gpu', body: { gpu: { count: 1 } } }))
  await pool.query(`update seat set template_digest = 'gpu' where course_id = $1`, [course.id])
  await counted.quiet(301, 361, 0)
  await uncounted.quiet(301, 361)
  expect([await counted.due(361), await uncounted.due(361)]).toEqual(['idle', undefined])
  expect(await uncounted.view(361)).toMatchObject({ isIdle: false, stopsAt: at(420) })
})

it('believes a seat that proves itself, and nobody else', async () => {
  const key = Buffer.alloc(32, 1)
  const sign = (by: Buffer, text: string) =>
    createHmac('sha256', by).update(text).digest('base64url')
  let signedBy = key
  const seat = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://seat').searchParams
    const nonce = query.get('nonce') ?? ''
    if (query.get('proof') !== sign(key, `counters?${nonce}`)) return response.writeHead(403).end()
    const told = { cpuMicros: 5, networkBytes: 6, inputSecondsAgo: -1, gpuPercent: -1 }
    const proof = sign(signedBy, `counters=${['t', nonce, ...Object.values(told)].join('.')}`)
    response.end(JSON.stringify({ task: 't', ...told, proof }))
  })
  await new Promise<void>((listening) => seat.listen(0, '127.0.0.1', listening))
  const { port } = seat.address() as AddressInfo
  const ask = (task: string, by = key) =>
    countersOf(by, { task_id: task, node_address: '127.0.0.1', identity_port: port })
  const told = { cpuMicros: 5, networkBytes: 6, inputSecondsAgo: null, gpuPercent: null }
  expect(await ask('t')).toEqual(told)
  expect(await ask('another task')).toBeUndefined()
  expect(await ask('t', Buffer.alloc(32, 2))).toBeUndefined()
  signedBy = Buffer.alloc(32, 3)
  expect(await ask('t')).toBeUndefined()
  await new Promise((closed) => seat.close(closed))
  expect(await ask('t')).toBeUndefined()
})

it('asks all the others although the key of one seat is lost', async () => {
  const course = await plannedCourse(pool, { seats: 20, atOnce: 20, ready: 20, outside: 20 })
  for (let i = 0; i < 20; i++) await launchAt(pool, course, await newPerson(pool), 301)
  const { rows } = await pool.query<WatchedSeat>(
    `select id, generation, credential_key_id from seat where course_id = $1 order by id`,
    [course.id],
  )
  const keys = rows.map((seat) => ({ seat, key: identityKey(ring, seat) }))
  const sign = (by: Buffer, text: string) =>
    createHmac('sha256', by).update(text).digest('base64url')
  const seats = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://seat').searchParams
    const nonce = query.get('nonce') ?? ''
    const own = keys.find(({ key }) => query.get('proof') === sign(key, `counters?${nonce}`))
    if (!own) return response.writeHead(403).end()
    const told = { cpuMicros: 5, networkBytes: 6, inputSecondsAgo: -1, gpuPercent: -1 }
    const task = `task-${own.seat.id}`
    const proof = sign(own.key, `counters=${[task, nonce, ...Object.values(told)].join('.')}`)
    response.end(JSON.stringify({ task, ...told, proof }))
  })
  await new Promise<void>((listening) => seats.listen(0, '127.0.0.1', listening))
  const { port } = seats.address() as AddressInfo
  await pool.query(`update seat set identity_port = $2 where course_id = $1`, [course.id, port])
  await pool.query(`update seat set credential_key_id = 'lost' where id = $1`, [rows[0]!.id])
  const log = pino({ level: 'silent' })
  await sampleSeats({ pool, ring, log, now: () => at(302) }).catch(() => {})
  const { asked } = await one<{ asked: number }>(
    pool,
    sql`select count(*) as asked from seat_sample where seat_id = any(${rows.map(({ id }) => id)}::uuid[])`,
  )
  expect(asked).toBe(19)
  await new Promise((closed) => seats.close(closed))
})
