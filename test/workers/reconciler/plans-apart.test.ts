/**
 * Plans that nobody applies, of a course whose folder on this machine is broken, and of another beside it: who teaches the first hears
 * of it, and the other is planned. On PostgreSQL and a disk; the Swarm has nothing, so that each plan that is begun fails for it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pino from 'pino'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { freeze } from '../../../api/data/runs/freeze.ts'
import { ensureStack } from '../../../api/data/runs/early-plan.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { changePlanner } from '../../../workers/jobs/plan-changes.ts'
import { earlyPlanner } from '../../../workers/jobs/plan-early.ts'
import { planAhead } from '../../../workers/passes.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { stackFolder } from '../../../workers/terraform/workdir.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { after } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const database = await testDatabase()
const { pool, installation } = database
const ring = testRing()
const home = mkdtempSync(join(tmpdir(), 'labplan-test-plans-'))
afterAll(async () => {
  await database.drop()
  rmSync(home, { recursive: true, force: true })
})
/** Both at 10:00 in Paris, on Tuesday the 24th. */
let clock = new Date('2026-11-23T11:00:00Z')
const courseNamed = (key: string, students: number): string =>
  networksDocument(students)
    .replace('key: networks-101', `key: ${key}`)
    .replaceAll(/title: \{.*Networks.*\}/g, `title: { en: ${key}, fr: ${key} }`)
const sources = (...texts: string[]) => texts.map((text, i) => ({ name: `${i}.yaml`, text }))
const courses = [courseNamed('rivers', 4), courseNamed('woods', 4)]
await importDocuments(
  pool,
  ring,
  new Date('2026-11-20T08:00:00Z'),
  sources(zoneDocument, environmentDocument, poolDocument, ...courses),
)

/** The disk is broken where runs of this stack work. */
async function breakFolder(key: string, courseKey: string): Promise<void> {
  const stack = { key, kind: 'seats' as const, poolKey: 'local', courseKey, now: clock }
  await withTransaction(pool, (tx) => ensureStack(tx, stack))
  const { id } = await one<{ id: string }>(pool, sql`select id from stack where key = ${key}`)
  const folder = stackFolder(home, id)
  mkdirSync(dirname(folder), { recursive: true })
  writeFileSync(folder, '')
}
await breakFolder('seats-rivers-0', 'rivers')

/** What the engine answers of the image. */
let ofRegistry: { status: number; body: unknown } = { status: 200, body: {} }

/** A Swarm of one machine, which has the image and nothing else. */
const node = {
  ...{ ID: 'n1', Version: { Index: 1 }, Status: { State: 'ready', Addr: '10.1.2.3' } },
  Spec: { Availability: 'active', Role: 'worker', Labels: {} },
  Description: { Hostname: 'n1', Resources: { NanoCPUs: 64e9, MemoryBytes: 512 * 2 ** 30 } },
}
const engine = {
  ...{ host: () => '', ask: async () => ofRegistry },
  call: async (_: string, path: string) => (path === '/nodes' ? [node] : []),
} as unknown as Engine
const log = pino({ level: 'silent' })
const now = () => clock
const means = {
  ...{ pool, engine, log, now, signal: new AbortController().signal },
  place: { installation, registry: '127.0.0.1:5000', storageRoot: '/srv/labplan' },
  runs: {
    ...{ pool, keyRing: ring, docker: engine, worker: 'worker-1', now, log },
    config: {
      ...{ home, installation, dockerHost: '', terraformBinary: 'terraform' },
      ...{ providerMirror: home, searchPath: '' },
    },
  },
}

it('tells who teaches a class that cannot be planned early, after some tries, and plans the others at once', async () => {
  const early = earlyPlanner(means)
  const told = async () =>
    (await latestNotices(pool, { limit: 20 })).map((notice) => noticeText(notice, 'en'))
  await early.plan().catch(() => {})
  expect((await told()).map(({ subject }) => subject)).toEqual([expect.stringContaining('woods')])
  for (let tries = 0; tries < 4; tries++) {
    clock = after(clock, 15 * 60)
    await early.plan().catch(() => {})
  }
  const [newest] = await told()
  expect(newest!.subject).toContain('rivers')
  expect(newest!.paragraphs.join(' ')).toMatch(/It could not be planned: ENOTDIR/)
  // None of them seems to be under way for ever.
  expect(await many(pool, sql`select id from run where ended_at is null`)).toEqual([])
})

it('tells a day before of a freeze that lasts beyond when a class must be ready, and of none that ends before', async () => {
  const early = earlyPlanner(means)
  const actor = { name: 'operator', role: 'operator' } as const
  const freezeUntil = (until: string) =>
    withTransaction(pool, (tx) =>
      freeze(tx, {
        ...{ poolKey: null, applies: true, destroys: false, reason: 'Exams', actor, now: clock },
        until: new Date(until),
      }),
    )
  const told = async () => {
    const notices = await latestNotices(pool, { limit: 20 })
    const own = notices.filter(({ course_key }) => course_key === 'woods')
    return own.map((notice) => noticeText(notice, 'en').paragraphs.join(' '))[0]
  }
  clock = new Date('2026-11-30T11:00:00Z')
  await freezeUntil('2026-12-01T08:20:00Z')
  await early.plan()
  expect(await told()).toMatch(/cannot plan/)
  expect(await told()).not.toMatch(/paused/)
  clock = new Date('2026-12-07T11:00:00Z')
  await freezeUntil('2026-12-08T12:00:00Z')
  await early.plan()
  expect(await told()).toMatch(/paused by people \(Exams\) .* resume on .*13:00/)
})

it('says of a registry that is away for an hour no more than that, and sends nobody to build the image again', async () => {
  const early = earlyPlanner(means)
  const told = async () =>
    (await latestNotices(pool, { limit: 20 }))
      .filter(({ course_key }) => course_key === 'woods')
      .map((notice) => noticeText(notice, 'en').paragraphs.join(' '))[0] ?? ''
  ofRegistry = {
    status: 500,
    body: {
      message:
        'Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
    },
  }
  clock = new Date('2026-12-14T11:00:00Z')
  await early.plan()
  expect(await told()).toContain('Not known yet whether its image')
  expect(await told()).not.toMatch(/cannot be pulled|Build it again/)
  for (let hours = 1; hours <= 2; hours++) {
    clock = after(clock, 3600)
    await early.plan()
  }
  const { problems } = await one<{ problems: { code: string }[] }>(
    pool,
    sql`select problems from early_plan join session on session.id = session_id join course on course.id = course_id
        where course.key = 'woods' order by early_plan.started_at desc limit 1`,
  )
  expect(problems.map(({ code }) => code)).toContain('early.registry-away')
  ofRegistry = { status: 200, body: {} }
})

it('plans what a change asks for although another that waits longer cannot be planned', async () => {
  for (const text of [courseNamed('rivers', 150), courseNamed('woods', 150)]) {
    clock = after(clock, 60)
    await importDocuments(pool, ring, clock, sources(text))
  }
  clock = after(clock, 3600)
  const planner = changePlanner(means)
  await planner.plan().catch(() => {})
  const planned = await many(
    pool,
    sql`select distinct stack from change_plan where stack like '%woods%'`,
  )
  expect(planned).not.toEqual([])
  // Nor does it plan that one each minute: it is a run of Terraform.
  const runs = async () =>
    (await one<{ n: number }>(pool, sql`select count(*) as n from run where kind = 'plan'`)).n
  const before = await runs()
  for (let minutes = 0; minutes < 5; minutes++) {
    clock = after(clock, 60)
    await planner.plan().catch(() => {})
  }
  expect(await runs()).toBe(before)
  clock = after(clock, 15 * 60)
  await planner.plan().catch(() => {})
  expect(await runs()).toBeGreaterThan(before)
})

describe('when PostgreSQL refuses to write of some sessions', () => {
  const early = earlyPlanner(means)
  /** These go before the others, and are as many as are planned in one pass. */
  const bad = ['brooks', 'hills', 'lakes', 'rivers']
  const pass = (): Promise<string> =>
    early.plan().then(
      () => 'nothing',
      (error: unknown) => String(error),
    )
  const refuse = (table: string, on: string) =>
    pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin
        if (select course.key from course join session on session.course_id = course.id where session.id = new.session_id)
          = any('{${bad.join()}}') then raise exception 'nothing is written here'; end if;
        return new;
      end $$;
      create trigger refuse before ${on} on ${table} for each row execute function refuse()`)
  const allow = () => pool.query('drop function if exists refuse cascade')
  afterEach(allow)
  const planned = async () =>
    (
      await many<{ key: string }>(
        pool,
        sql`select course.key from early_plan join session on session.id = session_id join course on course.id = course_id
            where early_plan.due_at > ${after(clock, -4 * 3600)} and early_plan.state = 'failed' order by 1`,
      )
    ).map(({ key }) => key)

  it('plans those of the others, and these once it can', async () => {
    clock = new Date('2026-12-20T10:00:00Z')
    const more = bad.slice(0, 3).map((key) => courseNamed(key, 4))
    await importDocuments(pool, ring, clock, sources(...more))
    clock = new Date('2026-12-21T11:00:00Z')
    await refuse('early_plan', 'insert')
    const said = await pass()
    expect(await planned()).toEqual(['woods'])
    for (const key of bad)
      expect(said).toContain(`Session ${key}/2026-12-22T10:00: it could not be planned early.`)
    expect(said).not.toContain('woods')
    await allow()
    clock = after(clock, 60)
    await pass()
    expect(await planned()).toEqual(['brooks', 'hills', 'lakes', 'woods'])
  })

  it('plans what changes ask for although no class can be planned early', async () => {
    clock = new Date('2027-01-04T11:00:00Z')
    await pool.query('delete from change_plan')
    await refuse('early_plan', 'insert')
    const planned = planAhead({ ...means, planner: early, reviews: changePlanner(means) })
    await expect(planned).rejects.toThrow('Classes could not be planned early.')
    expect(
      await many(pool, sql`select distinct stack from change_plan where stack like '%woods%'`),
    ).not.toEqual([])
  })

  it('tells those of the others what would fail, and those of these once it can', async () => {
    clock = new Date('2027-01-11T11:00:00Z')
    await refuse('notice', 'insert')
    const said = await pass()
    await pass()
    expect(await planned()).toEqual(['woods'])
    expect(said).toContain(
      'Session brooks/2027-01-12T10:00: what its early plan found could not be told.',
    )
    await allow()
    clock = after(clock, 20 * 60)
    await pass()
    expect(await planned()).toEqual(['brooks', 'hills', 'lakes', 'woods'])
  })
})
