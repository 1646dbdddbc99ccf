/** Machines of a cloud, the day before: which a session stands on, what the quota holds, what is said of a cloud that is silent. */
import { afterAll, describe, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { withTransaction } from '../../../api/data/db.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { machinesOfSession, quotaLacks } from '../../../stacks/rules/early-machines.ts'
import { machineFindings } from '../../../workers/jobs/early-machines.ts'
import { courseDocument, POOL, twoRegions } from '../../cast/cloud.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { meansOf } from './machines-player.ts'

const database = await testDatabase()
const { pool } = database
const keys = { current: 'k1', keys: { k1: Buffer.alloc(32, 7).toString('base64') } }
const nowhere = { dockerHost: 'unix:///nowhere/docker.sock', home: '/nowhere', keys }
const now = new Date('2026-11-23T12:00:00Z')
const { ring, engine, place, runs, log } = meansOf({ database, ...nowhere }, () => now)
afterAll(async () => {
  engine.close()
  await database.drop()
})
const means = { pool, engine, place, runs, log, now: () => now, signal: AbortSignal.any([]) }

const texts = [
  ...[zoneDocument, environmentDocument, twoRegions('10.0.0.2:2377'), poolDocument],
  courseDocument({ key: 'morning', start: '2026-11-24T08:00', minutes: 60, students: 4 }),
  courseDocument({ key: 'clouds', start: '2026-11-24T10:00', minutes: 120, students: 8 }),
  networksDocument(3),
]
const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
await importDocuments(pool, ring, now, sources)
const { blueprint } = (await currentBlueprint(pool))!
const sessionOf = (key: string) => blueprint.courses.find((one) => one.key === key)!.sessions[0]!

it('a session stands on the machines of its own pool, with those that others have then', () => {
  const of = (key: string) =>
    machinesOfSession(blueprint, sessionOf(key)).map(({ region, base, nodes }) => [
      ...[region, base.key, nodes.key],
      ...nodes.nodes.map((node) => node.key),
    ])
  const there = ['RegionOne', `base-${POOL}`, `nodes-${POOL}`]
  expect(of('morning')).toEqual([[...there, 'm-large-1']])
  expect(of('clouds')).toEqual([[...there, 'm-large-1', 'm-large-2']])
  expect(of('networks-101')).toEqual([])
})

describe('a quota', () => {
  const machine = { instances: 1, cores: 4, ram: 8192 }
  const cores = (used: number, limit: number) => [{ resource: 'cores', used, limit }]

  it.each([
    ['holds what comes', cores(4, 12), 2, 0, []],
    ['lacks what comes too many', cores(5, 12), 2, 0, [13, 1]],
    ['holds what comes when as much is given back', cores(12, 12), 2, 2, []],
    ['lacks what is not given back', cores(12, 12), 2, 1, [16, 4]],
    ['is not asked when nothing comes', cores(14, 12), 0, 0, []],
    ['is none', cores(900, -1), 2, 0, []],
    ['of nothing lacks all', cores(0, 0), 1, 0, [4, 4]],
  ])('%s', (_, quotas, coming, going, lack) => {
    const all = (count: number) => Array.from({ length: count }, () => machine)
    const lacks = quotaLacks(quotas, { coming: all(coming), going: all(going) })
    expect(lacks.flatMap(({ needed, missing }) => [needed, missing])).toEqual(lack)
  })

  it('names each that lacks, with its numbers', () => {
    const quotas = [
      { resource: 'instances', used: 1, limit: 1 },
      { resource: 'ram', used: 8192, limit: 9000 },
      { resource: 'gigabytes', used: 10, limit: 10 },
    ]
    expect(quotaLacks(quotas, { coming: [machine, machine], going: [machine] })).toEqual([
      { resource: 'instances', asked: 2, freed: 1, used: 1, limit: 1, needed: 2, missing: 1 },
      {
        ...{ resource: 'ram', asked: 16384, freed: 8192, used: 8192, limit: 9000 },
        ...{ needed: 16384, missing: 7384 },
      },
    ])
  })
})

describe('a cloud', () => {
  const find = (key: string, attempt = 1) =>
    machineFindings(means, blueprint, { session: sessionOf(key), attempt })
  const nothing = { problems: [], unknown: [] }

  it('is not asked for a class on own machines, nor where nobody said how', async () => {
    expect([await find('networks-101'), await find('clouds')]).toEqual([nothing, nothing])
  })

  it('that does not answer leaves it unknown, and is a failure when that lasts; no stack is touched', async () => {
    // Nobody listens there.
    const access = {
      ...{ authUrl: 'http://127.0.0.1:9/v3', applicationCredentialId: 'id' },
      applicationCredentialSecret: 'secret',
    }
    const actor = { name: 'test', role: 'operator' } as const
    await withTransaction(pool, (tx) =>
      keepCredential(tx, ring, { poolKey: POOL, access, actor, now }),
    )
    const message = "The cloud's identity did not answer."
    expect(await find('clouds')).toEqual({
      problems: [],
      unknown: [{ code: 'early.unanswered', params: { region: 'RegionOne', message } }],
    })
    expect((await find('clouds', 3)).problems).toEqual([
      { code: 'early.machines-then', params: { pool: POOL, region: 'RegionOne' } },
      { code: 'cloud.trouble.region-down', params: { what: 'identity' } },
      { code: 'cloud.trouble.region-down.do', params: { what: 'identity' } },
    ])
    const { rows } = await pool.query(
      `select (select count(*)::int from run) as runs, (select count(*)::int from stack) as stacks`,
    )
    expect(rows).toEqual([{ runs: 0, stacks: 0 }])
  })
})
