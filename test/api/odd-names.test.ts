/** People and LMS courses with anything in their names: everybody comes in, and every page stays whole. */
import { afterAll, expect, it } from 'vitest'
import { one, sql } from '../../api/data/db.ts'
import { readClaims } from '../../api/lti/claims.ts'
import { ask } from '../lms/http.ts'
import { textOf } from './page-text.ts'
import {
  chosenActivity,
  launchAndEnter,
  openScene,
  plannedCourse,
  registerAndActivate,
} from './lti-scene.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, lms, config } = scene
const platformId = await registerAndActivate(scene)
await plannedCourse(scene, 'networks')
const lab = chosenActivity(scene, {
  ...{ platformId, lmsCourse: 'networks-101', key: 'lab', courseKey: 'networks' },
})

const names = {
  student1: ['<script>alert(1)</script>', '"><img src=x>'],
  student2: ['أحمد', 'بن علي'],
  student3: ['👩🏽‍🔬', '\u{1F9EA}'],
  student4: ['N'.repeat(250), 'M'.repeat(250)],
  student5: ['Nul\0', 'Byte\0'],
  student6: ['\u202eenO', 'tnedutS'],
}

const shown = async (entered: { cookies: string[] }, page: string) =>
  (await ask(config.publicUrl + page, { headers: { cookie: entered.cookies.join('; ') } })).text

it.each(Object.entries(names))('%s comes in', async (person, [givenName = '', familyName = '']) => {
  Object.assign(lms.cast.get(person)!, { givenName, familyName })
  const { page } = await launchAndEnter(scene, { person, activity: lab })
  expect(page).toMatch(/^\/workspaces\//)
})

it('shows all of them to their teacher, as text', async () => {
  const { entered, page } = await launchAndEnter(scene, { person: 'teacher1', activity: lab })
  const html = await shown(entered, page)
  const text = textOf(html)
  expect(html).not.toMatch(/<script>|<img/)
  for (const name of ['&lt;script&gt;alert(1)', 'أحمد بن علي', '👩🏽‍🔬', 'Nul Byte'])
    expect(text).toContain(name)
  expect(html).not.toContain('\0')
})

it('comes in from an LMS course with a title that no database takes', async () => {
  const course = lms.courses().find((one) => one.key === 'networks-101')!
  const before = course.fullName
  Object.assign(course, { fullName: 'Networks\0 101' })
  const { page } = await launchAndEnter(scene, { person: 'student7', activity: lab })
  Object.assign(course, { fullName: before })
  expect(page).toMatch(/^\/workspaces\//)
  const { title } = await one<{ title: string }>(pool, sql`select title from lms_context`)
  expect(title).toBe('Networks 101')
})

it('comes in from an LMS that says null where it could say nothing', () => {
  const lti = 'https://purl.imsglobal.org/spec/lti/claim'
  const payload = {
    ...{ iss: 'https://lms.example', sub: '1', iat: 1, exp: 2, name: null, email: null },
    [`${lti}/message_type`]: 'LtiResourceLinkRequest',
    [`${lti}/version`]: '1.3.0',
    [`${lti}/deployment_id`]: '1',
    [`${lti}/roles`]: [],
    [`${lti}/context`]: { id: '2', label: null, title: null, type: null },
    [`${lti}/resource_link`]: { id: '3', title: null },
    [`${lti}/launch_presentation`]: null,
    [`${lti}/custom`]: null,
    'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice': null,
    'https://purl.imsglobal.org/spec/lti-ags/claim/endpoint': null,
    'https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings': null,
  }
  expect(readClaims(payload)).toMatchObject({
    claims: { sub: '1', context: { id: '2', label: null, title: null }, resourceLinkId: '3' },
  })
})
