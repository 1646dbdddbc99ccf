/**
 * One course, or one person's erasure, that PostgreSQL refuses to write of: the others are told, dated, purged and ended all the
 * same, it is said what went wrong, and these follow once they can. On a real disk.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { ledgerHash, writeLedger } from '../../../api/data/people/erasure-ledger.ts'
import { newId } from '../../../api/data/ids.ts'
import { orderErasure } from '../../../api/data/people/erasure.ts'
import { orderPurge } from '../../../api/data/volumes/purge.ts'
import { recordVolumes } from '../../../api/data/volumes/volume.ts'
import { endWhatIsDue } from '../../../workers/jobs/end-what-is-due.ts'
import { erasureKeeper } from '../../../workers/jobs/keep-erasures.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { courseId, IN_CLASS, importDocuments, signIn, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { agentScene, silent, storageScene } from './storage-scene.ts'

const DAY_MS = 86_400_000
const ring = testRing()
const { pool, drop } = await testDatabase()
const sockets = storageScene()
const scene = await agentScene(join(sockets.root, 'agent.sock'))
const file = join(sockets.root, 'ledger')
let now = IN_CLASS
const common = { pool, agent: scene.agent, installation: 'test0000', log: silent, now: () => now }
const retention = retentionKeeper({
  ...{ ...common, inTurn: turnsFor((name) => name) },
  removeFromEngine: () => Promise.reject(new Error('no volume here is an engine’s')),
})
const erasures = erasureKeeper({ ...common, ring, file })
const pass = (): Promise<string> =>
  endWhatIsDue({ ...common, retention, erasures }).then(
    () => 'nothing',
    (error: Error) => `${error.message} ${causes(error)}`,
  )
const causes = ({ cause }: Error): string =>
  cause instanceof Error ? `${cause.message} ${causes(cause)}` : ''

const course = (key: string) => networksDocument(4).replace('key: networks-101', `key: ${key}`)

beforeAll(async () => {
  const texts = [zoneDocument, environmentDocument, poolDocument, course('rivers'), course('woods')]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(pool, ring, IN_CLASS, sources)
  const seats = await many<{ id: string; key: string }>(
    pool,
    sql`select seat.id, key from seat join course on course.id = course_id where number = 1`,
  )
  const limit = { backend: 'local', limitMb: 8 } as const
  const volumes = seats.map(({ id, key }) => ({
    ...{ seatId: id, generation: 1, name: `lp-test0000-${key.padEnd(8, '0')}-s001-g1`, limit },
  }))
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes, now }))
})
afterEach(() => pool.query('drop function if exists refuse cascade'))
afterAll(async () => {
  await scene.end()
  sockets.end()
  await drop()
})

/** PostgreSQL refuses what is written to these rows. `which`: in SQL, of the row `new`. */
const refuse = (table: string, on: string, which: string) =>
  pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      if ${which} then raise exception 'nothing is written here'; end if;
      return new;
    end $$;
    create trigger refuse before ${on} on ${table} for each row execute function refuse()`)
const allow = () => pool.query('drop function refuse cascade')
const rivers = (column: string) => `${column} = (select id from course where key = 'rivers')`

const dates = async () =>
  many<{ key: string; until: Date | null }>(
    pool,
    sql`select key, volumes_until as until from course order by key`,
  )
const told = async () =>
  (
    await many<{ key: string }>(
      pool,
      sql`select key from notice join course on course.id = course_id where notice.code = 'notice.files-end' order by key, notice.created_at`,
    )
  ).map(({ key }) => key)
const states = async () =>
  (
    await many<{ told: string }>(
      pool,
      sql`select key || ' ' || volume.state as told from volume join seat on seat.id = seat_id
          join course on course.id = course_id order by 1`,
    )
  ).map((row) => row.told)
const at = (until: Date, days: number) => (now = new Date(until.getTime() + days * DAY_MS))

it('has dates noted for every other course', async () => {
  await refuse('course', 'update of volumes_until', rivers('new.id'))
  const said = await pass()
  expect((await dates()).map(({ key, until }) => `${key} ${until !== null}`)).toEqual([
    'rivers false',
    'woods true',
  ])
  expect(said).toContain('Course rivers: until when its files are kept could not be noted.')
  expect(said).toContain('nothing is written here')
  expect(said).not.toContain('woods')
  await allow()
  expect(await pass()).toBe('nothing')
  expect((await dates()).every(({ until }) => until !== null)).toBe(true)
})

it('has every other course told, what was ordered purged, and a person erased', async () => {
  const until = (await dates())[0]!.until!
  at(until, -7)
  await refuse('notice', 'insert', rivers('new.course_id'))
  const { personId } = await signIn(pool, { now })
  const erase = (tx: Parameters<typeof orderErasure>[0]) =>
    orderErasure(tx, { personId, ring, by: 'person', actor: { name: 'p', role: 'student' }, now })
  await withTransaction(pool, erase)
  const woods = await courseId(pool, 'woods')
  await withTransaction(pool, (tx) => orderPurge(tx, { id: woods, now }))
  const said = await pass()
  expect(await told()).toEqual(['woods'])
  expect(said).toContain('Course rivers: nobody could be told')
  expect(said).toContain('nothing is written here')
  const { state } = await one<{ state: string }>(pool, sql`select state from erasure`)
  expect([state, await states()]).toEqual(['done', ['rivers wanted', 'woods purged']])
  await allow()
  expect(await pass()).toBe('nothing')
  expect(await told()).toEqual(['rivers', 'woods'])
})

it('orders nothing of a course whose date the plan moved and nobody could note', async () => {
  const until = (await dates())[0]!.until!
  at(until, 1)
  // What is recorded of both is over; the plan keeps them longer, as after a restored backup.
  await execute(pool, sql`update course set volumes_until = ${new Date(until.getTime() - 1000)}`)
  await execute(
    pool,
    sql`update notice set dedupe_key = replace(dedupe_key, ${until.toISOString()}, ${new Date(until.getTime() - 1000).toISOString()})`,
  )
  await refuse('course', 'update of volumes_until', rivers('new.id'))
  await pass()
  expect((await states())[0]).toBe('rivers wanted')
})

it('ends every other erasure when the receipt of one cannot be written', async () => {
  const people = [await signIn(pool, { now }), await signIn(pool, { now })]
  for (const { personId } of people)
    await withTransaction(pool, (tx) =>
      orderErasure(tx, {
        personId,
        ring,
        by: 'person',
        actor: { name: 'p', role: 'student' },
        now,
      }),
    )
  const open = async () =>
    many<{ id: string }>(pool, sql`select id from erasure where state = 'open' order by id`)
  const [first, second] = await open()
  await refuse('erasure_receipt', 'insert', `new.erasure_id = '${first!.id}'`)
  const said = await pass()
  expect(await open()).toEqual([first])
  expect(said).toContain(`Erasure ${first!.id}: its receipt could not be written.`)
  expect(said).not.toContain(second!.id)
  await allow()
  await pass()
  expect(await open()).toEqual([])
  expect(readFileSync(file, 'utf8')).toContain(second!.id)
})

it('ends every other erasure when one of a restored backup cannot be replayed', async () => {
  const hash = '0'.repeat(64)
  const id = newId()
  // Written with a key that is not in the ring.
  const line = { id, at: now.toISOString(), keyId: 'k0', person: hash, volumes: [hash] }
  await writeLedger(file, [{ ...line, submissions: [] }])
  const [{ personId }] = [await signIn(pool, { now }), await signIn(pool, { now })]
  await withTransaction(pool, (tx) =>
    orderErasure(tx, { personId, ring, by: 'person', actor: { name: 'p', role: 'student' }, now }),
  )
  const said = await pass()
  expect(said).toContain(
    `Erasure ${id}: this database does not know it, and it could not be replayed.`,
  )
  const open = await many(pool, sql`select id from erasure where state = 'open'`)
  expect(open).toEqual([])
})

it('erases what came back with a disk although another line of the ledger cannot be read', async () => {
  const name = 'lp-test0000-came0000-s001-g1'
  await comeBack(name)
  expect(await there()).toContain(name)
  await pass()
  expect(await there()).not.toContain(name)
})

it('erases all else that came back with a disk when one of it cannot go', async () => {
  const [first, second] = ['lp-test0000-came0000-s002-g1', 'lp-test0000-came0000-s003-g1']
  await comeBack(first, second)
  await refuse('audit', 'insert', `new.subject_id = '${first}'`)
  const said = await pass()
  expect(await there()).not.toContain(second)
  expect(said).toContain(`${first}: erased before and on a disk again, it could not go.`)
  expect(said).not.toContain(second)
})

/** Volumes on disk that the ledger says were erased. */
async function comeBack(...names: string[]): Promise<void> {
  const volumes = names.map((name) => ledgerHash(ring, ring.current, 'volume', name))
  const line = { id: newId(), at: now.toISOString(), keyId: ring.current, person: '1'.repeat(64) }
  await writeLedger(file, [{ ...line, volumes, submissions: [] }])
  for (const name of names) await scene.agent.ensure({ name, limitMb: 8, isNew: true })
}
const there = async () => (await scene.agent.list()).volumes.map((one) => one.name)
