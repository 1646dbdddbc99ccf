/** The worker is killed while Terraform makes thirty seats, and thirty students launch at that moment. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findOne, many, sql } from '../../api/data/db.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { listServices } from '../../workers/swarm/service.ts'
import { listTasks } from '../../workers/swarm/task.ts'
import { openWebShell } from '../beds/web-shell.ts'
import { testDatabase } from '../postgres.ts'
import { type PracticeClass, practiceClass, until } from '../practice-class.ts'
import { enter, headersOf } from './way.ts'

const STUDENTS = 30
const database = await testDatabase()
let practice: PracticeClass

beforeAll(async () => {
  practice = await practiceClass({ students: STUDENTS }, { databaseUrl: database.url })
}, 300_000)
afterAll(async () => {
  await practice?.close()
  await database.drop()
})

it('lets all thirty in, one seat each, each seat made once', async () => {
  const { inst, bed } = practice
  const applying = sql`select run.id from run join stack on stack.id = stack_id
    where stack.kind = 'seats' and run.state = 'applying'`
  await until(
    async () => (await findOne(inst.pool, applying)) !== undefined,
    120_000,
    () => `Terraform to make seats:\n${inst.log('worker').slice(-3000)}`,
  )
  const people = Array.from({ length: STUDENTS }, (_, i) => `student${i + 1}`)
  const launches = Promise.all(people.map((person) => practice.launch(person)))
  await inst.stop('worker', 'SIGKILL')
  for (const { page } of await launches)
    expect([page.status, page.url]).toEqual([200, expect.stringContaining('/workspaces/')])
  const [killed] = await many<{ id: string }>(inst.pool, applying)
  expect(killed).toBeDefined()
  await inst.start('worker')

  const workspaces = () =>
    many<{ state: string; seat_id: string }>(inst.pool, sql`select state, seat_id from workspace`)
  await until(
    async () => (await workspaces()).filter((one) => one.state === 'ready').length === STUDENTS,
    200_000,
    () => `thirty students to be in:\n${inst.log('worker').slice(-3000)}`,
  )
  expect(new Set((await workspaces()).map((one) => one.seat_id)).size).toBe(STUDENTS)
  expect(await findOne(inst.pool, sql`select state from run where id = ${killed!.id}`)).toEqual({
    state: 'needs_reconcile',
  })

  const machines = await Promise.all(people.map((person) => machineOf(practice, person)))
  expect(new Set(machines).size).toBe(STUDENTS)

  const engine = connectEngine(bed.dockerHost)
  const services = await listServices(engine, inst.id)
  expect(new Set(services.map((one) => one.Spec.Name)).size).toBe(STUDENTS)
  expect(services.length).toBe(STUDENTS)
  const tasks = await listTasks(engine, { installation: inst.id })
  const running = tasks.filter((task) => task.Status.State === 'running')
  expect(new Set(running.map((task) => task.ServiceID)).size).toBe(STUDENTS)
  expect(running.length).toBe(STUDENTS)
  engine.close()
}, 400_000)

/** The name of the machine that a student finds in their terminal, come back by the LMS and the gateway. */
async function machineOf(practice: PracticeClass, person: string): Promise<string> {
  const way = await enter(practice, person)
  const shell = await openWebShell(way.gateway, { headers: headersOf(way) })
  const name = await shell.run('cat /proc/sys/kernel/hostname')
  shell.cut()
  expect(name).not.toBe('')
  return name
}
