// Forged forms, addresses that lead elsewhere, headers, errors as pages and as JSON.
import { once } from 'node:events'
import { connect } from 'node:net'
import { Client } from 'pg'
import { afterAll, expect, it } from 'vitest'
import { doorPass } from '../../api/door-pass.ts'
import { tokenHash } from '../../api/data/ids.ts'
import { readTicket } from '../../api/data/seats/ticket.ts'
import { findWorkspace } from '../../api/data/workspaces/workspace.ts'
import {
  IN_CLASS,
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { openWebsite } from './website.ts'

const now = IN_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, now)
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const student = await signIn(pool, { contextId, now })
const other = await signIn(pool, { contextId, now })
const { id } = await launch(pool, { personId: student.personId, courseKey: 'networks-101', now })
await seatReady(pool, id, now)
const own = `/workspaces/${id}`
const stateNow = async () => (await findWorkspace(pool, id))?.state

it.each([
  ['no token', { csrf: undefined }],
  ['somebody else’s token', { csrf: other.csrf }],
  ['another site’s Origin', { headers: { origin: 'http://evil.example' } }],
  ['a seat’s Origin', { headers: { origin: 'http://abc.seats.localhost:7081' } }],
  ['Origin null', { headers: { origin: 'null' } }],
])('refuses a form with %s, and does nothing', async (_, forged) => {
  const answer = await site.post(`${own}/stop`, {}, { who: student, ...forged })
  expect(answer.status).toBe(403)
  expect(answer.text).toContain('This form did not come from this site')
  expect(await stateNow()).toBe('ready')
})

it('refuses a form without any Origin', async () => {
  const headers = { origin: '' }
  expect((await site.post(`${own}/stop`, {}, { who: student, headers })).status).toBe(403)
})

it('opens a door with a ticket for this person, seat and port', async () => {
  const answer = await site.post(`${own}/doors/8080`, {}, { who: student })
  expect(answer.status).toBe(303)
  const url = new URL(String(answer.headers['location']))
  expect(url.host).toMatch(/^[a-z2-7]{26}\.seats\.localhost:7081$/)
  const ticket = readTicket(ring, url.searchParams.get('ticket') ?? '', now)
  expect(ticket).toMatchObject({
    personId: student.personId,
    hostLabel: url.host.split('.')[0],
    generation: 1,
  })
})

it('opens no door that is not a web port of a running workspace', async () => {
  const status = async (port: string) =>
    (await site.post(`${own}/doors/${port}`, {}, { who: student })).status
  expect(await status('22')).toBe(404)
  expect(await status('9999')).toBe(404)
  expect(await status('1.5')).toBe(404)
})

it('lets a new tab, which has no cookie of a frame, in by the pass of the frame’s page', async () => {
  const door = `${own}/doors/8080`
  const pass = doorPass(ring, { loginHash: tokenHash(student.token), path: door })
  const post = (path: string, form: Record<string, string>) => site.post(path, form)
  expect((await post(door, { pass, csrf: student.csrf })).status).toBe(303)
  expect((await post(door, { pass })).status).toBe(403)
  // It is for that door only, for that login only, and stands for a cookie nowhere else.
  expect((await post(`${own}/doors/22`, { pass, csrf: student.csrf })).status).toBe(401)
  const theirs = doorPass(ring, { loginHash: tokenHash(other.token), path: door })
  expect((await post(door, { pass: theirs, csrf: other.csrf })).status).toBe(404)
  expect((await post(door, { pass: `${pass}x`, csrf: student.csrf })).status).toBe(401)
  expect((await post(`${own}/stop`, { pass, csrf: student.csrf })).status).toBe(401)
})

it('writes the pass and a new tab into the page that is framed, and only a choice into the other', async () => {
  const framed = await site.get(own, {
    who: student,
    headers: { 'sec-fetch-dest': 'iframe' },
  })
  expect(framed.text).toMatch(/<form[^>]*class="door"[^>]*target="_blank"/)
  expect(framed.text).toContain('Opens in a new tab')
  expect(framed.text).toContain(`/workspaces/${id}/events?framed=1`)
  const top = await site.get(own, { who: student, headers: { 'sec-fetch-dest': 'document' } })
  expect(top.text).not.toMatch(/<form[^>]*target="_blank"|name="pass"/)
  expect(framed.text).toContain('name="pass"')
})

it('keeps the language in this browser, and goes back to a page of ours only', async () => {
  const choose = (back: string) => site.post('/locale', { locale: 'fr', back }, { who: student })
  const answer = await choose(`${own}?a=1`)
  expect(answer.headers['location']).toBe(`${own}?a=1`)
  const cookie = String(answer.headers['set-cookie'])
  expect(cookie).toContain('__Host-labplan-locale=fr')
  expect(cookie).toMatch(/Secure; HttpOnly; SameSite=None; Partitioned/)
  for (const elsewhere of ['//evil.example', 'http://evil.example', '/\\evil.example', ''])
    expect((await choose(elsewhere)).headers['location']).toBe('/')
  const headers = { cookie: `__Host-labplan=${student.token}; __Host-labplan-locale=fr` }
  expect((await site.get(own, { headers })).text).toContain('<html lang="fr">')
})

it('offers the other language also where a form was answered, on the page that it is of', async () => {
  const waiting = await signIn(pool, { contextId, now })
  const mine = await launch(pool, { personId: waiting.personId, courseKey: 'networks-101', now })
  const page = `/workspaces/${mine.id}`
  const answer = await site.post(`${page}/doors/8080`, {}, { who: waiting })
  expect(answer.status).toBe(409)
  const [, back = ''] = /name="back" value="([^"]*)"/.exec(answer.text) ?? []
  const chosen = await site.post('/locale', { locale: 'fr', back }, { who: waiting })
  expect(chosen.headers['location']).toBe(page)
  const undo = await site.post('/courses/networks-101/plan/undo', {}, { who: waiting })
  expect(undo.text).toContain('name="back" value="/courses/networks-101/plan"')
})

it('says which pages an LMS may frame, and where forms may lead', async () => {
  const policy = async (path: string) =>
    String((await site.get(path, { who: student })).headers['content-security-policy'])
  const ours = await policy(own)
  expect(ours).toContain(`default-src 'none'`)
  expect(ours).toContain('frame-ancestors http://lms.localhost:7082')
  expect(ours).toContain(`form-action 'self' http://*.seats.localhost:7081`)
  expect(ours).not.toMatch(/unsafe|https?:\/\/(?!\*\.seats|lms)/)
  expect(await policy('/admin')).toContain(`frame-ancestors 'none'`)
  const { headers } = await site.get(own, { who: student })
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
  })
})

it('writes no script and no style into a page', async () => {
  const { text } = await site.get(own, { who: student })
  expect(text).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=/)
})

it('answers errors as a page or as JSON, as asked', async () => {
  const page = await site.get('/nothing-here')
  expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
  const json = await site.get('/nothing-here', { headers: { accept: 'application/json' } })
  expect(JSON.parse(json.text)).toEqual({
    error: 'problem.not-found',
    message: 'The address may be mistyped, or what it showed is gone.',
  })
  const french = await site.get('/nothing-here', { headers: { 'accept-language': 'fr-FR,fr' } })
  expect(french.text).toContain('Il n’y a rien ici')
  expect((await site.post('/healthz', {})).status).toBe(405)
})

it('refuses what is too large or unreadable', async () => {
  const large = { locale: 'x'.repeat(2 * 1024 * 1024 + 1) }
  expect((await site.post('/locale', large)).status).toBe(413)
  expect((await site.post('/locale', { locale: 'de', back: '/' })).status).toBe(400)
})

it('says so, too, to a browser that reads nothing before all of it is sent', async () => {
  const body = `locale=${'x'.repeat(12 * 1024 * 1024)}`
  const socket = connect(Number(new URL(site.origin).port), '127.0.0.1').pause()
  const end = once(socket, 'close')
  const head = [
    'POST /locale HTTP/1.1',
    `Host: ${new URL(site.origin).host}`,
    `Origin: ${site.origin}`,
    'Accept: text/html',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  const isSent = Promise.withResolvers<void>()
  socket.on('error', isSent.reject)
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, () => isSent.resolve())
  await isSent.promise
  let answer = ''
  socket.on('data', (chunk) => (answer += String(chunk))).resume()
  await end
  expect(answer).toContain('HTTP/1.1 413')
  expect(answer).toContain('send less of it')
})

it('hides what went wrong inside, but for a reference', async () => {
  await pool.query('alter table workspace rename to workspace_away')
  const answer = await site.get(own, { who: student })
  await pool.query('alter table workspace_away rename to workspace')
  expect(answer.status).toBe(500)
  expect(answer.text).toMatch(/recorded under [a-z2-7]{8}/)
  expect(answer.text).not.toContain('workspace_away')
  expect(answer.text).not.toMatch(/relation|\.ts:/)
})

it('serves its files to be kept, under the hash of what they hold', async () => {
  const { text } = await site.get('/')
  const [style] = /\/public\/base\.css\?v=[0-9a-f]{12}/.exec(text) ?? ['']
  const file = await site.get(style)
  expect(file.headers['cache-control']).toContain('immutable')
  expect((await site.get('/public/base.css')).headers['cache-control']).toBe('no-cache')
  expect((await site.get('/public/../server.ts')).status).toBe(404)
  expect((await site.get('/public/..%2fserver.ts')).status).toBe(404)
})

it('signs out', async () => {
  const answer = await site.post('/login/end', {}, { who: other })
  expect(answer.status).toBe(303)
  expect(String(answer.headers['set-cookie'])).toMatch(/__Host-labplan=; Path=\/; Max-Age=0/)
  expect((await site.get(own, { who: other })).status).toBe(401)
})

it('says that it comes back, when only the database is away', async () => {
  const url = new URL(site.database.url)
  const name = url.pathname.slice(1)
  url.pathname = 'postgres'
  const server = new Client({ connectionString: url.href })
  await server.connect()
  await server.query(`alter database ${name} allow_connections false`)
  await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
    name,
  ])
  const answer = await site.get(own, { who: student })
  const health = await site.get('/healthz')
  await server.query(`alter database ${name} allow_connections true`)
  await server.end()
  expect([answer.status, answer.headers['retry-after'], health.status]).toEqual([503, '5', 503])
  expect(answer.text).toContain('Environments that run go on running')
  expect((await site.get(own, { who: student })).status).toBe(200)
})
