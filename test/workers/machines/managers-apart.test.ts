/**
 * One look of the worker at the managers that a pool's base made: what goes wrong with one keeps no other from joining, being given
 * its vote, or being told of. The record is PostgreSQL's; the Swarm is as the few answers below say.
 */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import { followManagers } from '../../../api/data/pools/manager.ts'
import { nodeWatch } from '../../../workers/jobs/watch-nodes.ts'
import { EngineError } from '../../../workers/swarm/engine.ts'
import { courseDocument, hallDocument, POOL, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'

const START = new Date('2026-11-24T09:30:00Z')
const database = await testDatabase()
const { pool, installation } = database
const ring = testRing()
afterAll(() => database.drop())
const texts = [
  ...[zoneDocument, environmentDocument, hallDocument, poolDocument('10.0.0.2:2377')],
  courseDocument({ key: 'rivers', start: '2026-11-24T10:00', minutes: 240, students: 4 }),
]
const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
await importDocuments(pool, ring, START, sources)

const NEW = ['manager-1', 'manager-2', 'manager-3']
type Spec = { Availability: string; Role: string; Labels: object }
/** Before them there was the first; `stuck` refuses to be changed. */
let nodes: ReturnType<typeof node>[]
let asked: string[]
const stuck = 'manager-1'
function node(key: string, Availability: string, vote?: string) {
  const labels = {
    ...{ 'labplan.installation': installation, 'labplan.pool': POOL, 'labplan.node': key },
  }
  const isNew = NEW.includes(key)
  return {
    ...{ ID: key, Version: { Index: 1 }, ManagerStatus: vote ? { Reachability: vote } : null },
    Status: { State: 'ready', Addr: `10.1.2.${key.at(-1)}` },
    Spec: { Availability, Role: vote ? 'manager' : 'worker', Labels: {} } as Spec,
    Description: {
      ...{ Hostname: key, Resources: { NanoCPUs: 4e9, MemoryBytes: 8 * 2 ** 30 } },
      Engine: { Labels: isNew ? labels : {} },
    },
  }
}
const engine = {
  async call(method: string, path: string, { body }: { body?: Spec } = {}) {
    if (method === 'GET' && path === '/nodes') return nodes
    const [, , id = ''] = path.split('/')
    if (method === 'GET') return nodes.find(({ ID }) => ID === id) ?? []
    if (id === stuck) throw new EngineError(400, 'it cannot be changed just now')
    return void asked.push(`${id} ${body?.Role} ${body?.Availability}`)
  },
} as never

let now = START
const log = { info: () => {}, warn: () => {} }
const watching = () => {
  const watch = nodeWatch({ pool, engine, ring, installation, registry: '', log, now: () => now })
  return (seconds: number): Promise<string> => {
    now = new Date(START.getTime() + seconds * 1000)
    return watch.look().then(() => 'nothing', String)
  }
}

beforeEach(async () => {
  asked = []
  await withTransaction(pool, (tx) =>
    followManagers(tx, {
      managers: NEW.map((key) => ({ pool: POOL, key, flavour: 'm-large' })),
      now: START,
    }),
  )
  await execute(
    pool,
    sql`update node set state = 'booted', address = '10.1.2.' || right(key, 1) where role = 'manager'`,
  )
})

it('has every other join and be given its vote, when one can be asked for nothing', async () => {
  nodes = [
    node('first', 'active', 'reachable'),
    ...NEW.map((key) => node(key, key === stuck ? 'active' : 'drain')),
  ]
  const look = watching()
  const said = await look(0)
  expect(said).toContain(`Manager ${stuck} of pool ${POOL} could not come further.`)
  expect(said).not.toContain('manager-2')
  const states = await many<{ told: string }>(
    pool,
    sql`select key || ' ' || state as told from node where role = 'manager' order by key`,
  )
  expect(states.map(({ told }) => told)).toEqual([
    'manager-1 booted',
    'manager-2 joined',
    'manager-3 joined',
  ])
  await look(5)
  expect(asked).toEqual(['manager-2 manager drain'])
})

it('tells of every other that is away, when that cannot be told of one', async () => {
  nodes = [
    node('first', 'active', 'reachable'),
    node('hatch', 'active', 'unreachable'),
    node('window', 'active', 'unreachable'),
  ]
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      if new.params->>'node' = 'hatch' then raise exception 'nothing is written here'; end if;
      return new;
    end $$;
    create trigger refuse before insert on notice for each row execute function refuse()`)
  const told = async () =>
    (
      await many<{ node: string }>(
        pool,
        sql`select params->>'node' as node from notice where code = 'notice.manager-away' order by 1`,
      )
    ).map((row) => row.node)
  const look = watching()
  await look(0)
  const said = await look(91)
  expect(await told()).toEqual(['window'])
  expect(said).toContain('Nobody could be told that manager hatch is away.')
  await pool.query('drop function refuse cascade')
  await look(96)
  expect(await told()).toEqual(['hatch', 'window'])
})
