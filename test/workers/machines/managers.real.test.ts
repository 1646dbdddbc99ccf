/**
 * Managers that a pool's base makes, with real engines: they join by the joining part of their user_data, get their votes,
 * one is killed and made anew, and all of them go with the pool. What the cloud does is played: no server is made; the
 * machines are engines in namespaces, and where a run would write down what the cloud has made, the test does.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import { clearReplace, livingNodes, moveNode, noteNode } from '../../../api/data/pools/node.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { seenNodes } from '../../../api/data/pools/pool.ts'
import { findStack } from '../../../api/data/runs/stack-wish.ts'
import type { MachinesContent } from '../../../stacks/content.ts'
import { machinesAt } from '../../../stacks/rules/machine-stacks.ts'
import { machinesGoal } from '../../../workers/jobs/apply-machines.ts'
import { nodeWatch } from '../../../workers/jobs/watch-nodes.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { QuorumAtRisk, retireNode } from '../../../workers/swarm/manager.ts'
import { listNodes, workerToken } from '../../../workers/swarm/node.ts'
import { quorumOf } from '../../../stacks/rules/quorum.ts'
import type { Prelude } from '../../../workers/terraform/context.ts'
import type { Machine } from '../../beds/machines/boot.ts'
import { engineMachines } from '../../beds/machines/engine.ts'
import { startsOf } from '../../beds/machines/first-start.ts'
import { pushSleeper } from '../../beds/sleeper.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { courseDocument, POOL, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { meansOf, player, type SceneMeans } from './machines-player.ts'

const KEYS = ['manager-1', 'manager-2']
const NETWORKS = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }
const NO_CLOUD = {
  ...{ authUrl: 'http://127.0.0.1:9/v3', applicationCredentialId: 'none' },
  applicationCredentialSecret: 'none',
}
const folder = mkdtempSync(join(tmpdir(), 'labplan-test-managers-'))
const machines = new Map<string, Machine>()
let clock = new Date('2026-11-24T09:30:00Z')
let bed: SwarmBed
let database: TestDatabase
let means: SceneMeans
let engine: Engine
let image: string
let boot: ReturnType<typeof engineMachines>
let watch: ReturnType<typeof nodeWatch>

beforeAll(async () => {
  ;[bed, database] = await Promise.all([swarmBed({ nodes: 1 }), testDatabase()])
  const keys = { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } }
  means = meansOf({ database, dockerHost: bed.dockerHost, home: folder, keys }, () => clock)
  engine = means.engine
  image = pushSleeper(bed.dockerHost, bed.registry, folder)
  const managers = '  managers: { flavour: m1.small }\n'
  const texts = [
    ...[zoneDocument, environmentDocument.replace(/image: .*/, `image: ${image}`)],
    poolDocument(`${bed.nodes[0]!.address}:2377`, '', managers),
    courseDocument(NETWORKS),
  ]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, means.ring, clock, sources)
  await withTransaction(database.pool, (tx) =>
    keepCredential(tx, means.ring, {
      ...{ poolKey: POOL, access: NO_CLOUD, now: clock },
      actor: { name: 'test', role: 'operator' },
    }),
  )
  clock = await whenBaseAlone()
  await networksThere()
  boot = engineMachines(bed, 2)
  const place = { installation: database.installation, registry: bed.registry }
  const log = { info() {}, warn() {} }
  watch = nodeWatch({ ...means, ...place, log })
})
afterAll(async () => {
  engine?.close()
  await bed?.down()
  await database?.drop()
  rmSync(folder, { recursive: true, force: true })
})

/** As after a run that made them. */
async function networksThere(): Promise<void> {
  await player(means, () => {}).pass()
  await withTransaction(database.pool, (tx) =>
    execute(
      tx,
      sql`update stack set state = 'applied', applied_digest = wanted_digest where key = 'base-cloud'`,
    ),
  )
}

/** When networks and managers are there, and no node yet. */
async function whenBaseAlone(): Promise<Date> {
  const head = await currentBlueprint(database.pool)
  for (let at = Date.parse('2026-11-24T00:00Z'); at < clock.getTime(); at += 60_000)
    if (machinesAt(head!.blueprint, new Date(at).toISOString()).length === 1) return new Date(at)
  throw new Error('The base comes with its nodes.')
}

/** What a run of the base does before it plans; answers what it then makes of. */
async function beginRun(): Promise<{ content: MachinesContent; prelude: Prelude }> {
  await player(means, () => {}).pass()
  const goal = await machinesGoal(means, (await findStack(means.pool, 'base-cloud'))!)
  if (!goal || 'problem' in goal) throw new Error(goal?.problem ?? 'Nothing is approved.')
  const run = { runId: 'none', stop: new AbortController().signal }
  const prelude = await goal.request.before!(run)
  return { content: goal.request.content as MachinesContent, prelude }
}

/** The cloud makes a machine, as its user_data says; the run writes down which, and where it is. */
async function made(key: string, number: number, userData: string): Promise<void> {
  machines.set(key, boot({ name: key, number, userData }))
  const row = (await rows()).find((one) => one.key === key)!
  await withTransaction(database.pool, async (tx) => {
    const address = machines.get(key)!.address
    await noteNode(tx, { id: row.id, serverId: `server-${number}`, address })
    await clearReplace(tx, row.id)
    await moveNode(tx, { id: row.id, from: ['creating'], to: 'booted', now: clock })
  })
}

const rows = () => livingNodes(database.pool, null, 'manager')
const states = async () => Object.fromEntries((await rows()).map(({ key, state }) => [key, state]))
const look = () => watch.look().then(states)
const managersOfSwarm = async () =>
  (await listNodes(engine)).filter(({ vote }) => vote !== null).map(({ key }) => key ?? 'first')

/** A seat that asks for a machine of the pool. */
const makeSeat = (name: string, constraint: string) =>
  engine.call('POST', '/services/create', {
    body: {
      Name: name,
      Labels: { 'labplan.installation': database.installation },
      TaskTemplate: {
        ContainerSpec: { Image: `${bed.registry}/${image}`, StopGracePeriod: 1e8 },
        Placement: { Constraints: [constraint] },
      },
    },
  })
const tasksOf = async (name: string) => {
  const query = { filters: { service: [name] } }
  const tasks = await engine.call('GET', '/tasks', { query })
  return (tasks as { Status: { State: string } }[]).map(({ Status }) => Status.State)
}

it('makes three managers of one, by what lets a node in, and no seat runs there', async () => {
  const before = await workerToken(engine)
  const { content, prelude } = await beginRun()
  expect(Object.keys(prelude.join ?? {})).toEqual(KEYS)
  expect(prelude.join!['manager-1']).toBe(`${before} ${bed.nodes[0]!.address}:2377`)
  expect(await states()).toEqual({ 'manager-1': 'creating', 'manager-2': 'creating' })
  const texts = startsOf(content, prelude.join!)
  for (const [i, key] of KEYS.entries()) await made(key, i + 1, texts[key]!)
  await expect
    .poll(look, { timeout: 60_000, interval: 300 })
    .toEqual({ 'manager-1': 'ready', 'manager-2': 'ready' })
  // Who was promoted last has its vote a moment later, and is heard by the others after that; one whose first try to join does
  // not go through tries again after ten seconds or more.
  await expect
    .poll(async () => quorumOf(await listNodes(engine)), { timeout: 90_000 })
    .toEqual({ votes: 3, answering: 3, canLose: 1 })
  expect(await managersOfSwarm()).toHaveLength(3)
  await look()
  expect(await workerToken(engine)).not.toBe(before)
  await makeSeat('seat-1', `engine.labels.labplan.pool==${POOL}`)
  await look()
  const own = (await listNodes(engine)).filter(({ key }) => key !== null)
  expect(own.map(({ availability }) => availability)).toEqual(['drain', 'drain'])
  // First `new`, until the Swarm has looked for room.
  await expect.poll(() => tasksOf('seat-1')).toEqual(['pending'])
  await engine.call('DELETE', '/services/seat-1')
})

it('goes on without one that was killed, and lets nobody else go meanwhile', async () => {
  await machines.get('manager-1')!.kill()
  const quorum = async () => quorumOf(await listNodes(engine))
  await expect
    .poll(quorum, { timeout: 30_000, interval: 300 })
    .toEqual({ votes: 3, answering: 2, canLose: 0 })
  const other = (await listNodes(engine)).find(({ key }) => key === 'manager-2')!
  await expect(retireNode(engine, other.id)).rejects.toThrow(QuorumAtRisk)
  expect((await listNodes(engine)).find(({ id }) => id === other.id)).toMatchObject({
    ...{ isManager: true, vote: { isReachable: true } },
  })
  expect(await look()).toEqual({ 'manager-1': 'ready', 'manager-2': 'ready' })
  await makeSeat('seat-2', 'node.role==manager')
  await expect.poll(() => tasksOf('seat-2')).toEqual(['running'])
  expect((await seenNodes(database.pool)).find(({ key }) => key === 'manager-1')?.is_up).toBe(false)
})

it('strikes it off, tells who keeps the pool, and makes it anew', async () => {
  clock = new Date(clock.getTime() + 91_000)
  await look()
  expect(await states()).toEqual({ 'manager-1': 'wanted', 'manager-2': 'ready' })
  expect((await managersOfSwarm()).toSorted()).toEqual(['first', 'manager-2'])
  const notices = await many(database.pool, sql`select code, params, lines from notice`)
  expect(notices).toMatchObject([
    {
      ...{ code: 'notice.manager-away', lines: [{ code: 'managers.cannot-lose' }] },
      params: { node: 'manager-1', votes: 3, answering: 2 },
    },
  ])
  const { content, prelude } = await beginRun()
  expect(prelude.replace).toEqual(['openstack_compute_instance_v2.manager-1'])
  // The one that is left is called, too, where the first should be away.
  const second = machines.get('manager-2')!.address
  expect(prelude.join!['manager-1']).toBe(
    `${await workerToken(engine)} ${bed.nodes[0]!.address}:2377 ${second}:2377`,
  )
  await made('manager-1', 3, startsOf(content, prelude.join!)['manager-1']!)
  await expect
    .poll(look, { timeout: 60_000, interval: 300 })
    .toEqual({ 'manager-1': 'ready', 'manager-2': 'ready' })
  expect(await managersOfSwarm()).toHaveLength(3)
})

it('leaves the Swarm as it was when the pool needs no machine any more', async () => {
  clock = new Date('2026-11-24T20:00:00Z')
  await beginRun()
  const left = await listNodes(engine)
  expect(left).toMatchObject([{ key: null, isManager: true, vote: { isReachable: true } }])
  expect(await look()).toEqual({ 'manager-1': 'draining', 'manager-2': 'draining' })
  expect(await tasksOf('seat-2')).toEqual(['running'])
  await makeSeat('seat-3', 'node.role==manager')
  await expect.poll(() => tasksOf('seat-3')).toEqual(['running'])
})
