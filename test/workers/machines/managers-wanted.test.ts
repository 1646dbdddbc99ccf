/** When are a pool's managers asked for? After its networks are there, by the real reconciler; nothing runs. */
import { afterAll, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { execute, sql } from '../../../api/data/db.ts'
import { livingNodes } from '../../../api/data/pools/node.ts'
import { managersOf } from '../../../stacks/content.ts'
import { machinesAt, machinesContent } from '../../../stacks/rules/machine-stacks.ts'
import { machinesWanted } from '../../../workers/jobs/machines.ts'
import { courseDocument, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { meansOf, player } from './machines-player.ts'

const database = await testDatabase()
const { pool } = database
const keys = { current: 'k1', keys: { k1: Buffer.alloc(32, 7).toString('base64') } }
const nowhere = { dockerHost: 'unix:///nowhere/docker.sock', home: '/nowhere', keys }
let now = new Date('2026-11-24T09:30:00Z')
const means = meansOf({ database, ...nowhere }, () => now)
afterAll(async () => {
  means.engine.close()
  await database.drop()
})
const NETWORKS = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }
const texts = [
  ...[zoneDocument, environmentDocument, courseDocument(NETWORKS)],
  poolDocument('10.0.0.2:2377', '', '  managers: { flavour: m1.small }\n'),
]
const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
await importDocuments(pool, means.ring, now, sources)

/** Networks are there, and no node yet. */
async function whenBaseAlone(): Promise<Date> {
  const head = await currentBlueprint(pool)
  for (let at = Date.parse('2026-11-24T00:00Z'); at < now.getTime(); at += 60_000)
    if (machinesAt(head!.blueprint, new Date(at).toISOString()).length === 1) return new Date(at)
  throw new Error('The base comes with its nodes.')
}

const { pass } = player(means, () => {})
const rows = async () =>
  (await livingNodes(pool, null, 'manager')).map(({ key, state }) => `${key} ${state}`)
const ofBase = async () => {
  const head = await currentBlueprint(pool)
  const stacks = await machinesWanted(pool, head!.blueprint, now)
  const base = stacks.find(({ kind }) => kind === 'base')
  return base ? managersOf(machinesContent(base, database.installation)) : undefined
}
const applied = (digest: string | null) =>
  execute(
    pool,
    sql`update stack set state = ${digest ? 'applied' : 'absent'}, applied_digest = ${digest} where key = 'base-cloud'`,
  )

it('asks for networks first, then for managers on them, and for none with the base gone', async () => {
  now = await whenBaseAlone()
  expect(await pass()).toEqual(['base-cloud'])
  expect([await ofBase(), await rows()]).toEqual([[], []])
  await applied('networks')
  now = new Date(now.getTime() + 20_000)
  expect(await pass()).toEqual(['base-cloud'])
  expect(await ofBase()).toEqual(['manager-1', 'manager-2'])
  expect(await rows()).toEqual(['manager-1 wanted', 'manager-2 wanted'])
  now = new Date('2026-11-24T20:00:00Z')
  await pass()
  expect([await ofBase(), await rows()]).toEqual([undefined, []])
})
