/**
 * Storage that stops to answer: when it is said, to whom, what waits for it, and what is so again when it is back. The agent
 * is a real one on its socket; what it keeps volumes with is the test's.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { execute, many, one, sql } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { openOutages } from '../../../api/data/volumes/storage-outage.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { openLog } from '../../../api/log.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { storageWatch, verdictOn } from '../../../workers/jobs/watch-storage.ts'
import { nfsAnswers } from '../../../workers/storage/nfs-call.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { ROOT_MARK } from '../../../workers/storage/root-mark.ts'
import { type Served, serveAgent } from '../../../workers/storage/server.ts'
import { at, plannedCourse } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'

let database: TestDatabase
let served: Served | undefined
const home = mkdtempSync(join(tmpdir(), 'labplan-test-away-'))
const socket = join(home, 'storage.sock')
const agent = storageAgent({ socket })
const log = openLog('worker', 'silent')
let courseId = ''

beforeAll(async () => {
  database = await testDatabase()
  ;({ id: courseId } = await plannedCourse(database.pool, { seats: 2, atOnce: 2, ready: 2 }))
  await execute(
    database.pool,
    sql`insert into seat_template (digest, body) values ('with-files', ${JSON.stringify({ volume: { mountPath: '/home', backend: 'cephfs' } })})`,
  )
  await execute(
    database.pool,
    sql`update seat set template_digest = 'with-files', applied_generation = 1, wanted_on = true where course_id = ${courseId}`,
  )
  await execute(database.pool, sql`update session set state = 'open' where course_id = ${courseId}`)
  for (const { id } of await livingSeats(database.pool))
    await execute(
      database.pool,
      sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
          values (${newId()}, ${id}, 1, ${`lp-${id}`}, 'cephfs', 24, 'ready', ${at(-60)}, ${at(-60)})`,
    )
})
afterAll(async () => {
  await database.drop()
  rmSync(home, { recursive: true })
})

/** What the storage says when the agent asks it. */
let says: () => Promise<string | undefined>
beforeEach(async () => {
  says = async () => undefined
  const backend = { ...localBackend({ root: home }), kind: 'cephfs' as const }
  const own = { ...backend, trouble: () => says() }
  served = await serveAgent(own, { socket, root: home, log })
  await execute(database.pool, sql`delete from storage_outage`)
  await execute(database.pool, sql`delete from notice`)
})
afterEach(async () => {
  await served?.close()
  served = undefined
})

let now = at(10)
const watch = () => storageWatch({ pool: database.pool, agent, log, now: () => now })
const notices = async () =>
  (
    await many<{ code: string; audience: string }>(
      database.pool,
      sql`select code, audience from notice order by created_at, code`,
    )
  ).map(({ code, audience }) => `${code} ${audience}`)

it('is said after two looks, once, to the infra team and to whoever teaches with it now', async () => {
  const eyes = watch()
  await eyes.look()
  says = async () => 'no monitor answers'
  now = at(11)
  await eyes.look()
  expect(await openOutages(database.pool)).toEqual([])
  now = at(12)
  await eyes.look()
  await eyes.look()
  expect(await openOutages(database.pool)).toEqual([
    { backend: 'cephfs', since_at: at(11), reason: 'no monitor answers' },
  ])
  expect(await notices()).toEqual([
    'notice.storage-away infra',
    'notice.storage-away.course teachers',
  ])
  expect((await livingSeats(database.pool)).every((seat) => seat.storage_away)).toBe(true)
})

it('is over at the first look that is answered: who failed may start at once, and nobody was idle', async () => {
  says = async () => 'no monitor answers'
  const eyes = watch()
  now = at(11)
  await eyes.look()
  await eyes.look()
  const [seat] = await livingSeats(database.pool)
  await execute(
    database.pool,
    sql`update seat set start_failures = 4, start_after = ${at(60)} where id = ${seat!.id}`,
  )
  await execute(
    database.pool,
    sql`insert into seat_sample (seat_id, task_id, sampled_at, worked_at, counters) values (${seat!.id}, 't', ${at(9)}, ${at(9)}, '{}')`,
  )
  says = async () => undefined
  now = at(21)
  await eyes.look()
  expect(await openOutages(database.pool)).toEqual([])
  const after = (await livingSeats(database.pool))[0]!
  expect([after.storage_away, after.start_failures, after.start_after]).toEqual([false, 0, null])
  expect(await one(database.pool, sql`select worked_at from seat_sample`)).toEqual({
    worked_at: at(21),
  })
  expect(await notices()).toContain('notice.storage-back.course teachers')
})

it('is away where nothing was ever made, while the record has what was made there', async () => {
  const { pool } = database
  const verdict = () => verdictOn({ agent, pool }, 'cephfs')
  // Its first start: volumes are wanted, and none was made.
  expect(await verdict()).toEqual({ is: 'there' })
  await execute(pool, sql`update volume set limit_bytes = 25165824`)
  expect(await verdict()).toEqual({
    ...{ is: 'away', reason: 'nothing was ever made in its folder: is its disk mounted?' },
  })
  // A disk that takes the place of a lost one is said to be the right one by hand.
  writeFileSync(join(home, ROOT_MARK), '')
  expect(await verdict()).toEqual({ is: 'there' })
  rmSync(join(home, ROOT_MARK))
  expect(await verdict()).toMatchObject({ is: 'away' })
  await execute(pool, sql`update volume set limit_bytes = null`)
})

it('tells an agent that stopped from a storage that did, unless only the agent could know', async () => {
  await served?.close()
  served = undefined
  expect(await verdictOn({ agent, pool: database.pool }, 'cephfs')).toEqual({ is: 'agent away' })
  await execute(
    database.pool,
    sql`update seat_template set body = ${JSON.stringify({ volume: { mountPath: '/home', backend: 'nfs', server: '10.9.9.9' } })} where digest = 'with-files'`,
  )
  const verdict = (isThere: boolean) =>
    verdictOn({ agent, pool: database.pool, answers: async () => isThere }, 'nfs')
  expect(await verdict(true)).toEqual({ is: 'there' })
  expect(await verdict(false)).toMatchObject({ is: 'away' })
})

/** A port of this machine where `answer` speaks. */
async function listening(
  answer: (socket: Socket, call: Buffer) => void,
): Promise<[Server, number]> {
  const server = createServer((one) => one.once('data', (call) => answer(one, call)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return [server, typeof address === 'object' && address !== null ? address.port : 0]
}

it('takes for an NFS server only what answers its own call', async () => {
  const reply = (id: Buffer) =>
    Buffer.concat([Buffer.from([0x80, 0, 0, 24]), id, Buffer.from([0, 0, 0, 1]), Buffer.alloc(16)])
  const [good, at1] = await listening((one, call) => one.end(reply(call.subarray(4, 8))))
  const [other, at2] = await listening((one) => one.end('SSH-2.0-OpenSSH\r\n'))
  expect(await nfsAnswers('127.0.0.1', at1)).toBe(true)
  expect(await nfsAnswers('127.0.0.1', at2)).toBe(false)
  for (const server of [good, other]) await new Promise((done) => server.close(done))
  expect(await nfsAnswers('127.0.0.1', at1)).toBe(false)
})
