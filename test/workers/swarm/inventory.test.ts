/**
 * The inventory's pass with a real PostgreSQL and a Swarm that is played (inventory.real.test.ts looks at a real
 * one): who is told of what, what is removed, and what a Swarm that does not answer costs.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { many, sql } from '../../../api/data/db.ts'
import { saveState } from '../../../api/data/runs/state.ts'
import { lastInventory } from '../../../api/data/runs/inventory.ts'
import { connectEngine } from '../../../workers/swarm/engine.ts'
import { inventoryWatch } from '../../../workers/watch/inventory.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { SEATS_STACK, beginRun, want } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

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
const ring = testRing()
afterAll(async () => {
  engine.close()
  server.close()
  await database.drop()
})

let minute = 0
const watch = inventoryWatch({
  ...{ pool, engine, ring, log: { info: () => {}, warn: () => {} } },
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

it('tells of and removes all the rest although of one nobody can be told', async () => {
  const [first, second] = [`${BY_HAND}-1`, `${BY_HAND}-2`]
  const labels = { 'labplan.stack': 'seats-gone-0', 'labplan.seat': 'netw0rks/001' }
  services = [service(first, {}), service(second, {}), service(LEFT, labels)]
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      if new.params->>'name' = '${first}' then raise exception 'nothing is written here'; end if;
      return new;
    end $$;
    create trigger refuse before insert on notice for each row execute function refuse()`)
  const told = () =>
    many(
      pool,
      sql`select params->>'name' as name from notice where params->>'name' in (${first}, ${second}) order by 1`,
    )
  await look()
  const said = await look().then(() => 'nothing', String)
  expect(said).toContain(`What is off, service ${first}: nobody could be told.`)
  expect(await told()).toEqual([{ name: second }])
  expect(services.map(({ ID }) => ID)).toEqual([`id-${first}`, `id-${second}`])
  await pool.query('drop function refuse cascade')
  await look()
  expect(await told()).toEqual([{ name: first }, { name: second }])
  services = []
  await look()
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

it('looks at all the rest although the state of one stack cannot be read, and tells of that one', async () => {
  await importDocuments(pool, ring, new Date(Date.UTC(2026, 10, 24, 9, minute)))
  const now = new Date(Date.UTC(2026, 10, 24, 9, minute))
  await want(pool, now, { [SEATS_STACK]: 'a' })
  const { id, lease } = await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest: 'a', now })
  const bytes = Buffer.from(JSON.stringify({ serial: 1, lineage: 'ours', resources: [] }))
  await saveState(pool, ring, { ...lease, runId: id, now, bytes, lockId: null })
  // As after the key ring of a backup was put back.
  await pool.query(`update state_version set key_id = 'another'`)
  const own = { 'labplan.stack': SEATS_STACK, 'labplan.seat': 'netw0rks/001' }
  services = [service(`${BY_HAND}-too`, {}), service(LEFT, own)]
  await look().catch(() => {})
  const found = await look().catch(String)
  // Whether a service of that stack is its own, nobody can say: it is left alone.
  expect(found).toEqual([`${BY_HAND}-too`])
  expect(services).toHaveLength(2)
  const told = await many(
    pool,
    sql`select params ->> 'stack' as stack from notice where code = 'notice.run-held'`,
  )
  expect(told).toEqual([{ stack: SEATS_STACK }])
})
