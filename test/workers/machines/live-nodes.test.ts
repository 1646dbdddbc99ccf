/** Machines for who waits beyond the plan: decided in a pass, written down, kept while used, gone after a while. On PostgreSQL. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import { markHomeless } from '../../../api/data/pools/live-demand.ts'
import { livingNodes, moveNode, noteNode } from '../../../api/data/pools/node.ts'
import { closePool, saveSeenNodes } from '../../../api/data/pools/pool.ts'
import { markCold, markMade, markRunning, markStarting } from '../../../api/data/seats/seat-life.ts'
import { rememberTemplate, seatTemplate } from '../../../api/data/seats/seat-template.ts'
import { poolReport } from '../../../api/data/pools/pool-report.ts'
import type { Blueprint } from '../../../stacks/blueprint.ts'
import { serviceTemplate } from '../../../stacks/rules/template.ts'
import { templateDigestOf } from '../../../stacks/rules/wanted.ts'
import { machinesWanted, machineWisher } from '../../../workers/jobs/machines.ts'
import { courseDocument, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const LIVE = 'live: { maximum: 2, budgetPerHour: 1, graceMinutes: 15 }\n'
/** A class from 9:00 to 13:00 UTC for eight; a course whose headroom keeps nothing. */
const networks = { key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }

let database: TestDatabase
let blueprint: Blueprint
let clock = new Date('2026-11-24T06:00:00Z')
const at = (text: string): void => void (clock = new Date(`2026-11-24T${text}Z`))

beforeAll(async () => {
  database = await testDatabase()
  const texts = [
    ...[zoneDocument, environmentDocument, poolDocument('10.0.0.2:2377', LIVE)],
    courseDocument(networks),
  ]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, testRing(), clock, sources)
  blueprint = (await currentBlueprint(database.pool))!.blueprint
  const template = blueprint.courses[0]!.template!
  const seats = await seatIds()
  await withTransaction(database.pool, async (tx) => {
    await rememberTemplate(tx, {
      digest: templateDigestOf(template),
      body: serviceTemplate(template),
    })
    await markMade(tx, {
      seats: seats.map((id, i) => ({
        ...{ id, serviceId: `svc-${i}`, generation: 1, templateDigest: templateDigestOf(template) },
      })),
      now: clock,
    })
  })
})
afterAll(() => database.drop())

const seatIds = async (): Promise<string[]> =>
  (await many<{ id: string }>(database.pool, sql`select id from seat order by number`)).map(
    ({ id }) => id,
  )

let wish: ReturnType<typeof machineWisher> | undefined
/** A pass of the reconciler, as far as machines are concerned; answers them with what they are on for. */
async function pass(): Promise<string[]> {
  const { pool, installation } = database
  wish ??= machineWisher({ pool, place: { installation }, now: () => clock })
  const areThere = (await livingNodes(pool)).length > 0
  await wish(blueprint, { areThere, leads: {} })
  return (await livingNodes(pool)).map(({ key, state, why }) => `${key} ${state} ${why}`)
}

const stacks = async () =>
  (await machinesWanted(database.pool, blueprint, clock)).map(({ key }) => key)

/** Somebody starts a seat, and no machine has room. */
async function starts(number: number): Promise<string> {
  const id = (await seatIds())[number - 1]!
  await execute(database.pool, sql`update seat set wanted_on = true where id = ${id}`)
  await markStarting(database.pool, { seats: [{ id, started: 1 }], now: clock })
  await markHomeless(database.pool, { id, since: clock })
  return id
}

/** The cloud has made it, and it joined: what the worker sees of it from then on. */
async function joins(key: string, seats = 0): Promise<void> {
  const node = (await livingNodes(database.pool)).find((one) => one.key === key)!
  await withTransaction(database.pool, async (tx) => {
    await noteNode(tx, { id: node.id, swarmId: `swarm-${key}` })
    const from = ['wanted', 'creating', 'booted', 'joined'] as const
    await moveNode(tx, { id: node.id, from: [...from], to: 'ready', now: clock })
    await seen(tx, key, seats)
  })
}

const seen = (tx: Parameters<typeof saveSeenNodes>[0], key: string, seats: number) =>
  saveSeenNodes(tx, {
    nodes: [
      {
        ...{ id: `swarm-${key}`, hostname: key, address: '10.64.0.11', pool: 'cloud', key },
        ...{ is_manager: false, is_up: true, availability: 'active', cores: 4, memory_mb: 8192 },
        ...{ seats, cores_reserved: seats, memory_reserved_mb: seats * 512, gpus: 0 },
      },
    ],
    now: clock,
  })

const runs = (id: string): Promise<void> =>
  markRunning(database.pool, {
    seats: [{ id, taskId: 't', nodeAddress: '10.64.0.11', nodeId: 'n' }],
    now: clock,
  })

async function stops(id: string): Promise<void> {
  await execute(database.pool, sql`update seat set wanted_on = false where id = ${id}`)
  await withTransaction(database.pool, (tx) => markCold(tx, { ids: [id], now: clock }))
}

it('remembers of a seat what its service is made of, whatever the limit of its volume', async () => {
  const template = blueprint.courses[0]!.template!
  const larger = { ...template, volume: { mountPath: '/home', quotaMb: 999 } }
  const other = { ...template, volume: { mountPath: '/home', quotaMb: 1 } }
  const digest = templateDigestOf(larger)
  expect(digest).toBe(templateDigestOf(other))
  await rememberTemplate(database.pool, { digest, body: serviceTemplate(larger) })
  expect(await seatTemplate(database.pool, digest)).toEqual(serviceTemplate(other))
})

it('orders a machine for who has waited a moment, with the networks it stands on', async () => {
  expect(await pass()).toEqual([])
  await starts(1)
  expect(await pass()).toEqual([])
  at('06:00:11')
  expect(await pass()).toEqual(['m-large-x1 wanted queue'])
  expect(await stacks()).toEqual(['base-cloud', 'nodes-cloud'])
  // A second one fits on what is ordered.
  await starts(2)
  at('06:00:30')
  expect(await pass()).toEqual(['m-large-x1 wanted queue'])
})

it('keeps it while somebody works there, and says why it is there', async () => {
  await joins('m-large-x1', 2)
  for (const id of (await seatIds()).slice(0, 2)) await runs(id)
  at('06:10:00')
  expect(await pass()).toEqual(['m-large-x1 ready work'])
  const report = await poolReport(database.pool, 'cloud', clock)
  expect(report?.nodes).toMatchObject([
    { name: 'm-large-x1', why: { code: 'work', course: null, session: null }, goesAt: null },
  ])
})

it('orders no more than the budget has, and nothing while a person has closed the pool', async () => {
  const close = (closed: 'closed' | null) =>
    withTransaction(database.pool, (tx) =>
      closePool(tx, {
        ...{ key: 'cloud', closed, reason: null, now: clock },
        actor: { name: 'operator', role: 'operator' },
      }),
    )
  await close('closed')
  for (const number of [3, 4, 5, 6, 7, 8]) await starts(number)
  at('06:10:20')
  expect(await pass()).toEqual(['m-large-x1 ready work'])
  await close(null)
  // Six wait and four fit on one; a third machine would be beyond two, and beyond one euro an hour.
  expect(await pass()).toEqual(['m-large-x1 ready work', 'm-large-x2 wanted queue'])
  for (const id of (await seatIds()).slice(2)) await stops(id)
})

it('lets go of what was never used, and of what is unused, after the grace', async () => {
  at('06:20:00')
  expect(await pass()).toEqual(['m-large-x1 ready work', 'm-large-x2 wanted unused'])
  for (const id of (await seatIds()).slice(0, 2)) await stops(id)
  at('06:30:00')
  expect(await pass()).toEqual(['m-large-x1 ready unused', 'm-large-x2 wanted unused'])
  const report = await poolReport(database.pool, 'cloud', clock)
  expect(report?.nodes.map(({ goesAt }) => goesAt?.toISOString().slice(11, 16))).toEqual([
    ...['06:45', '06:35'],
  ])
  at('06:35:00')
  expect(await pass()).toEqual(['m-large-x1 ready unused', 'm-large-x2 drained null'])
  at('06:45:00')
  expect(await pass()).toEqual(['m-large-x1 draining null', 'm-large-x2 drained null'])
})

it('has the machines of a class on whatever else is, and keeps one of them for who works on after it', async () => {
  at('08:30:00')
  expect((await pass()).filter((one) => /-large-\d/.test(one))).toEqual([
    ...['m-large-1 wanted class', 'm-large-2 wanted class'],
  ])
  const report = await poolReport(database.pool, 'cloud', clock)
  expect(report?.nodes.find(({ name }) => name === 'm-large-1')).toMatchObject({
    why: { code: 'class', course: 'networks', session: 'networks/2026-11-24T10:00' },
    goesAt: new Date(blueprint.pools[0]!.nodes[0]!.until),
  })
  await joins('m-large-1', 1)
  const [id] = await seatIds()
  await starts(1)
  await runs(id!)
  at('14:00:00')
  expect((await pass()).filter((one) => /-large-\d/.test(one))).toEqual([
    ...['m-large-1 ready work', 'm-large-2 drained null'],
  ])
  await stops(id!)
  at('14:00:10')
  expect(await pass()).toContain('m-large-1 ready unused')
  at('14:15:10')
  expect(await pass()).toContain('m-large-1 draining null')
})
