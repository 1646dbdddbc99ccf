/**
 * Students' own volumes from the record to a real agent and back, with a clock of the test's: wanted by a launch, shown in the
 * seats of who they belong to, said on pages, and purged when their date comes. Seats are rows here; personal-volume.real.test.ts
 * has them run.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { orderErasure } from '../../../api/data/people/erasure.ts'
import { erasureReceipts } from '../../../api/data/people/erasure-view.ts'
import { firstBroken, purgeReceipts } from '../../../api/data/volumes/purge.ts'
import { markCold, markMade } from '../../../api/data/seats/seat-life.ts'
import { rememberTemplate } from '../../../api/data/seats/seat-template.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import type { Blueprint } from '../../../stacks/blueprint.ts'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { digestOf } from '../../../stacks/rules/wanted.ts'
import { passSteps } from '../../../workers/jobs/pass-steps.ts'
import { erasureKeeper } from '../../../workers/jobs/keep-erasures.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { slotKeeper } from '../../../workers/jobs/keep-slots.ts'
import { volumeKeeper } from '../../../workers/jobs/keep-volumes.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { serveAgent } from '../../../workers/storage/server.ts'
import { textOf } from '../../api/page-text.ts'
import { openWebsite } from '../../api/website.ts'
import {
  allDocuments,
  machineLearningDocument,
  networksDocument,
  poolDocument,
} from '../../cast/documents.ts'
import { addLmsCourse, importDocuments, launch, seatReady, signIn } from '../../cast/record.ts'
import { storageScene } from './storage-scene.ts'
import { runCommand } from '../../api/command-line.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'

const DAY_MS = 86_400_000
const start = new Date('2026-11-24T09:20:00Z')
const site = await openWebsite(start)
const { pool, ring } = site
const { installation } = site.config
const scene = storageScene()
const backend = localBackend({ root: scene.root })
await backend.start()
mkdirSync(join(site.home, 'run'))
const silent = { info: () => {}, warn: () => {}, error: console.error }
const { socket } = site.config.storage
const agent = storageAgent({ socket })
const served = await serveAgent(backend, { socket, root: scene.root, log: silent })
let now = start
const inTurn = turnsFor((name) => name)
const volumes = volumeKeeper({ pool, agent, inTurn, log: silent, now: () => now })
const slots = slotKeeper({ pool, agent, log: silent, now: () => now })
const retention = retentionKeeper({
  ...{ pool, agent, inTurn, installation, log: silent, now: () => now },
  removeFromEngine: () => Promise.reject(new Error('no volume here is an engine’s')),
})
const file = join(scene.root, 'erasures.jsonl')
const erasures = erasureKeeper({
  ...{ pool, ring, agent, installation, file },
  log: silent,
  now: () => now,
})
const PHYSICS = 'physics-202'

const physicsDocument = networksDocument()
  .replace('key: networks-101', `key: ${PHYSICS}`)
  .replace('title: { en: Networks 101, fr: Réseaux 101 }', 'title: Physics 202')
const documents = [
  ...allDocuments().filter(({ text }) =>
    [networksDocument(), machineLearningDocument, poolDocument].every((one) => one !== text),
  ),
  { name: 'pool.yaml', text: `${poolDocument}storage: { backend: local }\n` },
  { name: 'networks.yaml', text: `${networksDocument()}personalVolume: true\n` },
  { name: 'physics.yaml', text: `${physicsDocument}personalVolume: true\n` },
  {
    name: 'policy.yaml',
    text: 'apiVersion: labplan/v1\nkind: Policy\nkeepDays: 60\npersonalQuotaMb: 8\n',
  },
]

type Person = Awaited<ReturnType<typeof signIn>>
let [student1, student2]: Person[] = []
const contexts = new Map<string, string>()

/** Terraform's part: the first seats of each course, as the blueprint has them. */
async function makeSeats({ courses }: Blueprint): Promise<void> {
  for (const course of courses) {
    const digest = digestOf(course.template)
    const rows = await many<{ id: string }>(
      pool,
      sql`select seat.id from seat join course on course.id = course_id where course.key = ${course.key} order by number limit 3`,
    )
    const made = rows.map(({ id }, i) => ({
      ...{ id, serviceId: `${course.key}-${i}`, generation: 1, templateDigest: digest },
    }))
    await withTransaction(pool, async (tx) => {
      await rememberTemplate(tx, { digest, body: course.template })
      await markMade(tx, { seats: made, now })
    })
  }
}

beforeAll(async () => {
  await importDocuments(pool, ring, start, documents)
  const { blueprint } = (await currentBlueprint(pool))!
  await makeSeats(blueprint)
  for (const [i, courseKey] of ['networks-101', PHYSICS].entries())
    contexts.set(
      courseKey,
      await addLmsCourse(pool, { courseKey, contextId: `${i + 2}`, now: start }),
    )
  const contextId = contexts.get('networks-101')!
  student1 = await signIn(pool, { name: 'Student One', contextId, now: start })
  student2 = await signIn(pool, { name: 'Student Two', contextId, now: start })
})

afterAll(async () => {
  await served.close()
  scene.end()
  await site.close()
})

const keep = async () => {
  await volumes.keep()
  await slots.keep()
}
const nameOf = async (who: Person | undefined) =>
  (
    await one<{ name: string }>(
      pool,
      sql`select name from volume where person_id = ${who!.personId}`,
    )
  ).name
const shows = async () =>
  Object.fromEntries((await agent.slots())!.map(({ name, volume }) => [name, volume]))
const slotOf = async (workspaceId: string) => {
  const seat = await one<{ code: string; number: number }>(
    pool,
    sql`select code, number from workspace join seat on seat.id = seat_id join course on course.id = seat.course_id
        where workspace.id = ${workspaceId}`,
  )
  return `lp-${installation}-${seat.code}-s${String(seat.number).padStart(3, '0')}`
}
const page = async (workspaceId: string, who: Person | undefined, locale = 'en') => {
  const cookie = `__Host-labplan=${who!.token}; __Host-labplan-locale=${locale}`
  return textOf((await site.get(`/workspaces/${workspaceId}`, { headers: { cookie } })).text)
}
const mine: Record<string, string> = {}
async function begin(name: string, who: Person | undefined, courseKey: string): Promise<void> {
  const { id } = await launch(pool, { personId: who!.personId, courseKey, now })
  await seatReady(pool, id, now)
  mine[name] = id
}

it('has every seat wait for its slot, and for nobody’s volume', async () => {
  const ready = async () => (await livingSeats(pool)).map((seat) => seat.volume_ready)
  expect((await ready()).some(Boolean)).toBe(false)
  await keep()
  expect(await ready()).toEqual(Array.from({ length: 6 }, () => true))
  expect(Object.values(await shows())).toEqual(Array.from({ length: 6 }, () => null))
  expect(await many(pool, sql`select from volume where person_id is not null`)).toEqual([])
})

it('is wanted by a launch, made, and shown in that seat alone', async () => {
  await begin('one', student1, 'networks-101')
  await keep()
  const name = await nameOf(student1)
  expect(name).toMatch(new RegExp(`^lp-${installation}-personal-s\\d+-g1$`))
  const there = await shows()
  expect(there[await slotOf(mine['one']!)]).toBe(name)
  expect(Object.values(there).filter(Boolean)).toEqual([name])
  writeFileSync(join(scene.root, 'slots', await slotOf(mine['one']!), 'essay'), 'of one')
})

it('is said on its student’s page, in both languages', async () => {
  const text = await page(mine['one']!, student1)
  expect(text).toContain('Your personal folder')
  expect(text).toMatch(/of 8 MB used/)
  expect(text).toContain('It is in your workspace at /personal.')
  expect(text).not.toContain('also open in')
  expect(await page(mine['one']!, student1, 'fr')).toContain(
    'Il est dans votre espace, à /personal.',
  )
})

it('is in both of its student’s seats at once, and each page names the other course', async () => {
  await begin('one-physics', student1, PHYSICS)
  await keep()
  const [here, there] = [await slotOf(mine['one']!), await slotOf(mine['one-physics']!)]
  expect(await shows()).toMatchObject({
    [here]: await nameOf(student1),
    [there]: await nameOf(student1),
  })
  expect(readdirSync(join(scene.root, 'slots', there))).toEqual(['essay'])
  expect(await page(mine['one']!, student1)).toContain('also open in Physics 202')
})

it('is downloaded as one archive by its student, and by nobody else', async () => {
  const ask = (who: Person | undefined) =>
    site.get(`/workspaces/${mine['one']}/personal/files/archive`, {
      headers: { cookie: `__Host-labplan=${who!.token}` },
    })
  const { status, headers, text } = await ask(student1)
  expect([status, headers['content-type']]).toEqual([200, 'application/zip'])
  expect(text).toContain('essay')
  expect((await ask(student2)).status).toBeGreaterThanOrEqual(403)
})

it('is another’s in another’s seat', async () => {
  await begin('two', student2, 'networks-101')
  await keep()
  const slot = await slotOf(mine['two']!)
  expect((await shows())[slot]).toBe(await nameOf(student2))
  expect(await nameOf(student2)).not.toBe(await nameOf(student1))
  expect(readdirSync(join(scene.root, 'slots', slot))).toEqual([])
})

it('asks the agent for nothing when nothing changed, and finds what was not written down', async () => {
  const versions = () => many(pool, sql`select id, version from workspace order by id`)
  const before = await versions()
  await keep()
  expect(await versions()).toEqual(before)
  await execute(pool, sql`update seat set slot_volume_id = null, slot_made = false`)
  await slots.keep()
  const { shown } = await one<{ shown: number }>(
    pool,
    sql`select count(slot_volume_id) as shown from seat where slot_made`,
  )
  expect(shown).toBe(3)
})

it('goes out of a seat that is cold, and the slot goes with its seat', async () => {
  const { seat_id: id } = await one<{ seat_id: string }>(
    pool,
    sql`select seat_id from workspace where id = ${mine['one-physics']}`,
  )
  await execute(
    pool,
    sql`update workspace set state = 'stopping' where id = ${mine['one-physics']}`,
  )
  await execute(pool, sql`update seat set wanted_on = false where id = ${id}`)
  await withTransaction(pool, (tx) => markCold(tx, { ids: [id], now }))
  await slots.keep()
  const slot = await slotOf(mine['one-physics']!)
  expect((await shows())[slot]).toBeNull()
  expect(await page(mine['one-physics']!, student1)).toContain(
    'It is at /personal when your workspace runs.',
  )
  await execute(
    pool,
    sql`update seat set state = 'absent', template_digest = null where id = ${id}`,
  )
  await slots.keep()
  expect(await shows()).not.toHaveProperty(slot)
})

it('is listed without whose it is', async () => {
  const { code, lines, text } = await runCommand(site, ['volume', 'list'])
  expect(code).toBe(0)
  expect(lines.filter((line) => /\(personal\) +- +1 +local +ready/.test(line))).toHaveLength(2)
  expect(text).not.toMatch(/Student/)
})

it('takes another limit from the policy, also while it is open', async () => {
  const larger = documents.map((one) => ({
    ...one,
    text: one.text.replace('personalQuotaMb: 8', 'personalQuotaMb: 6'),
  }))
  await importDocuments(pool, ring, now, larger)
  await slots.keep()
  await volumes.keep()
  const rows = await many<{ limit_bytes: number }>(
    pool,
    sql`select limit_bytes from volume where person_id is not null`,
  )
  for (const { limit_bytes: bytes } of rows) expect(Math.abs(bytes / 2 ** 20 - 6)).toBeLessThan(1)
})

it('is kept until the last date of its student’s courses, told twice, and gone with a receipt', async () => {
  const course = await one<{ until: string }>(
    pool,
    sql`select personal ->> 'until' as until from course where key = 'networks-101'`,
  )
  const until = new Date(course.until)
  const at = async (days: number) => {
    now = new Date(until.getTime() + days * DAY_MS)
    await retention.keep()
  }
  const told = () =>
    many(
      pool,
      sql`select params from notice where code = 'notice.personal-end' and audience = 'infra'`,
    )
  const purged = async () =>
    (
      await many<{ state: string }>(pool, sql`select state from volume where person_id is not null`)
    ).map((row) => row.state)
  // Theirs is open still: of nobody who works is anything announced or taken.
  await at(-20)
  expect(await told()).toEqual([])
  await execute(
    pool,
    sql`update seat set state = 'absent', wanted_on = false, template_digest = null`,
  )
  await slots.keep()
  expect(await shows()).toEqual({})
  await at(-20)
  await at(-6)
  expect(await told()).toMatchObject([{ params: { count: 2 } }, { params: { count: 2 } }])
  await at(0.5)
  expect(await purged()).toEqual(['ready', 'ready'])
  const names = [await nameOf(student1), await nameOf(student2)]
  await at(1.1)
  expect(await purged()).toEqual(['purged', 'purged'])
  for (const name of names)
    expect(existsSync(join(scene.root, 'images', `${name}.ext4`))).toBe(false)
  const receipts = await purgeReceipts(pool)
  expect(firstBroken(receipts)).toBeUndefined()
  expect(receipts.map(({ body }) => JSON.parse(body).volume)).toEqual(
    names.toSorted().map((name) => ({ name, generation: 1, personal: true })),
  )
  for (const { body } of receipts) expect(body).not.toContain(student1!.personId)
})

it('begins anew, and empty, for who comes again', async () => {
  const { blueprint } = (await currentBlueprint(pool))!
  now = start
  await execute(pool, sql`update workspace set state = 'stopped'`)
  await makeSeats(blueprint)
  await begin('again', student1, 'networks-101')
  await keep()
  expect(readdirSync(join(scene.root, 'slots', await slotOf(mine['again']!)))).toEqual([])
  expect(await nameOf(student1)).toBe((await shows())[await slotOf(mine['again']!)])
})

it('goes at once, with a receipt, for who asks to be forgotten', async () => {
  const personId = student1!.personId
  const name = await nameOf(student1)
  const actor = { name: 'student', role: 'student' } as const
  await withTransaction(pool, (tx) =>
    orderErasure(tx, { personId, by: 'person', actor, ring, now }),
  )
  const pass = async () => {
    const steps = passSteps({ pool, now: () => now })
    await erasures.begin(steps)
    await retention.keep()
    await slots.keep()
    steps.end()
    return erasures.finish()
  }
  // Its seat runs still: what a program may have open is not taken from under it.
  expect(await pass()).toBe(true)
  const { seat_id: id } = await one<{ seat_id: string }>(
    pool,
    sql`select seat_id from workspace where id = ${mine['again']}`,
  )
  await execute(pool, sql`update seat set wanted_on = false where id = ${id}`)
  await withTransaction(pool, (tx) => markCold(tx, { ids: [id], now }))
  await pass()
  await pass()
  expect(await pass()).toBe(false)
  expect(Object.values(await shows()).filter(Boolean)).toEqual([])
  expect(existsSync(join(scene.root, 'images', `${name}.ext4`))).toBe(false)
  const [receipt] = await erasureReceipts(pool)
  expect(JSON.parse(receipt!.body)).toMatchObject({ gone: [{ kind: 'volume', name, course: '' }] })
})

it('has a date by its last use once no course of theirs has it any more', async () => {
  now = start
  await begin('late', student2, 'networks-101')
  await keep()
  const name = await nameOf(student2)
  await execute(
    pool,
    sql`update seat set state = 'absent', wanted_on = false, template_digest = null`,
  )
  await execute(pool, sql`update course set personal = null`)
  await slots.keep()
  // To the end of its week, and 60 days.
  const until = new Date('2026-11-30T00:00:00Z').getTime() + 60 * DAY_MS
  const told = () =>
    many(
      pool,
      sql`select params from notice where params ->> 'goneAt' = ${new Date(until).toISOString()}`,
    )
  const at = async (days: number) => {
    now = new Date(until + days * DAY_MS)
    await retention.keep()
    return existsSync(join(scene.root, 'images', `${name}.ext4`))
  }
  expect(await at(-31)).toBe(true)
  expect(await told()).toEqual([])
  expect(await at(-29)).toBe(true)
  expect(await at(-7)).toBe(true)
  expect(await told()).toHaveLength(2)
  expect(await at(-0.1)).toBe(true)
  expect(await at(0.1)).toBe(false)
  expect(JSON.parse((await purgeReceipts(pool)).at(-1)!.body)).toMatchObject({
    volume: { name, personal: true },
    times: { keptUntil: new Date(until).toISOString(), toldAt: expect.any(String) },
  })
})
