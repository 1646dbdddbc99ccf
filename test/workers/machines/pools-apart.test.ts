/**
 * One look of the worker at the machines of all pools: what goes wrong with those of one pool, or with one machine, keeps nothing of
 * the others. The record is PostgreSQL's; the Swarm is as the few answers below say.
 */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { followTimeline } from '../../../api/data/pools/node.ts'
import { closePool } from '../../../api/data/pools/pool.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { nodeWatch } from '../../../workers/jobs/watch-nodes.ts'
import { EngineError } from '../../../workers/swarm/engine.ts'
import { courseDocument, hallDocument, POOL, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'

const now = new Date('2026-11-24T09:30:00Z')
const database = await testDatabase()
const { pool, installation } = database
const ring = testRing()
afterAll(() => database.drop())
const hall = hallDocument.replace('reserve', '  - { key: window, cpu: 4, memoryMb: 8192 }\nreserve')
const texts = [
  ...[zoneDocument, environmentDocument, hall, poolDocument('10.0.0.2:2377')],
  courseDocument({ key: 'rivers', start: '2026-11-24T10:00', minutes: 240, students: 4 }),
]
await importDocuments(
  pool,
  ring,
  now,
  texts.map((text, i) => ({ name: `${i}.yaml`, text })),
)
const actor = { name: 'operator', role: 'operator' } as const

/** The machines of the hall, and what was asked of each; one that is `stuck` refuses. */
let asked: string[]
let stuck: string | undefined
const node = (hostname: string) => ({
  ...{ ID: hostname, Version: { Index: 1 }, Status: { State: 'ready', Addr: '10.1.2.3' } },
  Spec: { Availability: 'active', Role: 'worker', Labels: {} },
  Description: { Hostname: hostname, Resources: { NanoCPUs: 4e9, MemoryBytes: 8 * 2 ** 30 } },
})
const engine = {
  async call(method: string, path: string, { body }: { body?: { Availability: string } } = {}) {
    if (method === 'GET' && path === '/nodes') return [node('door'), node('window')]
    const [, , id = ''] = path.split('/')
    if (method === 'GET') return path.startsWith('/nodes/') ? node(id) : []
    if (id === stuck) throw new EngineError(400, 'it cannot be changed just now')
    return void asked.push(`${id} ${body?.Availability}`)
  },
} as never

const warned: object[] = []
const log = { info: () => {}, warn: (about: object) => void warned.push(about) }
const look = () =>
  nodeWatch({ pool, engine, ring, installation, registry: '', log, now: () => now }).look()
const seen = async () =>
  (await many<{ name: string }>(pool, sql`select hostname as name from swarm_node order by 1`)).map(
    ({ name }) => name,
  )

beforeEach(async () => {
  asked = []
  stuck = undefined
  await pool.query('delete from swarm_node')
  await withTransaction(pool, async (tx) => {
    const access = {
      ...{ authUrl: 'http://127.0.0.1:1', applicationCredentialId: 'id' },
      applicationCredentialSecret: 'secret',
    }
    await keepCredential(tx, ring, { poolKey: POOL, access, actor, now })
    await closePool(tx, { key: 'hall', closed: 'closed', reason: 'Exams', actor, now })
    await followTimeline(tx, { nodes: [{ pool: POOL, key: 'm-large-1', flavour: 'm-large' }], now })
  })
})

it('closes the machines of one pool although how the cloud of another is entered cannot be read', async () => {
  await execute(pool, sql`update pool_credential set key_id = 'another'`)
  const failed = await look().catch(String)
  expect(asked).toEqual(['door pause', 'window pause'])
  expect(failed).toContain(`Pool ${POOL}: its machines could not be followed.`)
  expect(await seen()).toEqual(['door', 'window'])
})

it('closes each machine of a pool although another of it cannot be changed', async () => {
  stuck = 'door'
  const failed = await look().catch(String)
  expect(asked).toEqual(['window pause'])
  expect(failed).toContain('Node door could not be made pause.')
  expect(await seen()).toEqual(['door', 'window'])
})

it('gives a machine that joined while nobody looked the time to be seen, before it is made anew', async () => {
  const machine = async () =>
    one<{ state: string; tries: number }>(
      pool,
      sql`select state, tries from node where key = 'm-large-1'`,
    )
  // It booted, and joined; then the manager's machine was started anew, and hears of the others only by and by.
  const booted = new Date(now.getTime() - 60 * 60_000)
  await execute(
    pool,
    sql`update node set state = 'booted', state_at = ${booted}, server_id = 's1' where key = 'm-large-1'`,
  )
  let clock = now
  const watch = nodeWatch({ pool, engine, ring, installation, registry: '', log, now: () => clock })
  await watch.look()
  clock = new Date(now.getTime() + 60_000)
  await watch.look()
  expect(await machine()).toEqual({ state: 'booted', tries: 0 })
  // Slept once more.
  clock = new Date(now.getTime() + 3600_000)
  await watch.look()
  expect(await machine()).toEqual({ state: 'booted', tries: 0 })
  for (let seconds = 5; seconds <= 100; seconds += 5) {
    clock = new Date(now.getTime() + 3600_000 + seconds * 1000)
    await watch.look()
  }
  expect(await machine()).toEqual({ state: 'wanted', tries: 1 })
})

it('takes no machine for lost that was away before a sleep, and is not back in the first second after it', async () => {
  const state = async () =>
    (await one<{ state: string }>(pool, sql`select state from node where key = 'm-large-1'`)).state
  await execute(
    pool,
    sql`update node set state = 'ready', swarm_id = 'n1', server_id = 's1', replace = false where key = 'm-large-1'`,
  )
  let clock = now
  const watch = nodeWatch({ pool, engine, ring, installation, registry: '', log, now: () => clock })
  const lookAt = async (seconds: number) => {
    clock = new Date(now.getTime() + seconds * 1000)
    await watch.look()
    return state()
  }
  // The network went down first, and comes up last.
  expect(await lookAt(0)).toBe('ready')
  const hours = 3 * 3600
  for (const seconds of [0, 30, 60, 90]) expect(await lookAt(hours + seconds)).toBe('ready')
  expect(await lookAt(hours + 91)).toBe('wanted')
})
