/** Who waits for a turn on a GPU is written to when it comes: real rows, a real mail server, a clock of the test's. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { readConfig } from '../../../api/config.ts'
import { type Db, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { serveQueue } from '../../../api/data/workspaces/serve-queue.ts'
import { keepTurnMail } from '../../../api/data/workspaces/turn-mail.ts'
import { startWorkspace, stopWorkspace } from '../../../api/data/workspaces/workspace-act.ts'
import { workspaceView } from '../../../api/data/workspaces/workspace-view.ts'
import { notifier } from '../../../workers/jobs/deliver-notices.ts'
import {
  type ClassCourse,
  actor,
  at,
  coolDown,
  launchAt,
  newPerson,
  plannedCourse,
  ring,
} from '../../api/class-scene.ts'
import { testDatabase } from '../../postgres.ts'
import { catchMail } from './mail-catcher.ts'

const database = await testDatabase()
const { pool } = database
const mail = await catchMail()
afterAll(async () => {
  await mail.close()
  await database.drop()
})
beforeEach(() => {
  mail.mails.length = 0
})

const config = readConfig({
  DATABASE_URL: database.url,
  LABPLAN_INSTALLATION: database.installation,
  LABPLAN_SMTP_URL: mail.url,
  LABPLAN_MAIL_FROM: 'labplan@school.example',
})
const tx = <T>(work: (db: Db) => Promise<T>) => withTransaction(pool, work)
const deliver = async (minute: number) => {
  const pass = notifier({ pool, config, now: () => at(minute) })
  await pass.deliver()
  pass.close()
}
const mailOf = async (id: string) =>
  (
    await one<{ turn_mail: string | null }>(
      pool,
      sql`select turn_mail from workspace where id = ${id}`,
    )
  ).turn_mail
const queueOf = async (id: string, minute: number) =>
  (await workspaceView(pool, ring, id, at(minute)))?.queue

/** One place, taken; who comes then waits, with an address if their LMS sent one. */
async function waitingIn(course: ClassCourse, email: string | null) {
  const first = (await launchAt(pool, course, await newPerson(pool), 0)).id
  const waiting = (await launchAt(pool, course, await newPerson(pool), 1)).id
  await tx((db) => keepTurnMail(db, { workspaceId: waiting, email }))
  const leave = async (minute: number) => {
    const act = { workspaceId: first, actor, now: at(minute) }
    await tx((db) => stopWorkspace(db, act))
    await coolDown(pool, first, minute)
    await tx((db) => serveQueue(db, { courseId: course.id, now: at(minute) }))
  }
  return { waiting, leave }
}
const course = (gpus: number) =>
  plannedCourse(pool, {
    ...{ seats: 3, atOnce: 1, ready: 1, kind: 'project', gpus },
    lifecycle: { turnHours: 0.5, warnMinutes: 5, holdMinutes: 15, reserveMinutes: 120 },
  })

it('writes once, says until when the place is held, and forgets the address when they start', async () => {
  const { waiting, leave } = await waitingIn(await course(1), 'student3@school.example')
  expect((await queueOf(waiting, 2))?.isToldByMail).toBe(true)
  await leave(5)
  expect((await queueOf(waiting, 5))?.heldUntil).toEqual(at(20))
  await Promise.all([deliver(6), deliver(6)])
  expect(mail.mails.map(({ to }) => to)).toEqual([['student3@school.example']])
  const raw = mail.mails[0]!.raw.replaceAll('=\r\n', '')
  expect(raw).toContain(`http://labplan.localhost:7080/workspaces/${waiting}`)
  expect(raw).toContain('it is your turn')
  expect(raw).toContain('you wait for a place')
  await tx((db) => startWorkspace(db, { workspaceId: waiting, actor, now: at(7) }))
  expect(await mailOf(waiting)).toBeNull()
  const [notice] = await latestNotices(pool, { limit: 1 })
  expect(notice).toMatchObject({ code: 'notice.turn', audience: 'waiting', is_shown: false })
  expect(notice?.deliveries).toMatchObject([{ to: expect.stringMatching(/^p-/), state: 'sent' }])
})

it('writes to nobody who left the line before, nor once the turn has passed', async () => {
  const left = await waitingIn(await course(1), 'student4@school.example')
  await tx((db) => stopWorkspace(db, { workspaceId: left.waiting, actor, now: at(3) }))
  expect(await mailOf(left.waiting)).toBeNull()
  await left.leave(5)
  const passed = await waitingIn(await course(1), 'student5@school.example')
  await passed.leave(5)
  await tx((db) => stopWorkspace(db, { workspaceId: passed.waiting, actor, now: at(6) }))
  await deliver(7)
  expect(mail.mails).toEqual([])
  const states = await many(pool, sql`select state, message from notice_delivery order by id desc`)
  expect(states[0]).toEqual({ state: 'failed', message: 'has no address any more' })
})

it('keeps no address where nobody takes turns, or where the LMS sends none', async () => {
  const plain = await waitingIn(await course(0), 'student6@school.example')
  const nameless = await waitingIn(await course(1), null)
  await nameless.leave(5)
  await deliver(6)
  expect([await mailOf(plain.waiting), await mailOf(nameless.waiting)]).toEqual([null, null])
  expect((await queueOf(nameless.waiting, 6))?.isToldByMail).toBe(false)
  expect(mail.mails).toEqual([])
})
