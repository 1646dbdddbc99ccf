/** Which sessions are planned early, when, and how often; with the record, without Terraform. */
import { afterAll, describe, expect, it } from 'vitest'
import { sql, many, withTransaction } from '../../../api/data/db.ts'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { zonesInForce } from '../../../api/data/courses/documents.ts'
import { freeze, unfreeze } from '../../../api/data/runs/freeze.ts'
import { beginEarlyPlan, hasRunsToDo, sessionsToPlan } from '../../../api/data/runs/early-plan.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { sessionsToCome } from '../../../api/data/sessions/session.ts'
import { postponeStack, wantStacks } from '../../../api/data/runs/stack-wish.ts'
import { earlyTag } from '../../../api/pages/lead.ts'
import type { Visit } from '../../../api/visit.ts'
import { wantedAt } from '../../../stacks/rules/wanted.ts'
import {
  askedOfOwn,
  cloudProblems,
  ownRooms,
  roomProblems,
} from '../../../workers/jobs/early-checks.ts'
import { dueNow, endAndTell, turnOf } from '../../../workers/jobs/plan-early.ts'
import type { SeatTemplate } from '../../../stacks/blueprint.ts'
import { courseDocument, POOL, poolDocument } from '../../cast/cloud.ts'
import { zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'

const database = await testDatabase()
const { pool } = database
const ring = testRing()
afterAll(() => database.drop())

/** Networks 101 is on Tuesdays at 10:00 in Paris, from 24 November on. */
const day = (name: string) => new Date(`2026-${name}:00Z`)
await importDocuments(pool, ring, day('11-20T08:00'))

async function due(now: Date) {
  const head = await currentBlueprint(pool)
  const until = new Date(now.getTime() + 40 * 24 * 3_600_000)
  const sessions = await sessionsToPlan(pool, { now, until })
  return dueNow(sessions, head!.blueprint, await zonesInForce(pool), now)
}

const names = async (now: Date) =>
  (await due(now)).map(({ session, dueAt }) => [
    session.starts_at.toISOString().slice(5, 10),
    dueAt.toISOString().slice(5, 16),
  ])

async function plan(
  now: Date,
  problems: { code: string }[],
  unknown: { code: string }[] = [],
): Promise<boolean> {
  const [first] = await due(now)
  const { session, dueAt } = first!
  const since = session.due_at?.getTime() === dueAt.getTime() ? session.started_at : null
  const which = { sessionId: session.id, dueAt }
  return withTransaction(pool, async (tx) => {
    if (!(await beginEarlyPlan(tx, { ...which, since, now }))) return false
    await endAndTell(tx, first!, { problems, unknown }, now)
    return true
  })
}

describe('a session', () => {
  it('is planned a day before, and again at noon when nothing was wrong', async () => {
    expect(await names(day('11-23T08:59'))).toEqual([])
    expect(await names(day('11-23T09:00'))).toEqual([['11-24', '11-23T09:00']])
    expect(await plan(day('11-23T09:01'), [])).toBe(true)
    expect(await names(day('11-23T10:59'))).toEqual([])
    expect(await names(day('11-23T11:00'))).toEqual([['11-24', '11-23T11:00']])
  })

  it('that would fail is looked at again every hour, until its preparation begins', async () => {
    expect(await plan(day('11-23T11:01'), [{ code: 'early.no-build' }])).toBe(true)
    expect(await names(day('11-23T12:00'))).toEqual([])
    expect(await names(day('11-23T12:01'))).toEqual([['11-24', '11-23T11:00']])
    expect(await plan(day('11-23T12:01'), [])).toBe(true)
    expect(await names(day('11-23T20:00'))).toEqual([])
    expect(await names(day('11-24T08:14'))).toEqual([])
  })

  it('whose both hours were slept over is planned once, and not when it is being prepared already', async () => {
    expect(await names(day('12-01T08:00'))).toEqual([['12-01', '11-30T11:00']])
    expect(await names(day('12-01T08:15'))).toEqual([])
  })

  it('is taken by one worker, and by another when that one is gone', async () => {
    const now = day('12-01T07:00')
    const [{ session, dueAt } = expect.fail('nothing is due')] = await due(now)
    const take = (since: Date | null, at: Date) =>
      withTransaction(pool, (tx) =>
        beginEarlyPlan(tx, { sessionId: session.id, dueAt, since, now: at }),
      )
    expect(await Promise.all([take(null, now), take(null, now)])).toEqual(
      expect.arrayContaining([true, false]),
    )
    expect(await names(day('12-01T07:14'))).toEqual([])
    expect(await names(day('12-01T07:15'))).toEqual([['12-01', '11-30T11:00']])
    expect(await take(now, day('12-01T07:15'))).toBe(true)
    expect(await take(now, day('12-01T07:15'))).toBe(false)
  })

  it('follows the holidays of its zone as they are now', async () => {
    // The Monday before has become a holiday: noon is the Friday's.
    const text = `${zoneDocument}holidays: [{ title: Bridge, from: 2026-12-07, to: 2026-12-07 }]\n`
    await importDocuments(pool, ring, day('12-02T08:00'), [{ name: 'zone.yaml', text }])
    expect(await names(day('12-04T11:00'))).toEqual([['12-08', '12-04T11:00']])
  })
})

describe('what could not be learned', () => {
  const noon = day('12-07T11:00')
  const hour = (count: number) => new Date(noon.getTime() + count * 3_600_000)
  const told = async () => (await latestNotices(pool, { limit: 9 })).map(({ code }) => code)

  it('is asked again within the hour where the cloud may answer then, and is no all-clear', async () => {
    // Of Friday's noon; what follows is of a day before.
    await pool.query('delete from early_plan; delete from notice')
    const silent = { code: 'early.unanswered' }
    expect(await plan(hour(0), [{ code: 'early.quota' }], [silent])).toBe(true)
    expect(await told()).toEqual(['notice.early-plan-failed'])
    expect((await latestNotices(pool, { limit: 1 }))[0]?.lines).toEqual([
      { code: 'early.quota' },
      silent,
    ])
    expect(await plan(hour(1), [], [silent])).toBe(true)
    expect(await told()).toEqual(['notice.early-plan-failed'])
    expect(await names(new Date(hour(2).getTime() - 1))).toEqual([])
    expect(await names(hour(2))).toHaveLength(1)
    const [session] = await sessionsToCome(pool, { now: hour(2), limit: 1 })
    expect(session).toMatchObject({ early_state: 'passed', early_unknown: [silent] })
  })

  it('is left at that where nobody can say it before, and kept for who looks', async () => {
    const unplanned = { code: 'early.machines-unplanned', params: { pool: 'cloud', region: 'One' } }
    expect(await plan(hour(2), [], [unplanned])).toBe(true)
    expect(await told()).toEqual(['notice.early-plan-passed', 'notice.early-plan-failed'])
    expect(await names(hour(6))).toEqual([])
    const [session] = await sessionsToCome(pool, { now: hour(2), limit: 1 })
    const tag = String(earlyTag({ locale: 'en' } as Visit, session!))
    expect(tag).toContain('planned ahead: nothing against it, not all is known')
    expect(tag).toContain('it is made once the networks of pool cloud stand')
    await pool.query('delete from early_plan; delete from notice')
  })
})

it('lets real runs go first', async () => {
  const now = day('12-02T08:00')
  expect(await hasRunsToDo(pool, now)).toBe(false)
  await many(
    pool,
    sql`insert into stack (id, key, kind, pool_id, state, state_at, wanted_digest)
        select gen_random_uuid(), 'seats-x-0', 'seats', id, 'absent', ${now}, 'wanted' from pool limit 1`,
  )
  expect(await hasRunsToDo(pool, now)).toBe(true)
  expect(await hasRunsToDo(pool, now, 'seats-x-0')).toBe(true)
  expect(await hasRunsToDo(pool, now, 'nodes-cloud')).toBe(false)
  // One that fails again and again holds nobody up.
  await pool.query('update stack set failures = 2')
  expect(await hasRunsToDo(pool, now)).toBe(false)
  await pool.query('update stack set failures = 0, asked_at = $1', [now])
  expect(await hasRunsToDo(pool, now)).toBe(true)
  await pool.query('update stack set asked_at = null')
})

it('waits for no stack that is frozen, or whose run somebody has cancelled', async () => {
  const now = day('12-02T08:00')
  const until = day('12-09T08:00')
  const actor = { name: 'operator', role: 'operator' } as const
  const frozen = { poolKey: null, applies: true, destroys: false, reason: 'Repairs', until }
  expect(await hasRunsToDo(pool, now)).toBe(true)
  await withTransaction(pool, (tx) => freeze(tx, { ...frozen, actor, now }))
  expect(await hasRunsToDo(pool, day('12-02T08:01'))).toBe(false)
  await withTransaction(pool, (tx) =>
    unfreeze(tx, { poolKey: null, actor, now: day('12-03T08:00') }),
  )
  expect(await hasRunsToDo(pool, day('12-03T08:00'))).toBe(true)
  await pool.query(
    `with cancelled as (insert into run (id, stack_id, kind, content_digest, state, state_at, worker, created_at, ended_at)
       select gen_random_uuid(), id, 'apply', 'wanted', 'cancelled', $1::timestamptz, 'worker', $1, $1 from stack
       where key = 'seats-x-0' returning id)
     update stack set cancelled_run_id = cancelled.id from cancelled where key = 'seats-x-0'`,
    [now],
  )
  expect(await hasRunsToDo(pool, day('12-03T08:00'))).toBe(false)
  await pool.query('update stack set cancelled_run_id = null')
})

it('goes beside real runs, one in each pass, once it has let them go first for half an hour', async () => {
  expect((await due(day('12-14T11:00')))[0]?.since).toEqual(day('12-14T11:00'))
  const turn = (at: Date) =>
    turnOf({ pool, now: () => at, signal: AbortSignal.any([]) }, day('12-14T11:00'))
  expect(await turn(day('12-14T11:29'))).toBe('wait')
  expect(await turn(day('12-14T11:30'))).toBe('one')
  await pool.query('update stack set failures = 2')
  expect(await turn(day('12-14T11:01'))).toBe('all')
})

describe('room', () => {
  const template = (cpuMillis: number, memoryMb: number) =>
    ({ cpuMillis, memoryMb }) as SeatTemplate
  const nodes = [
    { cpuMillis: 4000, memoryMb: 8000 },
    { cpuMillis: 4000, memoryMb: 8000 },
  ]

  it.each([
    ['what fits', [{ count: 8, template: template(1000, 2000) }], []],
    ['one seat too many', [{ count: 9, template: template(1000, 2000) }], [8, 9, 2]],
    ['a seat larger than every node', [{ count: 1, template: template(5000, 100) }], [0, 1, 2]],
    [
      'two courses that take what the other leaves',
      [
        { count: 2, template: template(1000, 6000) },
        { count: 6, template: template(1000, 500) },
      ],
      [],
    ],
    ['nothing', [], []],
  ])('is there for %s, or it is said how much is', (_name, asked, lacks) => {
    const [placed, total, count] = lacks
    expect(roomProblems(nodes, asked)).toEqual(
      lacks.length === 0 ? [] : [{ code: 'early.no-room', params: { placed, total, count } }],
    )
  })
})

describe('beside a pool that buys its machines', () => {
  /** At the same hour as Networks 101, which is on the school's own. */
  const clouds = { key: 'clouds', start: '2026-12-15T10:00', minutes: 120, students: 8 }
  const now = day('12-14T08:00')
  const blueprint = async () => {
    const texts = [poolDocument('10.0.0.2:2377'), courseDocument(clouds)]
    const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
    await importDocuments(pool, ring, now, sources)
    return (await currentBlueprint(pool))!.blueprint
  }

  it('own machines are still asked for room, for the seats of their own pools', async () => {
    const head = await blueprint()
    expect(head.pools.find(({ key }) => key === POOL)?.nodes.length).toBeGreaterThan(0)
    const wanted = wantedAt(head, '2026-12-15T08:30:00Z', {})
    expect(wanted.warm.map(({ course }) => course)).toEqual(['clouds', 'networks-101'])
    expect(askedOfOwn(head, wanted, 'local')).toMatchObject([
      { count: 30, template: { cpuMillis: 500 } },
    ])
    expect(askedOfOwn(head, wanted, POOL)).toBeUndefined()
  })

  it('own machines are those that no cloud made, and that take seats', async () => {
    const node = {
      pool: null,
      isUp: true,
      availability: 'active',
      cores: 2,
      memoryMb: 4096,
    } as const
    const rooms = ownRooms(
      [
        ...[node, { ...node, pool: POOL }, { ...node, pool: 'hall' }],
        ...[
          { ...node, isUp: false },
          { ...node, availability: 'drain' as const },
        ],
      ],
      await blueprint(),
    )
    const room = { cpuMillis: 2000, memoryMb: 4096 }
    expect(rooms).toEqual([room, room])
  })

  it('says what is known of the machines to come: no way in, or what the cloud refuses at present', async () => {
    const head = await blueprint()
    const codes = async (key = POOL) =>
      (await cloudProblems(pool, head, key)).map(({ code }) => code)
    expect(await codes()).toEqual(['early.no-credential'])
    expect(await codes('local')).toEqual([])
    const access = {
      authUrl: 'https://cloud.example/v3',
      applicationCredentialId: 'id',
      applicationCredentialSecret: 'secret',
    }
    await withTransaction(pool, (tx) =>
      keepCredential(tx, ring, {
        ...{ poolKey: POOL, access, now },
        actor: { name: 'test', role: 'operator' },
      }),
    )
    expect(await codes()).toEqual([])
    const key = `nodes-${POOL}`
    const stack = { key, kind: 'nodes' as const, poolKey: POOL, courseKey: null, digest: 'x' }
    const fail = (message: string) =>
      withTransaction(pool, async (tx) => {
        await wantStacks(tx, { stacks: [stack], now })
        await postponeStack(tx, { key, message, now })
      })
    // May pass by itself.
    await fail('Error: No valid host was found')
    expect(await codes()).toEqual([])
    await fail('Quota exceeded for cores: Requested 4, but already used 18 of 20 cores')
    expect(await codes()).toEqual([
      'early.machines-refused',
      'cloud.trouble.quota',
      'cloud.trouble.quota.do',
    ])
    await fail('Error: something that nobody knows')
    expect(await codes()).toEqual(['early.machines-fail'])
  })
})
