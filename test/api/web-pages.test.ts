/**
 * Every page in every state and both languages, as the text a person reads: golden files beside this one.
 * What changes from run to run (ids, passwords, tokens) is blanked.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { type WorkspaceState, findWorkspace } from '../../api/data/workspaces/workspace.ts'
import { execute, one as rowOf, sql } from '../../api/data/db.ts'
import {
  BEFORE_CLASS,
  IN_CLASS,
  type SignedIn,
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const site = await openWebsite(IN_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
const documents = allDocuments().map((one) =>
  one.name === 'networks-101.yaml' ? { ...one, text: networksDocument(30, 2) } : one,
)
await importDocuments(pool, ring, BEFORE_CLASS, documents)
const now = IN_CLASS
const networks = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const learning = await addLmsCourse(pool, {
  courseKey: 'machine-learning-lab',
  contextId: '3',
  now,
})

const locales = ['en', 'fr'] as const
const golden = (name: string) => `expected/${name}.txt`

async function read(path: string, who: SignedIn | undefined, locale: string): Promise<string> {
  const headers = { 'accept-language': locale }
  const cookie = who && { cookie: `__Host-labplan=${who.token}; __Host-labplan-locale=${locale}` }
  const { text } = await site.get(path, { headers: { ...headers, ...cookie } })
  return textOf(text)
}

const student = (name: string) => signIn(pool, { name, contextId: networks, now })
const one = await student('Student One')
const two = await student('Student Two')
const three = await student('Student Three')
const four = await student('Student Four')
const start = (who: SignedIn, at = now) =>
  launch(pool, { personId: who.personId, courseKey: 'networks-101', now: at })
const mine = await start(one)
const second = await start(two)
await start(three)
const last = await start(four)
await seatReady(pool, mine.id, now)

async function inState(state: WorkspaceState, message: string | null = null): Promise<void> {
  await execute(
    pool,
    sql`update workspace set state = ${state}, message_code = ${message}, message_params = '{"reason": ""}'
        where id = ${mine.id}`,
  )
}

describe('the workspace', () => {
  const states: [string, WorkspaceState, string | null][] = [
    ['ready', 'ready', null],
    ['starting', 'starting', null],
    ['starting-again', 'starting', 'starting.again'],
    ['resetting', 'resetting', null],
    ['stopping', 'stopping', null],
    ['stopped', 'stopped', null],
    ['stopped-at-the-end', 'stopped', 'stopped.session_end'],
    ['failed', 'failed', 'seat.start_failed'],
    ['failed-checks', 'failed', 'seat.check_failed'],
    ['failed-unknown', 'failed', 'something.new'],
  ]
  it.each(states)('%s', async (name, state, message) => {
    await inState(state, message)
    for (const locale of locales)
      await expect(await read(`/workspaces/${mine.id}`, one, locale)).toMatchFileSnapshot(
        golden(`workspace-${name}.${locale}`),
      )
    await inState('ready')
  })

  it('explains a failure by what the engine said', async () => {
    await execute(
      pool,
      sql`update workspace set state = 'failed', message_code = 'seat.start_failed',
            message_params = '{"reason": "no suitable node (insufficient resources on 3 nodes)"}' where id = ${mine.id}`,
    )
    const text = await read(`/workspaces/${mine.id}`, one, 'en')
    expect(text).toContain('The machines have no room for your environment at the moment.')
    expect(text).not.toContain('suitable node')
    await inState('ready')
  })

  it('near its stop, with a click to put it off, and where there is none', async () => {
    const near = new Date('2026-11-24T09:28:00Z')
    const readAs = async (name: string) => {
      for (const locale of locales)
        await expect(await read(`/workspaces/${mine.id}`, one, locale)).toMatchFileSnapshot(
          golden(`workspace-${name}.${locale}`),
        )
    }
    await execute(pool, sql`update workspace set warned_at = ${now} where id = ${mine.id}`)
    await readAs('warned-in-class')
    await execute(
      pool,
      sql`update workspace set session_id = null, stops_at = ${near} where id = ${mine.id}`,
    )
    await readAs('warned-outside')
    const extended = await site.post(
      `/workspaces/${mine.id}/extend`,
      { from: near.toISOString() },
      { who: one },
    )
    expect(extended.status).toBe(303)
    expect(await read(`/workspaces/${mine.id}`, one, 'en')).toContain('Stops by itself at 11:28')
    await execute(
      pool,
      sql`update workspace set stops_at = before.stops_at, session_id = before.session_id
          from workspace before where before.id = ${second.id} and workspace.id = ${mine.id}`,
    )
  })

  it('queued', async () => {
    for (const locale of locales)
      await expect(await read(`/workspaces/${last.id}`, four, locale)).toMatchFileSnapshot(
        golden(`workspace-queued.${locale}`),
      )
  })

  it('queued, with no seat left for them', async () => {
    const before = await findWorkspace(pool, last.id)
    await execute(pool, sql`update workspace set seat_id = null where id = ${last.id}`)
    const course = sql`key = 'networks-101'`
    const { seats } = await rowOf<{ seats: number }>(
      pool,
      sql`select allowance_seats as seats from course where ${course}`,
    )
    await execute(pool, sql`update course set allowance_seats = 4 where ${course}`)
    for (const locale of locales)
      await expect(await read(`/workspaces/${last.id}`, four, locale)).toMatchFileSnapshot(
        golden(`workspace-numberless.${locale}`),
      )
    await execute(pool, sql`update course set allowance_seats = ${seats} where ${course}`)
    await execute(
      pool,
      sql`update workspace set seat_id = ${before?.seat_id ?? null} where id = ${last.id}`,
    )
  })

  it('queued, when their turn has come', async () => {
    const until = new Date(now.getTime() + 15 * 60_000)
    await execute(pool, sql`update workspace set held_until = ${until} where id = ${last.id}`)
    for (const locale of locales)
      await expect(await read(`/workspaces/${last.id}`, four, locale)).toMatchFileSnapshot(
        golden(`workspace-turn.${locale}`),
      )
    await execute(pool, sql`update workspace set held_until = null where id = ${last.id}`)
  })

  it('closed, before it opens, on the same day and the day before', async () => {
    const early = await student('Student Early')
    site.setNow(BEFORE_CLASS)
    const { id } = await start(early, BEFORE_CLASS)
    for (const locale of locales)
      await expect(await read(`/workspaces/${id}`, early, locale)).toMatchFileSnapshot(
        golden(`workspace-closed.${locale}`),
      )
    site.setNow(new Date('2026-11-23T12:00:00Z'))
    expect(await read(`/workspaces/${id}`, early, 'en')).toContain(
      'Your workspace opens on Tuesday 24 November at 09:50.',
    )
    site.setNow(IN_CLASS)
    await execute(pool, sql`delete from workspace where id = ${id}`)
    await execute(pool, sql`update seat set taken = false where number = 5`)
  })

  it('closed, for a session that no pool can hold', async () => {
    const waiting = await signIn(pool, { contextId: learning, now })
    const courseKey = 'machine-learning-lab'
    const { id } = await launch(pool, { personId: waiting.personId, courseKey, now })
    for (const locale of locales)
      await expect(await read(`/workspaces/${id}`, waiting, locale)).toMatchFileSnapshot(
        golden(`workspace-does-not-fit.${locale}`),
      )
  })

  it('asks before a reset', async () => {
    for (const locale of locales)
      await expect(await read(`/workspaces/${mine.id}/reset`, one, locale)).toMatchFileSnapshot(
        golden(`reset.${locale}`),
      )
  })
})

describe('other pages', async () => {
  const teacher = await signIn(pool, {
    name: 'Teacher One',
    contextId: networks,
    role: 'teacher',
    now,
  })
  const both = await signIn(pool, { contextId: learning, role: 'teacher', now })
  const administrator = await signIn(pool, { administrator: true, now })
  const newcomer = await signIn(pool, { now })
  const pages: [string, string, SignedIn | undefined][] = [
    ['front', '/', undefined],
    ['home', '/', one],
    ['home-empty', '/', newcomer],
    ['course', '/courses/networks-101', teacher],
    ['course-does-not-fit', '/courses/machine-learning-lab', both],
    ['admin', '/admin', administrator],
    ['admin-platforms', '/admin/platforms', administrator],
    ['admin-courses', '/admin/courses', administrator],
    ['admin-pools', '/admin/pools', administrator],
    ['admin-forecast', '/admin/forecast', administrator],
    ['admin-runs', '/admin/runs', administrator],
    ['admin-changes', '/admin/changes', administrator],
    ['sign-in-first', `/workspaces/${mine.id}`, undefined],
    ['not-found', '/nothing-here', one],
    ['invite-used', '/enter?invite=old', undefined],
  ]
  it.each(pages)('%s', async (name, path, who) => {
    for (const locale of locales)
      await expect(await read(path, who, locale)).toMatchFileSnapshot(golden(`${name}.${locale}`))
  })
})

it.each([
  ['preparing', 'en', 'no longer ready: seats are missing'],
  ['preparing', 'fr', 'n’est plus prête : il manque des postes'],
  ['open', 'en', 'open no longer ready: seats are missing'],
])('says of a class that is %s that it was ready before (%s)', async (state, locale, words) => {
  const teacher = await signIn(pool, { contextId: networks, role: 'teacher', now })
  const key = sql`key = 'networks-101/2026-12-01T10:00'`
  await execute(
    pool,
    sql`update session set state = ${state}, ready_at = null, unready_at = ${now} where ${key}`,
  )
  expect(await read('/courses/networks-101', teacher, locale)).toContain(`| ${words} |`)
  await execute(pool, sql`update session set ready_at = ${now} where ${key}`)
  expect(await read('/courses/networks-101', teacher, locale)).not.toContain(words)
  await execute(
    pool,
    sql`update session set state = 'planned', ready_at = null, unready_at = null where ${key}`,
  )
})

it('does in the record what its buttons say', async () => {
  const stateAfter = async (act: string, form: Record<string, string> = {}) => {
    const { status } = await site.post(`/workspaces/${mine.id}/${act}`, form, { who: one })
    return [status, (await findWorkspace(pool, mine.id))?.state]
  }
  expect(await stateAfter('restart')).toEqual([303, 'starting'])
  await seatReady(pool, mine.id, now)
  expect(await stateAfter('reset', { files: 'keep' })).toEqual([303, 'starting'])
  await seatReady(pool, mine.id, now)
  expect(await stateAfter('reset', { files: 'empty' })).toEqual([303, 'resetting'])
  await seatReady(pool, mine.id, now)
  expect(await stateAfter('stop')).toEqual([303, 'stopping'])
  expect(await stateAfter('reset', { files: 'everything' })).toEqual([400, 'stopping'])
})

it('names students to their teacher, not to who runs the machines', async () => {
  const teacher = await signIn(pool, { contextId: networks, role: 'teacher', now })
  const administrator = await signIn(pool, { administrator: true, now })
  const path = '/courses/networks-101'
  expect(await read(path, teacher, 'en')).toContain('Student One')
  expect(await read(path, administrator, 'en')).not.toContain('Student One')
})

it('makes an administrator of who takes an invite, once', async () => {
  const { body } = await site.api('/api/invites', {})
  const url = new URL(String(body['url']))
  const path = url.pathname + url.search
  // Looking at it, as mail scanners do, does not use it up.
  expect((await site.get(path)).text).toContain('Become administrator')
  expect((await site.get(path)).status).toBe(200)
  const invite = url.searchParams.get('invite') ?? ''
  const taken = await site.post('/enter', { invite })
  expect(taken.headers['location']).toBe('/admin')
  const cookie = taken.cookies.join('; ')
  expect((await site.get('/admin', { headers: { cookie } })).status).toBe(200)
  expect((await site.post('/enter', { invite })).status).toBe(410)
  expect((await site.get(path)).status).toBe(410)
})

it('shows a registration link once, and activates who registered', async () => {
  const administrator = await signIn(pool, { administrator: true, now })
  const made = await site.post(
    '/admin/registration-links',
    { name: 'Moodle' },
    { who: administrator },
  )
  expect(made.text).toMatch(/\/lti\/register\?token=[\w-]{43}/)
  const list = await site.get('/admin/platforms', { who: administrator })
  expect(list.text).not.toContain('/lti/register?token=')
  const [, id] = /\/admin\/platforms\/([0-9a-f-]{36})\/activation/.exec(list.text) ?? []
  const decide = (state: string) =>
    site.post(`/admin/platforms/${id}/activation`, { state }, { who: administrator })
  expect((await decide('disabled')).status).toBe(303)
  expect((await site.get('/admin/platforms', { who: administrator })).text).toContain('disabled')
  // Whoever was in from it has to come in again.
  expect((await site.get('/', { who: one })).text).not.toContain('Networks 101')
  await decide('active')
})
