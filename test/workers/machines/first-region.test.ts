/** What the state of a pool's first region still has of the others, from when all were one: who waits for whom. */
import { afterAll, expect, it } from 'vitest'
import { lastCloud } from '../../../api/data/changes/blueprint.ts'
import { withTransaction } from '../../../api/data/db.ts'
import { saveState } from '../../../api/data/runs/state.ts'
import { wantStacks } from '../../../api/data/runs/stack-wish.ts'
import { machinesContent, stackIn } from '../../../stacks/rules/machine-stacks.ts'
import { waitsForFirst } from '../../../workers/jobs/first-region.ts'
import { courseDocument, POOL, twoRegions } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { BEFORE_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { beginRun } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const database = await testDatabase()
const { pool } = database
afterAll(() => database.drop())
const ring = testRing()
const now = BEFORE_CLASS
const course = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }
await importDocuments(
  pool,
  ring,
  now,
  [zoneDocument, environmentDocument, twoRegions('10.0.0.2:2377'), courseDocument(course)].map(
    (text, i) => ({ name: `${i}.yaml`, text }),
  ),
)
const cloud = (await lastCloud(pool, POOL))!

type Kind = 'base' | 'nodes'
const keys = { base: 'base-cloud', nodes: 'nodes-cloud' }
await withTransaction(pool, (tx) =>
  wantStacks(tx, {
    stacks: (['base', 'nodes'] as const).map((kind) => ({
      ...{ key: keys[kind], kind, poolKey: POOL, courseKey: null, digest: 'all' },
    })),
    now,
  }),
)
const runs = {
  base: await beginRun(pool, { key: keys.base, kind: 'apply', digest: 'all', now }),
  nodes: await beginRun(pool, { key: keys.nodes, kind: 'apply', digest: 'all', now }),
}

/** As Terraform has it: machines and networks by name, each in its region. */
async function recorded(kind: Kind, serial: number, there: [string, string][]): Promise<void> {
  const resources = there.map(([name, region]) => ({
    ...{ mode: 'managed', type: 'openstack_compute_instance_v2', name },
    instances: [{ attributes: { id: name, region } }],
  }))
  const bytes = Buffer.from(JSON.stringify({ version: 4, serial, lineage: kind, resources }))
  const { lease, id } = runs[kind]
  const write = { ...lease, runId: id, now, bytes, lockId: null }
  expect(await saveState(pool, ring, write)).toMatchObject({ ok: true })
}

async function waits(kind: Kind, region: string, seats: Record<string, number> = {}) {
  const stack = stackIn(cloud, { kind, pool: POOL, region, until: null })
  const content = machinesContent(stack, database.installation)
  const seatsOn = async () => new Map(Object.entries(seats))
  return waitsForFirst({ pool, ring }, { stack, content, seatsOn })
}

it('waits for nobody where the first region has only its own', async () => {
  await recorded('nodes', 1, [['m-large-1', 'RegionOne']])
  for (const kind of ['base', 'nodes'] as const)
    for (const region of ['RegionOne', 'RegionTwo'])
      expect(await waits(kind, region)).toBeUndefined()
})

it('takes away machines without seats, then networks, and then the other region makes its own', async () => {
  await recorded('nodes', 2, [
    ['m-large-1', 'RegionOne'],
    ['s-large-1', 'RegionTwo'],
  ])
  await recorded('base', 1, [
    ['r-RegionOne', 'RegionOne'],
    ['r-RegionTwo', 'RegionTwo'],
  ])
  expect(await waits('nodes', 'RegionOne', { 's-large-1': 2 })).toMatch(/nobody works on s-large-1/)
  expect(await waits('nodes', 'RegionOne', { 'm-large-1': 2 })).toBeUndefined()
  expect(await waits('base', 'RegionOne')).toMatch(/once nodes-cloud has no machine on them/)
  expect(await waits('nodes', 'RegionTwo')).toMatch(/waits until nodes-cloud/)
  expect(await waits('base', 'RegionTwo')).toMatch(/waits until base-cloud/)

  await recorded('nodes', 3, [['m-large-1', 'RegionOne']])
  expect(await waits('base', 'RegionOne')).toBeUndefined()
  expect(await waits('nodes', 'RegionTwo')).toBeUndefined()
  expect(await waits('base', 'RegionTwo')).toMatch(/waits until base-cloud/)
})
