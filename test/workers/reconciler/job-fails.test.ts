/**
 * What is to be brought to what is wanted and cannot even be begun, or not be ended: it waits longer each time, says why, and takes no
 * other stack's turn. The real reconciler, rows and runs on PostgreSQL; this machine has no provider, so that no run gets to its plan.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { terraformOf } from '../../../workers/jobs/apply-means.ts'
import { applyStackNow } from '../../../workers/jobs/apply-stack.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { stackFolder } from '../../../workers/terraform/workdir.ts'
import { courseDocument, POOL, poolDocument } from '../../cast/cloud.ts'
import { allDocuments } from '../../cast/documents.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { SEATS_STACK, after } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const database = await testDatabase()
const { pool, installation } = database
const ring = testRing()
const home = mkdtempSync(join(tmpdir(), 'labplan-test-job-fails-'))
let boss: Boss
let clock = now
beforeAll(async () => {
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
})
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
  rmSync(home, { recursive: true, force: true })
})
const inCloud = courseDocument({
  key: 'rivers',
  start: '2026-11-24T10:00',
  minutes: 240,
  students: 4,
})
await importDocuments(pool, ring, now, [
  ...allDocuments(),
  { name: 'cloud.yaml', text: poolDocument('10.0.0.2:2377') },
  { name: 'rivers.yaml', text: inCloud },
])

const place = { installation, registry: '127.0.0.1:5000', storageRoot: '/srv/labplan' }
/** A Swarm that has nothing. */
const engine = { call: async () => [], host: () => '' } as never
const services = {
  ...{ pool, keyRing: ring, docker: engine, worker: 'worker-1', now: () => clock },
  config: {
    ...{ home, installation, dockerHost: '', terraformBinary: 'terraform' },
    ...{ providerMirror: home, searchPath: '' },
  },
  log: { info: () => {}, warn: () => {}, error: () => {} },
}
const means = {
  ...{ pool, ring, engine, place, now: () => clock, log: pino({ level: 'silent' }) },
  ...{ pace: { elapsedMs: () => 0, sleep: async () => {} }, terraform: terraformOf(services) },
}
const work = (key: string) => applyStackNow(means, key, new AbortController().signal)

const asked = async () =>
  (
    await many<{ key: string }>(
      pool,
      sql`select data->>'stackKey' as key from pgboss.job where name = 'apply-stack' order by created_on, id`,
    )
  ).map(({ key }) => key)
const stack = (key: string) =>
  one<{ failures: number; message: string | null; lease_owner: string | null }>(
    pool,
    sql`select failures, message, lease_owner from stack where key = ${key}`,
  )

/** A worker with one core, every other second for so long: it asks for runs and begins those that it asked for. Answers what failed. */
async function livesFor(seconds: number): Promise<string[]> {
  const failed: string[] = []
  const budget = { memoryMb: 8192, cores: 1 }
  const { reconcile } = reconciler({ pool, boss, place, now: () => clock, budget })
  const end = after(clock, seconds)
  for (let begun = (await asked()).length; clock < end; clock = after(clock, 2)) {
    await reconcile()
    const keys = (await asked()).slice(begun)
    begun += keys.length
    for (const key of keys)
      await work(key).catch((error: unknown) => failed.push(`${key}: ${error}`))
  }
  return failed
}

it('takes no turn from a class on own machines for a cloud that cannot be entered any more, and tells of it', async () => {
  const access = {
    ...{ authUrl: 'https://cloud.example', applicationCredentialId: 'id' },
    applicationCredentialSecret: 'secret',
  }
  const actor = { name: 'operator', role: 'operator' } as const
  await withTransaction(pool, (tx) =>
    keepCredential(tx, ring, { poolKey: POOL, access, actor, now }),
  )
  // As after the key ring of a backup was put back.
  await execute(pool, sql`update pool_credential set key_id = 'another'`)
  const failed = await livesFor(60)
  expect(new Set(await asked())).toContain(SEATS_STACK)
  expect(failed).toEqual([])
  const base = await stack(`base-${POOL}`)
  expect(base).toMatchObject({
    message: expect.stringMatching(/^Held: .*labplan pool credential cloud/),
  })
  const told = (await latestNotices(pool, { limit: 20 })).map(({ code, params }) => [
    code,
    params['stack'],
  ])
  expect(told).toContainEqual(['notice.run-held', `base-${POOL}`])
})

it('says why a run could not be ended, and puts the stack off', async () => {
  const { id } = await one<{ id: string }>(
    pool,
    sql`select id from stack where key = ${SEATS_STACK}`,
  )
  const folder = stackFolder(home, id)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  // A disk that is broken there.
  writeFileSync(folder, '')
  await execute(
    pool,
    sql`update stack set failures = 0, retry_at = null, message = null where id = ${id}`,
  )
  await work(SEATS_STACK)
  expect(await stack(SEATS_STACK)).toEqual({
    ...{ failures: 1, lease_owner: null },
    message: expect.stringContaining('ENOTDIR'),
  })
})
