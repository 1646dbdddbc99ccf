// Who may what: a table of addresses against the cast. 404 where even existence is nobody's business.
import { afterAll, expect, it } from 'vitest'
import { execute, sql } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { routes } from '../../api/routes/routes.ts'
import {
  IN_CLASS,
  type SignedIn,
  addLmsCourse,
  importDocuments,
  launch,
  signIn,
} from '../cast/record.ts'
import { openWebsite } from './website.ts'

const now = IN_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())

const { pool, ring } = site
await importDocuments(pool, ring, now)
const networks = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const learning = await addLmsCourse(pool, {
  courseKey: 'machine-learning-lab',
  contextId: '3',
  now,
})

const people: Record<string, SignedIn | undefined> = {
  nobody: undefined,
  owner: await signIn(pool, { contextId: networks, now }),
  classmate: await signIn(pool, { contextId: networks, now }),
  teacher: await signIn(pool, { contextId: networks, role: 'teacher', now }),
  otherTeacher: await signIn(pool, { contextId: learning, role: 'teacher', now }),
  administrator: await signIn(pool, { administrator: true, now }),
}
const workspace = await launch(pool, {
  personId: people['owner']?.personId ?? '',
  courseKey: 'networks-101',
  now,
})
const own = `/workspaces/${workspace.id}`

type Row = [path: string, answers: Record<string, number>]

const table: Row[] = [
  ['/', { nobody: 200, owner: 200, administrator: 200 }],
  [
    own,
    {
      nobody: 401,
      owner: 200,
      classmate: 404,
      teacher: 404,
      otherTeacher: 404,
      administrator: 404,
    },
  ],
  [`${own}/reset`, { nobody: 401, owner: 200, classmate: 404, teacher: 404 }],
  [`${own}/events`, { nobody: 401, classmate: 404, teacher: 404 }],
  ...['files', 'personal/files'].flatMap((shelf): Row[] => [
    [
      `${own}/${shelf}`,
      { nobody: 401, owner: 200, classmate: 404, teacher: 404, administrator: 404 },
    ],
    [`${own}/${shelf}/content?path=a`, { nobody: 401, owner: 409, classmate: 404, teacher: 404 }],
    [`${own}/${shelf}/archive`, { nobody: 401, owner: 409, classmate: 404, teacher: 404 }],
  ]),
  ['/workspaces/not-an-id', { nobody: 401, owner: 404 }],
  [`/workspaces/${newId()}`, { owner: 404 }],
  [
    '/courses/networks-101',
    {
      nobody: 401,
      owner: 403,
      classmate: 403,
      teacher: 200,
      otherTeacher: 404,
      administrator: 200,
    },
  ],
  ['/courses/networks-101/events', { nobody: 401, owner: 403, otherTeacher: 404 }],
  ['/my-data', { nobody: 401, owner: 200, teacher: 200, administrator: 200 }],
  ['/erasures/not-a-token', { nobody: 404, owner: 404, administrator: 404 }],
  ['/admin/people/p-nobody', { nobody: 401, owner: 403, teacher: 403, administrator: 404 }],
  ['/courses/no-such-course', { teacher: 404, administrator: 404 }],
  ...[
    '/admin',
    '/admin/platforms',
    '/admin/courses',
    '/admin/pools',
    '/admin/runs',
    '/admin/changes',
    '/admin/people',
    '/api/people',
    '/api/erasures',
    '/api/status',
    '/api/runs',
    '/api/courses',
    '/api/sessions',
    '/api/changes',
  ].map((path): Row => [
    path,
    { nobody: 401, owner: 403, teacher: 403, otherTeacher: 403, administrator: 200 },
  ]),
]

const cases = table.flatMap(([path, answers]) =>
  Object.entries(answers).map(([who, status]) => ({ path, who, status })),
)

it.each(cases)('GET $path as $who: $status', async ({ path, who, status }) => {
  expect((await site.get(path, { who: people[who] })).status).toBe(status)
})

const acts: Row[] = [
  ...['start', 'stop', 'restart', 'reset', 'doors/8080'].map((act): Row => [
    `${own}/${act}`,
    { nobody: 401, classmate: 404, teacher: 404, administrator: 404 },
  ]),
  ['/courses/networks-101/workspace', { nobody: 401, owner: 303, otherTeacher: 404 }],
  [`/admin/changes/${newId()}/approval`, { nobody: 401, owner: 403, teacher: 403 }],
  [`/admin/changes/${newId()}/rejection`, { nobody: 401, owner: 403, teacher: 403 }],
  [`/admin/changes/${newId()}/reversal`, { nobody: 401, owner: 403, teacher: 403 }],
  ['/my-data/erasure', { nobody: 401 }],
  ['/admin/people/p-nobody/erasure', { nobody: 401, owner: 403, teacher: 403 }],
  ['/api/people/p-nobody/erasure', { nobody: 401, owner: 403, administrator: 403 }],
  ['/admin/registration-links', { nobody: 401, owner: 403, teacher: 403 }],
  ['/api/invites', { nobody: 401, owner: 403, administrator: 403 }],
  ['/api/changes', { nobody: 401, administrator: 403 }],
]
const forms: Record<string, Record<string, string>> = {
  reset: { files: 'keep' },
  approval: { digest: 'a'.repeat(64) },
  rejection: { reason: 'No room.' },
  'registration-links': { name: 'LMS' },
}
const actCases = acts.flatMap(([path, answers]) =>
  Object.entries(answers).map(([who, status]) => ({ path, who, status })),
)

it.each(actCases)('POST $path as $who: $status', async ({ path, who, status }) => {
  const form = forms[path.split('/').at(-1) ?? ''] ?? {}
  const sent = path === '/api/changes' ? { documents: '' } : form
  const answer = await site.post(path, sent, { who: people[who] })
  // A body that no form of ours sends is refused before anybody is asked who they are.
  expect(path === '/api/changes' ? [status, 400] : [status]).toContain(answer.status)
})

it('takes the operator’s token for JSON, and no other', async () => {
  expect((await site.api('/api/status')).status).toBe(200)
  const stranger = { headers: { authorization: 'Bearer something-else' } }
  expect((await site.get('/api/status', stranger)).status).toBe(401)
})

it('forgets a login when its time is over', async () => {
  site.setNow(new Date(now.getTime() + 12 * 3600_000 + 1000))
  expect((await site.get(own, { who: people['owner'] })).status).toBe(401)
  site.setNow(now)
})

it('guards every address with a rule of access.ts', () => {
  const rules = new Set(routes.map((route) => route.access))
  expect([...rules].toSorted()).toEqual([
    'administersRun',
    'administrator',
    'everyone',
    'makesCourses',
    'operator',
    'ownWorkspace',
    'plansCourse',
    'seesPlan',
    'signedIn',
    'takesPart',
    'teaches',
    'usesCourse',
  ])
  const open = routes.filter((route) => route.access === 'everyone').map((route) => route.pattern)
  expect(new Set(open)).toEqual(
    new Set([
      '/',
      '/erasures/:erasure',
      '/healthz',
      '/locale',
      '/login/end',
      '/enter',
      // These ask who comes in their own way: a choice of their own, an activity of a course they teach.
      '/deep-links/:link',
      '/deep-links/:link/course',
      '/deep-links/:link/course/preview',
      '/copied-activities/:activity',
      // Asks who comes before it says anything of the course.
      '/join/:token',
      '/machines/join',
      // Whoever has the address of a feed, which is signed.
      '/calendars/:token',
    ]),
  )
})

it('shows a class and its names no more to a teacher who left the LMS course, until they come again', async () => {
  const former = await signIn(pool, { contextId: networks, role: 'teacher', now })
  const seen = async () => [
    (await site.get('/courses/networks-101', { who: former })).status,
    (await site.get('/', { who: former })).text.includes('/courses/networks-101'),
  ]
  expect(await seen()).toEqual([200, true])
  const set = (state: string) =>
    execute(
      pool,
      sql`update membership set state = ${state}, edits_plans = false where person_id = ${former.personId}`,
    )
  await set('dormant')
  expect(await seen()).toEqual([404, false])
  await set('active')
  expect(await seen()).toEqual([200, true])
})
