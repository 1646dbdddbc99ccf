/** A run that ends gives its stack back with that end, whatever is lost right after it. On PostgreSQL, without Terraform. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Db, many, one, openPool, sql, withTransaction } from '../../../api/data/db.ts'
import { giveUpLeases, leftLeases } from '../../../api/data/runs/left-lease.ts'
import { whatIsDue } from '../../../api/data/runs/due.ts'
import { newToken, tokenHash } from '../../../api/data/ids.ts'
import { beginRun as beginNext, endDeadRuns } from '../../../api/data/runs/run.ts'
import { runPhases } from '../../../api/data/runs/run-view.ts'
import { type Lease, moveStack, recordApplied, takeLease } from '../../../api/data/runs/stack.ts'
import type { SeatsContent } from '../../../stacks/content.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { applyStack } from '../../../workers/terraform/run-stack.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { SEATS_STACK, after, beginRun, want } from '../../cast/runs.ts'
import { wire } from '../../chaos/wire.ts'
import { freePort } from '../../free-port.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const database = await testDatabase()
const { pool, installation } = database
const home = mkdtempSync(join(tmpdir(), 'labplan-test-run-end-'))
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  await database.drop()
})
await importDocuments(pool, testRing(), now)

const stack = () =>
  one<{ state: string; owner: string | null; open: number }>(
    pool,
    sql`select state, lease_owner as owner, (select count(*) from run where ended_at is null) as open
        from stack where key = ${SEATS_STACK}`,
  )

it('gives the stack back also when PostgreSQL is lost the moment the end is written down', async () => {
  await want(pool, now, { [SEATS_STACK]: 'two-seats' })
  const url = new URL(database.url)
  const port = await freePort()
  const behind = { port: Number(url.port) }
  const line = await wire({ port }, () => behind)
  url.port = String(port)
  const ours = openPool({ databaseUrl: url.href, installation })
  let lost: Promise<void> | undefined
  const said: string[] = []
  const services = {
    ...{ pool: ours, keyRing: testRing(), worker: 'worker-1', now: () => now },
    config: { home, installation, dockerHost: '', terraformBinary: '', providerMirror: '' },
    docker: {} as Engine,
    log: {
      info: (_: object, text: string) => {
        said.push(text)
        lost ??= line.close()
      },
      warn: () => {},
      error: () => {},
    },
  }
  const content: SeatsContent = {
    ...{ kind: 'seats', key: SEATS_STACK, installation, course8: 'netw0rks', registry: '' },
    seats: [],
  }
  const config = { ...services.config, searchPath: '' }
  // Over before its first step: what Terraform would have done does not matter to how a run ends.
  const request = { content, signal: AbortSignal.abort() }
  const ended = await applyStack({ ...services, config }, request).catch(String)
  await ours.end()
  await lost
  expect(said).toEqual(['run ended'])
  expect(await stack()).toEqual({ state: 'failed', owner: null, open: 0 })
  expect(ended).toMatchObject({ ok: false, reason: 'cancelled' })
})

it('says since when a run is over whose worker died, however that comes to light', async () => {
  const ways: ((at: Date) => Promise<unknown>)[] = [
    (at) => takeOver(at, (lease) => beginNext(pool, lease, { ...next, now: at })),
    (at) => takeOver(at, (lease) => endDeadRuns(pool, lease, at)),
    async (at) => {
      await pool.query(
        `update stack set state = 'applied', applied_digest = wanted_digest where key = $1`,
        [SEATS_STACK],
      )
      return giveUpLeases(pool, at)
    },
  ]
  for (const way of ways) {
    await pool.query('update stack set lease_until = $1 where lease_owner is not null', [now])
    const { id } = await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest: 'x', now })
    const at = after(now, 60)
    await way(at)
    const ended = { state: 'needs_reconcile', started_at: at }
    expect(await runPhases(pool, id)).toEqual([{ state: 'preparing', started_at: now }, ended])
  }
  await pool.query('update run set ended_at = $1 where ended_at is null', [now])
  await pool.query(`update stack set lease_owner = null, lease_token = null, lease_until = null`)
})

const next = {
  ...{ kind: 'apply' as const, blueprintDigest: null, contentDigest: 'y', worker: 'worker-2' },
}

/** Another worker has the stack once the lease of the dead one has run out. */
async function takeOver(at: Date, then: (lease: Lease) => Promise<unknown>): Promise<void> {
  const hash = tokenHash(newToken())
  const wish = { key: SEATS_STACK, worker: 'worker-2', tokenHash: hash, until: at, now: at }
  const stack = await takeLease(pool, wish)
  await then({ stackId: stack!.id, tokenHash: hash })
}

it('gives up what a dead worker held of a stack that is as wanted, and nothing else', async () => {
  const applied = { digest: 'two-seats', now }
  const begin = async (then: (tx: Db, lease: Parameters<typeof moveStack>[1]) => unknown) => {
    const { lease } = await beginRun(pool, { key: SEATS_STACK, kind: 'plan', digest: 'x', now })
    await withTransaction(pool, async (tx) => void (await then(tx, lease)))
  }
  await begin((tx, lease) => recordApplied(tx, lease, applied))
  const left = async (at: Date) => {
    const { dead } = await whatIsDue(pool, at)
    await withTransaction(pool, (tx) => giveUpLeases(tx, at))
    return { dead, ...(await stack()) }
  }
  expect(await left(after(now, 14))).toMatchObject({ dead: false, owner: 'worker-1', open: 1 })
  expect(await left(after(now, 15))).toEqual({ dead: true, state: 'applied', owner: null, open: 0 })
  expect((await whatIsDue(pool, after(now, 15))).dead).toBe(false)
  // One that was changing the stack is taken over by the next run, which has to hear that this one died.
  await begin((tx, lease) => moveStack(tx, lease, { state: 'applying', message: null, now }))
  expect(await left(after(now, 60))).toMatchObject({ dead: false, owner: 'worker-1', open: 1 })
  expect(await many(pool, sql`select key from ${leftLeases(after(now, 60))}`)).toEqual([])
})
