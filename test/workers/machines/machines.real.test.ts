/** A pool in a real cloud, as an ordinary tenant of it: made, followed, repaired and taken away along a schedule. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { livingNodes } from '../../../api/data/pools/node.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { findState } from '../../../api/data/runs/state.ts'
import { applyStackNow } from '../../../workers/jobs/apply-stack.ts'
import { nodeWatch } from '../../../workers/jobs/watch-nodes.ts'
import { whyNoCloudNow } from '../../beds/openstack.ts'
import { courseDocument, poolDocument } from '../../cast/cloud.ts'
import { importDocuments } from '../../cast/record.ts'
import { killedInTheMiddle, NOTHING, planOf, whenWanted } from './machines-acts.ts'
import { testEarlyBesideOthers, testEarlyWithoutBase } from './machines-early.ts'
import { LIVE, projectDocument, testLiveMachines } from './machines-live.ts'
import { testRegions } from './machines-regions.ts'
import { testRefusals } from './machines-refusals.ts'
import { machinesScene, type MachinesScene } from './machines-scene.ts'

/** Two machines for four hours; three more from five minutes later on, for an hour. */
const COURSES = [
  courseDocument({ key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }),
  courseDocument({ key: 'systems', start: '2026-11-24T10:05', minutes: 60, students: 12 }),
]

// A machine under load takes its time: what counts is what comes to be.
vi.setConfig({ testTimeout: 300_000 })

const why = whyNoCloudNow()
let scene: MachinesScene
beforeAll(async () => {
  if (why === undefined)
    scene = await machinesScene([...COURSES, projectDocument], {
      pool: (manager) => poolDocument(manager, LIVE),
    })
})
afterAll(() => scene?.down())
beforeEach(({ skip }) => skip(why !== undefined, why))

const servers = () => scene.servers()
const names = () => scene.names()

const managers = async () => (await servers()).filter(({ name }) => name.includes('-manager-'))

const active = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `m-large-${i + 1} ACTIVE`)

const states = async (): Promise<string[]> =>
  (await livingNodes(scene.database.pool)).map(({ key, state }) => `${key} ${state}`)

testEarlyWithoutBase(() => scene)

it('makes a base when the timeline says so, and says what the cloud refuses', async () => {
  await scene.tenant.setQuota({ instances: 0 })
  scene.at(await whenWanted(scene, 2))
  await scene.passes(2)
  expect(await names()).toEqual([])
  const { message } = await one<{ message: string }>(
    scene.database.pool,
    sql`select message from stack where key = 'nodes-cloud'`,
  )
  expect(message).toMatch(/Quota exceeded for instances/)
  const [told] = (await latestNotices(scene.database.pool, { limit: 20 })).filter(
    ({ code }) => code === 'notice.cloud-trouble',
  )
  expect(told?.lines).toMatchObject([
    { code: 'cloud.trouble.quota', params: { resource: 'instances', asked: 1, limit: 0 } },
    { code: 'cloud.trouble.quota.do', params: { needed: 1 } },
    { code: 'cloud.asked-by', params: { course: 'networks', students: 8 } },
  ])
  await scene.tenant.setQuota({ instances: 10 })
})

testRefusals(() => scene)

it('goes on when the cloud lets it', async () => {
  expect(await scene.settle()).toEqual(['nodes-cloud'])
  expect(await names()).toEqual(active(2))
  expect(await states()).toEqual(['m-large-1 booted', 'm-large-2 booted'])
  for (const key of ['base-cloud', 'nodes-cloud'])
    expect(await planOf(scene, key)).toMatchObject(NOTHING)
})

testEarlyBesideOthers(() => scene)

it('grows to five, makes again what was deleted or failed meanwhile, and shrinks to two', async () => {
  const busy = await whenWanted(scene, 5)
  scene.at(busy)
  expect(await scene.settle()).toEqual(['nodes-cloud'])
  expect(await names()).toEqual(active(5))
  const before = await servers()

  await scene.tenant.cloud.call('compute', 'DELETE', `/servers/${before[0]!.id}`, {
    region: 'RegionOne',
  })
  await scene.tenant.breakServer(before[2]!.id)
  await expect.poll(servers).toHaveLength(4)
  await nodeWatch({ ...scene.means, ...scene.means.place }).look()
  expect(await scene.settle()).toEqual(['nodes-cloud'])
  expect(await names()).toEqual(active(5))
  const after = await servers()
  const isSame = before.map(({ id }, i) => id === after[i]?.id)
  expect(isSame).toEqual([false, true, false, true, true])

  scene.at(await whenWanted(scene, 2, busy))
  expect(await scene.settle()).toEqual(['nodes-cloud'])
  expect((await servers()).map(({ id }) => id)).toEqual(after.slice(0, 2).map(({ id }) => id))
})

it('adopts what a killed worker made: no server, port or volume is there twice', async () => {
  const busy = await whenWanted(scene, 5)
  scene.at(busy)
  await scene.reconcile()
  const made = await killedInTheMiddle(scene, 'nodes-cloud', 3)
  const kept = made.length
  scene.at(new Date(Date.parse(busy) + 60_000).toISOString())
  await scene.settle()
  expect(await names()).toEqual(active(5))
  expect((await servers()).map(({ id }) => id)).toEqual(expect.arrayContaining(made))
  expect(kept).toBeGreaterThan(3)
  const contents = await scene.tenant.contents()
  const count = (kind: string) => contents.filter((name) => name.startsWith(`${kind} `)).length
  // A port for each machine, and the router's on the network; a volume for each engine.
  expect([count('servers'), count('ports'), count('volumes')]).toEqual([5, 6, 5])
})

it('buys no machine that somebody wrote into the record, and says what it would cost', async () => {
  const { pool } = scene.database
  const before = await servers()
  await pool.query(
    `insert into node (id, pool_id, key, flavour, state, state_at)
     select $1, id, 'm-large-9', 'm-large', 'wanted', $2 from pool where key = 'cloud'`,
    [newId(), scene.means.now()],
  )
  await applyStackNow(scene.means, 'nodes-cloud', new AbortController().signal)
  const { message } = (await one<{ message: string }>(
    pool,
    sql`select message from stack where key = 'nodes-cloud'`,
  ))!
  expect(message).toMatch(/^Held: openstack_\w+_v2\.m-large-9: not_approved/)
  const [told] = (await latestNotices(pool, { limit: 20 })).filter(
    (notice) => notice.code === 'notice.run-held',
  )
  expect(told?.params['message']).toBe(message)
  const summary = await one<{ refusals: { detail: string }[] }>(
    pool,
    sql`select summary -> 'refusals' as refusals from run where state = 'held' order by created_at desc limit 1`,
  )
  expect(summary.refusals.map(({ detail }) => detail)).toContainEqual(
    expect.stringMatching(
      /0\.4 EUR an hour more than the 2 of 5 machines that are approved for now/,
    ),
  )
  expect(await servers()).toEqual(before)
  await pool.query(`delete from node where key = 'm-large-9'`)
})

it('makes managers on its base when the pool asks for them, and anew one that failed', async () => {
  const { pool } = scene.database
  const importPool = (text: string) =>
    importDocuments(pool, scene.means.ring, scene.means.now(), [{ name: 'pool.yaml', text }])
  const asked = '  managers: { flavour: m1.small }\n  gateways:'
  await importPool(scene.poolText.replace('  gateways:', asked))
  expect(await scene.settle()).toContain('base-cloud')
  const made = await managers()
  expect(made.map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE'])
  const rows = () => livingNodes(pool, null, 'manager')
  expect(await rows()).toMatchObject([
    { key: 'manager-1', state: 'booted', address: expect.stringMatching(/^10\.64\./) },
    { key: 'manager-2', state: 'booted' },
  ])

  const [first] = await rows()
  await scene.tenant.breakServer(made[0]!.id)
  await nodeWatch({ ...scene.means, ...scene.means.place }).look()
  expect(await rows()).toMatchObject([{ state: 'wanted', message: 'server-error' }, {}])
  expect(await scene.settle()).toEqual(['base-cloud'])
  const after = await managers()
  expect(after.map(({ id }, i) => id === made[i]!.id)).toEqual([false, true])
  // Its port is the same one, and so is where the others find it.
  expect(await rows()).toMatchObject([{ state: 'booted', address: first!.address }, {}])

  await importPool(scene.poolText)
  expect(await scene.settle()).toEqual(['base-cloud'])
  expect([await managers(), await rows()]).toEqual([[], []])
})

it('takes everything away after the last class, and leaves the tenant empty', async () => {
  scene.at('2026-11-24T20:00:00Z')
  expect(await scene.settle()).toEqual(['nodes-cloud', 'base-cloud'])
  expect(await scene.tenant.contents()).toEqual([])
  expect(await states()).toEqual([])
})

testLiveMachines(() => scene)
testRegions(() => scene)

it('has neither token nor password in a state, a run or an event', async () => {
  const { pool } = scene.database
  const secrets = ['SWMTKN', 'password' in scene.tenant.access ? scene.tenant.access.password : '']
  const texts: string[] = []
  for (const { id } of await many<{ id: string }>(pool, sql`select id from stack`))
    texts.push(String((await findState(pool, scene.means.ring, id))?.bytes ?? ''))
  for (const table of ['run', 'run_event', 'run_step', 'audit', 'stack'])
    texts.push(JSON.stringify((await pool.query(`select * from ${table}`)).rows))
  for (const secret of secrets) expect(texts.join('\n')).not.toContain(secret)
})
