/** A seat is there as soon as Terraform has made its service, and only then, and only for who holds the stack. On PostgreSQL. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, sql } from '../../api/data/db.ts'
import type { RunEvent } from '../../api/data/run.ts'
import { currentBlueprint } from '../../api/data/blueprint.ts'
import { type CourseStack, findStack, isOfCourse, wantStacks } from '../../api/data/stack-wish.ts'
import { serviceTemplate } from '../../stacks/rules/template.ts'
import { seatsAsMade } from '../../workers/jobs/early-seats.ts'
import { courseDocument, poolDocument } from '../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../cast/documents.ts'
import { importDocuments, testRing } from '../cast/record.ts'
import { beginRun } from '../cast/runs.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'

const NOW = new Date('2026-11-24T08:30:00Z')
const KEY = 'seats-networks-0'
const networks = { key: 'networks', start: '2026-11-24T10:00', minutes: 120, students: 3 }
let database: TestDatabase
let tell: ReturnType<typeof seatsAsMade>

beforeAll(async () => {
  database = await testDatabase()
  const texts = [zoneDocument, environmentDocument, poolDocument('10.0.0.2:2377', '')]
  const sources = [...texts, courseDocument(networks)].map((text, i) => ({
    name: `${i}.yaml`,
    text,
  }))
  await importDocuments(database.pool, testRing(), NOW, sources)
  const wish = { key: KEY, kind: 'seats' as const, poolKey: 'cloud', courseKey: 'networks' }
  await wantStacks(database.pool, { stacks: [{ ...wish, digest: 'made-of' }], now: NOW })
  const stack = (await findStack(database.pool, KEY))!
  if (!isOfCourse(stack)) throw new Error('not a stack of a course')
  const template = serviceTemplate(
    (await currentBlueprint(database.pool))!.blueprint.courses[0]!.template!,
  )
  const goal = new Map([1, 2, 3].map((number) => [number, { number, generation: 1, template }]))
  tell = seatsAsMade({ pool: database.pool, now: () => NOW }, stack satisfies CourseStack, goal)
})
afterAll(() => database.drop())

const event = (number: number, more: Partial<RunEvent> = {}): RunEvent => ({
  ...{ at: NOW, kind: 'end', action: 'create', address: `docker_service.s00${number}` },
  ...{ objectId: `svc-${number}`, ...more },
})
const seats = async (): Promise<string[]> =>
  (
    await many<{ text: string }>(
      database.pool,
      sql`select state || ' ' || coalesce(service_id, '-') as text from seat where number <= 3 order by number`,
    )
  ).map(({ text }) => text)

it('writes down what was made, as it is made, and nothing that was only begun, changed, or is no seat', async () => {
  const run = await beginRun(database.pool, {
    key: KEY,
    kind: 'apply',
    digest: 'made-of',
    now: NOW,
  })
  await tell([event(1), event(2, { kind: 'start' })], run.lease)
  expect(await seats()).toEqual(['cold svc-1', 'absent -', 'absent -'])
  const volume = event(2, { address: 'docker_volume.s002' })
  await tell(
    [event(2, { action: 'update' }), volume, event(3), event(1, { objectId: 'other' })],
    run.lease,
  )
  expect(await seats()).toEqual(['cold svc-1', 'absent -', 'cold svc-3'])
})

it('writes nothing for who lost the stack meanwhile', async () => {
  const lease = { stackId: (await findStack(database.pool, KEY))!.id, tokenHash: Buffer.alloc(32) }
  await tell([event(2)], lease)
  expect((await seats())[1]).toBe('absent -')
})
