/**
 * A whole class against the real thing: 31 students on 30 places, api and worker restarted in the middle,
 * and everything of ours gone at the end. No browser: HTTP as a browser speaks it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../api/data/db.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../practice-class.ts'
import { testDatabase } from '../postgres.ts'
import { formTo } from '../visitor.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { listServices } from '../../workers/swarm/service.ts'

const database = await testDatabase()
let practice: PracticeClass

beforeAll(async () => {
  practice = await practiceClass(
    { students: 31, atOnce: 30, seats: 33 },
    { databaseUrl: database.url },
  )
  await seatsReady(practice.inst, 30)
}, 420_000)

afterAll(async () => {
  await practice?.close()
  await database.drop()
})

const states = async () => {
  const rows = await many<{ state: string; n: number }>(
    practice.inst.pool,
    sql`select state, count(*) as n from workspace group by state order by state`,
  )
  return Object.fromEntries(rows.map((row) => [row.state, row.n]))
}

it('gives 31 students 31 numbers: 30 run, one waits for a place, through a restart of api and worker', async () => {
  const people = Array.from({ length: 31 }, (_, i) => `student${i + 1}`)
  const first = await Promise.all(people.slice(0, 16).map((person) => practice.launch(person)))
  await Promise.all([practice.inst.stop('api', 'SIGKILL'), practice.inst.stop('worker', 'SIGKILL')])
  await Promise.all([practice.inst.start('api'), practice.inst.start('worker')])
  const rest = await Promise.all(people.slice(16).map((person) => practice.launch(person)))
  for (const { page } of [...first, ...rest])
    expect([page.status, page.url]).toEqual([200, expect.stringContaining('/workspaces/')])

  await until(
    async () => (await states())['ready'] === 30,
    90_000,
    () => '30 running workspaces',
  )
  expect(await states()).toEqual({ queued: 1, ready: 30 })
  const { n } = await one<{ n: number }>(
    practice.inst.pool,
    sql`select count(distinct seat_id) as n from workspace`,
  )
  expect(n).toBe(31)
})

it('starts who waits when somebody stops, and says the place in line before', async () => {
  const [waiting] = await many<{ sub: string; id: string }>(
    practice.inst.pool,
    sql`select person.sub, workspace.id from workspace join person on person.id = person_id where state = 'queued'`,
  )
  const person = [...practice.lms.cast.values()].find((one) => String(one.id) === waiting?.sub)
  const mine = await practice.launch(person?.username ?? '')
  expect(mine.page.text).toMatch(/You are next|Vous êtes le prochain/)

  const other = people(1).find((name) => name !== person?.username) ?? ''
  const theirs = await practice.launch(other)
  const stop = formTo(theirs.page, '/stop')
  await theirs.visitor.post(stop.action, stop.fields)
  await until(
    async () => (await stateOf(waiting?.id ?? '')) === 'ready',
    90_000,
    () => `the one who waited to run:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  expect(await states()).toEqual({ ready: 30, stopped: 1 })
})

const people = (from: number) =>
  Array.from({ length: 31 - from + 1 }, (_, i) => `student${i + from}`)

const stateOf = async (id: string) =>
  (
    await one<{ state: string }>(
      practice.inst.pool,
      sql`select state from workspace where id = ${id}`,
    )
  ).state

it('takes every seat away after the class, keeps every volume, and leaves nobody running', async () => {
  await practice.replan({ students: 31, atOnce: 30, seats: 33, minutes: 5 })
  const engine = connectEngine(practice.bed.dockerHost)
  await until(
    async () => (await listServices(engine, practice.inst.id)).length === 0,
    180_000,
    () => `the seats to go:\n${practice.inst.log('worker').slice(-3000)}`,
  )
  expect(Object.keys(await states())).toEqual(['stopped'])
  const volumes = (await engine.call('GET', '/volumes', {
    query: { filters: { label: [`labplan.installation=${practice.inst.id}`] } },
  })) as { Volumes: unknown[] }
  expect(volumes.Volumes.length).toBeGreaterThanOrEqual(31)
  engine.close()
})
