/** The student's connection window: what its teacher sets, the sample beside it, and what a student gets of it. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  afterAct,
  checkWindow,
  readWindow,
  writeWindow,
} from '../../api/teaching/connection-window.ts'
import { execute, one, sql } from '../../api/data/db.ts'
import { arrangePorts, fillLink, partsOf } from '../../api/display.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { seatPath } from '../../stacks/rules/seat-path.ts'
import type { Port } from '../../stacks/terms.ts'
import { allDocuments, environmentDocument, networksDocument } from '../cast/documents.ts'
import {
  BEFORE_CLASS,
  IN_CLASS,
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
  documentOf,
} from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const WINDOW = '/courses/networks-101/connection'
const site = await openWebsite(IN_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const now = IN_CLASS
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const teacher = await signIn(pool, { contextId, role: 'teacher', now })
const student = await signIn(pool, { contextId, now })
await execute(
  pool,
  sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
)
const mine = await launch(pool, { personId: student.personId, courseKey: 'networks-101', now })
await seatReady(pool, mine.id, now)

beforeEach(async () => {
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: networksDocument() }])
})

const courseText = () => documentOf(pool, 'networks-101')

/** What the page's form holds when it is opened. */
async function opened(): Promise<Record<string, string>> {
  const { text } = await site.get(WINDOW, { who: teacher })
  const [, read = ''] = /name="read" value="([0-9a-f]+)"/.exec(text) ?? []
  return {
    ...{ read, order: 'web,ssh', 'shown-web': 'yes', 'shown-ssh': 'yes' },
    ...{ login: 'yes', password: 'click', textEn: '', textFr: '', buttons: '0' },
  }
}
const post = (form: Record<string, string>, to = WINDOW) => site.post(to, form, { who: teacher })
const sample = async (form: Record<string, string>) =>
  (await post({ ...(await opened()), ...form }, `${WINDOW}/preview`)).text
const studentPage = async () => (await site.get(`/workspaces/${mine.id}`, { who: student })).text

it('shows the form and a sample, in both languages', async () => {
  for (const locale of ['en', 'fr']) {
    const cookie = `__Host-labplan=${teacher.token}; __Host-labplan-locale=${locale}`
    const { text } = await site.get(WINDOW, { headers: { cookie } })
    await expect(textOf(text)).toMatchFileSnapshot(`expected/connection.${locale}.txt`)
  }
  expect((await site.get(WINDOW, { who: student })).status).toBe(403)
})

it('shows in the sample at once what a student would see, and keeps nothing', async () => {
  const text = await sample({
    textEn: 'Log in as {{user}} on {{host}}, port {{port:ssh}}. Seat {{ seat }}.',
    ...{ order: 'ssh,web', 'title-en-ssh': 'Console', password: 'shown' },
  })
  expect(text).toContain('Log in as <code>lab7k2m</code> on <code>192.0.2.10</code>')
  expect(text).toContain('Seat <code>7</code>')
  expect(textOf(text)).toContain('Console')
  expect(text).not.toContain('Show the password')
  expect(textOf(await sample({ textEn: 'Use {{key}}.' }))).toContain('{{key}} means nothing here')
  expect(await courseText()).toBe(networksDocument())
})

it('is what students see once it is saved', async () => {
  const before = await studentPage()
  expect(before).toContain('Show the password')
  const saved = await post({
    ...(await opened()),
    ...{ textEn: 'Port {{port:ssh}}, user {{USERNAME}}.', password: 'never' },
    ...{
      buttons: '2',
      'button-en-0': 'Week 3',
      'button-to-0': 'web',
      'button-where-0': '/lab/w3?x=1',
    },
    ...{ 'button-en-1': 'Editor', 'button-to-1': 'link' },
    'button-where-1': 'vscode://vscode-remote/ssh-remote+{{user}}@{{host}}:{{port:ssh}}/home',
  })
  expect(saved.status).toBe(303)
  expect(parse(await courseText()).display).toEqual({
    ...{ password: 'never', text: 'Port {{port:ssh}}, user {{USERNAME}}.' },
    buttons: [
      { title: 'Week 3', port: 'web', path: '/lab/w3?x=1' },
      {
        title: 'Editor',
        link: 'vscode://vscode-remote/ssh-remote+{{user}}@{{host}}:{{port:ssh}}/home',
      },
    ],
  })
  const page = await studentPage()
  expect(page).not.toContain('Show the password')
  expect(page).toMatch(/Port <code>\d+<\/code>, user <code>lab\w{4}<\/code>\./)
  expect(page).toMatch(/href="vscode:\/\/vscode-remote\/ssh-remote\+lab\w{4}@[\d.]+:\d+\/home"/)
  expect(page).toContain('name="to" value="/lab/w3?x=1"')
  // Nothing of it is in what makes seats.
  expect(await sessionsOf()).toBeGreaterThan(0)
})

const sessionsOf = async () =>
  (await one<{ n: number }>(pool, sql`select count(*)::int as n from session`)).n

it('calls each mistake as its field is called', async () => {
  const wrong = { buttons: '1', 'button-to-0': 'web', 'button-where-0': '//x' }
  const text = textOf(await sample({ ...wrong, 'title-fr-ssh': 'x'.repeat(101) }))
  expect(text).toContain('ssh, Called in English: at most 100')
  expect(text).toContain('Button 1, Name in English: a name')
  expect(text).toContain('Button 1, path or address: a path')
})

it('opens a port at its path, and at no other host', async () => {
  const door = (to: string) =>
    site.post(`/workspaces/${mine.id}/doors/8080`, { to }, { who: student })
  const opens = await door('/lab/tree/week3.ipynb?a=b#c')
  const address = new URL(String(opens.headers['location']))
  expect(address.hostname).toMatch(/^[a-z0-9]{26}\.seats\.localhost$/)
  expect(address.searchParams.get('to')).toBe('/lab/tree/week3.ipynb?a=b#c')
  for (const bad of elsewhere) expect((await door(bad)).status, bad).toBe(400)
})

const elsewhere = [
  ...['//other.example/', '/\\other.example', '\\\\other.example', 'https://other.example/'],
  ...[
    '/.//other.example',
    '/./.labplan/enter?ticket=x',
    '/.labplan/healthz',
    'javascript:alert(1)',
  ],
  ...['/a\n/b', '/\t/other.example', ' /x', 'x', '', `/${'a'.repeat(600)}`],
]

it('takes for a path only what stays in the environment', () => {
  for (const bad of elsewhere) expect(seatPath(bad), bad).toBeUndefined()
  expect(seatPath('/a b/é?q=ü')).toBe('/a%20b/%C3%A9?q=%C3%BC')
  expect(seatPath('/a/../b')).toBe('/b')
  expect(seatPath('/a/..//other.example')).toBeUndefined()
})

it('opens no link that a browser would run, and none with the password', () => {
  const values = new Map([
    ['user', 'a b/@'],
    ['password', 'secret'],
  ])
  expect(fillLink('ssh://{{user}}@host', values)).toBe('ssh://a%20b%2F%40@host')
  expect(fillLink('https://x.example/?p={{password}}', values)).toBeUndefined()
  expect(fillLink('https://x.example/?p={{nothing}}', values)).toBeUndefined()
  for (const bad of [
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'x',
  ])
    expect(fillLink(bad, values), bad).toBeUndefined()
  const document = (link: string) => `${networksDocument()}display:
  buttons: [{ title: x, link: ${JSON.stringify(link)} }]
`
  const errors = (link: string) => parseDocuments(document(link), 'c.yaml').errors.length
  expect(errors('ssh://{{user}}@{{host}}')).toBe(0)
  for (const bad of [
    ...['javascript://%0aalert(1)', 'JAVASCRIPT:alert(1)', 'data://x', ' https://x', 'https://x y'],
    ...['https://x.example/{{ PASSWORD }}', 'https://x"onclick=', 'http://x.example'],
  ])
    expect(errors(bad), bad).toBeGreaterThan(0)
})

const ports: Port[] = [
  { number: 80, name: 'web', kind: 'web', title: { en: 'Web', fr: 'Web' }, required: true },
  { number: 22, name: 'ssh', kind: 'ssh', title: { en: 'SSH', fr: 'SSH' }, required: true },
  { number: 5901, name: 'vnc', kind: 'vnc', title: { en: 'VNC', fr: 'VNC' }, required: true },
]

it('orders, hides and names ports, whatever became of the environment since', () => {
  const said = [
    { name: 'vnc', shown: true, title: { en: 'Desktop', fr: 'Bureau' } },
    { name: 'gone', shown: true },
    { name: 'web', shown: false },
  ]
  const shown = arrangePorts(ports, { ports: said })
  expect(shown.map(({ name, title }) => `${name} ${title.en}`)).toEqual(['vnc Desktop', 'ssh SSH'])
})

it('moves, adds and removes lines, and writes only what does not go without saying', () => {
  const form = readWindow(networksDocument(), ports)
  expect(writeWindow(networksDocument(), form, ports)).toBe(networksDocument())
  const moved = afterAct(form, 'up:vnc', ports)
  expect(moved.ports.map(({ name }) => name)).toEqual(['web', 'vnc', 'ssh'])
  expect(afterAct(form, 'up:web', ports)).toEqual(form)
  const added = afterAct(moved, 'add', ports)
  expect(checkWindow(added, ports)).toMatchObject([{ field: 'button-en-0' }])
  const text = writeWindow(networksDocument(), moved, ports)
  expect(parse(text).display).toEqual({
    ports: [{ name: 'web' }, { name: 'vnc' }, { name: 'ssh' }],
  })
  expect(readWindow(text, ports)).toEqual(moved)
  expect(afterAct(added, 'drop:0', ports).buttons).toEqual([])
  expect(writeWindow(text, form, ports)).toBe(networksDocument())
})

it('refuses what somebody else saved over, with what was written still there', async () => {
  const form = { ...(await opened()), textEn: 'Mine' }
  expect((await post({ ...form, textEn: 'Theirs' })).status).toBe(303)
  const stale = await post(form)
  expect(stale.status).toBe(409)
  expect(stale.text).toContain('Somebody else saved this course meanwhile')
  expect(stale.text).toMatch(/>\s*Mine<\/textarea/)
})

/** With what the page says it was made of. */
async function openedWhole(): Promise<Record<string, string>> {
  const { text } = await site.get(WINDOW, { who: teacher })
  const [, base = ''] = /name="base" value="([^"]*)"/.exec(text) ?? []
  return { ...(await opened()), base: base.replaceAll('&quot;', '"') }
}

it('loses nothing of two who change it at once, also where the page is loaded for each step', async () => {
  const form = { ...(await openedWhole()), textEn: 'Mine' }
  const theirs = { password: 'never', 'title-en-ssh': 'Console', order: 'ssh,web' }
  expect((await post({ ...form, textEn: '', ...theirs })).status).toBe(303)
  const step = await post({ ...form, act: 'add' })
  expect(step.text).toMatch(/>\s*Mine<\/textarea/)
  const stale = await post(form)
  expect(stale.status).toBe(409)
  for (const { text } of [step, stale]) {
    expect(text).toMatch(/value="never"\s+checked/)
    expect(text).toMatch(/name="title-en-ssh"\s+value="Console"/)
    expect(text).toContain('name="order" value="ssh,web"')
  }
})

it('shows a port that its environment has only since the page was opened', async () => {
  const form = await openedWhole()
  const more = `${environmentDocument}  - { number: 8888, name: notebook, kind: web, title: { en: Notebook, fr: Carnet } }\n`
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'e.yaml', text: more }])
  expect((await post({ ...form, textEn: 'Mine' })).status).toBe(303)
  const { text } = await site.get(WINDOW, { who: teacher })
  expect(text).toMatch(/name="shown-notebook"[^>]*checked/)
  expect(await courseText()).not.toContain('shown: false')
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'e.yaml', text: environmentDocument }])
})

it('leaves a text alone that ends in a line', async () => {
  const written = networksDocument().replace(
    'environment:',
    'display:\n  text: |\n    Read this.\nenvironment:',
  )
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: written }])
  const form = { ...(await openedWhole()), textEn: 'Read this.', textFr: 'Read this.' }
  expect(textOf((await post(form, `${WINDOW}/preview`)).text)).toContain('Nothing is changed yet')
  expect((await post(form)).status).toBe(303)
  expect(await courseText()).toBe(written)
})

it('cuts a text into what stands there and what is filled in', () => {
  expect(partsOf('a {{user}}{{ PORT:ssh }} {{}} {x}')).toEqual([
    ...[{ text: 'a ' }, { token: 'user' }, { token: 'port:ssh' }],
    { text: ' {{}} {x}' },
  ])
})
