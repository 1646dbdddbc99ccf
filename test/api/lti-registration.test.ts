import { createServer } from 'node:http'
import { once } from 'node:events'
import { createPublicKey, createVerify } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../api/data/db.ts'
import { activatePlatform, listPlatforms } from '../../api/data/lms/platform.ts'
import {
  issueRegistrationLink,
  withdrawRegistrationLink,
} from '../../api/data/lms/registration-link.ts'
import { type HttpAnswer, ask } from '../lms/http.ts'
import { startLms } from '../lms/lms.ts'
import { actor, openScene, refusalOf, registrationLink } from './lti-scene.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, lms, config } = scene

const platforms = () => listPlatforms(pool)
const rows = async () => ({
  platforms: (await platforms()).length,
  keys: (await many(pool, sql`select kid from lti_platform`)).length,
  deployments: (await many(pool, sql`select id from deployment`)).length,
})

describe('registering an LMS', () => {
  it('needs both sides to activate, and accepts the deployment the LMS names', async () => {
    const { answer, tool } = await lms.registerTool(await registrationLink(scene, 'Our Moodle'), {})
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('Our Moodle')
    expect(answer.text).toContain('lti-close.js')
    expect(answer.headers['content-security-policy']).toContain(
      `frame-ancestors ${new URL(lms.url).origin}`,
    )
    expect(answer.headers['cross-origin-opener-policy']).toBeUndefined()
    const [platform] = await platforms()
    expect(platform).toMatchObject({
      ...{ issuer: lms.url, client_id: tool?.clientId, name: 'Our Moodle', state: 'pending' },
      deployments: [{ deployment_id: tool?.id, state: 'active' }],
    })
    lms.activateTool(tool?.id ?? '')
    const order = { person: 'student1', activity: 'networks-101/weekly-lab' }
    await expect(lms.login(order)).rejects.toThrow(/platform-pending/)
    await withTransaction(pool, (tx) =>
      activatePlatform(tx, { id: platform?.id ?? '', actor, now: scene.now() }),
    )
    expect((await lms.login(order)).asked.get('client_id')).toBe(tool?.clientId)
  })

  it('tells the LMS what it may send: names, no e-mail address', async () => {
    const [tool] = lms.tools()
    expect(tool).toMatchObject({
      ...{ sendsNames: true, sendsEmail: true, deepLinking: true },
      redirectUris: [`${config.publicUrl}/lti/launch`],
      keySetUrl: `${config.publicUrl}/lti/keys`,
      domain: new URL(config.publicUrl).host,
    })
  })

  it('publishes the public half of a strong key, and keeps the private one sealed', async () => {
    const { text } = await ask(`${config.publicUrl}/lti/keys`)
    const { keys } = JSON.parse(text)
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' })
    expect(keys[0]).not.toHaveProperty('d')
    const key = createPublicKey({ key: keys[0], format: 'jwk' })
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(3072)
    expect(createVerify('sha256').update('x').verify(key, Buffer.alloc(384))).toBe(false)
    const stored = await one<{ private_key: Buffer }>(
      pool,
      sql`select private_key from lti_platform`,
    )
    expect(stored.private_key.toString('latin1')).not.toContain('PRIVATE KEY')
  })

  it('again with the same client id keeps its state and its key', async () => {
    const [tool] = lms.tools()
    const before = await one<{ kid: string; state: string }>(
      pool,
      sql`select kid, state from lti_platform join platform on id = platform_id`,
    )
    const link = await registrationLink(scene, 'Our Moodle, renewed')
    const { answer } = await lms.registerTool(link, { update: tool?.id ?? '' })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('was known already')
    const after = await one(
      pool,
      sql`select kid, state from lti_platform join platform on id = platform_id`,
    )
    expect(after).toEqual(before)
    expect((await platforms()).map(({ name }) => name)).toEqual(['Our Moodle, renewed'])
  })
})

describe('the link', () => {
  const openedWith = async (token: string | undefined, more = '') => {
    const address = `${config.publicUrl}/lti/register${token === undefined ? '?' : `?token=${token}`}`
    return ask(await lms.registrationAddress(address + more))
  }
  const made = async () => {
    const link = await registrationLink(scene)
    return new URL(link).searchParams.get('token') ?? ''
  }

  it('is asked for', async () => {
    const before = await rows()
    expect(refusalOf(await openedWith(undefined))).toBe('registration-no-link')
    expect(refusalOf(await openedWith('made-up'))).toBe('registration-link-unknown')
    expect(await rows()).toEqual(before)
  })

  it('works once, also when two try at the same moment', async () => {
    const token = await made()
    const before = await rows()
    const answers = await Promise.all([openedWith(token), openedWith(token)])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403])
    expect(refusalOf(await openedWith(token))).toBe('registration-link-used')
    expect((await rows()).platforms).toBe(before.platforms + 1)
  })

  it('works for an hour', async () => {
    const token = await made()
    const before = await rows()
    scene.shiftMinutes(61)
    expect(refusalOf(await openedWith(token))).toBe('registration-link-expired')
    scene.shiftMinutes(0)
    expect(await rows()).toEqual(before)
  })

  it('can be withdrawn', async () => {
    const link = await withTransaction(pool, (tx) =>
      issueRegistrationLink(tx, { name: 'x', actor, now: scene.now() }),
    )
    await withTransaction(pool, (tx) =>
      withdrawRegistrationLink(tx, { id: link.id, actor, now: scene.now() }),
    )
    expect(refusalOf(await openedWith(link.token))).toBe('registration-link-unknown')
  })

  it('explains itself when an administrator opens it in a browser, and is not used up by that', async () => {
    const link = await registrationLink(scene)
    const shown = await ask(link, { headers: { 'accept-language': 'fr' } })
    expect([shown.status, shown.text.includes('Gérer les outils')]).toEqual([200, true])
    expect((await lms.registerTool(link)).tool).toBeDefined()
  })

  it('is only known as a hash', async () => {
    const token = await made()
    const stored = await many(
      pool,
      sql`select registration_link::text as row from registration_link`,
    )
    expect(JSON.stringify(stored)).not.toContain(token)
  })
})

describe('a hostile registration', () => {
  it('in the name of another LMS is refused: issuer and configuration have one origin', async () => {
    const before = await rows()
    for (const fault of ['issuer-other', 'configuration-other'] as const) {
      const { answer } = await lms.registerTool(await registrationLink(scene), { fault })
      expect([answer.status, refusalOf(answer)]).toEqual([403, 'registration-issuer'])
    }
    expect(await rows()).toEqual(before)
  })

  it.each([
    ['http://lms.school.example/conf', 'registration-address'],
    ['https://10.0.0.1/conf', 'registration-address'],
    ['https://[fd00::1]/conf', 'registration-address'],
    ['https://[::ffff:169.254.169.254]/latest/meta-data', 'registration-address'],
    ['https://0x7f.1@10.1/conf', 'registration-unreachable'],
    ['file:///etc/passwd', 'registration-address'],
    ['http://lms.localhost:1/conf', 'registration-unreachable'],
    ['not an address', 'registration-unreachable'],
  ])('by the address %s is refused as %s, asking nobody', async (address, code) => {
    const before = await rows()
    const answer = await registerAt(address)
    expect(refusalOf(answer)).toBe(code)
    expect(await rows()).toEqual(before)
  })

  it('with endpoints inside our network is refused before anybody is told of us', async () => {
    const before = await rows()
    let told = 0
    const hostile = await serve((origin, path) => {
      if (path === '/register') told += 1
      return configurationOf(origin, { jwks_uri: 'https://192.168.1.1/keys' })
    })
    expect(refusalOf(await registerAt(`${hostile.origin}/conf`))).toBe('registration-address')
    expect(told).toBe(0)
    await hostile.close()
    expect(await rows()).toEqual(before)
  })

  it.each([
    ['a redirect', 302, 'registration-unreachable'],
    ['an error', 500, 'registration-unreachable'],
  ])('that answers with %s is refused', async (_, status, code) => {
    const hostile = await serve(() => ({}), status)
    expect(refusalOf(await registerAt(`${hostile.origin}/conf`))).toBe(code)
    await hostile.close()
  })

  it('that is no configuration, or says no, gives the link back for another try', async () => {
    const link = await registrationLink(scene)
    const odd = await serve(() => ({ issuer: 5 }))
    expect(refusalOf(await openAt(link, `${odd.origin}/conf`))).toBe('registration-unreadable')
    await odd.close()
    const stubborn = await serve((origin) => configurationOf(origin, {}))
    expect(refusalOf(await openAt(link, `${stubborn.origin}/conf`))).toBe('registration-unreadable')
    await stubborn.close()
    expect((await lms.registerTool(link)).tool).toBeDefined()
  })

  it('is told apart from its victim: two LMSs never share people', async () => {
    const other = await startLms({ hostname: 'other.localhost' })
    await other.registerTool(await registrationLink(scene, 'Other'))
    const issuers = (await platforms()).map(({ issuer }) => issuer)
    expect(issuers).toContain(other.url)
    await other.close()
  })

  async function registerAt(address: string): Promise<HttpAnswer> {
    return openAt(await registrationLink(scene), address)
  }

  function openAt(link: string, address: string): Promise<HttpAnswer> {
    const url = new URL(link)
    url.searchParams.set('openid_configuration', address)
    return ask(url.href)
  }

  function configurationOf(origin: string, more: object): object {
    return {
      issuer: origin,
      authorization_endpoint: `${origin}/auth`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/keys`,
      registration_endpoint: `${origin}/register`,
      ...more,
    }
  }

  /** A site of somebody's on this machine that answers every path with JSON. */
  async function serve(answer: (origin: string, path: string) => object, status = 200) {
    const server = createServer((req, res) => {
      const origin = `http://${req.headers.host}`
      res.writeHead(status, { 'content-type': 'application/json', location: `${origin}/else` })
      res.end(JSON.stringify(answer(origin, req.url ?? '')))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    return {
      origin: `http://hostile.localhost:${port}`,
      async close() {
        server.close()
        server.closeAllConnections()
        await once(server, 'close')
      },
    }
  }
})
