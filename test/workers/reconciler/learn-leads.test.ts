/** Leads from the record to the record: what classes took moves the begin of the next, by the real reconciler. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { createRun, moveRun } from '../../../api/data/runs/run.ts'
import { sessionsToCome } from '../../../api/data/sessions/session.ts'
import { releaseLease, takeLease } from '../../../api/data/runs/stack.ts'
import { leadText } from '../../../api/pages/lead.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { networksDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'

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

const WEEK_MS = 7 * 24 * 3_600_000
/** Networks 101 is at 10:00 in Paris every Tuesday: ready by 09:35, made from 09:15 on as its policy says. */
const at = (week: number, clock: string): Date =>
  new Date(Date.parse(`2026-11-24T${clock}Z`) + week * WEEK_MS)
const ring = testRing()
await importDocuments(pool, ring, at(0, '06:00:00'))

let now = at(0, '06:00:00')
const place = {
  installation: database.installation,
  registry: '127.0.0.1:5000',
  storageRoot: '/srv/labplan',
}
const worker = (cores = 2) =>
  reconciler({ pool, boss, place, now: () => now, budget: { memoryMb: 4096, cores } })
async function look(when: Date, by = worker()): Promise<void> {
  now = when
  await by.reconcile()
}

const after = (when: Date, seconds: number) => new Date(when.getTime() + seconds * 1000)

/** A run of the seats stack that took so long to plan and to apply. */
async function run(begin: Date, took: { plan: number; apply: number }): Promise<Date> {
  const tokenHash = Buffer.from('token')
  const planned = after(begin, took.plan)
  const ended = after(planned, took.apply)
  await withTransaction(pool, async (tx) => {
    const key = 'seats-networks-101-0'
    const lease = await takeLease(tx, { key, worker: 'w', tokenHash, until: ended, now: begin })
    const held = { stackId: lease?.id ?? '', tokenHash }
    const wish = { kind: 'apply', blueprintDigest: null, contentDigest: 'c', worker: 'w' } as const
    const id = (await createRun(tx, held, { ...wish, now: begin }))!
    for (const [to, when] of [
      ['planning', begin],
      ['planned', planned],
      ['applying', planned],
      ['applied', ended],
    ] as const)
      await moveRun(tx, held, { id, to, now: when })
    await releaseLease(tx, held)
  })
  return ended
}

/** A whole class: prepared from `begin` on, its seats ready so many seconds after Terraform. */
async function hold(
  week: number,
  begin: Date,
  took: { plan: number; apply: number; warm: number },
) {
  await look(begin)
  const ended = await run(begin, took)
  await execute(pool, sql`update seat set state = 'ready'`)
  await look(after(ended, took.warm))
  await execute(pool, sql`update seat set state = 'absent'`)
  await look(at(week, '13:00:00'))
}

const session = async (week: number) => {
  const found = (await sessionsToCome(pool, { now: at(week, '06:00:00') })).find(
    (one) => one.course_key === 'networks-101',
  )
  return found!
}

it('begins as the policy says at first, with its reason in both languages', async () => {
  await look(at(0, '06:00:00'))
  const first = await session(0)
  expect(first.lead_starts_at).toEqual(at(0, '08:15:00'))
  expect(leadText('en', first)).toMatch(
    /^Preparation begins 45 minutes before class, as the policy says/,
  )
  expect(leadText('fr', first)).toMatch(/^La préparation commence 45 minutes avant la séance/)
})

it('keeps what each class took, once', async () => {
  for (let week = 0; week < 5; week++)
    await hold(week, at(week, '08:15:00'), { plan: 6, apply: 20, warm: 30 + week })
  const samples = await many(
    pool,
    sql`select plan_seconds::float as plan, apply_seconds::float as apply, warm_seconds::float as warm,
          total_seconds::float as total, seats, together, pool_kind from lead_sample order by created_at`,
  )
  expect(samples).toHaveLength(5)
  expect(samples[4]).toEqual({
    ...{ plan: 6, apply: 20, warm: 34, total: 60, seats: 30, together: 30, pool_kind: 'own' },
  })
})

it('then begins as late as nineteen of twenty classes allow, and makes nothing before', async () => {
  await look(at(5, '06:00:00'))
  const next = await session(5)
  // (6 + 20 + 34) × 1.5 + 120 seconds before 09:35.
  expect(next.lead_starts_at).toEqual(after(at(5, '08:35:00'), -210))
  expect(leadText('en', next)).toMatch(
    /^Preparation begins 29 minutes before class.* Of 5 classes like it/,
  )
  const wanted = () =>
    one(pool, sql`select wanted_digest is not null as wanted from stack where kind = 'seats'`)
  await look(after(at(5, '08:35:00'), -211))
  expect([(await session(5)).state, await wanted()]).toEqual(['planned', { wanted: false }])
  await look(after(at(5, '08:35:00'), -210))
  expect([(await session(5)).state, await wanted()]).toEqual(['preparing', { wanted: true }])
})

it('moves no begin that is over, whatever is learned meanwhile', async () => {
  await execute(
    pool,
    sql`update lead_sample set plan_seconds = 1, apply_seconds = 1, warm_seconds = 1`,
  )
  await look(after(at(5, '08:35:00'), -150))
  expect((await session(5)).state).toBe('preparing')
  expect((await session(5)).lead_starts_at).toEqual(after(at(5, '08:35:00'), -210))
  // A new worker reads the history anew, and answers the same.
  await look(after(at(5, '08:35:00'), -100))
  expect(
    await one(
      pool,
      sql`select wanted_digest is not null as wanted from stack where kind = 'seats'`,
    ),
  ).toEqual({ wanted: true })
})

it('says when the policy leaves too little time', async () => {
  await execute(pool, sql`update lead_sample set warm_seconds = 1500`)
  await look(at(6, '06:00:00'))
  const next = await session(6)
  expect(next.lead_starts_at).toEqual(at(6, '08:15:00'))
  expect(leadText('en', next)).toMatch(
    /more than the policy reserves: set leadMinutes to \d+ in the policy\.$/,
  )
})

it('begins earlier where another class of that hour has to wait for its run', async () => {
  await execute(
    pool,
    sql`update lead_sample set plan_seconds = 10, apply_seconds = 20, warm_seconds = 30`,
  )
  const text = networksDocument().replace('key: networks-101', 'key: networks-102')
  await importDocuments(pool, ring, at(7, '05:00:00'), [{ name: 'other.yaml', text }])
  const lead = async (cores: number): Promise<number> => {
    await look(at(7, '06:00:00'), worker(cores))
    return (at(7, '08:35:00').getTime() - (await session(7)).lead_starts_at.getTime()) / 1000
  }
  // 10 + 20, and 60 for the seats of both; one run at a time: the other's 30 before.
  expect(await lead(2)).toBe(90 * 1.5 + 120)
  expect(await lead(0.5)).toBe(120 * 1.5 + 120)
})
