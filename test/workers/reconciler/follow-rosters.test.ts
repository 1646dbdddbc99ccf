/**
 * A course through a fortnight in which its list goes from 30 to 37 to 28, and five come whom no list knew: read from
 * the practice LMS, followed by the worker's job, with nobody asked.
 */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { many, one, sql } from '../../../api/data/db.ts'
import { rostersDue } from '../../../api/data/lms/roster-due.ts'
import { readRoster } from '../../../api/lti/roster.ts'
import { reachFrom } from '../../../api/reach.ts'
import { seatNumbers } from '../../../stacks/blueprint.ts'
import { rosterFollower } from '../../../workers/jobs/follow-rosters.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import {
  chosenActivity,
  launchAndEnter,
  openScene,
  registerAndActivate,
} from '../../api/lti-scene.ts'
import { environmentDocument, poolDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, lms, config, ring, now } = scene
const log = pino({ level: 'silent' })
const HOUR = 60
const WEEK = 7 * 24 * HOUR
const start = new Date(now().getTime() + 2 * HOUR * 60_000)

// So small an allowance that only the list's own lets the class grow.
const policy = `apiVersion: labplan/v1
kind: Policy
allowance: { seats: 30, atOnce: 30, growthPercent: 15 }
`
const course = `apiVersion: labplan/v1
kind: Course
key: networks-101
title: Networks 101
environment: terminal
pool: local
timeZone: UTC
seat: { cpu: 0.2, memoryMb: 128, volumeQuotaMb: 256 }
students: 24
followRoster: true
sessions:
  - { start: ${start.toISOString().slice(0, 16)}, minutes: 120, repeat: FREQ=WEEKLY;COUNT=3 }
headroom: { seats: 0 }
`
const sender = { send: async () => undefined }
const place = { installation: config.installation, registry: 'r', storageRoot: '/s' }
const { reconcile } = reconciler({
  ...{ pool, boss: sender, place, now, budget: config.runBudget },
})
const { follow } = rosterFollower({ pool, ring, log, now })
const people = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => `student${i + from}`)
let lab: string

/** What api and worker do by themselves, once round. */
async function goRound(): Promise<number> {
  const due = (await rostersDue(pool, now())).flatMap(({ ids }) => ids)
  const parts = { pool, ring, now, reach: reachFrom({ ...config, networks: config.lmsNetworks }) }
  for (const id of due) expect(await readRoster(parts, id)).toHaveProperty('read')
  await follow()
  await reconcile()
  return due.length
}

const sessions = () =>
  many<{ students: number; at_once: number }>(
    pool,
    sql`select students, at_once from session order by starts_at`,
  )
const students = async () => (await sessions()).map((one) => one.students)
const states = async () =>
  Object.fromEntries(
    (
      await many<{ state: string; n: number }>(
        pool,
        sql`select state, count(*)::int as n from workspace group by state`,
      )
    ).map((row) => [row.state, row.n]),
  )
const seatBySub = async () =>
  Object.fromEntries(
    (
      await many<{ sub: string; number: number }>(
        pool,
        sql`select sub, number from workspace join seat on seat.id = seat_id join person on person.id = person_id`,
      )
    ).map((row) => [row.sub, row.number]),
  )
const planned = async () => {
  const [plan] = (await currentBlueprint(pool))?.blueprint.courses ?? []
  return { allowance: plan?.allowance.seats, seats: plan?.sessions.map((one) => one.seats) }
}
const lanes = () =>
  many(pool, sql`select distinct lane, state, author_role from change where author = 'roster'`)

beforeAll(async () => {
  await importDocuments(
    pool,
    ring,
    now(),
    [zoneDocument, environmentDocument, poolDocument, policy, course].map((text, i) => ({
      ...{ name: `${i}.yaml`, text },
    })),
  )
  const platformId = await registerAndActivate(scene)
  lab = chosenActivity(scene, {
    ...{ platformId, lmsCourse: 'networks-101', key: 'lab', courseKey: 'networks-101' },
  })
  lms.setStudents('networks-101', people(30))
})

it('holds the number that was typed until the list was read, then the list', async () => {
  await launchAndEnter(scene, { person: 'assistant1', activity: lab })
  expect(await students()).toEqual([24, 24, 24])
  expect(await goRound()).toBe(1)
  expect(await students()).toEqual([30, 30, 30])
  expect((await planned()).allowance).toBe(35)
  expect(await goRound()).toBe(0)
})

it('lets five in whom nobody expected, in a class of 30 that runs', async () => {
  scene.shiftMinutes(2 * HOUR - 5)
  await goRound()
  for (const person of people(30)) await launchAndEnter(scene, { person, activity: lab })
  scene.shiftMinutes(2 * HOUR + 5)
  await goRound()
  expect(await states()).toEqual({ starting: 30 })
  lms.setStudents('networks-101', people(35))
  for (const person of people(5, 31)) await launchAndEnter(scene, { person, activity: lab })
  expect(await states()).toEqual({ starting: 30, queued: 5 })
  await follow()
  await reconcile()
  expect(await states()).toEqual({ starting: 35 })
  expect(await sessions()).toContainEqual({ students: 35, at_once: 35 })
  const { seats } = await one<{ seats: number }>(
    pool,
    sql`select count(*)::int as seats from seat where wanted_on`,
  )
  expect(seats).toBe(35)
})

it('is for 37 a week later, and for 28 after that; nobody changes seats', async () => {
  const before = await seatBySub()
  lms.setStudents('networks-101', people(37))
  scene.shiftMinutes(WEEK)
  expect(await goRound()).toBe(1)
  expect((await students()).slice(1)).toEqual([37, 37])
  scene.shiftMinutes(WEEK + 2 * HOUR + 5)
  await goRound()
  for (const person of people(2, 36)) await launchAndEnter(scene, { person, activity: lab })
  const all = await seatBySub()
  expect(all).toMatchObject(before)

  // Nine leave, from the middle.
  lms.setStudents('networks-101', [...people(9), ...people(19, 19)])
  scene.shiftMinutes(2 * WEEK)
  expect(await goRound()).toBe(1)
  expect((await students()).slice(2)).toEqual([28])
  const gone = [...people(9, 10)].map((name) => all[lms.cast.get(name)?.id ?? ''] ?? 0)
  const { seats, allowance } = await planned()
  const last = seatNumbers(seats?.[2] ?? '')
  expect(last).toHaveLength(28)
  expect(last.filter((seat) => gone.includes(seat))).toEqual([])
  expect(allowance).toBe(33)
  expect(await seatBySub()).toEqual(all)
})

it('has who left sit down again where they were, and is for one more', async () => {
  const before = await seatBySub()
  lms.setStudents('networks-101', [...people(10), ...people(19, 19)])
  scene.shiftMinutes(2 * WEEK + 2 * HOUR)
  await launchAndEnter(scene, { person: 'student10', activity: lab })
  await goRound()
  expect((await students()).slice(2)).toEqual([29])
  expect(await seatBySub()).toEqual(before)
  expect(await lanes()).toEqual([{ lane: 'automatic', state: 'approved', author_role: 'labplan' }])
})

it('counts nobody who has not come for weeks, until they do', async () => {
  // The policy's five weeks pass; of who ever came only student1 comes again, and three of the list never did.
  const longer = course.replace('COUNT=3', 'COUNT=9')
  await importDocuments(pool, ring, now(), [{ name: 'course.yaml', text: longer }])
  lms.setStudents('networks-101', people(40))
  scene.shiftMinutes(7 * WEEK + 2 * HOUR + 5)
  await goRound()
  await launchAndEnter(scene, { person: 'student1', activity: lab })
  const seats = await seatBySub()
  await goRound()
  expect((await students()).at(-1)).toBe(4)
  scene.shiftMinutes(8 * WEEK)
  await goRound()
  expect((await students()).at(-1)).toBe(4)
  await launchAndEnter(scene, { person: 'student2', activity: lab })
  await goRound()
  expect((await students()).at(-1)).toBe(5)
  expect(await seatBySub()).toEqual(seats)
})

it('asks nobody twice: what waits because of an older list is withdrawn', async () => {
  const small =
    policy.replace('seats: 30, atOnce: 30', 'budget: 0, seats: 1, atOnce: 1') + 'dormantWeeks: 0\n'
  const tight = `${course}allowance: { seats: 30, atOnce: 30 }\n`
  await importDocuments(pool, ring, now(), [
    { name: 'policy.yaml', text: small },
    { name: 'course.yaml', text: tight },
  ])
  const changes = () =>
    many(
      pool,
      sql`select state, facts->'courses'->0->'asks'->>'seats' as seats from change
          where author = 'roster' and lane = 'review' order by created_at`,
    )
  lms.setStudents('networks-101', people(40))
  scene.shiftMinutes(9 * WEEK)
  await goRound()
  lms.setStudents('networks-101', people(39))
  scene.shiftMinutes(9 * WEEK + 30 * HOUR)
  await goRound()
  expect(await changes()).toEqual([
    { state: 'superseded', seats: '40' },
    { state: 'proposed', seats: '39' },
  ])
})
