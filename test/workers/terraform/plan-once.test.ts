/** A plan is applied once, whoever asks again: on PostgreSQL, with a program in Terraform's place that says when it is started. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { one, sql } from '../../../api/data/db.ts'
import { consumePlan, moveRun } from '../../../api/data/runs/run.ts'
import { takeLease } from '../../../api/data/runs/stack.ts'
import { apply } from '../../../workers/terraform/applying.ts'
import type { Ending, RunContext } from '../../../workers/terraform/context.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { type LiveRun, SEATS_STACK, after, beginRun, want } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const VOLUMES_STACK = 'volumes-networks-101'
const database = await testDatabase()
const { pool } = database
const home = mkdtempSync(join(tmpdir(), 'labplan-test-plan-once-'))
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  await database.drop()
})
await importDocuments(pool, testRing(), now)
await want(pool, now, { [SEATS_STACK]: 'two-seats', [VOLUMES_STACK]: 'two-volumes' })

const started = join(home, 'started')
const program = join(home, 'terraform')
writeFileSync(program, `#!/bin/sh\necho "$1" >> ${started}\n`, { mode: 0o755 })
const starts = () => (existsSync(started) ? readFileSync(started, 'utf8') : '')

beforeEach(async () => {
  rmSync(started, { force: true })
  await pool.query('delete from run')
  await pool.query('update stack set lease_owner = null, lease_token = null, lease_until = null')
})

async function planned(key = SEATS_STACK): Promise<LiveRun> {
  const run = await beginRun(pool, { key, kind: 'apply', digest: 'x', now })
  for (const to of ['planning', 'planned'] as const)
    expect(await moveRun(pool, run.lease, { id: run.id, to, now })).toBe(true)
  return run
}
const consume = ({ id, lease }: LiveRun, planDigest = 'plan') =>
  consumePlan(pool, lease, { id, planDigest })
const digestOf = async ({ id }: LiveRun) =>
  (
    await one<{ digest: string | null }>(
      pool,
      sql`select plan_digest as digest from run where id = ${id}`,
    )
  ).digest

/** What the apply step of a run works with; its plan lies in its folder and was looked at. */
function context({ id, lease }: LiveRun): RunContext {
  const workdir = join(home, id)
  mkdirSync(workdir, { recursive: true })
  writeFileSync(join(workdir, 'plan.bin'), `plan of ${id}`)
  const planDigest = createHash('sha256').update(`plan of ${id}`).digest('hex')
  const never = new AbortController().signal
  return {
    services: {
      ...{ pool, now: () => now, docker: { host: () => '' } },
      config: { terraformBinary: program, searchPath: process.env['PATH'] ?? '' },
      log: { info: () => {}, warn: () => {}, error: () => {} },
    },
    ...{ lease, runId: id, workdir, stop: never, kill: never, request: {} },
    backend: { address: '', username: '', password: '' },
    recorder: { add: () => {}, flush: async () => {}, events: [] },
    found: {
      ...{ changes: [{ action: 'create' }], planDigest, variables: {}, refreshed: true },
      prepared: { cliConfig: '' },
    },
  } as unknown as RunContext
}
const lost = { state: 'needs_reconcile' } satisfies Partial<Ending>

it('is used by one of many that ask at once', async () => {
  const run = await planned()
  const answers = await Promise.all(Array.from({ length: 8 }, () => consume(run)))
  expect(answers.filter(Boolean)).toHaveLength(1)
  expect(await digestOf(run)).toBe('plan')
})

it('is used by nobody who asks after it was, whatever became of the run meanwhile', async () => {
  const run = await planned()
  expect(await consume(run)).toBe(true)
  // Killed between the two: still planned, and its plan used.
  expect([await consume(run), await consume(run, 'another plan')]).toEqual([false, false])
  expect(await moveRun(pool, run.lease, { id: run.id, to: 'applying', now })).toBe(true)
  expect(await consume(run)).toBe(false)
})

it('is not used as the plan of another run, one after the other or both at once', async () => {
  const [mine, other] = [await planned(), await planned(VOLUMES_STACK)]
  const both = await Promise.allSettled([consume(mine), consume(other)])
  expect(both.filter((one) => one.status === 'fulfilled' && one.value)).toHaveLength(1)
  const used = [await digestOf(mine), await digestOf(other)]
  expect(used.filter((digest) => digest === 'plan')).toHaveLength(1)
  expect(await consume(used[0] === null ? mine : other)).toBe(false)
})

it('is not used by who has lost the stack to another worker', async () => {
  const run = await planned()
  const later = after(now, 16)
  const successor = { worker: 'successor', tokenHash: Buffer.from('t'), until: after(later, 15) }
  await takeLease(pool, { key: SEATS_STACK, ...successor, now: later })
  expect(await consume(run)).toBe(false)
  expect(await apply(context(run))).toMatchObject(lost)
  expect([await digestOf(run), starts()]).toEqual([null, ''])
})

it('starts Terraform once, though its step comes twice, at once and once more', async () => {
  const run = await planned()
  const ctx = context(run)
  const ends = await Promise.all([apply(ctx), apply(ctx)])
  expect(ends.filter((end) => end === undefined)).toHaveLength(1)
  expect(ends.filter((end) => end !== undefined)).toMatchObject([lost])
  expect(await apply(ctx)).toMatchObject(lost)
  expect(starts()).toBe('apply\n')
})

it('starts nothing of a plan that was used before its worker was killed', async () => {
  const run = await planned()
  const ctx = context(run)
  expect(await consume(run, ctx.found.planDigest)).toBe(true)
  expect(await apply(ctx)).toMatchObject(lost)
  expect(starts()).toBe('')
})
