/**
 * A thousand people of an LMS course are listed, come, and are written into every field there is, against a whole
 * Labplan that runs. None of them is then in what its processes said, in what Docker knows (labels, names, variables),
 * in Terraform's states opened or what it printed, or in a job.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../api/data/db.ts'
import { readKeyRing } from '../../api/data/key-ring.ts'
import { findState } from '../../api/data/runs/state.ts'
import { sideBySide } from '../../workers/side-by-side.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { finderOf, inventPeople } from '../cast/invented.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../cast/documents.ts'
import { testDatabase } from '../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../practice-class.ts'
import { Visitor, formTo } from '../visitor.ts'

const AT_ONCE = 8
const people = inventPeople(1000)
const whoIsIn = finderOf(people)
const nameOf = (i: number) => `${people[i]?.givenName} ${people[i]?.familyName}`
const database = await testDatabase()
let practice: PracticeClass

beforeAll(async () => {
  practice = await practiceClass({ students: 2, seats: 3 }, { databaseUrl: database.url })
  for (const person of people) practice.lms.cast.set(person.username, person)
  practice.lms.setStudents(
    'networks-101',
    people.map((person) => person.username),
  )
  await seatsReady(practice.inst, 2)
}, 300_000)

afterAll(async () => {
  await practice?.close()
  await database.drop()
})

it('has its list read and all of them come', async () => {
  const { inst, lms, activity } = practice
  await practice.launch('teacher1')
  const listed = async () =>
    (
      await one<{ n: number }>(
        inst.pool,
        sql`select count(*)::int as n from membership where role = 'student' and listed_at is not null`,
      )
    ).n
  await until(
    async () => (await listed()) >= people.length,
    60_000,
    () => `the list to be read:\n${inst.log('api').slice(-2000)}`,
  )
  let refused = 0
  await sideBySide(AT_ONCE, people, async ({ username }) => {
    const { status } = await lms.launch({ person: username, activity })
    if (status !== 303) refused++
  })
  expect(refused).toBe(0)
  const { n } = await one<{ n: number }>(
    inst.pool,
    sql`select count(*)::int as n from person where display_name is not null and sub is not null`,
  )
  expect(n).toBeGreaterThanOrEqual(people.length)
  for (const { username } of people.slice(0, 5)) {
    const { status } = await lms.launch({ person: username, activity, faults: ['expired'] })
    expect(status).toBe(403)
  }
}, 240_000)

it('lets one of them work', async () => {
  const { sub } = await one<{ sub: string }>(
    practice.inst.pool,
    sql`select sub from workspace join person on person.id = person_id where state = 'ready' limit 1`,
  )
  const person = people.find((one) => one.id === sub)
  const { visitor, page } = await practice.launch(person?.username ?? '')
  const door = formTo(page, '/doors/8080')
  expect((await visitor.post(door.action, door.fields)).status).toBe(200)
})

it('takes none of them into a document, an address or a search', async () => {
  const { inst } = practice
  const course = networksDocument().replace('key: networks-101', 'key: other')
  const fields: ((who: string) => string)[] = [
    (who) => course.replace(/title: .*/, `title: ${JSON.stringify(who)}`),
    (who) => `# ask ${who}\n${course}`,
    (who) => course.replace('key: other', `key: ${who.toLowerCase().replaceAll(/[^a-z]/g, '')}`),
    (who) => `${environmentDocument}env: { OWNER: ${JSON.stringify(who)} }\n`,
    (who) => poolDocument.replace(/title: .*/, `title: ${JSON.stringify(who)}`),
    (who) => zoneDocument.replace(/title: .*/, `title: ${JSON.stringify(who)}`),
  ]
  const ask = (path: string, body?: object) =>
    fetch(`http://127.0.0.1:${new URL(inst.publicUrl).port}${path}`, {
      headers: {
        ...{ authorization: `Bearer ${inst.operatorToken}`, 'content-type': 'application/json' },
        host: new URL(inst.publicUrl).host,
      },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
  for (const [i, field] of fields.entries()) {
    const documents = people.slice(i * 20, i * 20 + 20).map((_, k) => ({
      name: `${nameOf(i * 20 + k)}.yaml`,
      text: field(k % 2 === 0 ? nameOf(i * 20 + k) : (people[i * 20 + k]?.email ?? '')),
    }))
    expect((await ask('/api/changes', { documents })).status).toBe(422)
  }
  const { visitor } = await practice.launch('teacher1')
  for (const path of [
    `/${encodeURIComponent(nameOf(1))}`,
    `/courses/networks-101/sharing?find=${encodeURIComponent(nameOf(2))}`,
    `/courses/${people[3]?.email}`,
    `/api/runs?stack=${people[4]?.id}`,
  ])
    await visitor.get(inst.publicUrl + path)
  const seat = new URL(inst.seatUrl)
  await new Visitor().get(`${seat.protocol}//${people[5]?.id}.${seat.host}/${people[5]?.email}`)
})

it('names nobody in its logs, in Docker, in Terraform’s states or in its jobs', async () => {
  const { inst, bed } = practice
  const places = new Map<string, string>()
  // A visit is answered a moment before its line is in the log.
  await expect.poll(() => inst.log('api'), { timeout: 20_000 }).toContain('/api/runs')
  for (const part of ['api', 'worker', 'gateway', 'storage'] as const)
    places.set(`log of ${part}`, inst.log(part))
  const engine = connectEngine(bed.dockerHost)
  for (const what of ['services', 'tasks', 'secrets', 'configs', 'networks', 'nodes'])
    places.set(what, JSON.stringify(await engine.call('GET', `/${what}`)))
  places.set('volumes', JSON.stringify(await engine.call('GET', '/volumes')))
  const containers = (await engine.call('GET', '/containers/json')) as { Id: string }[]
  for (const { Id } of containers)
    places.set(
      `container ${Id}`,
      JSON.stringify(await engine.call('GET', `/containers/${Id}/json`)),
    )
  engine.close()
  const ring = readKeyRing(inst.env['LABPLAN_HOME'] + '/keys.json')
  const stacks = await many<{ id: string; key: string }>(inst.pool, sql`select id, key from stack`)
  for (const { id, key } of stacks)
    places.set(
      `state of ${key}`,
      (await findState(inst.pool, ring, id))?.bytes.toString('utf8') ?? '',
    )
  for (const table of ['run', 'run_event', 'run_step', 'pgboss.job', 'audit', 'change', 'notice'])
    places.set(
      table,
      (
        await inst.pool.query<{ text: string }>(
          `select coalesce(string_agg(one::text, ' '), '') as text from ${table} one`,
        )
      ).rows[0]?.text ?? '',
    )
  expect([...places.keys()].some((name) => name.startsWith('state of seats-'))).toBe(true)
  expect(places.get('log of api')).toContain('/courses/:course/sharing')
  expect(places.get('log of api')).toContain('LTI refused')
  expect(places.get('log of gateway')).toContain('entered')
  expect(containers.length).toBeGreaterThanOrEqual(2)
  for (const [name, text] of places) expect([name, whoIsIn(text)]).toEqual([name, []])
  // It would have found them.
  const { text } = await one<{ text: string }>(
    inst.pool,
    sql`select string_agg(person::text, ' ') as text from person`,
  )
  expect(whoIsIn(text).length).toBeGreaterThan(2 * people.length)
})
