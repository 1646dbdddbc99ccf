import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLms } from './lms.ts'
import { startReferenceTool } from './reference-tool.ts'
import type { JWTPayload } from 'jose'
import type { Lms } from './lms.ts'
import type { ReferenceTool } from './reference-tool.ts'

const lti = 'https://purl.imsglobal.org/spec/lti/claim'
const deepLinking = 'https://purl.imsglobal.org/spec/lti-dl/claim'

const item = {
  type: 'ltiResourceLink',
  title: 'Lab: routing',
  text: 'Find the shortest path.',
  custom: { course_id: 'routing' },
  lineItem: { label: 'Routing', scoreMaximum: 20, tag: 'lab' },
}

let lms: Lms
let tool: ReferenceTool

beforeAll(async () => {
  lms = await startLms()
  tool = await startReferenceTool({ items: [item] })
  await lms.registerTool(`${tool.url}/register`, { activate: true })
})

afterAll(async () => {
  await tool.close()
  await lms.close()
})

type DeepLinkingLaunch = { returnUrl: string; claims: JWTPayload }

/** What a teacher's deep linking launch says, and where it wants the answer. */
async function launchAs(person: string, into?: string): Promise<DeepLinkingLaunch> {
  const order = { person, course: 'networks-101' }
  const answer = await lms.launch(into === undefined ? order : { ...order, into })
  expect(answer).toMatchObject({ status: 200 })
  const claims = tool.accepted.at(-1) ?? {}
  const settings = claims[`${deepLinking}/deep_linking_settings`] as Record<string, unknown>
  return { returnUrl: String(settings['deep_link_return_url']), claims }
}

function post(returnUrl: string, jwt: string, person = 'teacher1'): Promise<Response> {
  return fetch(returnUrl, {
    method: 'POST',
    headers: { cookie: `practice_lms=${person}`, accept: 'text/html' },
    body: new URLSearchParams({ JWT: jwt }),
  })
}

describe('deep linking', () => {
  test('asks as Moodle does: resource links only, several at once, no roster, no link yet', async () => {
    const { claims } = await launchAs('teacher1')
    expect(claims[`${lti}/message_type`]).toBe('LtiDeepLinkingRequest')
    expect(claims[`${deepLinking}/deep_linking_settings`]).toMatchObject({
      accept_types: ['ltiResourceLink'],
      accept_multiple: true,
      auto_create: false,
    })
    expect(claims).not.toHaveProperty([`${lti}/resource_link`])
    expect(Object.keys(claims).join(' ')).not.toContain('nrps')
    expect(claims).toHaveProperty([
      'https://purl.imsglobal.org/spec/lti-ags/claim/endpoint',
      'lineitems',
    ])
  })

  test.each(['student1', 'assistant1'])('is not for %s', async (person) => {
    await expect(lms.launchForm({ person, course: 'networks-101' })).rejects.toThrow('may not edit')
  })

  test('places the chosen link with its custom, title and line item', async () => {
    const { returnUrl } = await launchAs('teacher1')
    expect((await post(returnUrl, await tool.signChoice())).status).toBe(200)
    await lms.launch({ person: 'student1', activity: placed().id })
    expect(tool.accepted.at(-1)).toMatchObject({
      [`${lti}/resource_link`]: { title: 'Lab: routing', description: 'Find the shortest path.' },
      [`${lti}/custom`]: { course_id: 'routing' },
      'https://purl.imsglobal.org/spec/lti-ags/claim/endpoint': {
        lineitem: expect.stringMatching(/\/lineitem\?type_id=\d+$/u),
      },
    })
  })

  test('for an activity that is already there, replaces what it opens and keeps its name', async () => {
    const activities = countActivities()
    const { returnUrl } = await launchAs('teacher1', 'networks-101/lab-in-the-page')
    expect((await post(returnUrl, await tool.signChoice())).status).toBe(200)
    expect(countActivities()).toBe(activities)
    await lms.launch({ person: 'student1', activity: 'networks-101/lab-in-the-page' })
    const claims = tool.accepted.at(-1)
    expect(claims?.[`${lti}/custom`]).toMatchObject({ course_id: 'routing' })
    expect(claims?.[`${lti}/custom`]).not.toHaveProperty('course')
    expect(claims?.[`${lti}/resource_link`]).toMatchObject({ title: 'The same lab, in the page' })
  })

  test('a copied course has new ids and the same custom', async () => {
    const original = placed()
    const copy = lms.copyCourse('networks-101')
    await lms.launch({ person: 'teacher1', activity: `${copy.key}/${original.key}` })
    const claims = tool.accepted.at(-1)
    expect(claims).toMatchObject({
      [`${lti}/context`]: { id: copy.id },
      [`${lti}/custom`]: { course_id: 'routing' },
    })
    expect(copy.id).not.toBe(original.courseId)
    expect(claims).not.toHaveProperty([`${lti}/resource_link`, 'id'], original.id)
    expect(copy.members.map(({ role }) => role)).not.toContain('student')
  })

  test('an answer without our cookie is asked to come again from our own origin', async () => {
    const { returnUrl } = await launchAs('teacher1')
    const before = lms.courses().length
    const jwt = await tool.signChoice()
    const page = await (
      await fetch(returnUrl, { method: 'POST', body: new URLSearchParams({ JWT: jwt }) })
    ).text()
    expect(page).toContain('data-post-now')
    expect(page).toContain(jwt)
    expect(lms.courses()).toHaveLength(before)
  })

  test.each<[string, JWTPayload]>([
    ['another deployment', { [`${lti}/deployment_id`]: '999' }],
    ['another message type', { [`${lti}/message_type`]: 'LtiResourceLinkRequest' }],
    ['another version', { [`${lti}/version`]: '1.1' }],
    ['no nonce', { nonce: '' }],
    [
      'something that is no resource link',
      { [`${deepLinking}/content_items`]: [{ type: 'link' }] },
    ],
  ])('refuses an answer with %s', async (_, changes) => {
    const { returnUrl } = await launchAs('teacher1')
    const activities = countActivities()
    expect((await post(returnUrl, await tool.signChoice(changes))).status).toBe(400)
    expect(countActivities()).toBe(activities)
  })

  test('refuses an answer signed by somebody else, sent twice, or to another person', async () => {
    const { returnUrl } = await launchAs('teacher1')
    const stranger = await startReferenceTool()
    const forged = await stranger.sign({ nonce: 'n' }, lms.url)
    await stranger.close()
    expect((await post(returnUrl, forged)).status).toBe(400)
    const jwt = await tool.signChoice()
    expect((await post(returnUrl, jwt, 'manager1')).status).toBe(403)
    expect((await post(returnUrl, jwt)).status).toBe(200)
    expect((await post(returnUrl, jwt)).status).toBe(400)
  })
})

function placed() {
  return lms.activity(`networks-101/${lastKey()}`)
}

function lastKey(): string {
  const key = lms.activities('networks-101').findLast(({ custom }) => custom['course_id'])?.key
  if (key === undefined) throw new Error('nothing was placed')
  return key
}

function countActivities(): number {
  return lms.activities('networks-101').length
}
