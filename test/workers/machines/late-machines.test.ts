/** What people are told of a class whose machines are bought, and do not come: by the real reconciler, with a clock of the test's. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { withTransaction } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { livingNodes, moveNode, replaceNode } from '../../../api/data/pools/node.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { postponeMachines } from '../../../workers/jobs/cloud-refusals.ts'
import { courseDocument, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { one, sql } from '../../../api/data/db.ts'
import type { StackRow } from '../../../api/data/runs/stack-wish.ts'

let database: TestDatabase
let boss: Boss
/** Of eight students, at 10:00 in Paris. */
const networks = { key: 'networks', start: '2026-11-24T10:00', minutes: 120, students: 8 }
const at = (clock: string): Date => new Date(`2026-11-24T${clock}:00Z`)

beforeAll(async () => {
  database = await testDatabase()
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
  const texts = [
    zoneDocument,
    environmentDocument,
    poolDocument('10.0.0.2:2377'),
    courseDocument(networks),
  ]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, testRing(), at('06:00'), sources)
  for (const clock of ['08:15', '08:16']) await look(clock)
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
})
beforeEach(async () => void (await database.pool.query('delete from notice')))

async function look(clock: string): Promise<void> {
  const { pool, installation } = database
  const place = { installation, registry: '127.0.0.1:5000', storageRoot: '/srv/labplan' }
  const budget = { memoryMb: 4096, cores: 2 }
  await reconciler({ pool, boss, place, now: () => at(clock), budget }).reconcile()
}

/** What is said of a class that is late: why, between how far it is and who else was told. */
async function reasons(clock: string, locale: 'en' | 'fr' = 'en'): Promise<string[]> {
  await look(clock)
  const notices = await latestNotices(database.pool, { limit: 10 })
  const late = notices.find(({ code }) => code === 'notice.session-late')
  return late ? noticeText(late, locale).paragraphs.slice(1, -1) : []
}

/** As the worker does when a run of it failed. */
async function refuse(kind: 'base' | 'nodes', message: string, clock: string): Promise<void> {
  const { pool } = database
  const stack = await one<StackRow>(pool, sql`select * from stack where kind = ${kind}`)
  await postponeMachines({ pool, now: () => at(clock) }, stack, message)
}

it('names machines that are not up yet', async () => {
  const lines = await reasons('08:40')
  expect(lines).toContain('2 machines of its pool are not up yet: m-large-1, m-large-2.')
  expect(lines).toContain('Its machines have not been begun: no worker has taken them up yet.')
})

it('says what the cloud refuses, in both languages', async () => {
  await refuse(
    'nodes',
    'Quota exceeded for cores: Requested 4, but already used 18 of 20 cores',
    '08:41',
  )
  expect(await reasons('08:42')).toEqual([
    'The cloud refused its machines in the step “–”.',
    'The quota “cores” of the project is used up: 4 more asked for, 18 of 20 in use.',
  ])
  const [late] = (await latestNotices(database.pool, { limit: 10 })).filter(
    ({ code }) => code === 'notice.session-late',
  )
  const french = noticeText(late!, 'fr').paragraphs.map((text) => text.replaceAll('\u00a0', ' '))
  expect(french.slice(1, 3)).toEqual([
    'Le nuage a refusé (machines) à l’étape « – ».',
    'Le quota « cores » du projet est épuisé : demandé en plus 4, utilisé 18 sur 20.',
  ])
})

it('says what a run of the networks ended with, which the machines wait for', async () => {
  await refuse('base', 'Error: the provider said something that nobody knows', '08:43')
  expect((await reasons('08:44'))[0]).toBe(
    'Making its networks failed in the step “–”: Error: the provider said something that nobody knows',
  )
})

it('says which machine had to be made again, and no more of the others once they are up', async () => {
  const { pool } = database
  await pool.query(
    `update stack set failures = 0, message = null, applied_digest = wanted_digest, state = 'applied' where kind in ('base', 'nodes')`,
  )
  const [first, second] = await livingNodes(pool)
  await withTransaction(pool, async (tx) => {
    await moveNode(tx, { id: first!.id, from: ['wanted'], to: 'ready', now: at('08:45') })
    await replaceNode(tx, {
      id: second!.id,
      poolId: second!.pool_id,
      message: 'never-joined',
      now: at('08:45'),
    })
  })
  const lines = await reasons('08:46')
  expect(lines.slice(0, 2)).toEqual([
    'Machine m-large-2 of its pool did not come up, and is made again.',
    'Its machine never joined the Swarm; it is made again (1 so far, one after the other).',
  ])
})
