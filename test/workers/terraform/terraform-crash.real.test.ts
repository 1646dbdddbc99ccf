/** What is left when a worker, or its lease, or its database goes in the middle of an apply. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { execute, one, sql, withTransaction } from '../../../api/data/db.ts'
import { Listening } from '../../../api/data/listen.ts'
import { cancelRun, retryStack } from '../../../api/data/runs/run-control.ts'
import { dueStacks } from '../../../api/data/runs/stack-wish.ts'
import { findState } from '../../../api/data/runs/state.ts'
import { contentDigest } from '../../../stacks/content.ts'
import { applyStack, destroyStack } from '../../../workers/terraform/run-stack.ts'
import { readState } from '../../../workers/terraform/survey.ts'
import {
  liveServices,
  makeSecrets,
  runRows,
  SEATS,
  stackRow,
  type TerraformBed,
  terraformBed,
} from './terraform-bed.ts'
import type { WorkerOrder } from './terraform-worker.ts'

const NUMBERS = Array.from({ length: 12 }, (_, i) => i + 1)
const LEASE_SECONDS = 16

let bed: TerraformBed
beforeAll(async () => {
  bed = await terraformBed()
})
afterAll(() => bed?.down())
afterEach(async () => {
  bed.advance(LEASE_SECONDS)
  await destroyStack(bed.services, bed.request(bed.seats(NUMBERS)))
  const left = await liveServices(bed.docker)
  if (left.length > 0) throw new Error(`A destroy after a crash left ${left.length} services.`)
})

it('adopts what a killed worker made: no duplicate, no orphan, nothing made again', async () => {
  const worker = await workerOn(NUMBERS)
  await untilMade(5)
  worker.kill('SIGKILL')
  await once(worker, 'exit')
  await untilNoEngine()
  const made = await ids()
  expect(made.length).toBeLessThan(NUMBERS.length)
  expect(await recorded()).toBe(0)

  const early = await applyStack(bed.services, bed.request(bed.seats(NUMBERS)))
  expect(early).toMatchObject({ ok: false, reason: 'busy', retry: true })
  expect(await ids()).toEqual(made)

  bed.advance(LEASE_SECONDS)
  const result = await applyStack(bed.services, bed.request(bed.seats(NUMBERS)))
  expect(result).toMatchObject({
    ok: true,
    summary: {
      import: made.length,
      create: NUMBERS.length - made.length,
      update: 0,
      replace: 0,
      delete: 0,
    },
  })
  expect(await ids()).toEqual(expect.arrayContaining(made))
  expect((await ids()).length).toBe(NUMBERS.length)
  expect(await recorded()).toBe(NUMBERS.length)
  expect((await runRows(bed.database)).map((run) => run.state)).toEqual([
    'needs_reconcile',
    'applied',
  ])
})

it('removes what a killed worker made and nobody wants any more', async () => {
  const worker = await workerOn(NUMBERS)
  await untilMade(5)
  worker.kill('SIGKILL')
  await once(worker, 'exit')
  await untilNoEngine()
  bed.advance(LEASE_SECONDS)
  const result = await applyStack(bed.services, bed.request(bed.seats([1, 2])))
  expect(result).toMatchObject({ ok: true })
  expect((await liveServices(bed.docker)).map((service) => service.Spec.Name)).toEqual([
    'lp-test0000-netw0rks-s001',
    'lp-test0000-netw0rks-s002',
  ])
})

it('stops cleanly when told: the next run goes on from what was made, and makes nothing again', async () => {
  const worker = await workerOn(NUMBERS)
  await untilMade(5)
  worker.kill('SIGTERM')
  const [line] = await once(worker.stdout!, 'data')
  expect(JSON.parse(String(line))).toMatchObject({ ok: false, reason: 'cancelled', retry: true })
  const made = await ids()
  // Of a call that was under way the provider gives up the answer, while Docker does what was asked.
  const inState = await recorded()
  expect(inState).toBeGreaterThan(0)
  expect(await stackRow(bed.database, SEATS)).toMatchObject({ lease_owner: null })

  const result = await applyStack(bed.services, bed.request(bed.seats(NUMBERS)))
  expect(result).toMatchObject({
    ok: true,
    summary: {
      import: made.length - inState,
      create: NUMBERS.length - made.length,
      update: 0,
      replace: 0,
      delete: 0,
    },
  })
  expect(await ids()).toEqual(expect.arrayContaining(made))
  expect((await ids()).length).toBe(NUMBERS.length)
})

it('is cancelled by who asks in the record, waits, and goes on to the end when it is retried', async () => {
  const content = bed.seats(NUMBERS)
  const { pool } = bed.database
  await execute(
    pool,
    sql`update stack set wanted_digest = ${contentDigest(content)}, failures = 0, retry_at = null where key = ${SEATS}`,
  )
  const listening = await new Listening(bed.database.url).open()
  const services = { ...bed.services, listening }
  const slow = applyStack(services, bed.request(content, { parallelism: 2 }))
  await untilMade(3)
  const { id } = await one<{ id: string }>(pool, sql`select id from run where ended_at is null`)
  const ask = { actor: { name: 'test', role: 'administrator' } as const, now: services.now() }
  expect(await withTransaction(pool, (tx) => cancelRun(tx, { id, ...ask }))).toBe(true)
  expect(await slow).toMatchObject({ ok: false, reason: 'cancelled', runId: id })
  await listening.close()
  const made = await ids()
  expect(made.length).toBeLessThan(NUMBERS.length)
  expect(await recorded()).toBeGreaterThan(0)

  const due = async () => {
    const inAnHour = new Date(services.now().getTime() + 3_600_000)
    const stacks = await withTransaction(pool, (tx) => dueStacks(tx, inAnHour))
    return stacks.map((stack) => stack.key)
  }
  expect(await due()).not.toContain(SEATS)
  expect(await withTransaction(pool, (tx) => retryStack(tx, { runId: id, ...ask }))).toBe(true)
  expect(await due()).toContain(SEATS)
  expect(await applyStack(services, bed.request(content))).toMatchObject({ ok: true })
  expect(await ids()).toEqual(expect.arrayContaining(made))
  expect((await ids()).length).toBe(NUMBERS.length)
  expect(await due()).not.toContain(SEATS)
})

it('lets one of two workers through', async () => {
  const request = bed.request(bed.seats([1, 2]))
  const results = await Promise.all([
    applyStack(bed.services, request),
    applyStack({ ...bed.services, worker: 'test-2' }, request),
  ])
  expect(results.map((result) => result.ok).toSorted()).toEqual([false, true])
  expect(results.find((result) => !result.ok)).toMatchObject({ reason: 'busy', retry: true })
  expect((await ids()).length).toBe(2)
})

it('ends the engine of a worker that lost its lease, and lets it write nothing', async () => {
  const content = bed.seats(NUMBERS)
  const slow = applyStack(bed.services, bed.request(content, { parallelism: 2 }))
  await untilMade(3)
  // Another worker whose clock is ahead: as if ours had hung for longer than its lease.
  const later = () => new Date(Date.now() + 3_600_000)
  const thief = { ...bed.services, worker: 'test-2', now: later }
  const taken = applyStack(thief, bed.request(content))
  expect(await slow).toMatchObject({ ok: false, reason: 'lost' })
  expect(await taken).toMatchObject({ ok: true })
  expect((await ids()).length).toBe(NUMBERS.length)
  expect(await recorded()).toBe(NUMBERS.length)
  bed.advance(3600)
})

async function workerOn(numbers: number[]): Promise<ChildProcess> {
  const content = bed.seats(numbers)
  const { secrets } = await makeSecrets(bed.docker, content)
  const order: WorkerOrder = {
    databaseUrl: bed.database.url,
    installation: bed.database.installation,
    keys: bed.keys,
    config: bed.services.config,
    dockerHost: bed.dockerHost,
    content,
    secrets,
    parallelism: 4,
  }
  const program = join(import.meta.dirname, 'terraform-worker.ts')
  return spawn(process.execPath, [program, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

const ids = async (): Promise<string[]> =>
  (await liveServices(bed.docker)).map((service) => service.ID).toSorted()

/** How many objects the state knows. */
async function recorded(): Promise<number> {
  const stack = await one<{ id: string }>(
    bed.database.pool,
    sql`select id from stack where key = ${SEATS}`,
  )
  const state = await findState(bed.database.pool, bed.services.keyRing, stack.id)
  return readState(state?.bytes).length
}

const untilMade = (count: number) =>
  until(`${count} services exist`, async () => (await ids()).length >= count)

/** No process works in a folder of this bed's runs. */
const untilNoEngine = () => until('no engine runs', async () => enginesAtWork().length === 0)

function enginesAtWork(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(
          join(bed.services.config.home, 'terraform'),
        )
      } catch {
        return false
      }
    })
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Not after 60 s: ${what}`)
    await sleep(50)
  }
}
