/** What the real reconciler asks for: no more than the budget carries, and nothing that is frozen. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, sql, withTransaction } from '../../../api/data/db.ts'
import { freeze, unfreeze } from '../../../api/data/runs/freeze.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { waitingStacks } from '../../../api/data/runs/stack-wait.ts'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { wantedAt } from '../../../stacks/rules/wanted.ts'
import { honourFreezes } from '../../../workers/jobs/freezes.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { SEATS_STACK, after } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const database = await testDatabase()
const { pool } = database
let boss: Boss
beforeAll(async () => {
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
})
await importDocuments(pool, testRing(), now)

/** One pass; answers the stacks that were asked for in it. */
async function pass(at: Date, budget: { memoryMb: number; cores: number }): Promise<string[]> {
  const before = await jobs()
  const place = {
    installation: database.installation,
    registry: '127.0.0.1:5000',
    storageRoot: '/srv/labplan',
  }
  await reconciler({ pool, boss, place, now: () => at, budget }).reconcile()
  return (await jobs()).slice(before.length)
}

async function jobs(): Promise<string[]> {
  const rows = await many<{ key: string }>(
    pool,
    sql`select data->>'stackKey' as key from pgboss.job where name = 'apply-stack' order by created_on, id`,
  )
  return rows.map((row) => row.key)
}

const actor = { name: 'operator', role: 'operator' } as const
const wish = { poolKey: null, reason: 'Exams', actor }
const ample = { memoryMb: 100_000, cores: 16 }

it('asks for nothing that is frozen, and for all of it when that is over', async () => {
  const until = after(now, 60)
  await withTransaction(pool, (tx) =>
    freeze(tx, { ...wish, applies: true, destroys: false, until, now }),
  )
  expect(await pass(now, ample)).toEqual([])
  const waiting = await waitingStacks(pool, { now })
  expect(waiting.length).toBeGreaterThan(1)
  expect(new Set(waiting.map((one) => `${one.why}: ${one.reason}`))).toEqual(
    new Set(['frozen: Exams']),
  )
  expect((await pass(until, ample)).toSorted()).toEqual(waiting.map((one) => one.key).toSorted())
})

it('asks for as many as the cores carry, and in the next pass for none while they run', async () => {
  const later = after(now, 120)
  const first = await pass(later, { memoryMb: 100_000, cores: 0.5 })
  expect(first.length).toBe(1)
  expect(await pass(after(later, 2), { memoryMb: 100_000, cores: 0.5 })).toEqual([])
  // Of three places one is left to teardowns.
  expect(await pass(after(later, 2), { memoryMb: 100_000, cores: 1.5 })).toHaveLength(1)
})

it('wants seats that exist while destroys are frozen, and no more when that is over', async () => {
  const head = await currentBlueprint(pool)
  if (!head) throw new Error('There is no blueprint.')
  const seatsWanted = async () => {
    const { stacks } = wantedAt(head.blueprint, now.toISOString(), {})
    const honoured = await honourFreezes(pool, stacks, now)
    return honoured.find((stack) => stack.key === SEATS_STACK)?.seats
  }
  await pool.query(`update seat set state = 'cold' where number in (31, 32)`)
  const usual = (await seatsWanted()) ?? []
  expect(usual).toHaveLength(30)
  const until = after(now, 3600)
  await withTransaction(pool, (tx) =>
    freeze(tx, { ...wish, applies: false, destroys: true, until, now }),
  )
  expect(await seatsWanted()).toEqual([...usual, 31, 32])
  await withTransaction(pool, (tx) => unfreeze(tx, { poolKey: null, actor, now }))
  expect(await seatsWanted()).toEqual(usual)
})

it('closes what is over in a pass that has no run to ask for', async () => {
  const muchLater = after(now, 400 * 86_400)
  const place = {
    installation: database.installation,
    registry: '127.0.0.1:5000',
    storageRoot: '/srv/labplan',
  }
  const asker = reconciler({ pool, boss, place, now: () => muchLater, budget: ample })
  await asker.reconcile()
  await pool.query(`update seat set state = 'absent', wanted_on = false, held = false`)
  await pool.query(
    `update stack set applied_digest = wanted_digest, state = case when wanted_digest is null then 'absent' else 'applied' end,
       lease_owner = null, lease_token = null, lease_until = null`,
  )
  const before = await jobs()
  await asker.reconcile()
  expect(
    await many(
      pool,
      sql`select key, state from session where state not in ('closed', 'cancelled')`,
    ),
  ).toEqual([])
  expect(await jobs()).toEqual(before)
})
