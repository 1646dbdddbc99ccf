/** Joining a course by its link: who may, at which path of their own environment, and the teacher's hand on it. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, one, sql } from '../../api/data/db.ts'
import { joinToken, readJoinToken } from '../../api/join-token.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import {
  BEFORE_CLASS,
  IN_CLASS,
  addLmsCourse,
  importDocuments,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const COURSE = '/courses/networks-101'
const site = await openWebsite(IN_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const now = IN_CLASS
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const teacher = await signIn(pool, { contextId, role: 'teacher', now })
const guest = await signIn(pool, { name: 'Guest One', now })
await execute(
  pool,
  sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
)

const setLink = (act: string, who = teacher) => site.post(`${COURSE}/join-link`, { act }, { who })
const shownLink = async (query = '') => {
  const { text } = await site.get(`${COURSE}/sharing${query}`, { who: teacher })
  const address = /<code>[^<]*(\/join\/[^<]+)<\/code>/.exec(text)?.[1]
  return address?.replaceAll('&amp;', '&')
}
const workspaceOf = async (personId: string) =>
  one<{ id: string; open_path: string | null }>(
    pool,
    sql`select id, open_path from workspace where person_id = ${personId}`,
  )

beforeEach(async () => {
  await setLink('open')
})

it('is made, renewed and closed by who plans the course, and is otherwise not there', async () => {
  await setLink('close')
  expect(await shownLink()).toBeUndefined()
  expect((await setLink('open', guest)).status).toBe(404)
  await setLink('open')
  const first = (await shownLink())!
  expect((await site.get(first, { who: guest })).status).toBe(200)
  await setLink('open')
  expect(await shownLink()).not.toBe(first)
  for (const address of [first, `${(await shownLink())!.slice(0, -1)}_`, '/join/x']) {
    const refused = await site.get(address, { who: guest })
    expect(refused.status, address).toBe(404)
    expect(textOf(refused.text)).toContain('This link opens nothing, or no longer.')
    expect((await site.post(address, {}, { who: guest })).status).toBe(404)
  }
  await setLink('close')
  expect((await site.post(first, {}, { who: guest })).status).toBe(404)
})

it('is not made void, or closed, from a page that shows the one before', async () => {
  const formOf = async (act: string) => {
    const { text } = await site.get(`${COURSE}/sharing`, { who: teacher })
    const [, form = ''] = /action="[^"]*\/join-link"\s*>([^]*?)<\/form>/.exec(text) ?? []
    return { act, was: /name="was"\s+value="(\d+)"/.exec(form)?.[1] ?? '' }
  }
  const press = (form: Record<string, string>) =>
    site.post(`${COURSE}/join-link`, form, { who: teacher })
  await setLink('close')
  const [mine, theirs] = [await formOf('open'), await formOf('open')]
  await press(theirs)
  const link = await shownLink()
  expect((await press(mine)).status).toBe(303)
  expect(await shownLink()).toBe(link)
  await press({ ...mine, act: 'close' })
  expect(await shownLink()).toBe(link)
  await press(await formOf('close'))
  expect(await shownLink()).toBeUndefined()
})

it('asks who comes, and says nothing of the course to strangers', async () => {
  const { status, text } = await site.get((await shownLink())!)
  expect(status).toBe(401)
  expect(textOf(text)).toContain('Open any Labplan activity of your learning platform')
  expect(text).not.toContain('Networks')
})

it('is for people of the course’s own institution', async () => {
  const stranger = await signIn(pool, { now })
  await execute(
    pool,
    sql`insert into zone (id, key, name, time_zone, locale, created_at)
        values (gen_random_uuid(), 'other', 'Other', 'Europe/Paris', 'en', ${now}) on conflict do nothing`,
  )
  await execute(
    pool,
    sql`update person set zone_id = (select id from zone where key = 'other'), platform_id = null, sub = null
        where id = ${stranger.personId}`,
  )
  expect((await site.get((await shownLink())!, { who: stranger })).status).toBe(404)
})

it('leads to a path of one’s own environment, also after a wait, and to no other host', async () => {
  const address = (await shownLink('?path=/lab/tree/week 3.ipynb'))!
  expect(address).toContain('?path=%2Flab%2Ftree%2Fweek%25203.ipynb')
  const asked = await site.get(address, { who: guest })
  expect(textOf(asked.text)).toContain('It opens at /lab/tree/week%203.ipynb')
  const [, path = ''] = /name="path" value="([^"]*)"/.exec(asked.text) ?? []
  const joined = await site.post(address.split('?')[0]!, { path }, { who: guest })
  const { id, open_path } = await workspaceOf(guest.personId)
  expect(joined.headers['location']).toBe(`/workspaces/${id}`)
  expect(open_path).toBe('/lab/tree/week%203.ipynb')
  await seatReady(pool, id, now)
  const page = await site.get(`/workspaces/${id}`, { who: guest })
  expect(textOf(page.text)).toContain('Opens at /lab/tree/week%203.ipynb')
  const [, to = ''] = /name="to" value="([^"]*)"/.exec(page.text) ?? []
  const opened = await site.post(`/workspaces/${id}/doors/8080`, { to }, { who: guest })
  const door = new URL(String(opened.headers['location']))
  expect(door.hostname).toMatch(/^[a-z0-9]{26}\.seats\.localhost$/)
  expect(door.searchParams.get('to')).toBe('/lab/tree/week%203.ipynb')
  expect(textOf((await site.get('/', { who: guest })).text)).toContain('Networks 101')
  for (const bad of [
    '//other.example',
    '/\\other.example',
    'https://other.example',
    '/.labplan/x',
  ]) {
    await site.post(address.split('?')[0]!, { path: bad }, { who: guest })
    expect((await workspaceOf(guest.personId)).open_path, bad).toBeNull()
  }
})

it('does not open a draft, and tells a teacher whose path is none', async () => {
  const text = networksDocument().replace('students: 30', 'state: draft\nstudents: 30')
  await importDocuments(pool, ring, now, [{ name: 'n.yaml', text }])
  const closed = await site.get((await shownLink())!, { who: guest })
  expect(closed.status).toBe(409)
  await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: networksDocument() }])
  const page = await site.get(`${COURSE}/sharing?path=//other.example`, { who: teacher })
  expect(textOf(page.text)).toContain('a path in the environment, beginning with one slash')
})

it('shows the class to whose course it is while its students come by the link alone', async () => {
  const copied = await site.post(
    `${COURSE}/copies`,
    { title: 'By link', from: '2026-11-24' },
    { who: teacher },
  )
  const [course = ''] = /\/courses\/by-link-\w+/.exec(String(copied.headers['location'])) ?? []
  await site.post(`${course}/join-link`, { act: 'open' }, { who: teacher })
  const sharing = await site.get(`${course}/sharing`, { who: teacher })
  const address = /<code>[^<]*(\/join\/[^<]+)<\/code>/.exec(sharing.text)?.[1] ?? ''
  expect((await site.post(address, {}, { who: guest })).status).toBe(303)
  const shown = await site.get(course, { who: teacher })
  expect(shown.status).toBe(200)
  expect(textOf(shown.text)).toContain('Guest One')
  const home = await site.get('/', { who: teacher })
  expect(home.text).toContain(`href="${course}"`)
  expect(textOf(home.text)).toMatch(/Tuesday 1 December 10:00–12:00 By link/)
  for (const who of [guest, await signIn(pool, { contextId, role: 'teacher', now })])
    expect((await site.get(course, { who })).status).not.toBe(200)
  // Once an LMS course opens it, it is taught there.
  await addLmsCourse(pool, { courseKey: course.split('/')[2]!, contextId: 'another', now })
  expect((await site.get(course, { who: teacher })).status).toBe(404)
  expect((await site.get('/', { who: teacher })).text).not.toContain(`href="${course}"`)
})

it('has a token of this installation only', () => {
  const token = joinToken(ring, { key: 'networks-101', number: 3 })
  expect(readJoinToken(ring, token)).toEqual({ key: 'networks-101', number: 3 })
  expect(readJoinToken(ring, token.replace('.3.', '.4.'))).toBeUndefined()
  expect(readJoinToken(ring, token.replace('networks', 'crypto'))).toBeUndefined()
  expect(readJoinToken(ring, token.replace(/^[\w-]+/, 'k9'))).toBeUndefined()
})
