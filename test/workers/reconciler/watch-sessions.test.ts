/** What people are told of a class that is not ready, by the real reconciler with a clock of the test's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { freeze, unfreeze } from '../../../api/data/runs/freeze.ts'
import { closePool } from '../../../api/data/pools/pool.ts'
import { createRun, endStep, moveRun, startStep } from '../../../api/data/runs/run.ts'
import { markFailed } from '../../../api/data/seats/seat-life.ts'
import { postponeStack } from '../../../api/data/runs/stack-wish.ts'
import { releaseLease, takeLease } from '../../../api/data/runs/stack.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { lateLines } from '../../../workers/jobs/late.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { hallDocument } from '../../cast/cloud.ts'
import { environmentDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'

const database = await testDatabase()
const { pool } = database
const ring = testRing()
let boss: Boss
beforeAll(async () => {
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
})

/** Networks 101 starts at 10:00 in Paris; its lead is 45 minutes. */
const at = (clock: string): Date => new Date(`2026-11-24T${clock}:00Z`)
await importDocuments(pool, ring, at('06:00'))

const means = () => ({
  ...{ pool, boss, budget: { memoryMb: 4096, cores: 2 } },
  place: {
    installation: database.installation,
    registry: '127.0.0.1:5000',
    storageRoot: '/srv/labplan',
  },
})

/** `postgres`: its clock, which the worker's own may differ from. */
async function look(now: Date, postgres = now): Promise<void> {
  await reconciler({ ...means(), now: () => now, leaseNow: () => postgres }).reconcile()
}

/** Newest first, in words. */
async function told(locale: 'en' | 'fr' = 'en') {
  const notices = await latestNotices(pool, { limit: 10 })
  return notices.map((notice) => noticeText(notice, locale))
}

const subjects = async () => (await told()).map(({ subject }) => subject)

/** What Terraform's side leaves behind when a plan fails. */
async function failPlan(message: string, now: Date): Promise<void> {
  const key = 'seats-networks-101-0'
  const tokenHash = Buffer.from('token')
  const until = new Date(now.getTime() + 10_000)
  await withTransaction(pool, async (tx) => {
    const stack = await takeLease(tx, { key, worker: 'w', tokenHash, until, now })
    const lease = { stackId: stack?.id ?? '', tokenHash }
    const run = {
      kind: 'apply',
      blueprintDigest: null,
      contentDigest: 'c',
      worker: 'w',
      now,
    } as const
    const runId = (await createRun(tx, lease, run))!
    const number = await startStep(tx, { runId, name: 'plan', now })
    await endStep(tx, { runId, number, outcome: 'failed', now })
    await moveRun(tx, lease, { id: runId, to: 'failed', now, message })
    await releaseLease(tx, lease)
    await postponeStack(tx, { key, message, now })
  })
}

it('says nothing before twenty minutes are left, then the failing step and what can be done, once', async () => {
  await look(at('08:15'))
  await failPlan('No such image: labplan/terminal', at('08:16'))
  await look(at('08:39'))
  expect(await told()).toEqual([])
  await look(at('08:40'))
  await look(at('08:41'))
  expect(await told()).toEqual([
    {
      subject: 'Networks 101: the class at 10:00 is not ready yet',
      paragraphs: [
        '0 of 30 seats are ready. Labplan goes on by itself and writes again when all are.',
        'Making its seats failed in the step “plan”: No such image: labplan/terminal',
        'The infrastructure team was told too. “labplan doctor” and the page of runs say more.',
      ],
    },
  ])
  expect((await told('fr'))[0]?.subject).toBe(
    'Réseaux 101\u00a0: la séance prévue à 10:00 n’est pas encore prête',
  )
})

it('says so when it got ready, once', async () => {
  await execute(pool, sql`update seat set state = 'ready', applied_generation = 1`)
  await look(at('08:50'))
  await look(at('08:51'))
  expect(await subjects()).toEqual([
    'Networks 101: the class at 10:00 is ready now',
    'Networks 101: the class at 10:00 is not ready yet',
  ])
})

it('says nothing of a class that was ready in time', async () => {
  await pool.query(`delete from notice`)
  const week = (clock: string) => new Date(at(clock).getTime() + 7 * 24 * 3600_000)
  await execute(pool, sql`update seat set state = 'absent'`)
  await look(week('08:15'))
  await execute(pool, sql`update seat set state = 'ready'`)
  await look(week('08:30'))
  for (const clock of ['08:40', '08:55', '09:30']) await look(week(clock))
  expect(await told()).toEqual([])
})

it('names seats that fail again and again, once a session, and not one that failed once', async () => {
  const week = (clock: string) => new Date(at(clock).getTime() + 14 * 24 * 3600_000)
  await look(week('08:15'))
  await execute(pool, sql`update seat set state = 'ready', wanted_on = true`)
  await look(week('08:20'))
  const seats = await many<{ id: string; number: number }>(
    pool,
    sql`select seat.id, seat.number from seat join course on course.id = seat.course_id where course.key = 'networks-101' order by number`,
  )
  const fail = (number: number, now: Date) =>
    withTransaction(pool, (tx) =>
      markFailed(tx, {
        id: seats[number - 1]?.id ?? '',
        retryAt: new Date(now.getTime() + 60_000),
        message: { code: 'seat.start_failed', params: { reason: 'out of memory' } },
        now,
      }),
    )
  await fail(3, week('08:25'))
  await look(week('08:25'))
  expect(await told()).toEqual([])
  for (const clock of ['08:26', '08:27', '08:28']) {
    await fail(3, week(clock))
    await fail(7, week(clock))
  }
  await fail(7, week('08:29'))
  await look(week('08:29'))
  await fail(9, week('08:30'))
  await look(week('08:30'))
  expect(await told()).toMatchObject([
    {
      subject: 'Networks 101: seats that do not start',
      paragraphs: [
        expect.stringContaining('3, 7'),
        '2 seats do not start. The machines say: out of memory',
        expect.any(String),
      ],
    },
  ])
})

it('offers the previous build when the environment has another since', async () => {
  await pool.query('delete from notice')
  const week = (clock: string) => new Date(at(clock).getTime() + 21 * 24 * 3600_000)
  const other = environmentDocument.replace(/sha256:0+/, `sha256:${'1'.repeat(64)}`)
  await importDocuments(pool, ring, week('07:00'), [{ name: 'environment.yaml', text: other }])
  await execute(pool, sql`update seat set state = 'absent', start_failures = 0`)
  await look(week('08:15'))
  await failPlan('manifest unknown', week('08:16'))
  await execute(pool, sql`update seat set state = 'ready' where number <= 12`)
  await look(week('08:40'))
  const [late] = await told()
  expect(late?.paragraphs).toEqual([
    '12 of 30 seats are ready. Labplan goes on by itself and writes again when all are.',
    'Making its seats failed in the step “plan”: manifest unknown',
    expect.stringMatching(/^You can begin with the 12 that are ready/),
    expect.stringContaining(`sha256:${'0'.repeat(64)}`),
    expect.any(String),
  ])
})

it('tells of a class that was ready, and is so no more when twenty minutes are left', async () => {
  await pool.query(`delete from notice`)
  const week = (clock: string) => new Date(at(clock).getTime() + 28 * 24 * 3600_000)
  let now = week('08:15')
  const worker = reconciler({ ...means(), now: () => now })
  const see = async (clock: string) => {
    now = week(clock)
    await worker.reconcile()
  }
  const samples = () =>
    many(
      pool,
      sql`select total_seconds from lead_sample join session on session.id = session_id where session.starts_at = ${week('09:00')}`,
    )
  await execute(pool, sql`update seat set state = 'absent', start_failures = 0`)
  await see('08:15')
  await execute(pool, sql`update seat set state = 'ready', wanted_on = true`)
  await pool.query('update stack set applied_digest = wanted_digest, failures = 0, message = null')
  await see('08:30')
  await see('08:31')
  const learned = await samples()
  expect(learned).toHaveLength(1)
  // Its node is gone, and no other has room.
  await execute(pool, sql`update seat set state = 'starting' where number between 11 and 20`)
  await see('08:37')
  await see('08:38')
  expect(await told()).toEqual([])
  await see('08:40')
  await see('08:41')
  expect(await told()).toEqual([
    {
      subject: 'Networks 101: the class at 10:00 is not ready yet',
      paragraphs: [
        '20 of 30 seats are ready. Labplan goes on by itself and writes again when all are.',
        '10 seats are starting now.',
        expect.stringMatching(/^You can begin with the 20 that are ready/),
        expect.any(String),
      ],
    },
  ])
  await execute(pool, sql`update seat set state = 'ready'`)
  await see('08:46')
  await see('08:47')
  expect(await subjects()).toEqual([
    'Networks 101: the class at 10:00 is ready now',
    'Networks 101: the class at 10:00 is not ready yet',
  ])
  expect(await samples()).toEqual(learned)
  // Once more, and no third time.
  for (const clock of ['08:48', '08:51', '08:54']) {
    const next = clock.replace(/\d$/, (minute) => String(Number(minute) + 1))
    await execute(pool, sql`update seat set state = 'starting' where number = 4`)
    await see(clock)
    await see(next)
    await execute(pool, sql`update seat set state = 'ready'`)
    await see(next)
  }
  expect(await subjects()).toEqual([
    'Networks 101: the class at 10:00 is ready now',
    'Networks 101: the class at 10:00 is not ready yet',
    'Networks 101: the class at 10:00 is ready now',
    'Networks 101: the class at 10:00 is not ready yet',
  ])
})

describe('a class that people themselves hold up', () => {
  const week = (clock: string) => new Date(at(clock).getTime() + 42 * 24 * 3600_000)
  const actor = { name: 'operator', role: 'operator' } as const
  const lines = async (locale: 'en' | 'fr' = 'en') => (await told(locale))[0]?.paragraphs ?? []

  it('says that its making is paused, for how long and why, and not that nobody took it up', async () => {
    await pool.query(`delete from notice`)
    await pool.query(`update seat set state = 'absent', wanted_on = false, start_failures = 0`)
    await pool.query(
      `update stack set applied_digest = null, failures = 0, retry_at = null, message = null`,
    )
    const wish = { poolKey: null, applies: true, destroys: false, reason: 'Exams', actor }
    await withTransaction(pool, (tx) =>
      freeze(tx, { ...wish, until: week('09:30'), now: week('07:00') }),
    )
    await look(week('08:15'))
    await look(week('08:40'))
    const all = (await lines()).join(' ')
    expect(all).toMatch(/Making its seats is paused by people \(Exams\)\. It resumes at 10:30/)
    expect(all).toMatch(/labplan unfreeze/)
    expect(all).not.toContain('no worker has taken them up')
    expect((await lines('fr')).join(' ')).toMatch(/suspendue.*Exams/)
    await withTransaction(pool, (tx) => unfreeze(tx, { poolKey: null, actor, now: week('08:42') }))
  })

  it('says that its pool is closed, and why, and not that it is too small', async () => {
    await pool.query(`delete from notice`)
    await pool.query(`update stack set applied_digest = wanted_digest`)
    const waits = { state: 'starting', homeless: week('08:20') }
    await pool.query(`update seat set state = $1, homeless_at = $2, wanted_on = true`, [
      ...[waits.state, waits.homeless],
    ])
    const closing = { key: 'local', actor, now: week('08:20') }
    await withTransaction(pool, (tx) =>
      closePool(tx, { ...closing, closed: 'closed', reason: 'A fan is replaced' }),
    )
    await look(week('08:41'))
    const all = (await lines()).join(' ')
    expect(all).toMatch(/30 seats find no machine: .* closed by people \(A fan is replaced\)/)
    await withTransaction(pool, (tx) => closePool(tx, { ...closing, closed: null, reason: null }))
    await pool.query(`update seat set state = 'absent', homeless_at = null, wanted_on = false`)
  })

  it('says that somebody cancelled making it', async () => {
    await pool.query(`delete from notice`)
    await pool.query(`update stack set applied_digest = null`)
    await failPlan('Cancelled during plan; it had changed nothing.', week('08:42'))
    await pool.query(
      `update stack set failures = 0, retry_at = null, cancelled_run_id = (select id from run where stack_id = stack.id limit 1)
       where key = 'seats-networks-101-0'`,
    )
    await look(week('08:43'))
    const all = (await lines()).join(' ')
    expect(all).toMatch(/Somebody cancelled making its seats: .* page of runs/)
    expect(all).not.toContain('Making its seats failed')
  })
})

it('names another pool to go to only while that takes seats and makes some', async () => {
  const week = (clock: string) => new Date(at(clock).getTime() + 49 * 24 * 3600_000)
  const actor = { name: 'operator', role: 'operator' } as const
  await importDocuments(pool, ring, week('07:00'), [{ name: 'hall.yaml', text: hallDocument }])
  await pool.query(
    `update stack set applied_digest = null, state = 'absent', failures = 0, retry_at = null, cancelled_run_id = null`,
  )
  await look(week('08:15'))
  await failPlan('No such image', week('08:16'))
  const told = async (clock: string) => {
    await pool.query(`delete from notice`)
    await look(week(clock))
    return (await latestNotices(pool, { limit: 1 }))[0]?.lines.map(({ code }) => code)
  }
  expect(await told('08:40')).toContain('late.do.other-pool')
  const closing = { key: 'hall', actor, now: week('08:41') }
  await withTransaction(pool, (tx) => closePool(tx, { ...closing, closed: 'closed', reason: null }))
  expect(await told('08:42')).not.toContain('late.do.other-pool')
  await withTransaction(pool, (tx) => closePool(tx, { ...closing, closed: null, reason: null }))
  const wish = { poolKey: 'hall', applies: true, destroys: false, reason: 'Exams', actor }
  await withTransaction(pool, (tx) =>
    freeze(tx, { ...wish, until: week('09:30'), now: week('08:43') }),
  )
  expect(await told('08:44')).not.toContain('late.do.other-pool')
})

it.each([
  ['ahead', 60],
  ['behind', -60],
])('says that a class is being made, by a clock that is %s', async (_, seconds) => {
  const week = (clock: string) => new Date(at(clock).getTime() + 56 * 24 * 3600_000)
  await pool.query(`delete from notice`)
  await pool.query(`delete from run`)
  await pool.query(`update seat set state = 'absent', wanted_on = false, start_failures = 0`)
  await pool.query(
    `update stack set applied_digest = null, state = 'absent', failures = 0, retry_at = null, cancelled_run_id = null,
       lease_owner = null, lease_token = null, lease_until = null`,
  )
  await look(week('08:15'))
  const postgres = week('08:45')
  const tokenHash = Buffer.from('token')
  await withTransaction(pool, async (tx) => {
    const until = new Date(postgres.getTime() + 15_000)
    const wish = { key: 'seats-networks-101-0', worker: 'w', tokenHash, until, now: postgres }
    const lease = { stackId: (await takeLease(tx, wish))!.id, tokenHash }
    const run = { kind: 'apply', blueprintDigest: null, contentDigest: 'c', worker: 'w' } as const
    const runId = (await createRun(tx, lease, { ...run, now: postgres }))!
    await startStep(tx, { runId, name: 'apply', now: postgres })
  })
  await look(new Date(postgres.getTime() + seconds * 1000), postgres)
  const all = (await told())[0]?.paragraphs.join(' ')
  expect(all).toContain('Its seats are being made: the step “apply” runs')
  expect(all).not.toContain('Its seats have not been begun')
})

describe('the lines', () => {
  const quiet = {
    ready: 0,
    starting: 0,
    homeless: 0,
    trouble: [],
    stacks: [],
    machines: [],
    away: [],
    closedFor: null,
    cloud: null,
    storageAwaySince: null,
    otherPools: [],
    previousImage: undefined,
  }
  const stack = {
    kind: 'seats',
    differs: true,
    failures: 0,
    message: null,
    is_running: false,
    frozen_for: null,
    frozen_until: null,
    is_cancelled: false,
    step: null,
    step_since: null,
  } as const
  const machine = { key: 'm-1', state: 'booted', tries: 0, message: null } as const
  const nodes = { ...stack, kind: 'nodes' } as const
  const codes = (facts: Partial<Parameters<typeof lateLines>[0]>) =>
    lateLines({ ...quiet, ...facts }).map(({ code }) => code)

  it.each([
    ['nobody took it up', { stacks: [stack] }, ['late.not-begun']],
    [
      'it is being made',
      { stacks: [{ ...stack, is_running: true, step: 'apply', step_since: at('08:00') }] },
      ['late.step-runs'],
    ],
    ['seats are on their way', { starting: 4 }, ['late.starting']],
    [
      'another pool would do',
      { stacks: [{ ...stack, failures: 3, message: 'x' }], otherPools: ['b'], starting: 2 },
      ['late.step-fails', 'late.do.other-pool'],
    ],
    [
      'the storage of its files is away',
      {
        starting: 2,
        stacks: [{ ...stack, failures: 3, message: 'x' }],
        storageAwaySince: at('08:00'),
      },
      ['late.storage-away'],
    ],
    [
      'a machine is not up yet, and seats wait for it',
      { starting: 4, homeless: 4, machines: [machine] },
      ['late.machines-coming'],
    ],
    [
      'making the machines failed: another image helps none of them',
      {
        ...{ starting: 4, machines: [machine], previousImage: 'x', otherPools: ['b'] },
        stacks: [{ ...nodes, failures: 1, message: 'Error: something else' }],
      },
      ['late.step-fails', 'late.do.other-pool'],
    ],
    [
      'a machine is made again and again',
      { machines: [{ ...machine, tries: 2, message: 'never-joined' }], starting: 4, homeless: 4 },
      ['late.machine-anew', 'node.trouble.never-joined'],
    ],
    [
      'the stack of machines only has some to take away',
      { starting: 4, stacks: [{ ...nodes, failures: 2, message: 'x' }] },
      ['late.starting'],
    ],
    [
      'a machine went away, and no other has room',
      { starting: 5, homeless: 3, away: ['node-1'] },
      ['late.machines-away'],
    ],
    ['no machine has room', { starting: 5, homeless: 3 }, ['late.no-room']],
    [
      'seats run and do not answer',
      { ready: 2, trouble: [{ code: 'seat.check_failed', reason: '', count: 1 }] },
      ['late.seat.check_failed', 'late.do.start-with'],
    ],
  ] as const)('when %s', (_name, facts, wanted) => {
    expect(codes(facts as Parameters<typeof codes>[0])).toEqual([...wanted, 'late.do.infra'])
  })
})
