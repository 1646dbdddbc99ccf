/** Machines whose clocks differ: who lives keeps its stacks and seats, and what a dead worker held ends within its lease. On PostgreSQL. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { serverFacts } from '../../../api/data/health.ts'
import { one, sql, withTransaction } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { cancelRun } from '../../../api/data/runs/run-control.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { recordClock } from '../../../workers/record-clock.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { SEATS_STACK, after, beginRun } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const PLANNED = 'volumes-networks-101'
const database = await testDatabase()
const { pool, installation } = database
let boss: Boss
beforeAll(async () => {
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
})
await importDocuments(pool, testRing(), now)

/** A pass of a worker that leads: by its own clock, and by PostgreSQL's. */
async function pass(own: Date, postgres: Date): Promise<void> {
  const place = { installation, registry: '127.0.0.1:5000', storageRoot: '/srv/labplan' }
  const clocks = { now: () => own, leaseNow: () => postgres }
  const budget = { memoryMb: 100_000, cores: 16 }
  await reconciler({ pool, boss, place, ...clocks, budget }).reconcile()
}

const left = () =>
  one(
    pool,
    sql`select (select count(*) from seat where held) as held, (select count(*) from run where ended_at is null) as runs,
          (select lease_owner from stack where key = ${PLANNED}) as planner,
          (select count(*) from pgboss.job where data->>'stackKey' = ${SEATS_STACK}) as asked`,
  )

/** Another worker applies one stack, with a seat held for it and somebody's wish to cancel it, and plans another that is as wanted. */
beforeEach(async () => {
  await pool.query(`update seat set held = false; delete from run_cancellation;
    update stack set lease_owner = null, lease_token = null, lease_until = null, asked_at = null, cancelled_run_id = null, retry_at = null;
    delete from run`)
  await pass(now, now)
  await pool.query(`delete from pgboss.job`)
  await pool.query(`update stack set state = 'applied', applied_digest = wanted_digest`)
  const { id } = await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest: 'x', now })
  await pool.query(`update stack set state = 'applying' where key = '${SEATS_STACK}'`)
  await pool.query(
    `update seat set held = true where number = 1 and course_id = (select course_id from stack where key = '${SEATS_STACK}')`,
  )
  const actor = { name: 'operator', role: 'operator' } as const
  await withTransaction(pool, (tx) => cancelRun(tx, { id, actor, now }))
  await beginRun(pool, { key: PLANNED, kind: 'plan', digest: 'x', now })
})

const ALL = { held: 1, runs: 2, planner: 'worker-1', asked: 0 }

it('lets nothing go of a worker that lives, by a clock that is ahead', async () => {
  expect(await left()).toEqual(ALL)
  await pass(after(now, 50), after(now, 1))
  expect(await left()).toEqual(ALL)
})

it.each([
  ['ahead', 50],
  ['behind', -50],
  ['right', 15],
])(
  'lets all go of a worker that died, once its lease is over, by a clock that is %s',
  async (_, seconds) => {
    await pass(after(now, seconds), after(now, 14))
    expect(await left()).toEqual(ALL)
    await pass(after(now, seconds), after(now, 15))
    expect(await left()).toEqual({ held: 0, runs: 0, planner: null, asked: 0 })
  },
)

it('knows PostgreSQL’s clock, whatever the machine’s own says, also after that was set, and after the machine slept', async () => {
  let setMs = 40 * 86_400_000
  let sleptMs = 0
  const clock = await recordClock(
    pool,
    () => new Date(Date.now() + setMs),
    () => performance.now() - sleptMs,
  )
  const offMs = async () => {
    const [before, known, later] = [await serverFacts(pool), clock.now(), await serverFacts(pool)]
    return Math.max(before.clock.getTime() - +known, +known - later.clock.getTime())
  }
  // As far as its own look at it took.
  expect(await offMs()).toBeLessThan(5_000)
  setMs += 60_000
  expect(await offMs()).toBeLessThan(5_000)
  // What only ever grows stood still for a minute, and the other clocks did not.
  sleptMs += 60_000
  expect(await offMs()).toBeGreaterThan(50_000)
  await expect.poll(offMs).toBeLessThan(5_000)
  sleptMs += 60_000
  await clock.look()
  expect(await offMs()).toBeLessThan(5_000)
})
