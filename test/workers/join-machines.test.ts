/** Machines that join, one look of the worker: one that goes wrong leaves the others alone. The engine is one that is away. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withTransaction } from '../../api/data/db.ts'
import { callTicket, issueTicket, openTickets } from '../../api/data/join-ticket.ts'
import { findPool } from '../../api/data/pool.ts'
import { joinMachines } from '../../workers/jobs/join-machines.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { hallDocument } from '../cast/cloud.ts'
import { zoneDocument } from '../cast/documents.ts'
import { importDocuments, testRing } from '../cast/record.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'

const now = new Date('2026-11-24T11:00:00Z')
const later = new Date('2026-11-24T11:30:30Z')
const actor = { name: 'operator', role: 'operator' } as const
const ring = testRing()
let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  const sources = [zoneDocument, hallDocument].map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, ring, now, sources)
})
afterAll(() => database.drop())

it('goes on with the other machines, and lets lines lapse, when one of them goes wrong', async () => {
  const { pool, installation } = database
  const poolId = (await findPool(pool, 'hall'))!.id
  const wish = { poolId, gpuKind: null, actor, now }
  const issue = () => withTransaction(pool, (tx) => issueTicket(tx, wish))
  const { token } = await issue()
  const called = await withTransaction(pool, (tx) =>
    callTicket(tx, { token, now: new Date('2026-11-24T11:29:59Z') }),
  )
  await issue()
  const warned: unknown[] = []
  const log = { info() {}, warn: (about: unknown) => void warned.push(about) }
  const engine = connectEngine('tcp://127.0.0.1:1')
  const means = { pool, engine, ring, installation, log, now: () => later }
  const sight = { nodes: [], probes: new Map(), imageFor: () => undefined }
  const underWay = await joinMachines(means, sight)
  engine.close()
  expect(underWay.map(({ id }) => id)).toEqual([called!.id])
  expect(warned).toMatchObject([{ ticket: called!.id }])
  const states = await openTickets(pool)
  expect(states.map(({ id, state }) => [id, state])).toEqual([[called!.id, 'called']])
})
