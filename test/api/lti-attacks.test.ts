/** Every launch that must not be let in: each refused for its own reason, and nothing made by any of them. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { one, sql, withTransaction } from '../../api/data/db.ts'
import {
  activatePlatform,
  decideDeployment,
  disablePlatform,
  listPlatforms,
} from '../../api/data/lms/platform.ts'
import type { LaunchFault } from '../lms/faults.ts'
import { ask } from '../lms/http.ts'
import {
  actor,
  chosenActivity,
  counts,
  launchAndEnter,
  openScene,
  plannedCourse,
  refusalOf,
  registerAndActivate,
} from './lti-scene.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, lms, config } = scene
const platformId = await registerAndActivate(scene)
await plannedCourse(scene, 'networks', { seats: 5 })
const lab = chosenActivity(scene, {
  ...{ platformId, lmsCourse: 'networks-101', key: 'lab', courseKey: 'networks' },
})
// Somebody is in already: an attack must not touch their rows either.
await launchAndEnter(scene, { person: 'student1', activity: lab })

let before: Record<string, number>
beforeEach(async () => {
  before = await counts(scene)
})

const nothingMade = async () => expect(await counts(scene)).toEqual(before)

const refused: Record<
  Exclude<LaunchFault, 'names-missing' | 'email-missing'>,
  { status: number; code: string }
> = {
  'nonce-replayed': { status: 403, code: 'nonce-other-login' },
  'nonce-not-issued': { status: 403, code: 'nonce-unknown' },
  'nonce-missing': { status: 400, code: 'nonce-missing' },
  'audience-other': { status: 403, code: 'audience-other' },
  'issuer-other': { status: 403, code: 'issuer-changed' },
  expired: { status: 403, code: 'expired' },
  'issued-in-future': { status: 403, code: 'future' },
  'key-unknown': { status: 403, code: 'key-unknown' },
  'signature-bad': { status: 403, code: 'signature' },
  'alg-none': { status: 403, code: 'algorithm' },
  'alg-hs256': { status: 403, code: 'algorithm' },
  'sub-missing': { status: 400, code: 'subject-missing' },
  'roles-missing': { status: 400, code: 'roles-missing' },
  'deployment-other': { status: 403, code: 'deployment-pending' },
  'deployment-missing': { status: 400, code: 'deployment-missing' },
  'message-type-other': { status: 400, code: 'message-type' },
  'version-other': { status: 400, code: 'version' },
  'resource-link-missing': { status: 400, code: 'resource-missing' },
  'state-missing': { status: 400, code: 'state-missing' },
  'state-changed': { status: 403, code: 'state-changed' },
}

describe('a launch that is wrong in one way', () => {
  it.each(Object.entries(refused))(
    '%s is refused as %j, and makes nothing',
    async (fault, wanted) => {
      const answer = await lms.launch({
        ...{ person: 'student2', activity: lab, faults: [fault as LaunchFault] },
      })
      expect({ status: answer.status, code: refusalOf(answer) }).toEqual(wanted)
      expect(answer.headers['location']).toBeUndefined()
      await nothingMade()
    },
  )

  it('says so on a calm page in the reader’s language, not in JSON', async () => {
    const answer = await lms.launch({
      ...{ person: 'student2', activity: lab, faults: ['signature-bad'] },
    })
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.text).toContain('<html lang="fr">')
    expect(answer.text).toContain('La signature du message de votre plateforme est fausse.')
    expect(answer.text).toContain('Code pour votre enseignant')
    const policy = answer.headers['content-security-policy']
    expect(policy).toContain(`frame-ancestors ${new URL(lms.url).origin}`)
    expect(policy).toContain(`default-src 'none'`)
  })
})

describe('a replay', () => {
  it('lets one of eight posts of the same launch through', async () => {
    const form = await lms.launchForm({ person: 'student3', activity: lab })
    const answers = await Promise.all(Array.from({ length: 8 }, () => lms.postLaunch(form)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([303, ...Array(7).fill(403)])
    const codes = answers.filter(({ status }) => status === 403).map(refusalOf)
    expect(codes).toEqual(Array(7).fill('nonce-used'))
    const after = await counts(scene)
    expect(after['person']).toBe((before['person'] ?? 0) + 1)
    expect(after['login_code']).toBe((before['login_code'] ?? 0) + 1)
  })

  it('is refused later too, with the cookie of the first', async () => {
    const form = await lms.launchForm({ person: 'student3', activity: lab })
    expect((await lms.postLaunch(form)).status).toBe(303)
    before = await counts(scene)
    expect(refusalOf(await lms.postLaunch(form))).toBe('nonce-used')
    await nothingMade()
  })

  it('is refused when the first try failed after its signature was checked', async () => {
    const first = await lms.launchForm({
      ...{ person: 'student2', activity: lab, faults: ['deployment-other'] },
    })
    expect(refusalOf(await lms.postLaunch(first))).toBe('deployment-pending')
    expect(refusalOf(await lms.postLaunch(first))).toBe('nonce-used')
    await nothingMade()
  })
})

describe('what is not the browser that logged in', () => {
  it('is refused without its cookie, and told about cookies', async () => {
    const form = await lms.launchForm({ person: 'student2', activity: lab })
    const answer = await lms.postLaunch({ ...form, cookies: [] })
    expect([answer.status, refusalOf(answer)]).toEqual([403, 'cookies-blocked'])
    await nothingMade()
  })

  it('is refused with the cookie of another login', async () => {
    const theirs = await lms.launchForm({ person: 'student2', activity: lab })
    const own = await lms.login({ person: 'student1', activity: lab })
    const answer = await lms.postLaunch({ ...theirs, cookies: own.cookies })
    expect(refusalOf(answer)).toBe('state-changed')
    await nothingMade()
  })

  it('is refused when the token of one login is sent with the state of another', async () => {
    const theirs = await lms.launchForm({ person: 'student2', activity: lab })
    const own = await lms.login({ person: 'student1', activity: lab })
    const fields = { ...theirs.fields, state: own.state }
    const answer = await lms.postLaunch({ ...theirs, fields, cookies: own.cookies })
    expect(refusalOf(answer)).toBe('nonce-other-login')
    await nothingMade()
  })

  it('is refused with a state cookie we did not sign', async () => {
    const form = await lms.launchForm({ person: 'student2', activity: lab })
    const forged = form.cookies.map((cookie) => cookie.replace(/\.[^.]*$/, '.AAAAAAAAAAAAAAAA'))
    expect(refusalOf(await lms.postLaunch({ ...form, cookies: forged }))).toBe('state-changed')
    await nothingMade()
  })

  it('is refused when the login was begun too long ago', async () => {
    const form = await lms.launchForm({ person: 'student2', activity: lab })
    scene.shiftMinutes(11)
    const answer = await lms.postLaunch(form)
    scene.shiftMinutes(0)
    expect(refusalOf(answer)).toBe('login-late')
    await nothingMade()
  })
})

describe('what is not a launch', () => {
  const url = `${config.publicUrl}/lti/launch`

  it.each([
    ['opened by hand', () => ask(url), 'not-from-lms', 405],
    ['posted empty', () => ask(url, { form: {} }), 'not-from-lms', 405],
    ['no JWT', () => ask(url, { form: { id_token: 'a.b', state: 'x' } }), 'token-unreadable', 400],
    ['an ltik made up', () => ask(`${url}?ltik=${selfSigned()}`), 'not-from-lms', 405],
    [
      'an ltik as bearer',
      () => ask(url, { form: {}, headers: { authorization: `Bearer ${selfSigned()}` } }),
      'not-from-lms',
      405,
    ],
    [
      'the LMS saying no',
      () => ask(url, { form: { error: 'login_required', state: 'x' } }),
      'lms-said-no',
      403,
    ],
    ['another address', () => ask(`${config.publicUrl}/lti/nothing`), 'not-here', 404],
    [
      'a form that is too large',
      () => ask(url, { form: { id_token: 'x'.repeat(200_000) } }),
      'token-unreadable',
      400,
    ],
  ])('%s is refused', async (_, send, code, status) => {
    const answer = await send()
    expect([refusalOf(answer), answer.status]).toEqual([code, status])
    await nothingMade()
  })

  /** An ltik is an HS256 JWT under ltijs's key; ours cannot be guessed, and none is ever taken. */
  function selfSigned(): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ user: '2', s: 'x' })}`
    return `${input}.${createHmac('sha256', 'secret').update(input).digest('base64url')}`
  }
})

describe('a login', () => {
  const url = `${config.publicUrl}/lti/login`
  const complete = () => ({
    iss: lms.url,
    login_hint: '12',
    target_link_uri: `${config.publicUrl}/lti/launch`,
    client_id: lms.tools()[0]?.clientId ?? '',
  })

  it.each(['iss', 'login_hint', 'target_link_uri'])('without %s is refused', async (name) => {
    const form = Object.fromEntries(Object.entries(complete()).filter(([key]) => key !== name))
    const answer = await ask(url, { form })
    expect([answer.status, refusalOf(answer)]).toEqual([400, 'login-incomplete'])
  })

  it('of an LMS nobody registered, or of an unknown client, is refused', async () => {
    const stranger = await ask(url, {
      form: { ...complete(), iss: 'https://lms.elsewhere.example' },
    })
    expect([stranger.status, refusalOf(stranger)]).toEqual([403, 'platform-unknown'])
    const client = await ask(url, { form: { ...complete(), client_id: 'somebody-else' } })
    expect(refusalOf(client)).toBe('platform-unknown')
  })

  it('always asks the LMS to answer at our own address, whatever target it names', async () => {
    const form = { ...complete(), target_link_uri: 'https://evil.example/steal?x=1' }
    const { headers } = await ask(url, { form })
    const asked = new URL(String(headers['location'])).searchParams
    expect(asked.get('redirect_uri')).toBe(`${config.publicUrl}/lti/launch`)
    expect(asked.get('nonce')).toMatch(/^[0-9a-z]+\.[\w-]{22}$/)
  })

  it('writes nothing: nobody fills the database from outside', async () => {
    const rows = () => one<{ n: number }>(pool, sql`select count(*) as n from lti_nonce`)
    const used = await rows()
    await Promise.all(Array.from({ length: 20 }, () => ask(url, { form: complete() })))
    expect(await rows()).toEqual(used)
    await nothingMade()
  })
})

describe('a platform', () => {
  const decide = (move: typeof activatePlatform) =>
    withTransaction(pool, (tx) => move(tx, { id: platformId, actor, now: scene.now() }))

  it('that is switched off lets nobody in, not even in the middle, and ends who is in', async () => {
    const { entered } = await launchAndEnter(scene, { person: 'student1', activity: lab })
    const page = `${config.publicUrl}${entered.headers['location']}`
    const cookie = entered.cookies.join('; ')
    expect((await ask(page, { headers: { cookie } })).status).toBe(200)
    const form = await lms.launchForm({ person: 'student1', activity: lab })
    await decide(disablePlatform)
    before = await counts(scene)
    expect(refusalOf(await lms.postLaunch(form))).toBe('platform-disabled')
    await expect(lms.login({ person: 'student1', activity: lab })).rejects.toThrow(
      /platform-disabled/,
    )
    expect((await ask(page, { headers: { cookie } })).status).toBe(401)
    await nothingMade()
    await decide(activatePlatform)
    expect((await lms.launch({ person: 'student1', activity: lab })).status).toBe(303)
  })

  it('keeps a deployment nobody knows for an administrator, who may accept or refuse it', async () => {
    const deployment = async () => {
      const [platform] = await listPlatforms(pool)
      const found = platform?.deployments.find((one) => one.deployment_id === '999')
      if (!found) throw new Error('The deployment was not kept.')
      return found
    }
    const order = { person: 'student4', activity: lab, faults: ['deployment-other'] as const }
    expect(refusalOf(await lms.launch(order))).toBe('deployment-pending')
    const { id, state } = await deployment()
    expect(state).toBe('pending')
    const say = (state: 'active' | 'disabled') =>
      withTransaction(pool, (tx) => decideDeployment(tx, { id, state, actor, now: scene.now() }))
    await say('disabled')
    expect(refusalOf(await lms.launch(order))).toBe('deployment-disabled')
    await say('active')
    expect((await lms.launch(order)).status).toBe(303)
  })
})
