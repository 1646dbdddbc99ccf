/** Managers that a pool makes: their rows as bases come and go, and what the pool's page and command line say of them. */
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../api/data/db.ts'
import { followManagers } from '../../api/data/pools/manager.ts'
import { livingNodes, moveNode, noteNode } from '../../api/data/pools/node.ts'
import { saveSeenNodes } from '../../api/data/pools/pool.ts'
import { courseDocument, POOL, poolDocument } from '../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../cast/documents.ts'
import { importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { poolShown } from './command-line.ts'
import { openWebsite } from './website.ts'

const now = new Date('2026-11-24T09:30:00Z')
const site = await openWebsite(now)
const { pool } = site
afterAll(() => site.close())
const NETWORKS = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }
const texts = [
  ...[zoneDocument, environmentDocument, courseDocument(NETWORKS)],
  poolDocument('10.0.0.2:2377', '', '  managers: { count: 3, flavour: m1.small }\n'),
]
const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
await importDocuments(pool, site.ring, now, sources)
const administrator = await signIn(pool, { administrator: true, now })

const wanted = (count: number) =>
  withTransaction(pool, (tx) => {
    const keys = Array.from({ length: count }, (_, i) => `manager-${i + 1}`)
    const managers = keys.map((key) => ({ pool: POOL, key, flavour: 'm1.small' }))
    return followManagers(tx, { managers, now })
  })
const rows = () => livingNodes(pool, null, 'manager')
const states = async () => (await rows()).map(({ key, state }) => `${key} ${state}`)

it('follows bases: who is ordered and not made goes at once, who is made waits for a run', async () => {
  await wanted(3)
  expect(await states()).toEqual(['manager-1 wanted', 'manager-2 wanted', 'manager-3 wanted'])
  const [first, second] = await rows()
  await withTransaction(pool, async (tx) => {
    for (const [i, { id }] of [first!, second!].entries()) {
      await noteNode(tx, { id, serverId: `s${i}`, swarmId: `n${i}`, address: `10.64.0.${i}` })
      await moveNode(tx, { id, from: ['wanted'], to: 'ready', now })
    }
  })
  await wanted(1)
  expect(await states()).toEqual(['manager-1 ready', 'manager-2 draining'])
  // Wanted again before a run took it away: it joins again, or is made anew.
  await wanted(2)
  expect(await states()).toEqual(['manager-1 ready', 'manager-2 booted'])
  expect((await rows())[1]).toMatchObject({ swarm_id: null, server_id: 's1' })
  // Classes know nothing of them.
  expect(await livingNodes(pool)).toEqual([])
})

const node = (id: string, more: object) => ({
  ...{ id, hostname: id, address: '10.0.0.2', pool: null, key: null, is_manager: true },
  ...{ is_up: true, availability: 'drain' as const, cores: 2, memory_mb: 2048, seats: 0 },
  ...{ cores_reserved: 0, memory_reserved_mb: 0, gpus: 0, ...more },
})
const seen = (isUp: boolean) =>
  withTransaction(pool, (tx) => {
    const nodes = [
      node('first', {}),
      node('n0', { pool: POOL, key: 'manager-1', address: '10.64.0.4' }),
      node('n9', { is_up: isUp }),
    ]
    return saveSeenNodes(tx, { nodes, now })
  })
const page = async () =>
  textOf((await site.get(`/admin/pools/${POOL}`, { who: administrator })).text)

it('shows them as what they are, and says what is left to lose when one is away', async () => {
  await seen(true)
  expect(await page()).toMatch(/manager-1\s+10\.64\.0\.4 \| ready[^\n]*manager of the Swarm/)
  expect(await page()).not.toContain('If another one is lost')
  expect(await poolShown(site, POOL)).toContain(
    '3 of 3 managers of the Swarm answer: 1 may be lost',
  )
  await seen(false)
  expect(await page()).toContain('2 of 3 managers of the Swarm answer.')
  expect(await page()).toContain('If another one is lost, the Swarm refuses every change')
  const { body } = await site.api(`/api/pools/${POOL}`)
  expect(body).toMatchObject({ quorum: { votes: 3, answering: 2, canLose: 0 } })
  expect(await poolShown(site, POOL)).toContain(
    '2 of 3 managers of the Swarm answer: none may be lost',
  )
})
