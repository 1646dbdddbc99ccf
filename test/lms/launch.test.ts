import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { harmlessFaults, launchFaults } from './faults.ts'
import { startLms } from './lms.ts'
import { startReferenceTool } from './reference-tool.ts'
import type { Lms } from './lms.ts'
import type { ReferenceTool } from './reference-tool.ts'

const claim = 'https://purl.imsglobal.org/spec/lti/claim'
const weeklyLab = 'networks-101/weekly-lab'

let lms: Lms
let tool: ReferenceTool

beforeAll(async () => {
  lms = await startLms()
  tool = await startReferenceTool({
    custom: { groups: '$Moodle.Person.userGroupIds', Unknown: '$Not.known' },
  })
  await lms.registerTool(`${tool.url}/register`, { activate: true })
})

afterAll(async () => {
  await tool.close()
  await lms.close()
})

describe('a launch', () => {
  test('carries the claims Moodle sends', async () => {
    const answer = await lms.launch({ person: 'student2', activity: weeklyLab })
    expect(answer.status).toBe(200)
    const { iat, exp, nonce, ...claims } = tool.accepted.at(-1) ?? {}
    expect(nonce).toMatch(/^[0-9a-f]{16}$/u)
    expect((exp ?? 0) - (iat ?? 0)).toBe(60)
    const { id } = lms.activity(weeklyLab)
    expect(claims).toMatchObject({
      iss: lms.url,
      aud: tool.clientId,
      sub: '12',
      name: 'Student Two',
      email: 'student2@invented.example',
      [`${claim}/message_type`]: 'LtiResourceLinkRequest',
      [`${claim}/version`]: '1.3.0',
      [`${claim}/roles`]: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'],
      [`${claim}/context`]: {
        id: '2',
        label: 'NET101',
        title: 'Networks 101',
        type: ['CourseSection'],
      },
      [`${claim}/resource_link`]: { id, title: 'Weekly lab' },
      [`${claim}/launch_presentation`]: { locale: 'fr', document_target: 'window' },
      [`${claim}/tool_platform`]: { product_family_code: 'moodle', version: '2024100706' },
      [`${claim}/target_link_uri`]: `${tool.url}/launch`,
    })
  })

  test('substitutes variables, keeps unknown ones, and lower-cases keys as well', async () => {
    await lms.launch({ person: 'student30', activity: weeklyLab })
    expect(tool.accepted.at(-1)?.[`${claim}/custom`]).toMatchObject({
      course: 'networks-101',
      groups: '2',
      unknown: '$Not.known',
      Unknown: '$Not.known',
    })
  })

  test.each([
    ['student1', ['membership#Learner']],
    ['assistant1', ['membership#Instructor']],
    ['teacher1', ['membership#Instructor']],
    ['manager1', ['membership#Instructor']],
    [
      'admin',
      ['membership#Instructor', 'institution/person#Administrator', 'system/person#Administrator'],
    ],
  ])('of %s says %j', async (person, roles) => {
    await lms.launch({ person, activity: weeklyLab })
    const sent = tool.accepted.at(-1)?.[`${claim}/roles`]
    expect(sent).toEqual(roles.map((role) => `http://purl.imsglobal.org/vocab/lis/v2/${role}`))
  })

  test('is only for those who may see the activity', async () => {
    const activity = 'machine-learning-lab/gpu-class-group'
    await expect(lms.launchForm({ person: 'student40', activity })).rejects.toThrow('may not open')
    await expect(lms.launchForm({ person: 'student1', activity })).resolves.toBeDefined()
  })
})

describe('bad behaviour', () => {
  const refused = launchFaults.filter((fault) => !harmlessFaults.includes(fault))

  test.each(refused)('%s is noticed by a tool that follows the specification', async (fault) => {
    await lms.launch({ person: 'student1', activity: weeklyLab })
    const before = tool.accepted.length
    const answer = await lms.launch({ person: 'student1', activity: weeklyLab, faults: [fault] })
    expect(answer).toMatchObject({ status: 401 })
    expect(tool.accepted).toHaveLength(before)
  })

  test.each(harmlessFaults)('%s is no reason to refuse', async (fault) => {
    const answer = await lms.launch({ person: 'student1', activity: weeklyLab, faults: [fault] })
    expect(answer.status).toBe(200)
    const name = fault === 'names-missing' ? 'name' : 'email'
    expect(tool.accepted.at(-1)).not.toHaveProperty(name)
  })

  test('the same message posted twice is a replay', async () => {
    const form = await lms.launchForm({ person: 'student1', activity: weeklyLab })
    expect((await lms.postLaunch(form)).status).toBe(200)
    expect((await lms.postLaunch(form)).status).toBe(401)
  })
})

describe('the authorization endpoint', () => {
  test.each([
    ['redirect_uri with one slash more', { redirect_uri: (uri: string) => `${uri}/` }],
    ['redirect_uri with a query', { redirect_uri: (uri: string) => `${uri}?course=1` }],
    ['a launch it did not begin', { lti_message_hint: () => '{"launchid":"made-up"}' }],
  ])('refuses %s and posts nothing', async (_, change) => {
    const { asked } = await lms.login({ person: 'student1', activity: weeklyLab })
    for (const [name, spoil] of Object.entries(change))
      asked.set(name, spoil(asked.get(name) ?? ''))
    const answer = await fetch(`${lms.url}/lti/auth?${asked.toString()}&repost=1`)
    expect(answer.status).toBe(400)
  })

  test.each([
    ['scope', 'profile', 'invalid_scope'],
    ['response_type', 'code', 'unsupported_response_type'],
    ['response_mode', 'query', 'invalid_request'],
    ['client_id', 'other', 'unauthorized_client'],
    ['login_hint', '3', 'access_denied'],
    ['prompt', 'login', 'invalid_request'],
    ['nonce', '', 'invalid_request'],
  ])('answers a wrong %s (%s) with %s', async (name, value, error) => {
    const { asked } = await lms.login({ person: 'student1', activity: weeklyLab })
    asked.set(name, value)
    const answer = await fetch(`${lms.url}/lti/auth?${asked.toString()}&repost=1`)
    const page = await answer.text()
    expect(page).toContain(`value="${error}"`)
    expect(page).not.toContain('id_token"')
  })

  test('answers a launch once', async () => {
    const { asked } = await lms.login({ person: 'student1', activity: weeklyLab })
    const address = `${lms.url}/lti/auth?${asked.toString()}&repost=1`
    expect((await fetch(address)).status).toBe(200)
    expect((await fetch(address)).status).toBe(400)
  })
})

describe('for load', () => {
  test('1,000 students are enrolled and tokens are signed ahead', async () => {
    const students = lms.enrolGeneratedStudents('networks-101', 1000)
    expect(students).toHaveLength(1000)
    const { nonce, state, cookies } = await lms.login({
      person: 'student0001',
      activity: weeklyLab,
    })
    const form = await lms.signedLaunch({
      person: 'student0001',
      activity: weeklyLab,
      nonce,
      state,
    })
    const answer = await lms.postLaunch({ ...form, cookies })
    expect(answer.status).toBe(200)
    expect(tool.accepted.at(-1)).toMatchObject({ sub: '10001' })
  })
})
