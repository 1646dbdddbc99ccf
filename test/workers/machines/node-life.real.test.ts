/**
 * The life of machines, with real engines that join a real Swarm by the token they were given: joined, tried out, emptied,
 * killed. The cloud is left out, as if it could not be asked; the clock is the test's.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../../api/data/db.ts'
import {
  followTimeline,
  tokenOutSince,
  livingNodes,
  moveNode,
  noteTokenHanded,
} from '../../../api/data/pools/node.ts'
import { closePool, seenNodes } from '../../../api/data/pools/pool.ts'
import type { BlueprintPool } from '../../../stacks/blueprint.ts'
import { poolConstraints } from '../../../stacks/rules/pool-constraints.ts'
import { cloud } from '../../stacks/machines-content.ts'
import { nodeWatch } from '../../../workers/jobs/watch-nodes.ts'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import { listNodes, workerToken } from '../../../workers/swarm/node.ts'
import { pushSleeper } from '../../beds/sleeper.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { courseDocument, poolDocument } from '../../cast/cloud.ts'

const ring = testRing()
const none = { zone: 'default', nodes: [], idle: [] }
const pools = [
  { ...none, key: 'cloud', fixed: [], cloud },
  { ...none, key: 'hall', fixed: ['node-1'], cloud: null },
] as BlueprintPool[]
const began = new Date('2026-11-24T09:30:00Z')
const actor = { name: 'operator', role: 'operator' } as const
let clock = began
let bed: SwarmBed
let database: TestDatabase
let engine: Engine
let image: string
const folder = mkdtempSync(join(tmpdir(), 'labplan-test-node-life-'))

beforeAll(async () => {
  database = await testDatabase()
  const machinesOf = { installation: database.installation, pool: 'cloud' }
  bed = await swarmBed({ nodes: 3, swarm: false, machinesOf })
  engine = connectEngine(bed.dockerHost)
  const manager = bed.nodes[0]!.address
  const at = { ListenAddr: `${manager}:2377`, AdvertiseAddr: manager }
  await engine.call('POST', '/swarm/init', { body: at })
  image = pushSleeper(bed.dockerHost, bed.registry, folder)
  const texts = [
    ...[zoneDocument, environmentDocument.replace(/image: .*/, `image: ${image}`)],
    ...[poolDocument(`${manager}:2377`), courseDocument(NETWORKS)],
  ]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, ring, began, sources)
  await wanted('m-large-1', 'm-large-2')
  for (const { id } of await livingNodes(database.pool)) await booted(id)
  await withTransaction(database.pool, (tx) => noteTokenHanded(tx, clock))
})
afterAll(async () => {
  engine?.close()
  await Promise.all([bed?.down(), database?.drop()])
  rmSync(folder, { recursive: true, force: true })
})

const NETWORKS = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }

const wanted = (...keys: string[]) =>
  withTransaction(database.pool, (tx) =>
    followTimeline(tx, {
      nodes: keys.map((key) => ({ pool: 'cloud', key, flavour: 'm-large' })),
      now: clock,
    }),
  )

/** What a run records when the cloud has made it. */
const booted = (id: string) =>
  withTransaction(database.pool, (tx) =>
    moveNode(tx, { id, from: ['wanted', 'creating'], to: 'booted', now: clock }),
  )

const pass = (seconds: number): void => void (clock = new Date(clock.getTime() + seconds * 1000))

const states = async () =>
  Object.fromEntries((await livingNodes(database.pool)).map(({ key, state }) => [key, state]))

let watch: ReturnType<typeof nodeWatch>
const look = async (): Promise<Record<string, string>> => {
  const { pool, installation } = database
  const log = { info() {}, warn() {} }
  const place = { installation, registry: bed.registry }
  watch ??= nodeWatch({ ...{ pool, engine, ring, log, now: () => clock }, ...place })
  await watch.look()
  return states()
}
const lookUntil = (wish: Record<string, string>) =>
  expect.poll(look, { timeout: 30_000, interval: 300 }).toEqual(wish)

async function joinSwarm(index: number, token: string): Promise<void> {
  const own = connectEngine(bed.nodes[index]!.dockerHost)
  const { address } = bed.nodes[index]!
  const body = {
    ...{ ListenAddr: `${address}:2377`, AdvertiseAddr: address, JoinToken: token },
    RemoteAddrs: [`${bed.nodes[0]!.address}:2377`],
  }
  await own.call('POST', '/swarm/join', { body }).finally(() => own.close())
}

it('sees machines join, tries each out with a container, and then rotates the token', async () => {
  const token = await workerToken(engine)
  await joinSwarm(1, token)
  await lookUntil({ 'm-large-1': 'ready', 'm-large-2': 'booted' })
  // Somebody is still to come: the token that is out must go on opening.
  expect(await workerToken(engine)).toBe(token)
  await joinSwarm(2, token)
  await lookUntil({ 'm-large-1': 'ready', 'm-large-2': 'ready' })
  await look()
  expect(await workerToken(engine)).not.toBe(token)
  expect(await tokenOutSince(database.pool)).toBeUndefined()
  const probes = { query: { filters: { label: ['labplan.probe'] } } }
  await expect.poll(() => look().then(() => engine.call('GET', '/services', probes))).toEqual([])
})

/** A seat, as far as a node is concerned. */
const seat = (name: string, constraint: string) => ({
  Name: name,
  Labels: { 'labplan.installation': database.installation },
  TaskTemplate: {
    ContainerSpec: {
      Image: `${bed.registry}/${image}`,
      Labels: { 'labplan.installation': database.installation },
      // The program of the image hears no signal.
      StopGracePeriod: 1e8,
    },
    Resources: { Reservations: { NanoCPUs: 1e8, MemoryBytes: 16 * 2 ** 20 } },
    Placement: { Constraints: [constraint] },
    RestartPolicy: { Condition: 'any', Delay: 1e9 },
  },
})

const seatsOn = async (key: string) =>
  (await look().then(() => seenNodes(database.pool))).find((node) => node.key === key)

it('closes a machine that goes, waits for its last seat, and lets it go then', async () => {
  const made = (await engine.call('POST', '/services/create', {
    body: seat('seat-1', 'engine.labels.labplan.node==m-large-2'),
  })) as { ID: string }
  await expect.poll(() => seatsOn('m-large-2')).toMatchObject({ seats: 1 })
  await wanted('m-large-1')
  expect(await look()).toMatchObject({ 'm-large-2': 'draining' })
  await look()
  expect(await seatsOn('m-large-2')).toMatchObject({ seats: 1, availability: 'pause' })
  expect(await states()).toMatchObject({ 'm-large-2': 'draining' })
  await engine.call('DELETE', `/services/${made.ID}`)
  await lookUntil({ 'm-large-1': 'ready', 'm-large-2': 'drained' })
})

it('opens a machine that is wanted again', async () => {
  await wanted('m-large-1', 'm-large-2')
  await lookUntil({ 'm-large-1': 'ready', 'm-large-2': 'ready' })
  expect(await seatsOn('m-large-2')).toMatchObject({ availability: 'active' })
})

it('empties a pool that is drained: its seats move, and what was closed by hand stays closed', async () => {
  const [constraint = ''] = poolConstraints(pools, 'cloud')
  const body = seat('seat-2', constraint)
  await engine.call('POST', '/services/create', { body })
  const total = async () =>
    (await look().then(() => seenNodes(database.pool))).reduce((sum, { seats }) => sum + seats, 0)
  await expect.poll(total).toBe(1)
  const close = (closed: 'drained' | null) =>
    withTransaction(database.pool, (tx) =>
      closePool(tx, { key: 'cloud', closed, reason: null, actor, now: clock }),
    )
  await close('drained')
  await expect.poll(total).toBe(0)
  expect((await listNodes(engine)).filter((node) => node.availability === 'drain')).toHaveLength(2)
  await close(null)
  await expect.poll(total).toBe(1)
})

it('keeps seats of other pools off the machines of a cloud', async () => {
  const [constraint = ''] = poolConstraints(pools, 'hall')
  const made = await engine.call('POST', '/services/create', { body: seat('seat-3', constraint) })
  const onManager = async () =>
    (await look().then(() => seenNodes(database.pool))).find((node) => node.is_manager)?.seats
  await expect.poll(onManager).toBe(1)
  await engine.call('DELETE', `/services/${(made as { ID: string }).ID}`)
  await expect.poll(onManager).toBe(0)
})

it('gives up a machine that was killed: its entry goes, its seat starts elsewhere, it is made anew', async () => {
  const there = (await seenNodes(database.pool)).find(({ key, seats }) => key && seats === 1)!
  process.kill(bed.nodes[Number(there.key?.at(-1))]!.pid, 'SIGKILL')
  const isDown = async () =>
    (await look().then(() => listNodes(engine))).some(({ id, isUp }) => id === there.id && !isUp)
  await expect.poll(isDown, { timeout: 60_000, interval: 500 }).toBe(true)
  expect(await look()).toMatchObject({ [there.key!]: 'ready' })
  pass(91)
  expect(await look()).toMatchObject({ [there.key!]: 'wanted' })
  expect((await listNodes(engine)).map(({ id }) => id)).not.toContain(there.id)
  const other = there.key === 'm-large-1' ? 'm-large-2' : 'm-large-1'
  await expect.poll(() => seatsOn(other), { timeout: 30_000 }).toMatchObject({ seats: 1 })
})

it('counts machines that never join, and tells who keeps the pool after three', async () => {
  const dead = (await livingNodes(database.pool)).find(({ state }) => state === 'wanted')!
  const notices = () => many(database.pool, sql`select code, params from notice`)
  for (const tries of [2, 3]) {
    expect(await notices()).toEqual([])
    await booted(dead.id)
    pass(9 * 60)
    expect(await look()).toMatchObject({ [dead.key]: 'booted' })
    pass(2 * 60)
    expect(await look()).toMatchObject({ [dead.key]: 'wanted' })
    const row = await one<object>(
      database.pool,
      sql`select tries, message from node where id = ${dead.id}`,
    )
    expect(row).toEqual({ tries, message: 'never-joined' })
  }
  const params = { node: dead.key, pool: 'cloud', count: 3 }
  expect(await notices()).toEqual([{ code: 'notice.node-never-joined', params }])
})
