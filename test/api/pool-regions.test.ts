/** A pool of two regions, one of which refuses: which, why, and where machines are made meanwhile. */
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../api/data/db.ts'
import { endRefusal, noteRefusal } from '../../api/data/pools/region-refusal.ts'
import { findPool } from '../../api/data/pools/pool.ts'
import { followTimeline } from '../../api/data/pools/node.ts'
import { courseDocument, POOL, twoRegions } from '../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../cast/documents.ts'
import { importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { poolShown } from './command-line.ts'
import { openWebsite } from './website.ts'

const now = new Date('2026-11-24T11:00:00Z')
const site = await openWebsite(now)
const { pool } = site
afterAll(() => site.close())
const course = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }
await importDocuments(
  pool,
  site.ring,
  now,
  [zoneDocument, environmentDocument, twoRegions('10.0.0.2:2377'), courseDocument(course)].map(
    (text, i) => ({ name: `${i}.yaml`, text }),
  ),
)
const wished = { pool: POOL, flavour: 'm-large', why: 'class' as const }
await withTransaction(pool, (tx) =>
  followTimeline(tx, {
    nodes: [
      { ...wished, key: 'm-large-1' },
      { ...wished, key: 'm-large-2', region: 'RegionTwo' },
    ],
    now,
  }),
)
const administrator = await signIn(pool, { administrator: true, now })
const page = async (locale = 'en') => {
  const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=${locale}`
  return textOf((await site.get('/admin/pools/cloud', { headers: { cookie } })).text)
}

it('says of each region how many machines it has', async () => {
  expect(await page()).toContain(
    'Region | State | Machines |\nRegionOne | open | 1 |\nRegionTwo | open | 1 |',
  )
  expect(await page()).toContain('m-large-2 RegionTwo')
  expect(await poolShown(site, POOL)).toMatch(
    /\n {2}region RegionOne: 1 machine\n {2}region RegionTwo: 1 machine\n/,
  )
  expect(await poolShown(site, POOL)).toMatch(/m-large-2.* RegionTwo/)
})

it('says which refuses, why, and where its machines are made', async () => {
  await refuse('RegionOne', "The cloud's compute did not answer in region RegionOne.")
  expect(await page()).toContain(
    'RegionOne refuses since 24 Nov 2026, 12:00: The cloud does not answer: RegionOne (compute).',
  )
  expect(await page()).toContain('machines of sizes that name no region are made in RegionTwo.')
  expect(await page('fr')).toContain('sont créées dans RegionTwo')
  expect(await poolShown(site, POOL)).toContain(
    'region RegionOne: 1 machine, refuses since 2026-11-24 11:00 (made in RegionTwo meanwhile): The cloud does not answer',
  )
  const { body } = await site.api('/api/pools/cloud')
  expect(body['regions']).toMatchObject([
    { name: 'RegionOne', refusal: { elsewhere: ['RegionTwo'], cause: { code: 'region-down' } } },
    { name: 'RegionTwo', refusal: null },
  ])
})

it('says that machines wait where no other region may have them', async () => {
  await refuse('RegionTwo', "The cloud's compute did not answer in region RegionTwo.")
  expect(await page()).toContain('Machines wanted in region RegionOne wait for it')
  for (const region of ['RegionOne', 'RegionTwo'])
    await withTransaction(pool, (tx) => endRefusal(tx, { pool: POOL, region }))
  expect(await page()).not.toContain('wait for it')
})

async function refuse(region: string, message: string): Promise<void> {
  const poolId = (await findPool(pool, POOL))!.id
  await withTransaction(pool, (tx) =>
    noteRefusal(tx, { poolId, region, code: 'region-down', message, now }),
  )
}
