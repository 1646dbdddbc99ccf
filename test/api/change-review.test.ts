/** A change as its reviewer reads it, and what may be done with it: over the pages, the API and the record. */
import { afterAll, expect, it } from 'vitest'
import { lockHead } from '../../api/data/changes/blueprint.ts'
import { keepPlan } from '../../api/data/changes/change-plan.ts'
import { latestChanges, proposeWithin } from '../../api/data/changes/change.ts'
import { one, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { BEFORE_CLASS, importDocuments, signIn, documentOf } from '../cast/record.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const site = await openWebsite(BEFORE_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const administrator = await signIn(pool, { administrator: true, now: BEFORE_CLASS })

/** Imports the course so; answers the newest change. */
async function importCourse(text: string) {
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'networks.yaml', text }])
  const [change] = await latestChanges(pool, 1)
  return change!
}
const stateOf = async (id: string) =>
  (await one<{ state: string }>(pool, sql`select state from change where id = ${id}`)).state
const courseText = () => documentOf(pool, 'networks-101')
const headDigest = async () =>
  (await one<{ digest: string }>(pool, sql`select digest from blueprint_head`)).digest
const act = (id: string, what: string, form: Record<string, string> = {}) =>
  site.post(`/admin/changes/${id}/${what}`, form, { who: administrator })

it('shows what a change takes before anybody says yes, in both languages', async () => {
  const { id } = await importCourse(networksDocument(150, 30))
  for (const locale of ['en', 'fr']) {
    const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=${locale}`
    const { text } = await site.get(`/admin/changes/${id}`, { headers: { cookie } })
    await expect(textOf(text)).toMatchFileSnapshot(`expected/admin-change.${locale}.txt`)
  }
  const { body } = await site.api(`/api/changes/${id}`)
  expect(body).toMatchObject({ state: 'proposed', lane: 'review' })
  expect(body['difference']).toContainEqual(expect.stringContaining('120 more seats'))
})

it('shows a pool before and after, and Terraform’s plan behind a click, redacted', async () => {
  const text = networksDocument(45).replace('students', 'allowance: { seats: 30 }\nstudents')
  const change = await importCourse(text)
  const { id, blueprint_digest: digest } = change
  const page = async () => (await site.get(`/admin/changes/${id}`, { who: administrator })).text
  const before = await page()
  expect(textOf(before)).toContain('It is not made yet: within a few minutes')
  expect(textOf(before)).toMatch(
    /Cores asked of This machine on the fullest day: 15 before, 22.5 after .*, when 64 are there\./,
  )
  expect(before).toMatch(/<svg [^>]*role="img" aria-label="Cores asked of This machine/)
  const plan = { changeId: id, stack: 'seats-networks-101-0', digest, due_at: BEFORE_CLASS }
  const counts = { create: 15, update: 0, replace: 1, delete: 0 }
  const shown = '+ docker_service.s031\n+ token = "glpat-Xy7Qz0PmW3vK9tBrLs2D"'
  await keepPlan(pool, { ...plan, counts, message: null, text: shown, now: BEFORE_CLASS })
  const after = await page()
  expect(textOf(after)).toContain('16 to create, 0 to change, 1 to remove')
  expect(after).toMatch(/<details class="plan-text">[\s\S]*docker_service\.s031\n +\(left out\)/)
  const { body } = await site.api(`/api/changes/${id}`)
  expect(body['plans']).toMatchObject([{ stack: plan.stack, counts }])
  expect(body['counts']).toContainEqual({
    ...{ stack: plan.stack, create: 15, update: 0, delete: 0 },
  })
  // Of what it was before, nothing is shown.
  await keepPlan(pool, {
    ...plan,
    digest: await headDigest(),
    counts,
    message: null,
    text: shown,
    now: BEFORE_CLASS,
  })
  expect(await page()).not.toContain('s031')
})

it('is rejected with a reason, once, and then approves nothing', async () => {
  const change = await importCourse(networksDocument(140, 30))
  expect((await act(change.id, 'rejection', { reason: ' ' })).status).toBe(400)
  expect((await act(change.id, 'rejection', { reason: 'Not this term.' })).status).toBe(303)
  expect(await stateOf(change.id)).toBe('rejected')
  expect((await act(change.id, 'rejection', { reason: 'Again.' })).status).toBe(409)
  expect((await act(change.id, 'approval', { digest: change.blueprint_digest })).status).toBe(409)
  const { text } = await site.get(`/admin/changes/${change.id}`, { who: administrator })
  expect(textOf(text)).toContain('Not this term.')
  expect(await courseText()).toBe(networksDocument())
})

it('is undone by a new change to what was approved before', async () => {
  const smaller = await importCourse(networksDocument(20))
  expect(smaller.state).toBe('approved')
  expect(await courseText()).toBe(networksDocument(20))
  expect((await act(smaller.id, 'reversal')).status).toBe(303)
  expect(await courseText()).toBe(networksDocument())
  const [undo] = await latestChanges(pool, 1)
  expect(undo).toMatchObject({ state: 'approved', title: 'Course networks-101' })
  const { status, body } = await site.api(`/api/changes/${smaller.id}/reversal`, {})
  expect([status, body['outcome']]).toEqual([200, 'unchanged'])
})

it('is not undone where something was changed again since: that would go with it', async () => {
  const first = await importCourse(networksDocument(21))
  const later = await importCourse(networksDocument(22))
  const answer = await site.api(`/api/changes/${first.id}/reversal`, {})
  expect(answer.status).toBe(409)
  expect(answer.body['message']).toContain('Course networks-101 was changed again since')
  expect(await courseText()).toBe(networksDocument(22))
  expect((await act(later.id, 'reversal')).status).toBe(303)
  expect((await act(first.id, 'reversal')).status).toBe(303)
  expect(await courseText()).not.toContain('students: 2')
})

it('is not undone where something is saved while the undo waits for its turn', async () => {
  const first = await importCourse(networksDocument(23))
  const actor = { name: 'test', role: 'operator' } as const
  // It has compared what is in force, and waits for this transaction, in which another saves.
  const undo = await withTransaction(pool, async (tx) => {
    await lockHead(tx)
    const answer = site.api(`/api/changes/${first.id}/reversal`, {})
    await expect.poll(someWaitForTheHead).toBe(true)
    const sources = [{ name: 'networks.yaml', text: networksDocument(24) }]
    await proposeWithin(tx, { sources, actor, ring, now: BEFORE_CLASS })
    return { answer }
  })
  const { status, body } = await undo.answer
  expect(await courseText()).toBe(networksDocument(24))
  expect(status).toBe(409)
  expect(body['message']).toContain('Course networks-101 was changed again since')
})

const someWaitForTheHead = async () =>
  (
    await one<{ some: boolean }>(
      pool,
      sql`select exists (select from pg_stat_activity where datname = current_database()
            and wait_event_type = 'Lock' and query like '%from installation for no key update%') as some`,
    )
  ).some

it('is not undone where there was nothing before, or nothing is in force', async () => {
  const fresh = networksDocument(10).replace('key: networks-101', 'key: networks-102')
  const change = await importCourse(fresh)
  const answer = await site.api(`/api/changes/${change.id}/reversal`, {})
  expect(answer.status).toBe(409)
  expect(answer.body['message']).toContain('Course networks-102 came with it')
  const waiting = await importCourse(networksDocument(160, 30))
  expect((await site.api(`/api/changes/${waiting.id}/reversal`, {})).status).toBe(409)
  expect((await site.api(`/api/changes/${newId()}`)).status).toBe(404)
  expect((await site.api(`/api/changes/nonsense`)).status).toBe(404)
})

it('is found again by the address of a narrowed, searched and ordered list, and as CSV', async () => {
  const titles = async (query: string) => {
    const { text } = await site.get(`/admin/changes${query}`, { who: administrator })
    return [...text.matchAll(/href="\/admin\/changes\/[0-9a-f-]{36}"\s*>([^<]+)</g)].map(
      ([, title]) => title,
    )
  }
  expect(await titles('?state=rejected')).toEqual(['Course networks-101'])
  expect(await titles('?state=approved&contains=NETWORKS-102')).toEqual(['Course networks-102'])
  expect(await titles('?contains=nothing-like-it')).toEqual([])
  const byTitle = await titles('?sort=title&order=up')
  expect(byTitle).toEqual(byTitle.toSorted())
  expect(await titles('?sort=title')).toEqual(byTitle.toReversed())
  expect((await titles('?state=nonsense&sort=nonsense')).length).toBe(byTitle.length)
  const file = await site.get('/admin/changes.csv?state=rejected', { who: administrator })
  expect(file.headers['content-type']).toContain('text/csv')
  expect(file.text.split('\r\n')).toHaveLength(3)
  expect(file.text).toContain(',Course networks-101,rejected,review,beyond-allowance,')
})
