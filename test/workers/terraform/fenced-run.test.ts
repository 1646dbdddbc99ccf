/** A worker that was paused until another took its stack: it ends nothing of the other's, begins nothing, and says so. On PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PoolClient } from 'pg'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { beginRun, createRun, endDeadRuns, moveRun } from '../../../api/data/runs/run.ts'
import { type Lease, takeLease } from '../../../api/data/runs/stack.ts'
import type { SeatsContent } from '../../../stacks/content.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import type { RunResult } from '../../../workers/terraform/context.ts'
import { keepLease } from '../../../workers/terraform/lease.ts'
import { planStack } from '../../../workers/terraform/plan-stack.ts'
import { applyStack, take } from '../../../workers/terraform/run-stack.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { SEATS_STACK, after, want } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const database = await testDatabase()
const { pool, installation } = database
const home = mkdtempSync(join(tmpdir(), 'labplan-test-fenced-'))
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  await database.drop()
})
await importDocuments(pool, testRing(), now)
await want(pool, now, { [SEATS_STACK]: 'two-seats' })

const content: SeatsContent = {
  ...{ kind: 'seats', key: SEATS_STACK, installation, course8: 'netw0rks', registry: '' },
  seats: [],
}
const services = {
  ...{ pool, keyRing: testRing(), worker: 'paused', now: () => now, docker: {} as Engine },
  config: {
    ...{ home, installation, dockerHost: '', terraformBinary: '', providerMirror: '' },
    searchPath: '',
  },
  log: { info: () => {}, warn: () => {}, error: () => {} },
}
const wish = (worker: string, at = now) => ({
  ...{ kind: 'apply' as const, blueprintDigest: null, contentDigest: 'two-seats', worker },
  now: at,
})

async function hold(db: Pick<PoolClient, 'query'>, worker: string, at: Date): Promise<Lease> {
  const tokenHash = Buffer.from(worker)
  const until = after(at, 15)
  const taken = await takeLease(db, { key: SEATS_STACK, worker, tokenHash, until, now: at })
  if (!taken) throw new Error(`${worker} gets no lease.`)
  return { stackId: taken.id, tokenHash }
}
const runs = () =>
  many<{ worker: string; state: string }>(
    pool,
    sql`select worker, state from run where ended_at is null or state <> 'applied' order by created_at, id`,
  )
beforeEach(async () => {
  await pool.query(`update stack set state = 'absent', lease_owner = null, lease_token = null, lease_until = null,
    failures = 0, message = null`)
  await pool.query('delete from run')
})

it('ends nothing of the run that is under way, begins none, and leaves the stack as it is', async () => {
  const paused = await hold(pool, 'paused', now)
  const later = after(now, 16)
  const successor = await hold(pool, 'successor', later)
  const live = await beginRun(pool, successor, wish('successor', later))
  const before = await one(pool, sql`select * from stack where key = ${SEATS_STACK}`)
  expect(await beginRun(pool, paused, wish('paused', later))).toBeUndefined()
  expect(await createRun(pool, paused, wish('paused', later))).toBeUndefined()
  expect(await endDeadRuns(pool, paused, later)).toBe(0)
  expect(await runs()).toEqual([{ worker: 'successor', state: 'preparing' }])
  expect(await one(pool, sql`select * from stack where key = ${SEATS_STACK}`)).toEqual(before)
  for (const to of ['planning', 'planned', 'applying', 'applied'] as const)
    expect(await moveRun(pool, successor, { id: live!, to, now: later })).toBe(true)
})

it('ends the run of a worker that died, when the next one begins', async () => {
  await beginRun(pool, await hold(pool, 'paused', now), wish('paused'))
  await beginRun(pool, await hold(pool, 'successor', after(now, 16)), wish('successor'))
  expect(await runs()).toEqual([
    { worker: 'paused', state: 'needs_reconcile' },
    { worker: 'successor', state: 'preparing' },
  ])
})

/** What a worker answers that stands still between its lease and its run, while another takes the stack and begins. */
async function pausedWhile(work: () => Promise<RunResult>): Promise<RunResult> {
  const other = await pool.connect()
  await other.query('begin')
  await other.query('lock table run in access exclusive mode')
  const answer = work()
  await expect
    .poll(
      () =>
        many(
          pool,
          sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      { timeout: 10_000 },
    )
    .toHaveLength(1)
  const successor = await hold(other, 'successor', after(now, 16))
  await beginRun(other, successor, wish('successor', after(now, 16)))
  await other.query('commit')
  other.release()
  return answer
}

it.each([
  ['apply', applyStack],
  ['early plan', planStack],
])('answers that the stack is somebody else’s by now, instead of an %s', async (_, work) => {
  const answer = await pausedWhile(() => work(services, { content }))
  expect(answer).toMatchObject({ ok: false, reason: 'lost', retry: true })
  expect(await runs()).toEqual([{ worker: 'successor', state: 'preparing' }])
  const owner = sql`select lease_owner, failures, message from stack where key = ${SEATS_STACK}`
  expect(await one(pool, owner)).toEqual({ lease_owner: 'successor', failures: 0, message: null })
})

/** A Swarm that has nothing. */
const empty = { call: async () => [] } as unknown as Engine

it('writes nothing down at its end of a stack that is somebody else’s by then', async () => {
  const ends: unknown[] = []
  let successor: Lease | undefined
  const answer = await applyStack(
    { ...services, docker: empty },
    {
      content,
      before: async () => {
        successor = await hold(pool, 'successor', after(now, 16))
        throw new Error('it had to wait for long')
      },
      // It lets go of seats that it held: by now the other holds them.
      after: async (end) => void ends.push(end),
    },
  )
  expect(answer).toMatchObject({ ok: false, reason: 'lost', retry: true })
  expect(successor).toBeDefined()
  expect(ends).toEqual([])
})

it('holds its lease no longer than from when it asked for it, however long the answer took', async () => {
  let asked = 0
  const slow = { ...services, docker: empty, now: () => (asked++ === 0 ? now : after(now, 16)) }
  const answer = await applyStack(slow, {
    content,
    // Four looks at the clock, and no heartbeat yet.
    before: () => new Promise((resolve) => setTimeout(() => resolve({}), 1_000)),
  })
  expect(answer).toMatchObject({ ok: false, message: 'The lease went to another worker.' })
})

it.each([
  ['apply', applyStack],
  ['early plan', planStack],
])(
  'takes no stack from a worker that lives for an %s, by a clock of its own that is ahead, or where the other’s is behind',
  async (_, work) => {
    const owner = sql`select lease_owner as owner from stack where key = ${SEATS_STACK}`
    const by = (worker: string, own: Date, postgres: Date) => ({
      ...{ ...services, docker: empty, worker },
      ...{ now: () => own, leaseNow: () => postgres },
    })
    const taken = await take(by('living', after(now, -40), now), SEATS_STACK, Buffer.from('living'))
    expect(taken).toBeDefined()
    const ahead = after(now, 50)
    // Over before its first step, once it has the stack.
    const request = { content, signal: AbortSignal.abort() }
    expect(await work(by('ahead', ahead, after(now, 14)), request)).toMatchObject({
      ok: false,
      reason: 'busy',
    })
    expect(await one(pool, owner)).toEqual({ owner: 'living' })
    expect(await runs()).toEqual([])
    // Over by the clock that both have: whoever had it is dead.
    await work(by('ahead', ahead, after(now, 15)), request)
    expect(await one(pool, owner)).toEqual({ owner: null })
  },
)

it('says until when it has the stack by the clock that all workers have', async () => {
  const lease = await hold(pool, 'living', now)
  const behind = { pool, now: () => after(now, -40), leaseNow: () => after(now, 9) }
  const held = keepLease(behind, lease, after(now, 15))
  const until = sql`select lease_until as until from stack where key = ${SEATS_STACK}`
  await expect.poll(() => one(pool, until), { timeout: 20_000 }).toEqual({ until: after(now, 24) })
  held.stop()
  expect(held.lost.aborted).toBe(false)
})

it('ends what it does the moment its machine wakes up from a sleep in which others may have taken the stack', async () => {
  const lease = await hold(pool, 'living', now)
  // What counts milliseconds stands still while a machine sleeps: the clock of leases is late until PostgreSQL is asked.
  let own = now
  const means = { pool, now: () => own, leaseNow: () => now }
  const held = keepLease(means, lease, after(now, 15))
  try {
    own = after(now, 14)
    expect(held.lost.aborted).toBe(false)
    own = after(now, 3600)
    await expect.poll(() => held.lost.aborted).toBe(true)
  } finally {
    held.stop()
  }
})
