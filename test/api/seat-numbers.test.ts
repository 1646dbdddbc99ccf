/** A course that has no seat number left: who has none waits, is told why, and is in nobody's way. Real rows, a clock of the test's. */
import { pino } from 'pino'
import { afterAll, expect, it } from 'vitest'
import { type Db, execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { whatIsDue } from '../../api/data/runs/due.ts'
import { newId } from '../../api/data/ids.ts'
import { latestNotices, noticesOfCourse } from '../../api/data/notice.ts'
import { noticeText } from '../../api/notice-text.ts'
import { tellNumbersOut } from '../../api/data/seats/seat-number.ts'
import { serveQueue } from '../../api/data/workspaces/serve-queue.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import { workspaceView } from '../../api/data/workspaces/workspace-view.ts'
import { rosterFollower } from '../../workers/jobs/follow-rosters.ts'
import { addLmsCourse } from '../cast/record.ts'
import { testDatabase } from '../postgres.ts'
import {
  type ClassCourse,
  actor,
  at,
  coolDown,
  launchAt,
  newPerson,
  plannedCourse,
  ring,
} from './class-scene.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database
const tx = <T>(work: (db: Db) => Promise<T>) => withTransaction(pool, work)

const stateOf = async (id: string) =>
  (await one<{ state: string }>(pool, sql`select state from workspace where id = ${id}`)).state
const numberOf = async (id: string) => (await workspaceView(pool, ring, id, at(60)))?.seatNumber
const queueOf = async (id: string, minute: number) =>
  (await workspaceView(pool, ring, id, at(minute)))?.queue
const noticesOf = async (course: ClassCourse) =>
  (await latestNotices(pool, { limit: 50 })).filter((said) => said.course_key === course.key)

async function stop(id: string, minute: number): Promise<void> {
  await tx((db) => stopWorkspace(db, { workspaceId: id, actor, now: at(minute) }))
  if ((await stateOf(id)) === 'stopping') await coolDown(pool, id, minute)
}
const pass = (course: ClassCourse, minute: number) =>
  tx((db) => serveQueue(db, { courseId: course.id, now: at(minute) }))
const allow = (course: ClassCourse, seats: number) =>
  execute(pool, sql`update course set allowance_seats = ${seats} where id = ${course.id}`)

/** Who holds each number, in order. */
async function fullCourse(plan: { seats: number; atOnce: number; held?: number; gpus?: number }) {
  const lifecycle = { turnHours: 0.5, warnMinutes: 5, holdMinutes: 15, reserveMinutes: 120 }
  const kind = plan.gpus ? 'project' : 'class'
  const course = await plannedCourse(pool, { ...plan, ready: plan.seats, kind, lifecycle })
  if (plan.held !== undefined) await allow(course, plan.held)
  const holders: { id: string; personId: string }[] = []
  for (let i = 0; i < (plan.held ?? plan.seats); i++) {
    const personId = await newPerson(pool)
    holders.push({ id: (await launchAt(pool, course, personId, i)).id, personId })
  }
  return { course, holders }
}

it('lets a seat holder in at once while somebody without a seat waits', async () => {
  const { course, holders } = await fullCourse({ seats: 2, atOnce: 2 })
  const seatless = await launchAt(pool, course, await newPerson(pool), 2)
  expect(seatless).toMatchObject({ state: 'queued', seatNumber: null })
  await stop(holders[0]!.id, 5)
  expect(await launchAt(pool, course, holders[0]!.personId, 6)).toMatchObject({
    state: 'starting',
    seatNumber: 1,
  })
  expect(await stateOf(seatless.id)).toBe('queued')
})

it('gives a free place to who waits behind somebody without a seat, in the order they came', async () => {
  const { course, holders } = await fullCourse({ seats: 4, atOnce: 1 })
  const [first, second, third, fourth] = holders
  // The second leaves the line and comes back behind the one without a seat.
  await stop(second!.id, 5)
  const seatless = await launchAt(pool, course, await newPerson(pool), 6)
  expect(await launchAt(pool, course, second!.personId, 7)).toMatchObject({ state: 'queued' })
  expect((await queueOf(second!.id, 8))?.ahead).toBe(2)
  for (const [i, next] of [third!, fourth!, second!].entries()) {
    await stop([first!, third!, fourth!][i]!.id, 10 + i)
    expect(await stateOf(next.id)).toBe('ready')
  }
  await stop(second!.id, 20)
  expect(await stateOf(seatless.id)).toBe('queued')
  // A free place that nobody can take is not looked at again in each pass.
  expect((await whatIsDue(pool, at(21))).queues).not.toContain(course.id)
})

it('gives the next free number to who waits for one longest, before any newcomer', async () => {
  const { course } = await fullCourse({ seats: 4, atOnce: 4, held: 2 })
  const seatless = await launchAt(pool, course, await newPerson(pool), 3)
  const later = await launchAt(pool, course, await newPerson(pool), 4)
  await allow(course, 3)
  const newcomer = await launchAt(pool, course, await newPerson(pool), 5)
  expect(newcomer).toMatchObject({ state: 'queued', seatNumber: null })
  expect((await queueOf(seatless.id, 6))?.numbersOut).toBeNull()
  expect((await queueOf(later.id, 6))?.numbersOut).toBe(3)
  expect((await whatIsDue(pool, at(6))).queues).toContain(course.id)
  expect(await pass(course, 6)).toBe(1)
  expect([await numberOf(seatless.id), await numberOf(later.id)]).toEqual([3, null])
  await allow(course, 4)
  expect(await pass(course, 7)).toBe(1)
  expect([await numberOf(later.id), await numberOf(newcomer.id)]).toEqual([4, null])
})

it('ends nobody’s turn on a GPU for who could not take it', async () => {
  const { course, holders } = await fullCourse({ seats: 2, atOnce: 2, gpus: 1 })
  const seatless = await launchAt(pool, course, await newPerson(pool), 2)
  await pass(course, 3)
  const view = await workspaceView(pool, ring, holders[0]!.id, at(4))
  expect(view?.stopsAt).toEqual(at(120))
  expect((await whatIsDue(pool, at(4))).queues).not.toContain(course.id)
  await stop(holders[1]!.id, 5)
  expect(await queueOf(seatless.id, 6)).toMatchObject({ heldUntil: null, numbersOut: 2 })
})

it('tells teachers and the infra team once for each allowance, and names nobody', async () => {
  const { course } = await fullCourse({ seats: 3, atOnce: 3, held: 2 })
  expect(await noticesOf(course)).toEqual([])
  for (let i = 0; i < 3; i++) await launchAt(pool, course, await newPerson(pool), 3)
  const [said, ...more] = await noticesOf(course)
  expect(said).toMatchObject({ code: 'notice.seat-numbers', audience: 'both' })
  expect([said?.params, more]).toEqual([{ count: 2 }, []])
  for (const locale of ['en', 'fr'] as const) {
    const { subject, paragraphs } = noticeText(said!, locale)
    const words = [subject, ...paragraphs].join(' ')
    expect(words).toContain(
      locale === 'en' ? 'for more than 2 students' : 'pour plus de 2 étudiants',
    )
    expect(words).not.toContain('{')
  }
  expect(await noticesOfCourse(pool, { courseId: course.id, now: at(60) })).toHaveLength(1)
  await allow(course, 3)
  await pass(course, 5)
  await launchAt(pool, course, await newPerson(pool), 6)
  expect((await noticesOf(course)).map((one) => one.params['count']).toSorted()).toEqual([2, 3])
})

it('tells them again in the next term, when their page says nothing of the last any more', async () => {
  const { course } = await fullCourse({ seats: 3, atOnce: 3, held: 2 })
  await launchAt(pool, course, await newPerson(pool), 3)
  const DAY = 24 * 60
  const tell = (minute: number) =>
    tx((db) => tellNumbersOut(db, { courseId: course.id, now: at(minute) }))
  await tell(2 * DAY)
  await tell(13 * DAY)
  expect(await noticesOf(course)).toHaveLength(1)
  await tell(120 * DAY)
  await tell(120 * DAY + 1)
  await tell(121 * DAY)
  expect(await noticesOf(course)).toHaveLength(2)
  const shown = await noticesOfCourse(pool, { courseId: course.id, now: at(122 * DAY) })
  expect(shown.map(({ code }) => code)).toEqual(['notice.seat-numbers'])
})

it('gives numbers to as many as the allowance is for beside those who left, and keep theirs', async () => {
  const { course, holders } = await fullCourse({ seats: 6, atOnce: 6, held: 2 })
  const contextId = await addLmsCourse(pool, { courseKey: course.key, contextId: '7', now: at(0) })
  for (const { personId } of holders)
    await execute(
      pool,
      sql`insert into membership (id, person_id, lms_context_id, role, state, state_at, seen_at)
          values (${newId()}, ${personId}, ${contextId}, 'student', 'dormant', ${at(1)}, ${at(1)})`,
    )
  const waiting = await launchAt(pool, course, await newPerson(pool), 3)
  expect(waiting).toMatchObject({ state: 'queued', seatNumber: null })
  const log = pino({ level: 'silent' })
  await rosterFollower({ pool, ring, log, now: () => at(4) }).follow()
  await pass(course, 5)
  expect(await numberOf(waiting.id)).toBe(3)
  expect(await launchAt(pool, course, await newPerson(pool), 6)).toMatchObject({ seatNumber: 4 })
  expect(await launchAt(pool, course, await newPerson(pool), 7)).toMatchObject({ seatNumber: null })
  // Who comes again has the seat they had.
  await stop(holders[0]!.id, 8)
  expect(await launchAt(pool, course, holders[0]!.personId, 9)).toMatchObject({ seatNumber: 1 })
})
