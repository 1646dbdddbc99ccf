/**
 * The inventory's pass with a real PostgreSQL and a Swarm that is played (inventory.real.test.ts looks at a real
 * one): who is told of what, what is removed, and what a Swarm that does not answer costs.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { many, sql } from '../../api/data/db.ts'
import { lastInventory } from '../../api/data/inventory.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { inventoryWatch } from '../../workers/watch/inventory.ts'
import { testRing } from '../cast/record.ts'
import { testDatabase } from '../postgres.ts'

type Service = { ID: string; Version: { Index: number }; Spec: Record<string, unknown> }
let services: Service[] = []
let isAway = false

const server = createServer((request, response) => {
  if (isAway) return void request.socket.destroy()
  const path = new URL(request.url ?? '', 'http://docker').pathname
  const id = path.replace('/services/', '')
  const one = services.find((service) => service.ID === id)
  if (request.method === 'DELETE') services = services.filter((service) => service !== one)
  const lists: Record<string, unknown> = {
    '/services': services,
    '/volumes': { Volumes: null },
    [`/services/${one?.ID}`]: one,
  }
  response.end(JSON.stringify(lists[path] ?? []))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const engine = connectEngine(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
const database = await testDatabase()
const { pool, installation } = database
afterAll(async () => {
  engine.close()
  server.close()
  await database.drop()
})

let minute = 0
const watch = inventoryWatch({
  ...{ pool, engine, ring: testRing(), log: { info: () => {}, warn: () => {} } },
  place: { installation, registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' },
  now: () => new Date(Date.UTC(2026, 10, 24, 9, minute)),
})
async function look(): Promise<string[]> {
  minute += 1
  return (await watch.look()).map(({ name }) => name)
}

function service(name: string, labels: Record<string, string>): Service {
  return {
    ID: `id-${name}`,
    Version: { Index: 1 },
    Spec: {
      ...{ Name: name, Labels: { 'labplan.installation': installation, ...labels } },
      ...{ Mode: { Replicated: { Replicas: 0 } }, TaskTemplate: {} },
    },
  }
}
const BY_HAND = `lp-${installation}-by-hand`
const LEFT = `lp-${installation}-netw0rks-s001`

it('tells the infra team once of what only a person can judge', async () => {
  services = [service(BY_HAND, {})]
  expect([await look(), await look(), await look()]).toEqual([[], [BY_HAND], [BY_HAND]])
  const told = await many(pool, sql`select code, params, lines, audience from notice`)
  expect(told).toEqual([
    {
      ...{ code: 'notice.finding', params: { name: BY_HAND }, audience: 'infra' },
      lines: [{ code: 'finding.not-as-we-name', params: {} }],
    },
  ])
})

it('removes a cold service of a stack that is not in the record, and says so in the audit log', async () => {
  const labels = { 'labplan.stack': 'seats-gone-0', 'labplan.seat': 'netw0rks/001' }
  services = [service(LEFT, labels)]
  expect([await look(), await look()]).toEqual([[], [LEFT]])
  expect(services).toEqual([])
  expect(await look()).toEqual([])
  expect(
    await many(pool, sql`select action, subject_id from audit where actor = 'inventory'`),
  ).toEqual([{ action: 'service.removed', subject_id: LEFT }])
})

it('resolves nothing when the Swarm does not answer: nothing was seen', async () => {
  services = [service(BY_HAND, {})]
  await look()
  expect(await look()).toEqual([BY_HAND])
  isAway = true
  await expect(watch.look()).rejects.toThrow(/socket hang up|ECONNRESET/)
  const before = minute
  isAway = false
  const open = await many(pool, sql`select name from finding where resolved_at is null`)
  expect(open).toEqual([{ name: BY_HAND }])
  expect((await lastInventory(pool))?.looked_at).toEqual(
    new Date(Date.UTC(2026, 10, 24, 9, before)),
  )
})
