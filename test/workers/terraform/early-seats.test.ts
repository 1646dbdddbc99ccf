/** A seat is written down as soon as its service is there, and only then, and only for who holds the stack. On PostgreSQL; the Swarm is played. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { Listening } from '../../../api/data/listen.ts'
import { many, sql, withTransaction } from '../../../api/data/db.ts'
import { holdsLease } from '../../../api/data/runs/stack.ts'
import {
  type CourseStack,
  findStack,
  isOfCourse,
  wantStacks,
} from '../../../api/data/runs/stack-wish.ts'
import type { SeatContent } from '../../../stacks/content.ts'
import { serviceName } from '../../../stacks/parts/names.ts'
import { serviceTemplate } from '../../../stacks/rules/template.ts'
import { writeDownEarly } from '../../../workers/jobs/early-seats.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { courseDocument, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { beginRun } from '../../cast/runs.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const NOW = new Date('2026-11-24T08:30:00Z')
const KEY = 'seats-networks-0'
const RUN = 'this-run'
const networks = { key: 'networks', start: '2026-11-24T10:00', minutes: 120, students: 3 }
const databases: TestDatabase[] = []
let database: TestDatabase
let stack: CourseStack
let goal: Map<number, SeatContent>
/** Aborted: Terraform has ended. */
let over: AbortController
/** Numbers of seats whose services the Swarm has. */
let there: number[]
/** Of those, whose services an earlier run made. */
let strange: Set<number>
let looks: number
/** Lets the next look come. */
let nextLook: (() => void) | undefined

beforeEach(async () => {
  nextLook = undefined
  database = await testDatabase()
  databases.push(database)
  const texts = [zoneDocument, environmentDocument, poolDocument('10.0.0.2:2377', '')]
  const sources = [...texts, courseDocument(networks)].map((text, i) => ({
    name: `${i}.yaml`,
    text,
  }))
  await importDocuments(database.pool, testRing(), NOW, sources)
  const wish = { key: KEY, kind: 'seats' as const, poolKey: 'cloud', courseKey: 'networks' }
  await wantStacks(database.pool, { stacks: [{ ...wish, digest: 'made-of' }], now: NOW })
  const found = (await findStack(database.pool, KEY))!
  if (!isOfCourse(found)) throw new Error('not a stack of a course')
  stack = found
  const blueprint = (await currentBlueprint(database.pool))!.blueprint
  const template = serviceTemplate(blueprint.courses[0]!.template!)
  goal = new Map([1, 2, 3].map((number) => [number, { number, generation: 1, template }]))
  there = []
  strange = new Set()
  looks = 0
  over = new AbortController()
})
afterAll(() => Promise.all(databases.map((one) => one.drop())))

/** Until every seat is there, or the run is over. */
function early(lease: Awaited<ReturnType<typeof take>>): Promise<void> {
  const { pool, installation } = database
  const engine = {
    call: async () => {
      looks++
      return there.map(played)
    },
  } as unknown as Engine
  const pace = {
    elapsedMs: () => 0,
    sleep: () => new Promise<void>((resolve) => (nextLook = resolve)),
  }
  const place = { installation, registry: '127.0.0.1:7083', storageRoot: '/s' }
  const means = { pool, engine, now: () => NOW, pace, place }
  return writeDownEarly(means, { stack, goal }, { runId: RUN, lease, over: over.signal })
}

const played = (number: number) => ({
  ID: `svc-${number}`,
  Version: { Index: 1 },
  Spec: {
    Labels: { 'labplan.run': strange.has(number) ? 'another-run' : RUN },
    Name: serviceName({ installation: database.installation, course8: stack.course_code, number }),
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: {},
  },
})
const take = async () =>
  (await beginRun(database.pool, { key: KEY, kind: 'apply', digest: 'made-of', now: NOW })).lease
const seats = async (): Promise<string[]> =>
  (
    await many<{ text: string }>(
      database.pool,
      sql`select state || ' ' || coalesce(service_id, '-') as text from seat where number <= 3 order by number`,
    )
  ).map(({ text }) => text)
/** Until the look under way is over, and waits for its next. */
const looked = () => expect.poll(() => nextLook !== undefined).toBe(true)
const lookAgain = (): void => {
  const go = nextLook
  nextLook = undefined
  go?.()
}

it('writes down what is there while the rest is being made, and looks no more when all is', async () => {
  there = [1]
  const end = early(await take())
  await looked()
  expect(await seats()).toEqual(['cold svc-1', 'absent -', 'absent -'])
  there = [1, 2, 3]
  lookAgain()
  await end
  expect(await seats()).toEqual(['cold svc-1', 'cold svc-2', 'cold svc-3'])
  expect(looks).toBe(2)
})

it('tells the reconciler, which turns on those that are to be warm', async () => {
  const listening = new Listening(database.url)
  let heard = 0
  listening.on('work', () => heard++)
  await listening.open()
  there = [1, 2, 3]
  await early(await take())
  await expect.poll(() => heard).toBeGreaterThan(0)
  await listening.close()
})

it('does not look when no seat is to come: what is changed has its own turn', async () => {
  there = [1, 2, 3]
  await database.pool.query(`update seat set state = 'cold' where number <= 3`)
  await early(await take())
  expect(looks).toBe(0)
  expect(await seats()).toEqual(['cold -', 'cold -', 'cold -'])
})

it('leaves to the end what an earlier run made: this one may change it first', async () => {
  there = [1, 2, 3]
  strange = new Set([2])
  const end = early(await take())
  await looked()
  expect(await seats()).toEqual(['cold svc-1', 'absent -', 'cold svc-3'])
  over.abort()
  lookAgain()
  await end
})

it('looks no more once Terraform has ended', async () => {
  const end = early(await take())
  await looked()
  there = [1, 2, 3]
  over.abort()
  lookAgain()
  await end
  expect(looks).toBe(1)
  expect(await seats()).toEqual(['absent -', 'absent -', 'absent -'])
})

it('writes nothing when Terraform ends before it has the stack to itself', async () => {
  const lease = await take()
  there = [1, 2, 3]
  const { pool } = database
  const end = await withTransaction(pool, async (tx) => {
    await holdsLease(tx, lease)
    const waiting = early(lease)
    const blocked = sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    await expect.poll(() => many(pool, blocked)).toHaveLength(1)
    over.abort()
    return { waiting }
  })
  await end.waiting
  expect(await seats()).toEqual(['absent -', 'absent -', 'absent -'])
})

it('writes nothing for who lost the stack meanwhile', async () => {
  await take()
  there = [1, 2, 3]
  await early({ stackId: stack.id, tokenHash: Buffer.alloc(32) })
  expect(await seats()).toEqual(['absent -', 'absent -', 'absent -'])
})
