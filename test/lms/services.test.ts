import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everyScope, startReferenceTool } from './reference-tool.ts'
import { startLms } from './lms.ts'
import type { Lms } from './lms.ts'
import type { ReferenceTool } from './reference-tool.ts'

const ags = 'https://purl.imsglobal.org/spec/lti-ags'
const nrps = 'https://purl.imsglobal.org/spec/lti-nrps'
const rosterScope = `${nrps}/scope/contextmembership.readonly`
const lineItemType = 'application/vnd.ims.lis.v2.lineitem+json'
const scoreType = 'application/vnd.ims.lis.v1.score+json'
const weeklyLab = 'networks-101/weekly-lab'

type Member = {
  user_id: string
  roles: string[]
  name?: string
  email?: string
  message?: object[]
}
type LineItem = { id: string; label: string; scoreMaximum: number; resourceLinkId?: string }

let lms: Lms
let tool: ReferenceTool
let bearer: string
let lineItemsUrl: string

beforeAll(async () => {
  lms = await startLms()
  tool = await startReferenceTool()
  await lms.registerTool(`${tool.url}/register`, { activate: true })
  const { body } = await tool.accessToken(everyScope)
  bearer = String(body['access_token'])
  await lms.launch({ person: 'teacher1', activity: weeklyLab })
  const endpoint = tool.accepted.at(-1)?.[`${ags}/claim/endpoint`] as Record<string, string>
  lineItemsUrl = String(endpoint['lineitems'])
})

afterAll(async () => {
  await tool.close()
  await lms.close()
})

async function membersOf(
  activity: string,
  query = '',
): Promise<{ members: Member[]; link: string | null }> {
  const answer = await fetch((await membershipsUrl(activity)) + query, { headers: authorized() })
  expect(answer.status).toBe(200)
  const { members } = (await answer.json()) as { members: Member[] }
  return { members, link: answer.headers.get('link') }
}

async function membershipsUrl(activity: string): Promise<string> {
  await lms.launch({ person: 'teacher1', activity })
  const service = tool.accepted.at(-1)?.[`${nrps}/claim/namesroleservice`]
  return (service as { context_memberships_url: string }).context_memberships_url
}

function authorized(more: Record<string, string> = {}): Record<string, string> {
  return { authorization: `Bearer ${bearer}`, ...more }
}

describe('the token endpoint', () => {
  test('grants the permitted scopes to a signed assertion', async () => {
    const { status, body } = await tool.accessToken(`${rosterScope} https://other.example/scope`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: rosterScope })
  })

  test('grants nothing for scopes nobody permitted', async () => {
    const { status, body } = await tool.accessToken('https://other.example/scope')
    expect([status, body['error']]).toEqual([400, 'invalid_scope'])
  })

  test('refuses an assertion signed with another key or for another audience', async () => {
    const stranger = await startReferenceTool()
    const claims = { iss: tool.clientId, sub: tool.clientId }
    const forged = await stranger.sign(claims, `${lms.url}/lti/token`)
    await stranger.close()
    expect(await tokenStatus(forged)).toBe(400)
    const misdirected = await tool.sign({ sub: tool.clientId }, 'https://other.example/token')
    expect(await tokenStatus(misdirected)).toBe(400)
    expect(await tokenStatus('not a jwt')).toBe(400)
    const good = await tool.sign({ sub: tool.clientId }, `${lms.url}/lti/token`)
    expect(await tokenStatus(good)).toBe(200)
  })
})

async function tokenStatus(assertion: string): Promise<number> {
  const { status } = await fetch(`${lms.url}/lti/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      scope: rosterScope,
    }),
  })
  return status
}

describe('names and roles', () => {
  test('lists members with short role names; assistants are Learners, the administrator is not there', async () => {
    const { members, link } = await membersOf(weeklyLab)
    expect(link).toBeNull()
    expect(members).toHaveLength(43)
    const rolesOf = (name: string) => members.find((one) => one.name === name)?.roles
    expect(rolesOf('Teacher One')).toEqual(['Instructor'])
    expect(rolesOf('Manager One')).toEqual(['Instructor'])
    expect(rolesOf('Assistant One')).toEqual(['Learner'])
    expect(rolesOf('Student One')).toEqual(['Learner'])
    expect(members.map(({ user_id }) => user_id)).not.toContain('2')
  })

  test('filters by role, short or whole', async () => {
    expect((await membersOf(weeklyLab, '?role=Instructor')).members).toHaveLength(2)
    const role = encodeURIComponent('http://purl.imsglobal.org/vocab/lis/v2/membership#Learner')
    expect((await membersOf(weeklyLab, `?role=${role}`)).members).toHaveLength(41)
  })

  test('comes in pages', async () => {
    const seen: string[] = []
    let next: string | undefined = `${await membershipsUrl(weeklyLab)}?limit=20`
    for (let page = 0; next !== undefined && page < 10; page += 1) {
      const answer: Response = await fetch(next, { headers: authorized() })
      const { members } = (await answer.json()) as { members: Member[] }
      seen.push(...members.map(({ user_id }) => user_id))
      next = /<(.+)>; rel="next"/u.exec(answer.headers.get('link') ?? '')?.[1]
    }
    expect(new Set(seen).size).toBe(43)
    expect(seen).toHaveLength(43)
  })

  test('with rlid lists who may see that activity', async () => {
    const activity = 'machine-learning-lab/gpu-class-group'
    const { members } = await membersOf(activity, `?rlid=${lms.activity(activity).id}`)
    expect(members.filter(({ user_id }) => Number(user_id) >= 11)).toHaveLength(20)
    expect(members[0]?.message).toHaveLength(1)
  })

  test('refuses a link of another course, a missing or insufficient token', async () => {
    const url = await membershipsUrl(weeklyLab)
    const foreign = lms.activity('machine-learning-lab/gpu-class').id
    expect((await fetch(`${url}?rlid=${foreign}`, { headers: authorized() })).status).toBe(404)
    expect((await fetch(url)).status).toBe(401)
    const { body } = await tool.accessToken(`${ags}/scope/score`)
    const headers = { authorization: `Bearer ${String(body['access_token'])}` }
    expect((await fetch(url, { headers })).status).toBe(403)
  })
})

describe('assignment and grades', () => {
  const send = (url: string, method: string, body: object, type: string) =>
    fetch(url, {
      method,
      headers: authorized({ 'content-type': type }),
      body: JSON.stringify(body),
    })

  async function makeLineItem(label: string): Promise<LineItem> {
    const resourceLinkId = lms.activity(weeklyLab).id
    const body = { label, scoreMaximum: 20, resourceLinkId, tag: label }
    const answer = await send(lineItemsUrl, 'POST', body, lineItemType)
    expect(answer.status).toBe(201)
    return (await answer.json()) as LineItem
  }

  /** `/scores` and `/results` go before the query. */
  const below = (item: LineItem, what: string) => item.id.replace('?', `/${what}?`)

  const score = (changes: object = {}) => ({
    userId: '11',
    timestamp: '2026-11-23T10:00:00.000Z',
    activityProgress: 'Completed',
    gradingProgress: 'FullyGraded',
    scoreGiven: 73,
    scoreMaximum: 100,
    comment: 'Took part',
    ...changes,
  })

  test('line items are made, found, changed and deleted', async () => {
    const made = await makeLineItem('attendance')
    const list = await fetch(`${lineItemsUrl}&tag=attendance`, { headers: authorized() })
    expect(await list.json()).toEqual([expect.objectContaining({ id: made.id, scoreMaximum: 20 })])
    const changed = { label: 'Presence', scoreMaximum: 10 }
    expect((await send(made.id, 'PUT', changed, lineItemType)).status).toBe(200)
    const read = await fetch(made.id, { headers: authorized() })
    expect(await read.json()).toMatchObject({ label: 'Presence', scoreMaximum: 10 })
    expect((await fetch(made.id, { method: 'DELETE', headers: authorized() })).status).toBe(204)
    expect((await fetch(made.id, { headers: authorized() })).status).toBe(404)
  })

  test('a score becomes a result on the line item’s own scale', async () => {
    const item = await makeLineItem('lab 1')
    expect((await send(below(item, 'scores'), 'POST', score(), scoreType)).status).toBe(200)
    const results = await fetch(`${below(item, 'results')}&user_id=11`, { headers: authorized() })
    expect(await results.json()).toEqual([
      expect.objectContaining({
        userId: '11',
        resultScore: 14.6,
        resultMaximum: 20,
        comment: 'Took part',
        scoreOf: item.id,
      }),
    ])
  })

  test('grading that is not over leaves no grade', async () => {
    const item = await makeLineItem('lab 2')
    const pending = score({ gradingProgress: 'Pending', activityProgress: 'Submitted' })
    await send(below(item, 'scores'), 'POST', pending, scoreType)
    const results = (await (
      await fetch(below(item, 'results'), { headers: authorized() })
    ).json()) as object[]
    expect(results[0]).not.toHaveProperty('resultScore')
  })

  test('an older score never overwrites a newer one', async () => {
    const item = await makeLineItem('lab 3')
    const scores = below(item, 'scores')
    await send(scores, 'POST', score(), scoreType)
    const older = score({ timestamp: '2026-11-23T09:00:00.000Z' })
    expect((await send(scores, 'POST', older, scoreType)).status).toBe(409)
  })

  test.each([
    ['a teacher’s grade', score({ userId: '3' }), scoreType],
    ['no timestamp', score({ timestamp: 'yesterday' }), scoreType],
    ['another media type', score(), 'application/json'],
  ])('refuses %s', async (_, body, type) => {
    const item = await makeLineItem('lab 4')
    expect((await send(below(item, 'scores'), 'POST', body, type)).status).toBe(400)
  })
})
