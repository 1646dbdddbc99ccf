/** Machines in the record: which are wanted, which are kept until they are empty, and what a freeze keeps. */
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../../api/data/db.ts'
import { freeze } from '../../../api/data/runs/freeze.ts'
import { followTimeline, livingNodes, moveNode, replaceNode } from '../../../api/data/pools/node.ts'
import { findCredential, keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { decideNodes } from '../../../stacks/rules/decide-nodes.ts'
import { situationNow } from '../../../workers/jobs/live-demand.ts'
import { machinesWanted, machineWisher } from '../../../workers/jobs/machines.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { courseDocument, poolDocument } from '../../cast/cloud.ts'

const database = await testDatabase()
const { pool } = database
afterAll(() => database.drop())
const ring = testRing()
const night = new Date('2026-11-24T00:00:00Z')
const class1 = new Date('2026-11-24T09:30:00Z')
const evening = new Date('2026-11-24T20:00:00Z')
const course = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }
await importDocuments(
  pool,
  ring,
  night,
  [zoneDocument, environmentDocument, poolDocument('10.0.0.2:2377'), courseDocument(course)].map(
    (text, i) => ({ name: `${i}.yaml`, text }),
  ),
)
const { blueprint } = (await currentBlueprint(pool))!

const follow = async (now: Date, leads = {}) => {
  const nodes = decideNodes(
    blueprint,
    await situationNow(pool, blueprint, { areThere: true, leads, now }),
  )
  await withTransaction(pool, (tx) => followTimeline(tx, { nodes, now }))
}
const rows = async () => (await livingNodes(pool)).map(({ key, state }) => `${key} ${state}`)
const stacks = async (now: Date) =>
  (await machinesWanted(pool, blueprint, now)).map(
    ({ key, nodes }) => `${key}: ${nodes.map((node) => node.key).join(' ')}`,
  )
const move = async (
  key: string,
  to: 'creating' | 'booted' | 'joined' | 'drained' | 'gone',
  now = class1,
) => {
  const node = (await livingNodes(pool)).find((one) => one.key === key)!
  await withTransaction(pool, (tx) => moveNode(tx, { id: node.id, from: [node.state], to, now }))
}

it('orders a machine as late as what was learned allows, and then keeps it', async () => {
  const session = blueprint.courses[0]!.sessions[0]!
  const first = new Date(Date.parse(blueprint.pools[0]!.nodes[0]!.from))
  await follow(first, { [session.key]: 60 })
  expect(await rows()).toEqual([])
  await follow(first)
  expect(await rows()).toEqual(['m-large-1 wanted', 'm-large-2 wanted'])
  await follow(first, { [session.key]: 60 })
  expect(await rows()).toEqual(['m-large-1 wanted', 'm-large-2 wanted'])
})

it('wants what the timeline says', async () => {
  await follow(class1)
  await follow(class1)
  expect(await rows()).toEqual(['m-large-1 wanted', 'm-large-2 wanted'])
  expect(await stacks(class1)).toEqual(['base-cloud: ', 'nodes-cloud: m-large-1 m-large-2'])
})

it('keeps a machine that has joined until it is empty, and lets go at once of one that never did', async () => {
  await move('m-large-1', 'joined')
  await move('m-large-2', 'booted')
  await follow(evening)
  expect(await rows()).toEqual(['m-large-1 draining', 'm-large-2 drained'])
  expect(await stacks(evening)).toEqual(['nodes-cloud: m-large-1'])
  await move('m-large-1', 'drained')
  expect(await stacks(evening)).toEqual([])
})

it('destroys nothing while destroys are frozen', async () => {
  const wish = { poolKey: null, applies: false, destroys: true, reason: 'Exams', now: evening }
  const until = new Date(evening.getTime() + 3_600_000)
  await withTransaction(pool, (tx) =>
    freeze(tx, { ...wish, until, actor: { name: 'operator', role: 'operator' } }),
  )
  expect(await stacks(evening)).toEqual(['nodes-cloud: m-large-1 m-large-2'])
  expect(await stacks(until)).toEqual([])
})

it('takes up again what is wanted again, and begins a new life with what is gone', async () => {
  await follow(class1)
  // None has an entry in the Swarm, so each has to come again.
  expect(await rows()).toEqual(['m-large-1 wanted', 'm-large-2 wanted'])
  for (const key of ['m-large-1', 'm-large-2']) await move(key, 'gone')
  expect(await rows()).toEqual([])
  await follow(class1)
  expect(await rows()).toEqual(['m-large-1 wanted', 'm-large-2 wanted'])
})

it('follows the timeline also where another worker led, and wrote, in between', async () => {
  const place = { installation: database.installation }
  let clock = night
  const leader = () => {
    const wish = machineWisher({ pool, place, now: () => clock })
    return async (at: Date) => {
      clock = at
      await wish(blueprint, { areThere: true, leads: {} })
      return rows()
    }
  }
  const [first, second] = [leader(), leader()]
  expect(await first(evening)).toEqual(['m-large-1 drained', 'm-large-2 drained'])
  expect(await second(class1)).toEqual(['m-large-1 wanted', 'm-large-2 wanted'])
  expect(await first(evening)).toEqual(['m-large-1 drained', 'm-large-2 drained'])
  await follow(class1)
})

it('counts machines in a row that never joined', async () => {
  const count = async () => (await livingNodes(pool))[0]!.tries
  for (const tries of [1, 2]) {
    const node = (await livingNodes(pool))[0]!
    await withTransaction(pool, (tx) =>
      replaceNode(tx, { id: node.id, poolId: node.pool_id, message: 'never-joined', now: class1 }),
    )
    expect(await count()).toBe(tries)
  }
  await move('m-large-1', 'booted')
  expect(await count()).toBe(2)
  await move('m-large-1', 'joined')
  expect(await count()).toBe(0)
})

it('keeps how the cloud is entered where nobody can read it', async () => {
  const access = {
    ...{ authUrl: 'https://cloud.example.org:5000/v3', applicationCredentialId: 'some-id' },
    applicationCredentialSecret: 'very-secret',
  }
  const actor = { name: 'operator', role: 'operator' } as const
  const keep = (poolKey: string) =>
    withTransaction(pool, (tx) => keepCredential(tx, ring, { poolKey, access, actor, now: night }))
  expect(await keep('nowhere')).toBe(false)
  expect(await keep('cloud')).toBe(true)
  const { rows: kept } = await pool.query('select * from pool_credential')
  const { rows: told } = await pool.query('select * from audit')
  expect(JSON.stringify([kept, told])).not.toContain('very-secret')
  expect(Buffer.from(kept[0].content).toString('latin1')).not.toContain('very-secret')
  const found = await findCredential(pool, ring, kept[0].pool_id)
  expect(found).toEqual({ access, setAt: night })
})
