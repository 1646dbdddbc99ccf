/** Machines that join, one look of the worker: one that goes wrong leaves the others alone. The engine is one that is away. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { withTransaction } from '../../../api/data/db.ts'
import { many, sql } from '../../../api/data/db.ts'
import {
  callTicket,
  findTicket,
  issueTicket,
  type JoinTicket,
  moveTicket,
  openTickets,
  type TicketState,
} from '../../../api/data/pools/join-ticket.ts'
import { findPool, saveSeenNodes } from '../../../api/data/pools/pool.ts'
import { poolReport } from '../../../api/data/pools/pool-report.ts'
import { joinMachines } from '../../../workers/jobs/join-machines.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import type { SwarmNode } from '../../../workers/swarm/node.ts'
import { hallDocument } from '../../cast/cloud.ts'
import { zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

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
beforeEach(() => database.pool.query(`delete from join_ticket`))

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

const log = { info() {}, warn: (about: unknown) => expect(about).toBeUndefined() }

async function issued(): Promise<string> {
  const poolId = (await findPool(database.pool, 'hall'))!.id
  const wish = { poolId, gpuKind: null, actor, now }
  const { token } = await withTransaction(database.pool, (tx) => issueTicket(tx, wish))
  return (await withTransaction(database.pool, (tx) => callTicket(tx, { token, now })))!.id
}

/** As if the machine had joined under that name. */
async function joined(hostname: string, id: string, isUp = true): Promise<SwarmNode> {
  const ticket = await issued()
  const move = { id: ticket, from: ['called'] as TicketState[], to: 'joined' as const, now }
  await withTransaction(database.pool, (tx) => moveTicket(tx, { ...move, swarmId: id }))
  const labels = { 'labplan.machine': ticket }
  return {
    ...{
      id,
      hostname,
      isUp,
      version: 1,
      address: '10.1.2.3',
      pool: 'hall',
      key: null,
      region: null,
    },
    ...{
      installation: database.installation,
      isManager: false as const,
      vote: null,
      availability: 'active',
    },
    ...{ isHeld: false, cores: 2, memoryMb: 4000, gpus: 0, engineLabels: labels, labels: {} },
  }
}

const look = (nodes: SwarmNode[], engine = connectEngine('tcp://127.0.0.1:1')) =>
  joinMachines(
    { pool: database.pool, engine, ring, installation: database.installation, log, now: () => now },
    { nodes, probes: new Map(), imageFor: () => undefined },
  )

const ticketOf = async (node: SwarmNode): Promise<JoinTicket | undefined> =>
  findTicket(database.pool, node.engineLabels['labplan.machine']!)

/** Own machines of the pool as it is planned, and why those that are seen are not. */
async function counted(nodes: SwarmNode[]) {
  const rows = nodes.map(({ isManager, isUp, memoryMb, ...one }) => ({
    ...{ ...one, is_manager: isManager, is_up: isUp, memory_mb: memoryMb, seats: 0 },
    ...{ cores_reserved: 0, memory_reserved_mb: 0 },
  }))
  await withTransaction(database.pool, (tx) => saveSeenNodes(tx, { nodes: rows, now }))
  const [text] = await many<{ text: string }>(
    database.pool,
    sql`select text from document where kind = 'Pool' and key = 'hall'`,
  )
  const report = await poolReport(database.pool, 'hall', now)
  return {
    keys: (parse(text!.text) as { nodes: { key: string }[] }).nodes.map(({ key }) => key),
    troubles: report!.nodes.map(({ trouble }) => trouble),
  }
}

it('counts machines by whatever their systems call them, and two of one name as two', async () => {
  const nodes = [
    await joined('PC-12.lab.school.example', 'aaaaa1'),
    await joined('debian', 'bbbbb1'),
  ]
  await look(nodes)
  nodes.push(await joined('debian', 'ccccc1'))
  await look(nodes)
  expect(await counted(nodes)).toEqual({
    keys: ['door', 'PC-12.lab.school.example', 'debian', 'debian-ccccc'],
    troubles: [null, null, null],
  })
})

it('says so where it cannot be told whether a machine of that name is the one that was counted', async () => {
  const away = { ...(await joined('lab', 'ddddd1')), isUp: false }
  await look([{ ...away, isUp: true }])
  const again = await joined('lab', 'eeeee1')
  await look([away, again])
  const { keys, troubles } = await counted([away, again])
  expect(keys.filter((key) => key.startsWith('lab'))).toEqual(['lab'])
  expect(troubles.toSorted()).toEqual([null, 'same-name'].toSorted())
})

it('proposes a machine and writes it down in one step: when one fails, neither is', async () => {
  const node = await joined('half', 'fffff1')
  const { pool } = database
  await pool.query(`alter table join_ticket add constraint none check (node_key <> 'half')`)
  const warned: unknown[] = []
  const unsure = { ...log, warn: (about: unknown) => void warned.push(about) }
  const engine = connectEngine('tcp://127.0.0.1:1')
  await joinMachines(
    { pool, engine, ring, installation: database.installation, log: unsure, now: () => now },
    { nodes: [node], probes: new Map(), imageFor: () => undefined },
  )
  expect(warned).toHaveLength(1)
  expect((await counted([node])).keys).not.toContain('half')
  await pool.query(`alter table join_ticket drop constraint none`)
  await look([node])
  expect((await counted([node])).keys).toContain('half')
})

it('gives up a machine that the Swarm does not know any more, and forgets its ticket after a month', async () => {
  const node = await joined('gone', 'ggggg1')
  await look([node])
  expect((await ticketOf(node))?.state).toBe('joined')
  await look([])
  expect((await ticketOf(node))?.state).toBe('lapsed')
  const stays = await joined('stays', 'hhhhh1')
  await counted([stays])
  const sweep = (date: string) =>
    retentionKeeper({
      ...{ pool: database.pool, installation: database.installation, log },
      // No files are due, so no agent is asked.
      agent: undefined as never,
      inTurn: undefined as never,
      removeFromEngine: undefined as never,
      now: () => new Date(date),
    }).keep()
  await sweep('2026-12-20T11:00:00Z')
  expect(await ticketOf(node)).toBeDefined()
  await sweep('2026-12-25T11:00:00Z')
  expect([await ticketOf(node), (await ticketOf(stays))?.state]).toEqual([undefined, 'joined'])
})

it('gives no machine what it joins with where the Swarm is known by an IPv6 address', async () => {
  const ticket = await issued()
  const answers: Record<string, unknown> = { '/info': { Swarm: { NodeAddr: 'fd00::5' } } }
  const call: Engine['call'] = async (_, path) => answers[path]
  const ask: Engine['ask'] = async (...words) => ({ status: 200, body: await call(...words) })
  await look([], { call, ask, host: () => '', close: () => {} })
  expect(await findTicket(database.pool, ticket)).toMatchObject({
    ...{ state: 'lapsed', message: 'manager-on-ipv6' },
  })
})
