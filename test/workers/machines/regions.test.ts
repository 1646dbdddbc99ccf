/** A pool of two regions in the record: what one refuses is made in the other, once, and nothing moves back. */
import { afterAll, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { withTransaction } from '../../../api/data/db.ts'
import { livingNodes, moveNode, noteNode, replaceNode } from '../../../api/data/pools/node.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { endRefusal, refusingRegions } from '../../../api/data/pools/region-refusal.ts'
import { releaseLease } from '../../../api/data/runs/stack.ts'
import { findStack, wantStacks } from '../../../api/data/runs/stack-wish.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { postponeMachines } from '../../../workers/jobs/cloud-refusals.ts'
import { machineWisher, machinesWanted } from '../../../workers/jobs/machines.ts'
import { courseDocument, POOL, twoRegions } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { beginRun } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const database = await testDatabase()
const { pool, installation } = database
afterAll(() => database.drop())
const ring = testRing()
let now = new Date('2026-11-24T00:00:00Z')
const courses = [
  courseDocument({ key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }),
  courseDocument({ key: 'systems', start: '2026-11-24T11:00', minutes: 120, students: 4 }),
]
await importDocuments(
  pool,
  ring,
  now,
  [zoneDocument, environmentDocument, twoRegions('10.0.0.2:2377'), ...courses].map((text, i) => ({
    ...{ name: `${i}.yaml`, text },
  })),
)
const { blueprint } = (await currentBlueprint(pool))!
/** How far the worker's own clock is ahead of PostgreSQL's. */
let aheadMs = 0
const leaseNow = () => new Date(now.getTime() - aheadMs)
const wish = machineWisher({ pool, place: { installation }, now: () => now, leaseNow })

/** As the reconciler does; answers the machines of each stack. */
async function pass(): Promise<string[]> {
  const stacks = await wish(blueprint, { areThere: true, leads: {} })
  await withTransaction(pool, (tx) => wantStacks(tx, { stacks, now }))
  return (await machinesWanted(pool, blueprint, now)).map(({ key, nodes }) =>
    [key, ...nodes.map((node) => node.key)].join(' '),
  )
}
const nodeOf = async (key: string) => (await livingNodes(pool)).find((one) => one.key === key)!
const refuse = async (key: string, message: string) =>
  postponeMachines({ pool, now: () => now }, (await findStack(pool, key))!, message)

const DOWN = "The cloud's compute did not answer in region RegionOne."
const QUOTA =
  'got 403 instead: {"forbidden": {"code": 403, "message": "Quota exceeded for instances: Requested 1, but already used 2 of 2 instances"}}'

it('bears twice that a region does not answer, then makes what is wanted there in the next', async () => {
  now = new Date('2026-11-24T08:45:00Z')
  const before = ['base-cloud', 'nodes-cloud m-large-1 m-large-2']
  expect(await pass()).toEqual(before)
  await refuse('base-cloud', DOWN)
  await refuse('base-cloud', DOWN)
  expect(await pass()).toEqual(before)
  await refuse('base-cloud', DOWN)
  expect(await refusingRegions(pool, now)).toMatchObject([
    { pool: POOL, region: 'RegionOne', code: 'region-down', since: now },
  ])
  // Networks of the first are wanted still; no machine is.
  const after = ['base-cloud', 'base-cloud_RegionTwo', 'nodes-cloud_RegionTwo m-large-1 m-large-2']
  expect(await pass()).toEqual(after)
  expect(await pass()).toEqual(after)
  const [told] = await latestNotices(pool, { limit: 5 })
  const text = (locale: 'en' | 'fr') => noticeText(told!, locale).paragraphs.join('\n')
  expect(text('en')).toContain(
    'Until region RegionOne takes machines again, machines of sizes that name no region are made in RegionTwo.',
  )
  expect(text('fr')).toContain('sont créées dans RegionTwo')
})

it('moves nothing back when the region is well again, and makes there what is new', async () => {
  for (const key of ['m-large-1', 'm-large-2'])
    await withTransaction(pool, async (tx) => {
      const { id } = await nodeOf(key)
      await noteNode(tx, { id, serverId: `server-${key}` })
      await moveNode(tx, { id, from: ['wanted'], to: 'booted', now })
    })
  await withTransaction(pool, (tx) => endRefusal(tx, { pool: POOL, region: 'RegionOne' }))
  now = new Date('2026-11-24T09:45:00Z')
  expect(await pass()).toEqual([
    ...['base-cloud', 'base-cloud_RegionTwo', 'nodes-cloud m-large-3'],
    'nodes-cloud_RegionTwo m-large-1 m-large-2',
  ])
})

it('leaves a machine that a run may be making where it is, until that run has ended', async () => {
  const run = await beginRun(pool, { key: 'nodes-cloud', kind: 'apply', digest: 'any', now })
  aheadMs = 49_000
  now = new Date(now.getTime() + 50_000)
  await refuse('nodes-cloud', QUOTA)
  const [refusal] = await refusingRegions(pool, now)
  expect(refusal).toMatchObject({ region: 'RegionOne', code: 'quota' })
  expect(await pass()).toContain('nodes-cloud m-large-3')
  await withTransaction(pool, (tx) => releaseLease(tx, run.lease))
  expect(await pass()).toEqual([
    ...[
      'base-cloud',
      'base-cloud_RegionTwo',
      'nodes-cloud_RegionTwo m-large-1 m-large-2 m-large-3',
    ],
  ])
})

it('makes anew in the other region what is lost where it cannot be made', async () => {
  now = new Date('2026-11-24T10:20:00Z')
  // Half an hour after it refused, the first is tried again.
  expect(await refusingRegions(pool, now)).toEqual([])
  await refuse('nodes-cloud_RegionTwo', QUOTA)
  const lost = await nodeOf('m-large-1')
  await withTransaction(pool, (tx) =>
    replaceNode(tx, { id: lost.id, poolId: lost.pool_id, message: 'lost', now }),
  )
  const stacks = await pass()
  expect(stacks).toContain('nodes-cloud m-large-1 m-large-3')
  expect(stacks).toContain('nodes-cloud_RegionTwo m-large-2')
  expect(await nodeOf('m-large-1')).toMatchObject({
    ...{ state: 'wanted', region: null, server_id: null, replace: false },
  })
})
