/** An early plan with real Terraform, Docker and registry: it finds what would fail, and changes nothing. */
import pino from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { plansOfChange } from '../../../api/data/changes/change-plan.ts'
import { rejectChange } from '../../../api/data/changes/change-review.ts'
import { many, sql, withTransaction } from '../../../api/data/db.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { sessionsToCome } from '../../../api/data/sessions/session.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { changePlanner } from '../../../workers/jobs/plan-changes.ts'
import { earlyPlanner } from '../../../workers/jobs/plan-early.ts'
import { courseDocument as cloudCourse, poolDocument as cloudDocument } from '../../cast/cloud.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { liveServices, type TerraformBed, terraformBed } from '../terraform/terraform-bed.ts'

let bed: TerraformBed
beforeAll(async () => {
  bed = await terraformBed()
})
afterAll(() => bed?.down())

/** A first class that starts on Tuesday at 10:00 in Paris; it is Monday, after noon. */
let now = new Date('2026-11-23T12:00:00Z')

async function importCourse(image: string, cpu = 0.02): Promise<void> {
  const course = networksDocument(3)
    .replace('key: networks-101', 'key: early-101')
    .replace('cpu: 0.5, memoryMb: 512', `cpu: ${cpu}, memoryMb: 16`)
  const environment = environmentDocument.replace(/image: .*/, `image: ${image}`)
  // Machines that are bought for another course are no reason not to look at the own ones.
  const clouds = { key: 'clouds', start: '2026-12-19T10:00', minutes: 120, students: 3 }
  const bought = { cloud: cloudDocument('10.0.0.2:2377'), clouds: cloudCourse(clouds) }
  const texts = { zone: zoneDocument, pool: poolDocument, environment, course, ...bought }
  const documents = Object.entries(texts).map(([name, text]) => ({ name: `${name}.yaml`, text }))
  await importDocuments(bed.database.pool, bed.services.keyRing, now, documents)
}

function means() {
  const { database, services, docker } = bed
  const { registry } = bed.seats([1])
  return {
    ...{ pool: database.pool, engine: docker, runs: { ...services, now: () => now } },
    place: { installation: database.installation, registry, storageRoot: '/srv/labplan' },
    ...{ log: pino({ level: 'silent' }), now: () => now, signal: new AbortController().signal },
  }
}

const planNow = () => earlyPlanner(means()).plan()

const session = async () => (await sessionsToCome(bed.database.pool, { now, limit: 1 }))[0]!
const runs = () =>
  many<{ key: string; kind: string; state: string; ended: boolean; created: number | null }>(
    bed.database.pool,
    sql`select stack.key, run.kind, run.state, run.ended_at is not null as ended, (run.summary ->> 'create')::int as created
        from run join stack on stack.id = run.stack_id order by run.created_at, stack.key`,
  )
const told = async () =>
  (await latestNotices(bed.database.pool, { limit: 5 })).map((one) => noticeText(one, 'en'))

it('plans the stacks of the session as they will be, and applies nothing', async () => {
  await importCourse(bed.template.image)
  await planNow()
  expect((await session()).early_problems).toEqual([])
  expect(await session()).toMatchObject({ state: 'planned', early_state: 'passed' })
  expect(await runs()).toEqual([
    { key: 'seats-early-101-0', kind: 'plan', state: 'planned', ended: true, created: 3 },
    { key: 'volumes-early-101', kind: 'plan', state: 'planned', ended: true, created: 3 },
  ])
  expect(await liveServices(bed.docker)).toEqual([])
  const leases = await many(
    bed.database.pool,
    sql`select key from stack where lease_owner is not null or state <> 'absent' or wanted_digest is not null`,
  )
  expect([leases, await told()]).toEqual([[], []])
  await planNow()
  expect(await runs()).toHaveLength(2)
})

it('plans what a change that waits would do, for its reviewers to read, and applies nothing', async () => {
  const { pool } = bed.database
  const before = (await runs()).length
  const course = networksDocument(5)
    .replace('key: networks-101', 'key: early-101')
    .replace('cpu: 0.5, memoryMb: 512', 'cpu: 0.02, memoryMb: 16')
    .replace('students', 'allowance: { seats: 3 }\nstudents')
  const documents = [{ name: 'course.yaml', text: course }]
  const waits = await importDocuments(pool, bed.services.keyRing, now, documents)
  if (waits.outcome !== 'changed') throw new Error('It was to be a change.')
  const { id, blueprint_digest: digest } = waits.change
  await changePlanner(means()).plan()
  const plans = await plansOfChange(pool, { id, digest })
  expect(plans).toMatchObject([
    { stack: 'seats-early-101-0', message: null, counts: { create: 5, update: 0, delete: 0 } },
    { stack: 'volumes-early-101', message: null, counts: { create: 5, update: 0, delete: 0 } },
  ])
  expect(plans[0]!.text).toMatch(/docker_service\.s005 will be created/)
  expect(plans[0]!.text).toContain('Plan: 5 to add, 0 to change, 0 to destroy.')
  expect(plans.map((one) => one.text).join()).not.toMatch(/password|SWMTKN/i)
  expect(await liveServices(bed.docker)).toEqual([])
  expect(await runs()).toHaveLength(before + 2)
  // Planned once for what it compiles to, also by a worker that has just started; gone when it waits no more.
  await changePlanner(means()).plan()
  expect(await runs()).toHaveLength(before + 2)
  const no = { id, reason: 'No', actor: { name: 'test', role: 'operator' } as const, now }
  await withTransaction(pool, (tx) => rejectChange(tx, no))
  await changePlanner(means()).plan()
  expect(await plansOfChange(pool, { id, digest })).toEqual([])
  await pool.query('delete from notice')
})

it('tells of an image that cannot be pulled and of nodes without room, once, and when it would work again', async () => {
  const missing = bed.template.image.replace(/[0-9a-f]{64}$/, 'f'.repeat(64))
  await importCourse(missing, 20)
  await bed.database.pool.query('delete from early_plan')
  now = new Date('2026-11-23T12:10:00Z')
  await planNow()
  expect(await session()).toMatchObject({ early_state: 'failed' })
  expect(await told()).toMatchObject([
    {
      subject:
        'Networks 101: the class on Tuesday 24 November at 10:00 could not be prepared as things are',
      paragraphs: [
        expect.any(String),
        expect.stringMatching(/^The image labplan\/sleeper@sha256:f+ cannot be pulled \(/),
        expect.stringMatching(/^The one node that takes seats now has room for 0 of the 3 seats/),
      ],
    },
  ])
  now = new Date('2026-11-23T13:10:00Z')
  await planNow()
  expect(await told()).toHaveLength(1)
  await importCourse(bed.template.image)
  now = new Date('2026-11-23T14:10:00Z')
  await planNow()
  expect(await session()).toMatchObject({ early_state: 'passed' })
  expect((await told())[0]?.subject).toBe(
    'Networks 101: nothing stands in the way of the class on Tuesday 24 November at 10:00 any more',
  )
  expect(await liveServices(bed.docker)).toEqual([])
})

it('says what Terraform could not plan: here a network that is gone', async () => {
  const { docker, database } = bed
  await docker.call('DELETE', `/networks/lp-${database.installation}-seats`)
  await database.pool.query('delete from early_plan; delete from notice')
  now = new Date('2026-11-23T14:20:00Z')
  await planNow()
  expect((await told())[0]?.paragraphs.at(-1)).toMatch(
    /^Terraform cannot plan its seats: There is no Swarm network lp-test0000-seats/,
  )
})
