/** A pool as its administrator sees it: which machines, how full, planned beside there, what it cost, open or closed. */
import { afterAll, expect, it } from 'vitest'
import { proposeChange } from '../../api/data/changes/change.ts'
import { withTransaction } from '../../api/data/db.ts'
import { livesOf } from '../../api/data/pools/pool-report.ts'
import { moveStack, releaseLease } from '../../api/data/runs/stack.ts'
import { beginOutage, endOutage } from '../../api/data/volumes/storage-outage.ts'
import { postponeStack, wantStacks } from '../../api/data/runs/stack-wish.ts'
import { cloudMachines, courseDocument, hallDocument, poolDocument } from '../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../cast/documents.ts'
import { importDocuments, signIn } from '../cast/record.ts'
import { beginRun, move } from '../cast/runs.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'
import { runCommand } from './command-line.ts'

const now = new Date('2026-11-24T11:00:00Z')
const before = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000)
const site = await openWebsite(now)
const { pool } = site
afterAll(() => site.close())
const texts = [
  ...[zoneDocument, environmentDocument, poolDocument('10.0.0.2:2377')],
  courseDocument({ key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 8 }),
  courseDocument({ key: 'systems', start: '2026-11-24T14:00', minutes: 60, students: 12 }),
]
await importDocuments(
  pool,
  site.ring,
  before(1440),
  texts.map((text, i) => ({ name: `${i}.yaml`, text })),
)

await withTransaction(pool, (tx) => cloudMachines(tx, now))

const administrator = await signIn(pool, { administrator: true, now })
const page = async () => textOf((await site.get('/admin/pools/cloud', { who: administrator })).text)

it('shows machines with their load, the plan beside what is there, and the cost', async () => {
  const shown = (await page()).replace(/localhost:\d+/, 'localhost:…')
  await expect(shown).toMatchFileSnapshot('expected/pool.txt')
})

it('tells the same as JSON, and as lines of a terminal', async () => {
  const { body } = await site.api('/api/pools/cloud')
  expect(body).toMatchObject({
    ...{ key: 'cloud', isCloud: true, closed: null, credentialAt: null },
    // One machine for two hours, the other for twenty minutes.
    cost: { hours: 2 + 1 / 3, currency: 'EUR' },
    nodes: [
      { name: 'm-large-1', state: 'ready', load: { seats: 3, cores_reserved: 3 } },
      { name: 'm-large-2', state: 'wanted', trouble: 'never-joined', tries: 2, load: null },
    ],
  })
  expect((body['cost'] as { price: number }).price).toBeCloseTo(0.4 * (2 + 1 / 3))
  expect((await site.api('/api/pools/nowhere')).status).toBe(404)
  await expect(await run('pool', 'list')).toMatchFileSnapshot('expected/pool-list.txt')
  await expect(await run('pool', 'show', 'cloud')).toMatchFileSnapshot('expected/pool-show.txt')
})

it('says that the storage of its volumes does not answer, since when, and what that means', async () => {
  const text = poolDocument('10.0.0.2:2377')
  const stored = `${text}storage: { backend: nfs, server: 10.0.0.9 }\n`
  await importDocuments(pool, site.ring, before(1), [{ name: 'cloud.yaml', text: stored }])
  expect(await run('pool', 'show', 'cloud')).toContain('Volumes: nfs, 10.0.0.9\n')
  const outage = { backend: 'nfs', since: before(5), reason: 'nobody answers', now } as const
  await withTransaction(pool, (tx) => beginOutage(tx, outage))
  expect(await run('pool', 'show', 'cloud')).toContain(
    'Volumes: nfs, 10.0.0.9; no answer since 2026-11-24 10:55: nobody answers',
  )
  expect(await page()).toMatch(/The storage of its volumes \(nfs\) does not answer since/)
  const overview = await site.get('/admin', { who: administrator })
  expect(textOf(overview.text)).toContain('The storage of volumes does not answer')
  expect(await run('status')).toContain('1 storage of volumes does not answer')
  await withTransaction(pool, (tx) => endOutage(tx, { backend: 'nfs', now }))
  await importDocuments(pool, site.ring, before(1), [{ name: 'cloud.yaml', text }])
})

it('is closed, emptied and opened by the command line and by the page', async () => {
  expect(await run('pool', 'close', 'cloud', '--reason', 'Works in the hall')).toBe(
    'cloud: closed.\n1 to come without a place until it is opened:\n  2026-11-24 13:00 UTC  systems, 12 students\nexit 0',
  )
  expect(await page()).toContain('take no new seats')
  // What runs goes on: only the class of the afternoon is without a place.
  expect(await page()).toMatch(/Classes without a place\nOne class to come[\s\S]*systems \| 12/)
  expect(await run('pool', 'drain', 'cloud')).toMatch(/^cloud: being emptied\.\n1 to come/)
  const answer = await site.post(
    '/admin/pools/cloud/closing',
    { act: 'open' },
    { who: administrator },
  )
  expect(answer.status).toBe(303)
  expect((await site.api('/api/pools/cloud')).body).toMatchObject({ closed: null })
  expect(await run('pool', 'close', 'nowhere')).toMatch(/exit 1$/)
})

it(
  'takes no new classes while it is closed: their teacher reads since when and where else, and somebody must agree',
  { timeout: 60_000 },
  async () => {
    const hall = hallDocument.replace('cpu: 4, memoryMb: 8192', 'cpu: 16, memoryMb: 32768')
    await importDocuments(pool, site.ring, now, [{ name: 'hall.yaml', text: hall }])
    const late = (day: number) =>
      courseDocument({ key: 'late', start: `2026-11-${day}T10:00`, minutes: 60, students: 2 })
    const propose = async (text: string) => {
      const outcome = await proposeChange(pool, {
        ...{ sources: [{ name: 'late.yaml', text }], ring: site.ring, now },
        actor: { name: 'teacher1', role: 'teacher' },
      })
      if (outcome.outcome !== 'changed') throw new Error(JSON.stringify(outcome))
      return outcome.change
    }
    expect((await propose(late(26))).lane).toBe('automatic')
    await run('pool', 'close', 'cloud')
    const plan = await site.get('/courses/late/plan', { who: administrator })
    expect(textOf(plan.text)).toContain(
      'The machines “cloud” take no new seats since Tuesday 24 November at 12:00: 1 session has no place there, from Thursday 26 November at 10:00 on, until the infra team opens them again. There is room on: hall.',
    )
    const another = late(26).replace(
      'sessions:',
      'sessions:\n  - { start: 2026-11-27T10:00, minutes: 60 }',
    )
    const waits = await propose(another)
    expect([waits.lane, waits.rules.map(({ key }) => key)]).toEqual(['review', ['beyond-quota']])
    // What was planned there before may be edited all the same, and elsewhere there is room.
    expect((await propose(late(26).replace('en: late', 'en: Later'))).lane).toBe('automatic')
    const said = async () => textOf((await site.get('/courses/late', { who: administrator })).text)
    expect(await said()).toContain('take no new seats')
    await run('pool', 'open', 'cloud')
    expect(await said()).not.toContain('take no new seats')
    await run('pool', 'close', 'cloud')
    expect((await propose(another.replace('pool: cloud', 'pool: hall'))).lane).toBe('automatic')
    await run('pool', 'open', 'cloud')
  },
)

it('is told how its cloud is entered, and tells nobody', async () => {
  const access = {
    ...{ OS_AUTH_URL: 'https://cloud.example.org:5000/v3', OS_USERNAME: 'labplan' },
    ...{ OS_PASSWORD: 'very-secret', OS_PROJECT_NAME: 'teaching' },
  }
  expect(await run('pool', 'credential', 'cloud')).toContain('OS_AUTH_URL is not set')
  const said = await runWith(access, 'pool', 'credential', 'cloud', '--json')
  expect(said).toBe(`{"pool":"cloud","authUrl":"${access.OS_AUTH_URL}"}\nexit 0`)
  const { body } = await site.api('/api/pools/cloud')
  expect(body).toMatchObject({ credentialAt: now.toISOString() })
  expect(JSON.stringify(body)).not.toContain('very-secret')
})

it('says why its cloud refuses, what to do about it and which class waits: on both pages and in both languages', async () => {
  const refused =
    'Terraform could not apply: Error creating OpenStack server: Expected HTTP response code [200 202] when accessing [POST http://10.0.0.1:8774/v2.1/servers], but got 403 instead: {"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 4, but already used 8 of 10 cores"}}'
  const runId = await failedRun(refused)
  const said = await page()
  expect(said).toContain('The quota “cores” of the project is used up: 4 more asked for, 8 of 10')
  expect(said).toContain('Have “cores” raised to at least 12 (2 more)')
  expect(said).toContain('Asked for by networks, class at 10:00, 8 students.')
  expect(said).toContain('Tried again at 12:05.')
  const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=fr`
  const { text } = await site.get(`/admin/runs/${runId}`, { headers: { cookie } })
  expect(textOf(text)).toContain('Le quota « cores » du projet est épuisé')
  expect(textOf(text)).toContain('already used 8 of 10 cores')
  expect(await run('pool', 'show', 'cloud')).toContain(
    '  nodes-cloud: The quota “cores” of the project is used up',
  )
  expect(await run('pool', 'list')).toContain('The quota “cores”')
  expect(await run('run', 'show', 'nodes-cloud')).toContain('Have “cores” raised to at least 12')
})

/** Of the pool's machines, five minutes ago. */
async function failedRun(message: string): Promise<string> {
  const at = before(5)
  await withTransaction(pool, (tx) =>
    wantStacks(tx, {
      stacks: [
        { key: 'nodes-cloud', kind: 'nodes', poolKey: 'cloud', courseKey: null, digest: 'two' },
      ],
      now: at,
    }),
  )
  const live = await beginRun(pool, { key: 'nodes-cloud', kind: 'apply', digest: 'two', now: at })
  for (const to of ['planning', 'planned', 'applying', 'failed'] as const)
    await move(pool, live, to, at, to === 'failed' ? { message } : {})
  await withTransaction(pool, async (tx) => {
    await moveStack(tx, live.lease, { state: 'failed', message, now: at })
    await releaseLease(tx, live.lease)
    await postponeStack(tx, {
      ...{ key: 'nodes-cloud', message, now: at, patience: { first: 600, most: 600 } },
    })
  })
  return live.id
}

it('counts what a cloud bills: from booted until gone, or made anew', () => {
  const phase = (
    key: string,
    state: Parameters<typeof livesOf>[0][number]['state'],
    at: number,
  ) => ({
    ...{ key, state, startedAt: new Date(at) },
  })
  const lives = livesOf(
    [
      ...[phase('a', 'wanted', 0), phase('a', 'creating', 1), phase('a', 'booted', 2)],
      ...[phase('b', 'booted', 3), phase('a', 'joined', 4), phase('a', 'wanted', 5)],
      ...[phase('a', 'booted', 7), phase('b', 'gone', 8)],
    ],
    new Date(10),
  )
  expect(lives).toEqual([
    { key: 'a', from: 2, until: 5 },
    { key: 'b', from: 3, until: 8 },
    { key: 'a', from: 7, until: 10 },
  ])
})

const run = (...argv: string[]): Promise<string> => runWith({}, ...argv)

async function runWith(env: Record<string, string>, ...argv: string[]): Promise<string> {
  const { code, text } = await runCommand(site, argv, { env })
  return `${text}\nexit ${code}`
}
