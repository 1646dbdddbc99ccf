/**
 * Seats that begin while their storage is away: who may choose it and take it back, what their service is made of, when they
 * start, and that their files are brought home once. The Swarm's part is played; scratch.real.test.ts has a real one.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ServiceTemplate } from '../../../stacks/blueprint.ts'
import type { SeatsContent } from '../../../stacks/content.ts'
import { scratchTemplate } from '../../../stacks/rules/scratch.ts'
import { serviceTemplate } from '../../../stacks/rules/template.ts'
import { templateDigestOf, type WantedStack } from '../../../stacks/rules/wanted.ts'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { chooseScratch, classScratch, undoScratch } from '../../../api/data/seats/scratch.ts'
import {
  beginMerge,
  homesLeft,
  nodesWithHomes,
  openHomes,
  putOffMerge,
  recordCleared,
  recordMerge,
  type ScratchHome,
  seatScratch,
} from '../../../api/data/seats/scratch-home.ts'
import { markRunning } from '../../../api/data/seats/seat-life.ts'
import { rememberTemplate } from '../../../api/data/seats/seat-template.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { volumesLook } from '../../../scripts/doctor-parts/storage.ts'
import { readSettings } from '../../../scripts/steps/settings.ts'
import { beginOutage, endOutage } from '../../../api/data/volumes/storage-outage.ts'
import { contentOf } from '../../../workers/jobs/content.ts'
import { scratchStep } from '../../../workers/jobs/keep-scratch.ts'
import { type Carrier, carrierBody } from '../../../workers/swarm/carrier.ts'
import { ENDS } from '../../../workers/swarm/scratch-script.ts'
import { at, plannedCourse } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { template as plain } from '../../stacks/seats-content.ts'

const actor = { name: 'p-teacher', role: 'teacher' } as const
const place = { installation: 'test0000', registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' }
const kept = { mountPath: '/home', backend: 'cephfs' as const }
const full = {
  ...plain,
  volume: { ...kept, quotaMb: 24 },
  personal: { mountPath: '/personal' },
  data: { mountPath: '/data', version: 1, sizeMb: 9, backend: 'cephfs' as const },
}
const own = serviceTemplate(full)
let database: TestDatabase
let course = { id: '', key: '' }
let sessionId = ''
let stack: WantedStack

beforeAll(async () => {
  database = await testDatabase()
  const { pool } = database
  course = await plannedCourse(pool, { seats: 3, atOnce: 3, ready: 3 })
  const digest = templateDigestOf(own)
  await withTransaction(pool, async (tx) => {
    await rememberTemplate(tx, { digest, body: own })
    await execute(tx, sql`update session set state = 'preparing' where course_id = ${course.id}`)
    // The first stands still with somebody in it, the second is off, the third is not there yet.
    await execute(
      tx,
      sql`update seat set template_digest = ${digest}, applied_generation = 1, wanted_on = true, slot_made = true,
            state = (array['ready', 'cold', 'absent'])[number] where course_id = ${course.id}`,
    )
    await execute(
      tx,
      sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
          select gen_random_uuid(), id, 1, 'lp-' || number, 'cephfs', 24, 'ready', ${at(-60)}, ${at(-60)} from seat where course_id = ${course.id}`,
    )
  })
  sessionId = (
    await one<{ id: string }>(pool, sql`select id from session where course_id = ${course.id}`)
  ).id
  stack = {
    ...{
      key: `seats-${course.key}-0`,
      kind: 'seats',
      pool: `pool-${course.key}`,
      course: course.key,
    },
    ...{ course8: 'netw0rks', seats: [1, 2, 3], template: full, templateDigest: digest },
    ...{ contentDigest: 'x', until: null },
  }
})
afterAll(() => database.drop())

const choose = (work = chooseScratch) =>
  withTransaction(database.pool, (tx) => work(tx, { sessionId, actor, now: at(-10) }))
const templates = async (): Promise<ServiceTemplate[]> =>
  ((await contentOf(database.pool, place, stack)) as SeatsContent).seats.map((one) => one.template)
const seats = async () => (await livingSeats(database.pool)).toSorted((a, b) => a.number - b.number)
const mayStart = async () => (await seats()).map((seat) => seat.volume_ready && !seat.storage_away)
const away = () =>
  withTransaction(database.pool, (tx) =>
    beginOutage(tx, { backend: 'cephfs', since: at(-15), reason: 'silence', now: at(-14) }),
  )
const back = () =>
  withTransaction(database.pool, (tx) => endOutage(tx, { backend: 'cephfs', now: at(30) }))
/** As after a run of Terraform. */
const applied = async () => {
  for (const [i, body] of (await templates()).entries()) {
    const digest = templateDigestOf(body)
    await rememberTemplate(database.pool, { digest, body })
    await execute(
      database.pool,
      sql`update seat set template_digest = ${digest}, state = case when state = 'absent' then 'cold' else state end
          where course_id = ${course.id} and number = ${i + 1}`,
    )
  }
}
const setState = (number: number, state: string) =>
  execute(
    database.pool,
    sql`update seat set state = ${state} where course_id = ${course.id} and number = ${number}`,
  )

it('cannot be chosen while the storage answers', async () => {
  expect(await choose()).toBe('not-away')
  expect(await classScratch(database.pool, course.id)).toBeUndefined()
})

it('changes those that wait and none that runs; taken back, all is as before', async () => {
  await away()
  expect(await classScratch(database.pool, course.id)).toMatchObject({ isChosen: false, begun: 0 })
  expect(await choose()).toBeUndefined()
  expect(await choose()).toBeUndefined()
  const scratch = scratchTemplate(own, null)
  expect(await templates()).toEqual([own, scratch, scratch])
  expect(scratch).toMatchObject({
    volume: { mountPath: '/home', scratch: { backend: 'cephfs' } },
    env: { LABPLAN_SCRATCH: '1' },
  })
  expect([scratch?.personal, scratch?.data]).toEqual([undefined, undefined])
  expect(await mayStart()).toEqual([false, false, false])
  expect(await choose(undoScratch)).toBeUndefined()
  expect(await templates()).toEqual([own, own, own])
  const audited = await many<{ action: string }>(
    database.pool,
    sql`select action from audit where subject_kind = 'session' order by at, id`,
  )
  expect(audited.map((one) => one.action)).toEqual(['session.scratch', 'session.scratch-undone'])
})

it('starts once its service is made so, and is known by its node before anybody can enter', async () => {
  await choose()
  await applied()
  expect(await mayStart()).toEqual([false, true, true])
  const [, second] = await seats()
  await setState(2, 'starting')
  const run = { id: second!.id, taskId: 't2', nodeAddress: '10.64.0.2', nodeId: 'node-a' }
  await markRunning(database.pool, { seats: [run], now: at(-5) })
  await markRunning(database.pool, { seats: [run], now: at(-4) })
  const [frozen] = await seats()
  await markRunning(database.pool, { seats: [{ ...run, id: frozen!.id }], now: at(-4) })
  await setState(2, 'ready')
  const homes = await openHomes(database.pool)
  expect(homes).toMatchObject([
    { number: 2, node_id: 'node-a', folder: 'from-scratch-2026-11-23T07-55Z', is_cold: false },
  ])
  expect(await choose(undoScratch)).toBe('has-begun')
  expect([...(await nodesWithHomes(database.pool))]).toEqual(['node-a'])
  // It begins again where its files are; who runs is as it was.
  await setState(2, 'cold')
  expect((await templates())[1]?.constraints.at(-1)).toBe('node.id==node-a')
  await setState(2, 'ready')
  expect((await templates())[1]).toEqual(scratchTemplate(own, null))
})

it('goes home at its next stop, and waits for its files', async () => {
  await back()
  const [, second, third] = await seats()
  expect(await seatScratch(database.pool, second!.id, at(31))).toMatchObject({ isOn: true })
  expect(await mayStart()).toEqual([true, false, false])
  await setState(2, 'cold')
  expect(await templates()).toEqual([own, own, own])
  expect((await openHomes(database.pool))[0]).toMatchObject({ is_cold: false })
  await applied()
  const [home] = await openHomes(database.pool)
  expect(home).toMatchObject({ is_cold: true, is_home_there: true })
  expect(scratchStep(home!, [], at(31))).toEqual({ do: 'begin' })
  // The third never began on one.
  expect(await mayStart()).toEqual([true, false, true])
  const at31 = { id: home!.id, now: at(31) }
  const begin = () => withTransaction(database.pool, (tx) => beginMerge(tx, at31))
  expect([await begin(), await begin()]).toEqual([true, false])
  expect(await mayStart()).toEqual([true, false, true])
  expect(await homesLeft(database.pool, course.id)).toEqual([{ number: 2, trouble: null }])

  await putOffMerge(database.pool, { ...at31, trouble: 'no-room', retryAt: at(40) })
  expect(await mayStart()).toEqual([true, true, true])
  expect(await homesLeft(database.pool, course.id)).toEqual([{ number: 2, trouble: 'no-room' }])
  const settings = readSettings({ LABPLAN_HOME: '/nonexistent' })
  expect(await volumesLook(settings, database.pool)).toMatchObject({
    ...{ state: 'doubtful', says: expect.stringContaining('seat 2 (no room on its disk)') },
  })
  const [again] = await openHomes(database.pool)
  expect(scratchStep(again!, [], at(39))).toBeUndefined()
  expect(scratchStep(again!, [], at(40))).toEqual({ do: 'begin' })

  expect(await begin()).toBe(true)
  await recordMerge(database.pool, { ...at31, result: 'folder' })
  await recordMerge(database.pool, { ...at31, result: 'home' })
  expect(await mayStart()).toEqual([true, true, true])
  expect(await seatScratch(database.pool, second!.id, at(32))).toMatchObject({
    ...{ isOn: false, result: 'folder', folder: 'from-scratch-2026-11-23T07-55Z' },
  })
  await recordCleared(database.pool, at31)
  expect(await openHomes(database.pool)).toEqual([])
  expect(await seatScratch(database.pool, third!.id, at(32))).toBeUndefined()
})

const home: ScratchHome = {
  ...{ id: newId(), course8: 'netw0rks', number: 2, generation: 1, node_id: 'node-a' },
  ...{ folder: 'from-scratch-x', state: 'merging', state_at: at(30), retry_at: null },
  ...{ template: scratchTemplate(own, null)!, is_cold: true, is_home_there: true },
  is_discarded: false,
}
const carrier: Carrier = {
  ...{ id: 'c1', home: home.id, does: 'bring', state: 'ended', exitCode: 0, said: '' },
}
const step = (more: Partial<ScratchHome>, carriers: Carrier[], minutes = 30) =>
  scratchStep({ ...home, ...more }, carriers, at(minutes))

it('takes one step at a time, whoever was killed before', () => {
  const clear = { ...carrier, does: 'clear' } as const
  const ended = (exitCode: number | null) => [{ ...carrier, exitCode }]
  expect(step({ state: 'open', is_home_there: false }, [])).toBeUndefined()
  expect(step({ state: 'open', is_cold: false }, [])).toBeUndefined()
  expect(step({ state: 'open' }, [carrier])).toEqual({ do: 'dismiss' })
  expect(step({}, [])).toEqual({ do: 'send', errand: 'bring' })
  expect(step({}, [{ ...carrier, state: 'working' }])).toBeUndefined()
  expect(step({}, ended(0))).toEqual({ do: 'merged', result: 'folder' })
  expect(step({}, ended(ENDS.home))).toEqual({ do: 'merged', result: 'home' })
  expect(step({}, ended(ENDS.nothing))).toEqual({ do: 'merged', result: 'nothing' })
  expect(step({}, ended(ENDS.noRoom))).toEqual({ do: 'put off', trouble: 'no-room' })
  expect(step({}, ended(null))).toEqual({ do: 'put off', trouble: 'cannot' })
  const waiting = { ...carrier, state: 'waiting' } as const
  expect(step({}, [waiting], 31)).toBeUndefined()
  expect(step({}, [waiting], 33)).toEqual({ do: 'put off', trouble: 'node-away' })
  expect(step({ state: 'merged' }, [carrier])).toEqual({ do: 'dismiss' })
  expect(step({ state: 'merged' }, [])).toEqual({ do: 'send', errand: 'clear' })
  expect(step({ state: 'merged' }, [clear])).toEqual({ do: 'cleared' })
  expect(step({ state: 'merged' }, [{ ...clear, exitCode: 1 }])).toEqual({ do: 'dismiss' })
  // Whose files are purged has nothing brought, and nothing left on a node either.
  expect(step({ state: 'open', is_home_there: false, is_discarded: true }, [])).toEqual({
    do: 'merged',
    result: 'discarded',
  })
})

it('carries between the node’s own volume and the seat’s, and removes with the first alone', () => {
  const load = {
    ...{ homeId: home.id, course8: 'netw0rks', number: 2, generation: 1, nodeId: 'node-a' },
    ...{ folder: home.folder, template: home.template },
  }
  const spec = (does: 'bring' | 'clear') =>
    carrierBody(place, load, does).TaskTemplate.ContainerSpec.Mounts
  const scratch = { Source: 'lp-test0000-netw0rks-s002-g1-scratch' }
  expect(spec('bring')).toMatchObject([
    scratch,
    {
      Source: 'lp-test0000-netw0rks-s002-g1',
      VolumeOptions: {
        DriverConfig: {
          Options: { device: '/srv/labplan/mounts/lp-test0000-netw0rks-s002-g1/home', o: 'bind' },
        },
      },
    },
  ])
  expect(spec('clear')).toHaveLength(1)
  expect(spec('clear')).toMatchObject([scratch])
})
