/** Our http state backend, spoken to as Terraform does. */
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { newId, newToken, tokenHash } from '../../../api/data/ids.ts'
import { keyRing } from '../../../api/data/key-ring.ts'
import { createRun } from '../../../api/data/runs/run.ts'
import { takeLease } from '../../../api/data/runs/stack.ts'
import { findState } from '../../../api/data/runs/state.ts'
import { serveState, type StateServer } from '../../../workers/terraform/state.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const at = (seconds: number) => new Date(Date.UTC(2026, 8, 1, 8, 0, seconds))
const ring = keyRing({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } })

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

type Run = {
  server: StateServer
  token: string
  stackId: string
  runId: string
  refusals: string[]
}
const opened: StateServer[] = []
afterAll(() => Promise.all(opened.map((server) => server.close())))

let key: string
let run: Run
beforeEach(async () => {
  key = await insertStack()
  run = await begin(key, at(0))
})

it('keeps a locked run’s states, each version sealed', async () => {
  expect(await call(run, 'GET')).toMatchObject({ status: 204, text: '' })
  expect((await call(run, 'LOCK', { ID: 'lock-1', Who: 'test' })).status).toBe(200)
  expect((await post(run, 'lock-1', state(1))).status).toBe(200)
  expect((await post(run, 'lock-1', state(2, 'second'))).status).toBe(200)
  expect((await call(run, 'UNLOCK', { ID: 'lock-1' })).status).toBe(200)

  expect((await call(run, 'GET')).text).toBe(state(2, 'second'))
  const rows = await many<{ serial: number; key_id: string; content: Buffer }>(
    database.pool,
    sql`select serial, key_id, content from state_version where stack_id = ${run.stackId} order by serial`,
  )
  expect(rows.map((row) => [row.serial, row.key_id])).toEqual([
    [1, 'k1'],
    [2, 'k1'],
  ])
  for (const row of rows) expect(row.content.toString('latin1')).not.toContain('lineage')
  const newest = await findState(database.pool, ring, run.stackId)
  expect(newest).toMatchObject({ serial: 2, lineage: 'lineage-1', runId: run.runId })
})

it('takes the same bytes twice, and nothing else at a serial that is taken', async () => {
  await call(run, 'LOCK', { ID: 'lock-1' })
  expect((await post(run, 'lock-1', state(5))).status).toBe(200)
  expect((await post(run, 'lock-1', state(5))).status).toBe(200)
  expect((await post(run, 'lock-1', state(5, 'other'))).status).toBe(409)
  expect((await post(run, 'lock-1', state(4))).status).toBe(409)
  expect((await post(run, 'lock-1', state(6, '', 'lineage-2'))).status).toBe(409)
  expect(run.refusals).toEqual(['stale_serial', 'stale_serial', 'other_lineage'])
  expect((await findState(database.pool, ring, run.stackId))?.serial).toBe(5)
})

it('takes a state under its lock only', async () => {
  expect((await post(run, 'lock-1', state(1))).status).toBe(409)
  await call(run, 'LOCK', { ID: 'lock-1', Who: 'first' })
  expect((await post(run, 'lock-2', state(1))).status).toBe(409)
  expect((await post(run, '', state(1))).status).toBe(409)
  const locked = await call(run, 'LOCK', { ID: 'lock-2' })
  expect(locked.status).toBe(423)
  expect(JSON.parse(locked.text)).toMatchObject({ ID: 'lock-1', Who: 'first' })
  expect((await call(run, 'LOCK', { ID: 'lock-1' })).status).toBe(200)
  expect((await call(run, 'UNLOCK', { ID: 'lock-2' })).status).toBe(409)
  expect((await call(run, 'UNLOCK', { ID: 'lock-1' })).status).toBe(200)
})

it('refuses who has no password or a wrong one', async () => {
  for (const token of ['', newToken()]) {
    const stranger = { ...run, token }
    expect((await call(stranger, 'GET')).status).toBe(401)
    expect((await call(stranger, 'LOCK', { ID: 'lock-1' })).status).toBe(401)
    expect((await post(stranger, 'lock-1', state(1))).status).toBe(401)
  }
})

it('lets a run whose lease was taken read and write nothing any more', async () => {
  await call(run, 'LOCK', { ID: 'lock-1' })
  await post(run, 'lock-1', state(1))
  const next = await begin(key, at(60))
  expect((await call(run, 'GET')).status).toBe(403)
  expect((await post(run, 'lock-1', state(2))).status).toBe(403)
  expect((await call(run, 'LOCK', { ID: 'lock-1' })).status).toBe(403)
  expect((await call(run, 'UNLOCK', { ID: 'lock-1' })).status).toBe(409)
  // The lock of the run that is gone is in nobody's way.
  expect((await call(next, 'LOCK', { ID: 'lock-2' })).status).toBe(200)
  expect((await post(next, 'lock-2', state(2))).status).toBe(200)
})

it('refuses what is damaged, or no state at all', async () => {
  await call(run, 'LOCK', { ID: 'lock-1' })
  const md5 = createHash('md5').update('something else').digest('base64')
  expect((await post(run, 'lock-1', state(1), md5)).status).toBe(400)
  expect((await post(run, 'lock-1', 'not json')).status).toBe(400)
  expect((await post(run, 'lock-1', '{"serial":"one"}')).status).toBe(400)
  expect((await call(run, 'LOCK', {})).status).toBe(400)
  expect((await call(run, 'DELETE')).status).toBe(405)
  expect(await findState(database.pool, ring, run.stackId)).toBeUndefined()
})

it('opens no state that was moved to another stack', async () => {
  await call(run, 'LOCK', { ID: 'lock-1' })
  await post(run, 'lock-1', state(1))
  const other = await one<{ id: string }>(
    database.pool,
    sql`select id from stack where key = ${await insertStack()}`,
  )
  await execute(
    database.pool,
    sql`update state_version set stack_id = ${other.id} where stack_id = ${run.stackId}`,
  )
  await expect(findState(database.pool, ring, other.id)).rejects.toThrow(
    'The state of this stack was changed in the database',
  )
})

function state(serial: number, note = '', lineage = 'lineage-1'): string {
  return JSON.stringify({ version: 4, serial, lineage, note, resources: [] })
}

async function insertStack(): Promise<string> {
  const { pool } = database
  const stackKey = `seats-${newId()}`
  await execute(
    pool,
    sql`insert into pool (id, zone_id, key, created_at) select ${newId()}, id, 'main', ${at(0)} from zone
        on conflict (key) do nothing`,
  )
  await execute(
    pool,
    sql`insert into stack (id, key, kind, pool_id, state, state_at)
        select ${newId()}, ${stackKey}, 'seats', id, 'absent', ${at(0)} from pool`,
  )
  return stackKey
}

/** Takes the lease at `now`, for 15 s, and serves the state for a run of it. */
async function begin(stackKey: string, now: Date): Promise<Run> {
  const { pool } = database
  const token = newToken()
  const until = new Date(now.getTime() + 15_000)
  const lease = await withTransaction(pool, async (tx) => {
    const wish = { key: stackKey, worker: 'test', tokenHash: tokenHash(token), until, now }
    const taken = await takeLease(tx, wish)
    if (!taken) throw new Error('The lease was not to be had.')
    return { stackId: taken.id, tokenHash: tokenHash(token) }
  })
  const details = {
    kind: 'apply',
    blueprintDigest: null,
    contentDigest: 'x',
    worker: 'test',
    now,
  } as const
  const runId = (await createRun(pool, lease, details))!
  const refusals: string[] = []
  const server = await serveState({
    pool,
    keyRing: ring,
    writer: { ...lease, runId },
    now: () => now,
    onRefusal: (refusal) => refusals.push(refusal),
  })
  opened.push(server)
  return { server, token, stackId: lease.stackId, runId, refusals }
}

async function call(
  by: Run,
  method: string,
  body?: object,
  query = '',
): Promise<{ status: number; text: string }> {
  const answer = await fetch(by.server.address + query, {
    method,
    headers: authorization(by),
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}

async function post(
  by: Run,
  lockId: string,
  body: string,
  md5?: string,
): Promise<{ status: number }> {
  return fetch(`${by.server.address}?ID=${lockId}`, {
    method: 'POST',
    headers: {
      ...authorization(by),
      'content-md5': md5 ?? createHash('md5').update(body).digest('base64'),
    },
    body,
  })
}

const authorization = ({ token }: Run) => ({
  authorization: `Basic ${Buffer.from(`run:${token}`).toString('base64')}`,
})
