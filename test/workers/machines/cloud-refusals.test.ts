/** What follows when a cloud refuses, on a real database with a clock that is set: how long is waited, and who is told. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { one, sql, withTransaction } from '../../../api/data/db.ts'
import { findPool } from '../../../api/data/pools/pool.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { findStack, wantStacks } from '../../../api/data/runs/stack-wish.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { cloudLooks } from '../../../workers/cloud/look.ts'
import { faultsToTell } from '../../../workers/cloud/objects.ts'
import { postponeMachines } from '../../../workers/jobs/cloud-refusals.ts'
import { courseDocument, POOL, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'

const began = new Date('2026-11-24T08:55:00Z')
const { pool, drop, installation } = await testDatabase()
afterAll(drop)
const sources = [
  ...[zoneDocument, environmentDocument, poolDocument('10.0.0.2:2377')],
  courseDocument({ key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }),
]
const ring = testRing()
await importDocuments(
  pool,
  ring,
  began,
  sources.map((text, i) => ({ name: `${i}.yaml`, text })),
)

const KEY = 'nodes-cloud'
/** Wants something else of the stack, which forgets its failures. */
const wantAnew = (digest: string) =>
  withTransaction(pool, (tx) =>
    wantStacks(tx, {
      stacks: [{ key: KEY, kind: 'nodes', poolKey: POOL, courseKey: null, digest }],
      now: began,
    }),
  )

/** Fails so many times in a row with these words; answers after how many seconds each is tried again. */
async function waitsAfter(message: string, times: number, from = began): Promise<number[]> {
  const waits: number[] = []
  let at = from
  for (let i = 0; i < times; i++) {
    const now = at
    await postponeMachines({ pool, now: () => now }, (await findStack(pool, KEY))!, message)
    const row = await one<{ retry_at: Date }>(
      pool,
      sql`select retry_at from stack where key = ${KEY}`,
    )
    waits.push((row.retry_at.getTime() - now.getTime()) / 1000)
    at = row.retry_at
  }
  return waits
}

const told = async () =>
  (await latestNotices(pool, { limit: 20 })).filter(({ code }) => code === 'notice.cloud-trouble')

const quota =
  'Terraform could not apply: … but got 403 instead: {"forbidden": {"code": 403, "message": "Quota exceeded for instances: Requested 1, but already used 2 of 2 instances"}}'

it('tells at once, and once a day, what only a person can change, and for which class it is', async () => {
  await wantAnew('quota')
  expect(await waitsAfter(quota, 8)).toEqual([5, 10, 20, 40, 80, 160, 300, 300])
  const [notice, ...more] = await told()
  expect(more).toEqual([])
  expect(noticeText(notice!, 'en')).toEqual({
    subject: 'Labplan: the cloud of pool cloud refuses',
    paragraphs: [
      'Machines of the pool could not be brought to what is planned (nodes-cloud).',
      'The quota “instances” of the project is used up: 1 more asked for, 2 of 2 in use.',
      'Have “instances” raised to at least 3 (1 more), or let fewer machines be bought at once (maximum in pools.yaml).',
      'Asked for by networks, class at 10:00, 8 students.',
    ],
  })
  expect(noticeText(notice!, 'fr').paragraphs[1]).toContain('épuisé')
  await waitsAfter(quota, 1, new Date('2026-11-25T08:55:00Z'))
  expect(await told()).toHaveLength(2)
})

it('backs off when asked to, and never for longer than half an hour', async () => {
  await wantAnew('rate-limit')
  const limited = 'compute 429: Too Many Requests'
  expect(await waitsAfter(limited, 7)).toEqual([60, 120, 240, 480, 960, 1800, 1800])
  await wantAnew('rate-limit-said')
  expect(await waitsAfter(`${limited} (Retry-After: 400)`, 4)).toEqual([400, 800, 1600, 1800])
  await wantAnew('rate-limit-absurd')
  expect(await waitsAfter(`${limited} (Retry-After: 999999)`, 2)).toEqual([1800, 1800])
})

it('bears twice what passes by itself before it tells', async () => {
  const before = (await told()).length
  await wantAnew('region')
  const down = "The cloud's compute did not answer in region north."
  await waitsAfter(down, 2)
  expect(await told()).toHaveLength(before)
  await waitsAfter(down, 1)
  expect((await told()).map(({ lines }) => lines[0])).toContainEqual({
    ...{ code: 'cloud.trouble.region-down', params: { what: 'north (compute)' } },
  })
})

it('looks less and less often at a cloud that is asked too often', async () => {
  // What stands before an API and limits it: no cloud is played, there is none behind it.
  let asked = 0
  const gate = createServer((_, response) => {
    asked++
    response.writeHead(429).end('Too Many Requests')
  }).listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const { port } = gate.address() as AddressInfo
  await withTransaction(pool, (tx) =>
    keepCredential(tx, ring, {
      ...{ poolKey: POOL, now: began, actor: { name: 'test', role: 'operator' } },
      access: {
        authUrl: `http://127.0.0.1:${port}/v3`,
        ...{ applicationCredentialId: 'x', applicationCredentialSecret: 'y' },
      },
    }),
  )
  let at = began.getTime()
  const log = { warn() {} }
  const looks = cloudLooks({ pool, ring, installation, log, now: () => new Date(at) })
  const { id } = (await findPool(pool, POOL))!
  const askedAfter: number[] = []
  for (const seconds of [0, 59, 1, 119, 1, 239, 1]) {
    at += seconds * 1000
    expect(await looks.look({ id, key: POOL })).toEqual(new Map())
    askedAfter.push(asked)
  }
  gate.close()
  expect(askedAfter).toEqual([1, 1, 2, 2, 3, 3, 4])
})

it('tells the fault of a machine where the run made it, and hides with it nothing that went wrong later', () => {
  const fault = { message: 'No valid host was found.' }
  const servers = [
    { status: 'ERROR', fault, metadata: { 'labplan.node': 'm-large-1' } },
    { status: 'ACTIVE', metadata: { 'labplan.node': 'm-large-2' } },
  ]
  const ends = (words: string) =>
    `Terraform could not apply: Error waiting for instance (x) ${words}`
  expect(
    faultsToTell(
      ends("to become ready: unexpected state 'ERROR', wanted target 'ACTIVE'."),
      servers,
    ),
  ).toBe('The cloud says of m-large-1: No valid host was found.')
  const later = ends("to Delete:  unexpected state 'ERROR', wanted target 'DELETED, SOFT_DELETED'.")
  for (const said of [later, quota, 'compute 429: Too Many Requests'])
    expect(faultsToTell(said, servers)).toBeUndefined()
})
