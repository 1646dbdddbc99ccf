/** How many seats start at once follows the machines there are. The engine is the test's own, the rows are real. */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pace } from '../../../workers/pace.ts'
import { seatDriver } from '../../../workers/swarm/drive.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { at, plannedCourse, ring } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const SEATS = 40
let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  const { id } = await plannedCourse(database.pool, { seats: SEATS, atOnce: SEATS, ready: SEATS })
  await database.pool.query(
    `update seat set state = 'cold', wanted_on = true, service_id = 'svc-' || number where course_id = $1`,
    [id],
  )
})
afterAll(() => database.drop())

const small = { cores: 2 }
const large = { cores: 64 }

it.each([
  { what: 'one small machine', nodes: [small], started: 6 },
  { what: 'four small ones', nodes: [small, small, small, small], started: 12 },
  { what: 'a large one', nodes: [large], started: 16 },
  { what: 'those alone that take seats', nodes: [large, { ...large, off: true }], started: 16 },
  { what: 'machines for all', nodes: [large, large, large], started: SEATS },
])('starts as many seats at once as suits $what', async ({ nodes, started }) => {
  expect(await startedAtOnce(nodes)).toBe(started)
})

it.each([
  { what: 'each second', tookMs: 20, everyMs: 900 },
  { what: 'less often where that takes the Swarm long', tookMs: 100, everyMs: 2_000 },
  { what: 'every four seconds however long', tookMs: 900, everyMs: 4_000 },
])('looks at seats at rest $what', async ({ tookMs, everyMs }) => {
  await database.pool.query(`update seat set wanted_on = false`)
  const looks: number[] = []
  let elapsedMs = 0
  const call: Engine['call'] = async () => {
    looks.push(elapsedMs)
    elapsedMs += tookMs
    return []
  }
  const pace = { elapsedMs: () => elapsedMs, sleep: async () => {} }
  const driver = driverOf({ ...engineOf([], new Set()), call }, pace)
  await driver.tick()
  for (const ms of [everyMs - 10, everyMs]) {
    elapsedMs = ms
    await driver.tick()
  }
  expect(looks).toEqual([0, everyMs])
  await driver.stop()
})

type Machine = { cores: number; off?: boolean }

/** Seats told to start by one look of the driver, of which none comes up. */
async function startedAtOnce(machines: Machine[]): Promise<number> {
  const started = new Set<string>()
  const driver = driverOf(engineOf(machines, started))
  await driver.tick()
  await expect.poll(() => started.size).toBeGreaterThan(0)
  await driver.stop()
  await database.pool.query(`update seat set state = 'cold' where state = 'starting'`)
  return started.size
}

const driverOf = (engine: Engine, pace?: Pace) =>
  seatDriver({
    ...{ pool: database.pool, ring, installation: database.installation, engine },
    ...{ log: pino({ level: 'silent' }), now: () => at(-20), ...(pace && { pace }) },
  })

function engineOf(machines: Machine[], started: Set<string>): Engine {
  const nodes = machines.map(({ cores, off }, i) => ({
    ...{ ID: `n${i}`, Version: { Index: 1 }, Status: { State: 'ready', Addr: '10.0.0.1' } },
    Spec: { Availability: off ? 'drain' : 'active', Role: 'worker', Labels: {} },
    Description: { Hostname: `n${i}`, Resources: { NanoCPUs: cores * 1e9, MemoryBytes: 2 ** 34 } },
  }))
  const call: Engine['call'] = async (_, path) => {
    if (path === '/tasks') return []
    if (path === '/nodes') return nodes
    const [, , id = '', verb] = path.split('/')
    if (verb === 'update') return void started.add(id)
    const Mode = { Replicated: { Replicas: 0 } }
    return { ID: id, Version: { Index: 1 }, Spec: { Name: id, Mode, TaskTemplate: {} } }
  }
  return {
    call,
    ask: async (...words) => ({ status: 200, body: await call(...words) }),
    host: () => '',
    close: () => {},
  }
}
