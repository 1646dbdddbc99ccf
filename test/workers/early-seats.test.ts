/** A seat is written down as soon as its service is there, and only then, and only for who holds the stack. On PostgreSQL; the Swarm is played. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { currentBlueprint } from '../../api/data/blueprint.ts'
import { many, sql } from '../../api/data/db.ts'
import type { RunEvent } from '../../api/data/run.ts'
import { findStack, isOfCourse, wantStacks } from '../../api/data/stack-wish.ts'
import { openLog } from '../../api/log.ts'
import { serviceName } from '../../stacks/parts/names.ts'
import { serviceTemplate } from '../../stacks/rules/template.ts'
import { type EarlySeats, earlySeats } from '../../workers/jobs/early-seats.ts'
import type { Engine } from '../../workers/swarm/engine.ts'
import { courseDocument, poolDocument } from '../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../cast/documents.ts'
import { importDocuments, testRing } from '../cast/record.ts'
import { beginRun } from '../cast/runs.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'

const NOW = new Date('2026-11-24T08:30:00Z')
const KEY = 'seats-networks-0'
const networks = { key: 'networks', start: '2026-11-24T10:00', minutes: 120, students: 3 }
const databases: TestDatabase[] = []
let database: TestDatabase
let early: EarlySeats
/** Numbers of seats whose services the Swarm has. */
let there: number[]
let looks: number
let code: string
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
  const stack = (await findStack(database.pool, KEY))!
  if (!isOfCourse(stack)) throw new Error('not a stack of a course')
  code = stack.course_code
  const blueprint = (await currentBlueprint(database.pool))!.blueprint
  const template = serviceTemplate(blueprint.courses[0]!.template!)
  const goal = new Map([1, 2, 3].map((number) => [number, { number, generation: 1, template }]))
  const { pool, installation } = database
  there = []
  looks = 0
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
  const log = openLog('worker', 'silent')
  early = earlySeats({ pool, engine, log, now: () => NOW, pace, place }, stack, goal)
})
afterAll(() => Promise.all(databases.map((one) => one.drop())))

const played = (number: number) => ({
  ID: `svc-${number}`,
  Version: { Index: 1 },
  Spec: {
    Name: serviceName({ installation: database.installation, course8: code, number }),
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: {},
  },
})
const begun = (address: string, more: Partial<RunEvent> = {}): RunEvent[] => [
  { at: NOW, kind: 'start', action: 'create', address, ...more },
]
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
  const lease = await take()
  there = [1]
  await early.onEvents(begun('docker_service.s001'), lease)
  await looked()
  expect(await seats()).toEqual(['cold svc-1', 'absent -', 'absent -'])
  there = [1, 2, 3]
  lookAgain()
  await expect.poll(seats).toEqual(['cold svc-1', 'cold svc-2', 'cold svc-3'])
  await early.end()
  expect(looks).toBe(2)
})

it('begins with the first service that is made: not with what is changed, and not with a volume', async () => {
  const lease = await take()
  there = [1, 2, 3]
  await early.onEvents(begun('docker_service.s001', { action: 'update' }), lease)
  await early.onEvents(begun('docker_volume.s001'), lease)
  await early.onEvents(begun('docker_service.s001', { kind: 'end' }), lease)
  await early.end()
  expect(looks).toBe(0)
  expect(await seats()).toEqual(['absent -', 'absent -', 'absent -'])
})

it('writes nothing for who lost the stack meanwhile', async () => {
  await take()
  there = [1, 2, 3]
  const stackId = (await findStack(database.pool, KEY))!.id
  await early.onEvents(begun('docker_service.s001'), { stackId, tokenHash: Buffer.alloc(32) })
  await early.end()
  expect(await seats()).toEqual(['absent -', 'absent -', 'absent -'])
})
