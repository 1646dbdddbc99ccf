/** GPUs have one holder each: the rows on a real PostgreSQL, the choice of a node as a function. */
import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import {
  type HeldDevice,
  freeDevices,
  heldDevices,
  leaveDevices,
  takeDevices,
} from '../../../api/data/seats/seat-device.ts'
import { markCold } from '../../../api/data/seats/seat-life.ts'
import { freeAgain, homesFor, isAtHome } from '../../../workers/swarm/device-home.ts'
import { withoutLeftLabels } from '../../../workers/swarm/devices.ts'
import { seatDriver } from '../../../workers/swarm/drive.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import type { SwarmNode } from '../../../workers/swarm/node.ts'
import type { Task } from '../../../workers/swarm/task.ts'
import { at, plannedCourse, ring } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

let database: TestDatabase
let seats: string[]

beforeAll(async () => {
  database = await testDatabase()
  const course = await plannedCourse(database.pool, { seats: 12, atOnce: 12, ready: 12 })
  const rows = await many<{ id: string }>(
    database.pool,
    sql`select id from seat where course_id = ${course.id} order by number`,
  )
  seats = rows.map(({ id }) => id)
})
afterAll(() => database.drop())

const take = (seatId: string, nodeId: string, count: number, of = 4) =>
  withTransaction(database.pool, (tx) => takeDevices(tx, { seatId, nodeId, of, count, now: at(0) }))

it('gives each GPU to one seat, however many ask at the same moment', async () => {
  const given = await Promise.all(seats.map((seat) => take(seat, 'crowd', 1)))
  // Who lost a race asks again, as the driver does.
  for (const [i, seat] of seats.entries()) given[i] ??= await take(seat, 'crowd', 1)
  const devices = given.flatMap((one) => one ?? [])
  expect(devices.toSorted()).toEqual([0, 1, 2, 3])
  const rows = await heldDevices(database.pool)
  expect(rows.map(({ device }) => device)).toEqual([0, 1, 2, 3])
})

it('lets no second holder be written, whoever tries', async () => {
  const second = sql`insert into seat_device (node_id, device, seat_id, taken_at) values ('crowd', 2, ${seats[11]!}, ${at(0)})`
  await expect(execute(database.pool, second)).rejects.toThrow(/duplicate key/)
})

it('gives all that are asked for, or none', async () => {
  expect(await take(seats[0]!, 'large', 3)).toEqual([0, 1, 2])
  expect(await take(seats[1]!, 'large', 2)).toBeUndefined()
  expect(await take(seats[1]!, 'large', 1)).toEqual([3])
})

it('keeps what a seat has left until it is said to be free, and all of it goes when the seat is cold', async () => {
  await take(seats[2]!, 'first', 2, 2)
  await leaveDevices(database.pool, { seatId: seats[2]!, now: at(1) })
  expect(await take(seats[2]!, 'second', 2, 2)).toEqual([0, 1])
  expect(await take(seats[3]!, 'first', 1, 2)).toBeUndefined()
  const left = (await heldDevices(database.pool)).filter(({ node_id }) => node_id === 'first')
  await freeDevices(database.pool, left.slice(1))
  expect(await take(seats[3]!, 'first', 1, 2)).toEqual([1])
  await withTransaction(database.pool, (tx) => markCold(tx, { ids: [seats[2]!], now: at(2) }))
  const holders = (await heldDevices(database.pool)).filter(({ seat_id }) => seat_id === seats[2])
  expect(holders).toEqual([])
})

const node = (id: string, more: Partial<SwarmNode> = {}): SwarmNode => ({
  ...{ id, version: 1, hostname: id, address: '', installation: null, pool: null, key: null },
  ...{ region: null, vote: null, availability: 'active', isHeld: false, cores: 8 },
  ...{ isManager: false, isUp: true },
  ...{ memoryMb: 32_768, gpus: 4, engineLabels: {}, labels: {} },
  ...more,
})
const held = (node_id: string, device: number, more: Partial<HeldDevice> = {}): HeldDevice => ({
  ...{ node_id, device, seat_id: 's1', left_at: null, seat_state: 'ready', service_id: 'svc' },
  ...{ cpu_millis: 2000, memory_mb: 4096 },
  ...more,
})
const needs = { gpu: { kind: 'a100', count: 1 }, cpuMillis: 2000, memoryMb: 4096, constraints: [] }
const homes = (nodes: SwarmNode[], some: HeldDevice[] = [], more: Partial<typeof needs> = {}) =>
  homesFor({ ...needs, ...more }, { nodes, load: new Map(), held: some }, 'own00000').map(
    ({ id }) => id,
  )

it('chooses the fullest node that has so many of the kind, and room for the rest', () => {
  const [a, b] = [node('a'), node('b')]
  expect(homes([a, b], [held('b', 0)])).toEqual(['b', 'a'])
  expect(homes([a, b], [held('b', 0)], { gpu: { kind: 'a100', count: 4 } })).toEqual(['a'])
  expect(homes([node('a', { availability: 'pause' }), node('b', { isUp: false })])).toEqual([])
  const t4 = node('t4', { engineLabels: { 'labplan.gpu': 't4' } })
  expect(homes([t4, node('a', { engineLabels: { 'labplan.gpu': 'a100' } })])).toEqual(['a'])
  expect(homes([a], [], { cpuMillis: 9000 })).toEqual([])
})

it('counts what was promised to seats that have not begun, and once they have, not twice', () => {
  const small = node('a', { cores: 4 })
  const coming = [held('a', 0), held('a', 1, { seat_id: 's2', service_id: 'other' })]
  expect(homes([small], coming.slice(1))).toEqual(['a'])
  expect(homes([small], coming)).toEqual([])
  const gone = coming.map((one) => ({ ...one, left_at: at(0) }))
  expect(homes([small], gone)).toEqual(['a'])
  const begun = { seats: 1, cores: 2, memoryMb: 4096, services: new Set(['other']) }
  const load = new Map([['a', begun]])
  const sight = { nodes: [small], load, held: coming.slice(1) }
  expect(homesFor(needs, sight, 'own00000').map(({ id }) => id)).toEqual(['a'])
})

it('gives none of a node where another installation of the same Swarm gives some', () => {
  const label = (installation: string) => ({
    [`labplan.gpu.lp-${installation}-vision-s001`]: 'yes',
  })
  expect(homes([node('a', { labels: label('own00000') })])).toEqual(['a'])
  expect(homes([node('a', { labels: label('other000') })])).toEqual([])
  const [own, other] = ['own00000', 'other000'].map((installation) => node('a', { installation }))
  expect([homes([own!]), homes([other!])]).toEqual([['a'], []])
})

it('keeps to the machines of its pool', () => {
  const cloud = node('c', { engineLabels: { 'labplan.pool': 'cloud' } })
  const of = (constraint: string) =>
    homes([cloud, node('own')], [], { constraints: [constraint] as never[] })
  expect(of('engine.labels.labplan.pool==cloud')).toEqual(['c'])
  expect(of('engine.labels.labplan.pool!=cloud')).toEqual(['own'])
})

const task = (NodeID: string, DesiredState: string, State: string): Task => ({
  ...{ ID: 't', ServiceID: 'svc', NodeID, DesiredState, CreatedAt: '' },
  Status: { State },
})
const seat = { id: 's1', service_id: 'svc', device_needs: needs }

it('stays on a node that takes no new seats as long as it runs there, and leaves one that is lost', () => {
  const paused = node('a', { availability: 'pause' })
  const own = [held('a', 0)]
  const running = [task('a', 'running', 'running')]
  expect(isAtHome(seat, { nodes: [paused], held: own }, running)).toBe(true)
  expect(isAtHome(seat, { nodes: [paused], held: own }, [])).toBe(false)
  expect(isAtHome(seat, { nodes: [node('a', { isUp: false })], held: own }, running)).toBe(false)
  expect(isAtHome(seat, { nodes: [], held: own }, running)).toBe(false)
  expect(isAtHome(seat, { nodes: [node('a')], held: [] }, running)).toBe(false)
})

it('frees what was left only when nothing of the seat can be alive there', () => {
  const states = fc.constantFrom('running', 'starting', 'shutdown', 'failed', 'complete')
  const property = fc.property(states, states, fc.boolean(), (here, there, isKnown) => {
    const nodes = isKnown ? [node('a'), node('b')] : [node('b')]
    const tasks = [task('a', 'shutdown', here), task('b', 'running', there)]
    const left = held('a', 0, { left_at: at(0) })
    const free = freeAgain({ nodes, held: [left, held('b', 0)] }, tasks)
    const isAlive = ['running', 'starting'].includes(here)
    expect(free).toEqual(isAlive && isKnown ? [] : [left])
  })
  fc.assert(property)
})

it('frees what seats had that are no more, also when no other seat is there', async () => {
  const { pool, installation } = database
  await pool.query(`update seat set state = 'absent', wanted_on = false`)
  expect(await heldDevices(pool)).not.toEqual([])
  const log = pino({ level: 'silent' })
  const engine = engineWith({ '/tasks': [], '/nodes': ['crowd', 'large'].map(swarmNode) })
  const driver = seatDriver({ pool, engine, ring, installation, log, now: () => at(3) })
  await driver.tick()
  expect(await heldDevices(pool)).toEqual([])
  await driver.stop()
})

it('takes labels for left behind when the Swarm has nothing of their installation any more', async () => {
  const labels = { 'labplan.gpu.lp-other000-k3x9q2ab-s001': 'yes', rack: '4' }
  const nodes = [node('a', { labels })]
  const after = (lists: Lists) =>
    withoutLeftLabels({ engine: engineWith(lists), installation: 'own00000' }, nodes)
  expect(await after({ '/services': [{}], '/tasks': [] })).toEqual(nodes)
  expect(await after({ '/services': [], '/tasks': [{}] })).toEqual(nodes)
  const [alone] = await after({ '/services': [], '/tasks': [] })
  expect(alone!.labels).toEqual({ rack: '4' })
  expect([homes(nodes), homes([alone!])]).toEqual([[], ['a']])
})

type Lists = Record<string, unknown[]>

/** An engine of the test's own, which answers lists and is asked for nothing else. */
function engineWith(lists: Lists): Engine {
  const call: Engine['call'] = async (_, path) => lists[path]!
  return {
    call,
    ask: async (...words) => ({ status: 200, body: await call(...words) }),
    host: () => '',
    close: () => {},
  }
}

const swarmNode = (ID: string) => ({
  ...{ ID, Version: { Index: 1 }, Status: { State: 'ready', Addr: '10.0.0.1' } },
  Spec: { Availability: 'active', Role: 'worker', Labels: {} },
  Description: { Hostname: ID, Resources: { NanoCPUs: 4e9, MemoryBytes: 2 ** 34 } },
})
