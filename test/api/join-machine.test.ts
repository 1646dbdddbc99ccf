/** The line by which an idle machine joins a pool: made, shown once, good once, within its time. The worker's part is played. */
import { execFileSync } from 'node:child_process'
import { afterAll, expect, it } from 'vitest'
import { many, sql, withTransaction } from '../../api/data/db.ts'
import {
  moveTicket,
  notePlanned,
  openTickets,
  sealJoin,
  type TicketState,
  ticketsOfPool,
} from '../../api/data/pools/join-ticket.ts'
import { findPool, saveSeenNodes } from '../../api/data/pools/pool.ts'
import { withNode } from '../../workers/jobs/join-machines.ts'
import { hallDocument } from '../cast/cloud.ts'
import { zoneDocument } from '../cast/documents.ts'
import { importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'
import { runCommand } from './command-line.ts'

const now = new Date('2026-11-24T11:00:00Z')
const PUBLIC = 'http://labplan.school.example'
const JOIN = 'SWMTKN-1-secret-token 10.1.2.5:2377'
const site = await openWebsite(now, {
  LABPLAN_PUBLIC_URL: PUBLIC,
  LABPLAN_REGISTRY: 'registry.school.example:5000',
})
const { pool } = site
afterAll(() => site.close())
await importDocuments(pool, site.ring, now, [
  { name: 'zone.yaml', text: zoneDocument },
  { name: 'hall.yaml', text: hallDocument },
])
const administrator = await signIn(pool, { administrator: true, now })

async function run(...argv: string[]): Promise<string> {
  const { code, text } = await runCommand(site, argv)
  return `${text}\nexit ${code}`
}

const ask = async (token: string): Promise<string> => {
  const url = `http://127.0.0.1:${site.config.apiListen.port}/machines/join`
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.headers.get('cache-control')).toBe('no-store')
  return answer.text()
}

/** As the worker does when it sees that a machine waits. */
async function sealNext(): Promise<void> {
  await expect
    .poll(async () => (await openTickets(pool)).some(({ state }) => state === 'called'))
    .toBe(true)
  const ticket = (await openTickets(pool)).find(({ state }) => state === 'called')!
  await withTransaction(pool, (tx) => sealJoin(tx, site.ring, { id: ticket.id, join: JOIN }))
}

const tokenIn = (said: string): string => /Bearer ([\w-]+)/.exec(said)![1]!

it('is one short line, good once', async () => {
  const said = await run('pool', 'join-command', 'hall')
  expect(said).toMatch(
    /^curl -fsS -H 'Authorization: Bearer [\w-]{43}' http:\/\/labplan\.school\.example\/machines\/join \| sh\nValid once, until 2026-11-24 11:30 UTC\.\nLabplan has no TLS here: .*\nexit 0$/,
  )
  const token = tokenIn(said)
  const [script] = await Promise.all([ask(token), sealNext()])
  expect(script).toContain(Buffer.from(JOIN).toString('base64'))
  execFileSync('sh', ['-n'], { input: script })
  expect(await ask(token)).toContain('this line was used already')
  const [ticket] = await ticketsOfPool(pool, (await findPool(pool, 'hall'))!.id)
  expect(ticket).toMatchObject({ state: 'handed', issued_by_role: 'operator' })
  const acts = sql`select actor, action from audit where detail ->> 'ticket' = ${ticket!.id} order by at, id`
  expect(await many(pool, acts)).toEqual([
    { actor: 'operator', action: 'pool.join-ticket' },
    { actor: 'join', action: 'pool.join-handed' },
  ])
})

it('tells the engine of which kind its GPUs are, when somebody has said so', async () => {
  const token = tokenIn(await run('pool', 'join-command', 'hall', '--gpu', 'a100'))
  const [script] = await Promise.all([ask(token), sealNext()])
  const texts = [...script.matchAll(/echo ([A-Za-z0-9+/=]+) \| base64/g)].map((found) =>
    Buffer.from(found[1]!, 'base64').toString(),
  )
  expect(texts.find((text) => text.includes('labplan.machine='))).toContain('labplan.gpu=a100')
  expect(await run('pool', 'join-command', 'hall', '--gpu', '$(id)')).toMatch(/exit 1$/)
})

it('is kept nowhere: neither the ticket nor what it opens', async () => {
  const token = tokenIn(await run('pool', 'join-command', 'hall'))
  const written = async () =>
    JSON.stringify([
      await many(pool, sql`select * from join_ticket`),
      await many(pool, sql`select * from audit`),
    ])
  expect(await written()).not.toContain(token)
  await Promise.all([ask(token), sealNext()])
  expect(await written()).not.toContain('SWMTKN')
  const sealed = await many(pool, sql`select 1 from join_ticket where sealed is not null`)
  expect(sealed).toEqual([])
})

it('is refused when it is too old, or nobody knows it', async () => {
  const token = tokenIn(await run('pool', 'join-command', 'hall'))
  site.setNow(new Date('2026-11-24T11:30:00Z'))
  expect(await ask(token)).toBe(
    'echo "labplan: this line was used already, or is too old. Ask for a new one: labplan pool join-command, or the page of the pool." >&2\nexit 1\n',
  )
  expect(await ask('x')).toContain('exit 1')
  site.setNow(now)
})

it('is made on the pool’s page by administrators alone, and shown once', async () => {
  const headers = { origin: PUBLIC }
  const path = '/admin/pools/hall/join-tickets'
  const { text } = await site.post(path, {}, { who: administrator, headers })
  expect(textOf(text)).toMatch(/Paste this on the machine until 12:30, once.*\ncurl -fsS/s)
  const again = await site.get('/admin/pools/hall', { who: administrator })
  expect(again.text).not.toContain('curl -fsS')
  const student = await signIn(pool, { administrator: false, now })
  expect((await site.post(path, {}, { who: student, headers })).status).toBe(403)
})

it('is not made for a pool that keeps its volumes on one machine', async () => {
  const local = hallDocument
    .replace('key: hall', 'key: alone')
    .replace('nodes:', 'storage: { backend: local }\nnodes:')
  await importDocuments(pool, site.ring, now, [{ name: 'alone.yaml', text: local }])
  expect(await run('pool', 'join-command', 'alone')).toContain('keeps its volumes on one machine')
  const page = await site.get('/admin/pools/alone', { who: administrator })
  expect(page.text).toMatch(/<button[^>]*aria-describedby="join-why"\s+disabled/)
  expect(textOf(page.text)).toContain('keeps its volumes on one machine')
  expect(await run('pool', 'join-command', 'nowhere')).toMatch(/exit 1$/)
})

it('says of a machine that takes seats already why no plan counts on it, until one does', async () => {
  const token = tokenIn(await run('pool', 'join-command', 'hall'))
  await Promise.all([ask(token), sealNext()])
  const ticket = (await openTickets(pool)).find(({ state }) => state === 'handed')!
  const move = { id: ticket.id, from: ['handed'] as TicketState[], to: 'joined' as const, now }
  await withTransaction(pool, async (tx) => {
    await moveTicket(tx, { ...move, swarmId: 'n9' })
    await notePlanned(tx, { id: ticket.id, key: 'idle-pc', message: 'count-waits', now })
    await saveSeenNodes(tx, { nodes: [{ ...SEEN, id: 'n9', hostname: 'idle-pc' }], now })
  })
  const shown = async () =>
    textOf((await site.get('/admin/pools/hall', { who: administrator })).text)
  expect(await shown()).toContain(
    'plans count on it once the change that adds it to the pool is approved',
  )
  const text = withNode(hallDocument, PC, null)!
  await importDocuments(pool, site.ring, now, [{ name: 'hall.yaml', text }])
  expect(await shown()).toMatch(/idle-pc 10\.1\.2\.30 \| joined/)
})

const PC = { key: 'idle-pc', cores: 8, memoryMb: 15_900, gpus: 2 }
const SEEN = {
  ...{ address: '10.1.2.30', pool: 'hall', key: null, is_manager: false, is_up: true },
  ...{ availability: 'active' as const, cores: 8, memory_mb: 15_900, seats: 0 },
  ...{ cores_reserved: 0, memory_reserved_mb: 0, gpus: 0 },
}

it('adds the machine to the pool’s document once, and keeps what people wrote there', () => {
  const text = withNode(hallDocument, PC, null)!
  expect(text).toContain('# The machine by the door.')
  expect(text).toContain('key: idle-pc')
  expect(withNode(text, PC, null)).toBeUndefined()
  expect(text).not.toContain('gpu')
  // GPUs count once somebody has said of which kind they are.
  expect(withNode(hallDocument, PC, 'a100')).toMatch(/gpu:\s*\{?\s*kind: a100,?\s*count: 2/)
})
