/** What the command line can do about LMSs: links, platforms, deployments, and what a seeded activity opens. */
import { writeFileSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { ApiRefusal } from '../../scripts/api-client.ts'
import { linkActivities } from '../../scripts/steps/practice-activities.ts'
import { ask } from '../lms/http.ts'
import { launchAndEnter, openScene, plannedCourse, refusalOf } from './lti-scene.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { lms, config } = scene
writeFileSync(config.operatorTokenFile, 'operator-secret')
await plannedCourse(scene, 'networks')

type Json = Record<string, unknown>

async function call(path: string, json?: Json, token = 'operator-secret') {
  const answer = await ask(config.publicUrl + path, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json && { body: JSON.stringify(json) }),
  })
  return { status: answer.status, body: JSON.parse(answer.text) }
}

it('is the operator’s: nobody else gets an answer', async () => {
  for (const path of ['/api/platforms', '/api/registration-links'])
    expect((await call(path, undefined, 'guessed')).status).toBe(401)
  expect((await call('/api/registration-links', { name: 'x' }, 'guessed')).status).toBe(403)
  expect((await call('/api/course-choices', {}, 'guessed')).status).toBe(403)
})

it('makes a link, lists and withdraws it; the secret is shown once', async () => {
  const made = await call('/api/registration-links', { name: 'Moodle of the school' })
  expect(made).toMatchObject({ status: 201, body: { name: 'Moodle of the school' } })
  const { id, url } = made.body
  const listed = await call('/api/registration-links')
  expect(listed.body.links).toMatchObject([{ id, usedAt: null, platformId: null }])
  expect(JSON.stringify(listed.body)).not.toContain(new URL(url).searchParams.get('token'))
  expect((await call(`/api/registration-links/${id}/withdrawal`, {})).status).toBe(200)
  expect(refusalOf((await lms.registerTool(url)).answer)).toBe('registration-link-unknown')
})

it('activates a platform, accepts a deployment, and connects an activity', async () => {
  const { body: link } = await call('/api/registration-links', { name: 'Practice' })
  const { tool } = await lms.registerTool(link.url, { activate: true })
  const platforms = async () => (await call('/api/platforms')).body.platforms
  const [platform] = await platforms()
  expect(platform).toMatchObject({
    ...{ name: 'Practice', issuer: lms.url, clientId: tool?.clientId, state: 'pending' },
    deployments: [{ deploymentId: tool?.id, state: 'active' }],
  })
  await call(`/api/platforms/${platform.id}/activation`, { state: 'active' })
  const chosen = { platform: platform.id, contextId: '2', course: 'networks' }
  const { status, body } = await call('/api/course-choices', chosen)
  expect([status, body.custom.course]).toEqual([201, 'networks'])
  expect((await call('/api/course-choices', { ...chosen, course: 'no-such' })).status).toBe(404)
  lms.putActivity({ course: 'networks-101', key: 'seeded', title: 'Seeded', custom: body.custom })
  const order = { person: 'student1', activity: 'networks-101/seeded' }
  expect((await launchAndEnter(scene, order)).page).toMatch(/^\/workspaces\//)

  const elsewhere = { ...order, faults: ['deployment-other'] as const }
  expect(refusalOf(await lms.launch(elsewhere))).toBe('deployment-pending')
  const [{ deployments }] = await platforms()
  const waiting = deployments.find((one: Json) => one['state'] === 'pending')
  await call(`/api/deployments/${waiting.id}/activation`, { state: 'active' })
  expect((await lms.launch(elsewhere)).status).toBe(303)
  await call(`/api/platforms/${platform.id}/activation`, { state: 'disabled' })
  await expect(lms.login(order)).rejects.toThrow(/platform-disabled/)
})

it('connects every activity of the practice LMS that names a course of ours, once', async () => {
  await plannedCourse(scene, 'networks-101')
  const [platform] = (await call('/api/platforms')).body.platforms
  await call(`/api/platforms/${platform.id}/activation`, { state: 'active' })
  const api = {
    url: config.publicUrl,
    get: async () => Promise.reject(new Error('nothing is read')),
    stream: () => {
      throw new Error('nothing is followed')
    },
    async post<T>(path: string, body: unknown): Promise<T> {
      const answer = await call(path, body as Json)
      if (answer.status >= 400) throw new ApiRefusal(answer.status, answer.body)
      return answer.body
    },
  }
  const address = `http://127.0.0.1:${new URL(lms.url).port}`
  expect(await linkActivities(api, address, platform.id)).toBe('2 activities open their course')
  expect(await linkActivities(api, address, platform.id)).toBeUndefined()
  const order = { person: 'student2', activity: 'networks-101/weekly-lab' }
  expect((await launchAndEnter(scene, order)).page).toMatch(/^\/workspaces\//)
})
