import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLms } from './lms.ts'
import { startReferenceTool } from './reference-tool.ts'
import type { Lms } from './lms.ts'
import type { ReferenceTool } from './reference-tool.ts'

let lms: Lms
let tool: ReferenceTool

beforeAll(async () => {
  lms = await startLms()
  tool = await startReferenceTool()
})

afterAll(async () => {
  await tool.close()
  await lms.close()
})

function visit(path: string, person?: string, init: RequestInit = {}): Promise<Response> {
  const cookie = person === undefined ? {} : { cookie: `practice_lms=${person}` }
  const headers = { accept: 'text/html', ...cookie, ...init.headers }
  return fetch(lms.url + path, { redirect: 'manual', ...init, headers })
}

function order(method: string, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(lms.url + path, { method, headers, body: JSON.stringify(body) })
}

describe('pages', () => {
  test('a login link makes one that person and leads on, but never off this site', async () => {
    const answer = await visit('/login/student1?next=/courses/2')
    expect(answer.headers.get('location')).toBe('/courses/2')
    expect(answer.headers.get('set-cookie')).toMatch(
      /practice_lms=student1;.*samesite=lax; httponly/iu,
    )
    for (const next of ['https://elsewhere.example', '//elsewhere.example', '/\\elsewhere.example'])
      expect(
        (await visit(`/login/student1?next=${encodeURIComponent(next)}`)).headers.get('location'),
      ).toBe('/')
  })

  test('who is nobody yet is asked who they are, and comes back', async () => {
    for (const path of ['/courses/2', '/launch/100', '/activities/100'])
      expect((await visit(path)).headers.get('location')).toBe(
        `/login?next=${encodeURIComponent(path)}`,
      )
  })

  test.each([
    ['student1', '/courses/2/grades', 403],
    ['assistant1', '/courses/2/grades', 200],
    ['student1', '/admin/tools', 403],
    ['manager1', '/admin/tools', 403],
    ['admin', '/admin/tools', 200],
    ['student1', '/courses/99', 404],
  ])('%s asks for %s: %i', async (person, path, status) => {
    expect((await visit(path, person)).status).toBe(status)
  })

  test.each(['student1', 'assistant1'])('%s changes nothing in a course', async (person) => {
    for (const path of ['/courses/2/copy', '/activities/100/remove', '/activities/100/opens-in'])
      expect((await visit(path, person, { method: 'POST' })).status).toBe(403)
  })

  test('are in the person’s language, which they can change', async () => {
    expect(await (await visit('/', 'student2')).text()).toContain('<html lang="fr">')
    await visit('/language/en', 'student2', { method: 'POST' })
    expect(await (await visit('/', 'student2')).text()).toContain('<html lang="en">')
  })

  test('say so where there is no tool yet, and a launch says why not', async () => {
    expect(await (await visit('/courses/2', 'student1')).text()).toContain(
      'No tool is connected yet',
    )
    const answer = await visit('/launch/100', 'student1')
    expect([answer.status, await answer.text()]).toEqual([
      409,
      expect.stringContaining('No tool is registered'),
    ])
  })

  test('escape what a tool says', async () => {
    const { key } = lms.putActivity({
      course: 'networks-101',
      key: 'odd',
      title: '<script>alert(1)</script>',
    })
    const page = await (await visit('/courses/2', 'teacher1')).text()
    expect(key).toBe('odd')
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toContain('<script>alert')
  })

  test('a tool that asks for what is not there gets JSON', async () => {
    const answer = await fetch(`${lms.url}/lti/nothing`)
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ error: 'not_found' }),
    ])
  })
})

describe('for another process', () => {
  test('registers, adds, enrols and launches as JSON', async () => {
    const registered = await order('POST', '/practice/tools', {
      address: `${tool.url}/register`,
      activate: true,
    })
    expect(await registered.json()).toMatchObject({ tool: { state: 'active' } })
    const activity = {
      course: 'networks-101',
      key: 'seeded',
      title: 'Seeded',
      custom: { course: 'x' },
    }
    const first = (await (await order('PUT', '/practice/activities', activity)).json()) as {
      id: string
    }
    const again = await order('PUT', '/practice/activities', {
      course: 'networks-101',
      key: 'seeded',
      custom: { course: 'y' },
    })
    expect(await again.json()).toMatchObject({
      id: first.id,
      title: { en: 'Seeded' },
      custom: { course: 'y' },
    })
    const students = await order('POST', '/practice/students', {
      course: 'networks-101',
      count: 60,
    })
    expect(await students.json()).toEqual({ enrolled: 60 })
    const launch = await order('POST', '/practice/launches', {
      person: 'student0060',
      activity: 'seeded',
    })
    const form = (await launch.json()) as Awaited<ReturnType<Lms['launchForm']>>
    expect(await lms.postLaunch(form)).toMatchObject({ status: 200 })
    expect(tool.accepted.at(-1)).toMatchObject({ sub: '10060' })
  })

  test('says what is wrong with an order', async () => {
    const answer = await order('PUT', '/practice/activities', { course: 'networks-101' })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('at key')])
  })

  test('shows what is there without anybody’s name', async () => {
    const state = await (await fetch(`${lms.url}/practice/state`)).text()
    expect(JSON.parse(state)).toMatchObject({
      url: lms.url,
      courses: [{ key: 'networks-101' }, {}],
    })
    expect(state).not.toContain('privateKey')
  })
})
