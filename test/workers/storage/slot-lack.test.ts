/**
 * Seats of courses with personal folders whose storage agent is of a version that knows none: they wait a minute and no longer, begin
 * without, say so to everybody, and have the folder again once the agent was started anew.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { execute, many, sql } from '../../../api/data/db.ts'
import { rememberTemplate } from '../../../api/data/seats/seat-template.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { openLack } from '../../../api/data/seats/slot-lack.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import type { ServiceTemplate } from '../../../stacks/blueprint.ts'
import type { SeatsContent } from '../../../stacks/content.ts'
import { serviceTemplate } from '../../../stacks/rules/template.ts'
import { templateDigestOf, type WantedStack, withBackend } from '../../../stacks/rules/wanted.ts'
import { contentOf } from '../../../workers/jobs/content.ts'
import { slotKeeper } from '../../../workers/jobs/keep-slots.ts'
import { envelopeOf } from '../../../workers/terraform/envelope.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { serveAgent } from '../../../workers/storage/server.ts'
import { runCommand } from '../../api/command-line.ts'
import { textOf } from '../../api/page-text.ts'
import { openWebsite } from '../../api/website.ts'
import { allDocuments, networksDocument, poolDocument } from '../../cast/documents.ts'
import {
  addLmsCourse,
  BEFORE_CLASS,
  IN_CLASS,
  importDocuments,
  launch,
  signIn,
} from '../../cast/record.ts'
import { oldAgent } from './old-agent.ts'

const SERVER = '10.0.0.9'
const site = await openWebsite(IN_CLASS)
const { pool, ring } = site
const { socket } = site.config.storage
const silent = { info: () => {}, warn: () => {}, error: console.error }
const place = { installation: 'test0000', registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' }
let now = IN_CLASS
const agent = storageAgent({ socket })
const slots = slotKeeper({ pool, agent, log: silent, now: () => now })
let listens: { close(): Promise<void> }
let stack: WantedStack
let own: ServiceTemplate

const documents = allDocuments().map((one) => {
  if (one.text === poolDocument)
    return { ...one, text: `${poolDocument}storage: { backend: nfs, server: ${SERVER} }\n` }
  return one.text === networksDocument()
    ? { ...one, text: `${one.text}personalVolume: true\n` }
    : one
})
await importDocuments(pool, ring, BEFORE_CLASS, documents)
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const student = await signIn(pool, { name: 'Student One', contextId, now })
const teacher = await signIn(pool, { name: 'Teacher One', contextId, role: 'teacher', now })
const administrator = await signIn(pool, { administrator: true, now })
const mine = await launch(pool, { personId: student.personId, courseKey: 'networks-101', now })

const ofCourse = sql`course_id = (select id from course where key = 'networks-101')`
const templates = async (): Promise<ServiceTemplate[]> =>
  ((await contentOf(pool, place, stack)) as SeatsContent).seats.map((one) => one.template)
const mayStart = async () =>
  (await livingSeats(pool))
    .filter((seat) => seat.number <= 3)
    .toSorted((a, b) => a.number - b.number)
    .map((seat) => seat.volume_ready)
/** As after a run of Terraform. */
async function applied(): Promise<void> {
  for (const [i, body] of (await templates()).entries()) {
    const digest = templateDigestOf(body)
    await rememberTemplate(pool, { digest, body })
    await execute(
      pool,
      sql`update seat set template_digest = ${digest}, applied_generation = 1,
            state = case when state = 'absent' then 'cold' else state end where ${ofCourse} and number = ${i + 1}`,
    )
  }
}
const setState = (number: number, state: string) =>
  execute(pool, sql`update seat set state = ${state} where ${ofCourse} and number = ${number}`)
const pass = (seconds: number) => {
  now = new Date(IN_CLASS.getTime() + seconds * 1000)
  return slots.keep()
}
const page = async (path: string, who: typeof student, locale = 'en') => {
  const cookie = `__Host-labplan=${who.token}; __Host-labplan-locale=${locale}`
  return textOf((await site.get(path, { headers: { cookie } })).text)
}
const WORKSPACE = `/workspaces/${mine.id}`
const COURSE = '/courses/networks-101'
const POOL = '/admin/pools/local'
const shown = async () => (await runCommand(site, ['pool', 'show', 'local'])).text

beforeAll(async () => {
  const { blueprint } = (await currentBlueprint(pool))!
  const course = withBackend(
    blueprint.courses.find(({ key }) => key === 'networks-101')!,
    blueprint,
  )
  own = serviceTemplate(course.template!)
  stack = {
    ...{ key: 'seats-networks-101-0', kind: 'seats', pool: 'local', course: 'networks-101' },
    ...{ course8: 'netw0rks', seats: [1, 2, 3], template: course.template! },
    ...{ templateDigest: templateDigestOf(own), contentDigest: 'x', until: null },
  }
  await applied()
  await execute(
    pool,
    sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
        select gen_random_uuid(), id, 1, 'lp-' || number, 'nfs', 24, 'ready', ${now}, ${now} from seat where ${ofCourse} and number <= 3`,
  )
  await execute(pool, sql`update volume set state = 'ready' where person_id is not null`)
  // The first is the student's and waits; the third has run since its server was another's.
  await setState(3, 'ready')
  listens = await oldAgent(socket, 'nfs')
})
afterAll(async () => {
  await listens.close()
  await site.close()
})

it('waits for an agent that may just be upgraded, and for no longer than a minute', async () => {
  for (const seconds of [0, 5, 59]) {
    expect(await pass(seconds)).toBe(false)
    expect(await openLack(pool)).toBeUndefined()
  }
  expect(await templates()).toEqual([own, own, own])
  expect(await mayStart()).toEqual([false, false, false])
  await pass(60)
  await pass(65)
  expect(await openLack(pool)).toEqual({ backend: 'nfs', since_at: IN_CLASS })
})

it('has what waits begin without, as the guard knows it, and leaves what runs', async () => {
  const { personal: _personal, ...without } = own
  expect(own.personal).toBeDefined()
  expect(await templates()).toEqual([without, without, own])
  const content = (await contentOf(pool, place, stack)) as SeatsContent
  const mounts = [...envelopeOf(content, {}).values()].map((one) => String(one['mounts']))
  expect(mounts.map((one) => one.includes('/slots/'))).toEqual([false, false, true])
  await applied()
  expect(await mayStart()).toEqual([true, true, false])
  // Who works goes on with what they have, and begins without at their next start.
  await setState(1, 'ready')
  expect(await templates()).toEqual([without, without, own])
  await setState(3, 'cold')
  expect(await templates()).toEqual([without, without, without])
  await applied()
})

it('tells infra once, and the student, the teacher and who looks at the pool in both languages', async () => {
  const notices = await many(pool, sql`select code, audience, params from notice`)
  expect(notices).toEqual([
    {
      ...{ code: 'notice.slot-lack', audience: 'infra' },
      params: { place: `nfs, ${SERVER}`, sinceAt: IN_CLASS.toISOString() },
    },
  ])
  expect(await page(WORKSPACE, student)).toContain('Workspaces start without it at the moment')
  expect(await page(WORKSPACE, student, 'fr')).toContain('les espaces démarrent sans lui')
  expect(await page(COURSE, teacher)).toContain('start without their student’s personal folder')
  expect(await page(COURSE, teacher, 'fr')).toContain('sans le dossier personnel de leur étudiant')
  const said = `The storage agent of ${SERVER} is of an earlier version`
  expect(await page(POOL, administrator)).toContain(said)
  expect(await page(POOL, administrator, 'fr')).toContain(`L’agent de stockage de ${SERVER}`)
  expect(await shown()).toContain(`Volumes: nfs, ${SERVER}; since 2026-11-24 09:20 seats start`)
  const { body } = await site.api('/api/pools/local')
  expect(body['storage']).toMatchObject({ lacksSlots: { since: IN_CLASS.toISOString() } })
})

it('is over once the agent was started again: who began without reads what to do', async () => {
  await listens.close()
  const root = join(site.home, 'new-agent')
  mkdirSync(root)
  const backend = { ...localBackend({ root }), kind: 'nfs' as const }
  listens = await serveAgent(backend, { socket, root, log: silent })
  expect((await agent.look()).version).toMatch(/^\d+\.\d+\.\d+/)
  await pass(600)
  expect(await openLack(pool)).toBeUndefined()
  expect(await page(WORKSPACE, student)).not.toContain('Workspaces start without it')
  expect(await page(COURSE, teacher)).not.toContain('personal folder')
  expect(await shown()).toContain(`Volumes: nfs, ${SERVER}\n`)
  // The student still works.
  await execute(pool, sql`update workspace set state = 'ready' where id = ${mine.id}`)
  const [first, ...others] = await templates()
  expect([first?.personal, ...others]).toEqual([undefined, own, own])
  expect(await page(WORKSPACE, student)).toContain('Your workspace began without it. Stop it')
  expect(await page(WORKSPACE, student, 'fr')).toContain('Votre espace a démarré sans lui')
})

it('brings folders into the others’ seats when it cannot into one', async () => {
  await applied()
  await execute(pool, sql`update seat set state = 'cold' where ${ofCourse} and number = 1`)
  await applied()
  const asked: string[] = []
  const sick = {
    ...agent,
    async setSlot(name: string) {
      asked.push(name.slice(-3))
      if (asked.length === 2) throw new Error('The storage agent answered 500')
      return undefined
    },
  }
  await slotKeeper({ pool, agent: sick, log: silent, now: () => now }).keep()
  expect(asked.toSorted()).toEqual(['001', '002', '003'])
  expect((await mayStart()).filter(Boolean)).toHaveLength(2)
  const away = {
    ...agent,
    setSlot: () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })),
  }
  await expect(
    slotKeeper({ pool, agent: away, log: silent, now: () => now }).keep(),
  ).rejects.toThrow('away')
})
