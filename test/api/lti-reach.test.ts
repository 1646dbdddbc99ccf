/** Whom we ask when an address comes from outside: the fence against requests into our own network. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { openKeySets } from '../../api/lti/key-sets.ts'
import { askLms } from '../../api/lti/lms-fetch.ts'
import { reachFrom, refusedUrl } from '../../api/reach.ts'

const outside = reachFrom({ publicUrl: 'https://labplan.school.example', networks: [] })
const campus = reachFrom({
  publicUrl: 'https://labplan.school.example',
  networks: ['10.1.0.0/16', 'fd12::/16'],
})
const here = reachFrom({ publicUrl: 'http://labplan.localhost:7080', networks: [] })

const failure = (answer: unknown) => (answer as { failure?: string } | undefined)?.failure

describe('an address', () => {
  it.each([
    ['https://moodle.school.example/conf', undefined],
    ['https://192.0.78.1/', undefined],
    ['http://moodle.school.example/conf', 'plain-http'],
    ['ftp://moodle.school.example/', 'plain-http'],
    ['https://user@moodle.school.example/', 'bad-answer'],
    ['https://127.0.0.1/', 'private-address'],
    ['https://2130706433/', 'private-address'],
    ['https://0x7f000001/', 'private-address'],
    ['https://[::1]/', 'private-address'],
    ['https://[::ffff:10.0.0.1]/', 'private-address'],
    ['https://[64:ff9b::a00:1]/', 'private-address'],
    ['https://10.1.2.3/', 'private-address'],
    ['https://100.64.0.1/', 'private-address'],
    ['https://169.254.169.254/', 'private-address'],
    ['https://172.31.255.255/', 'private-address'],
    ['https://192.168.0.1/', 'private-address'],
    ['https://[fe80::1]/', 'private-address'],
    ['https://[fd12::1]/', 'private-address'],
    ['https://0.0.0.0/', 'private-address'],
  ])('%s is judged %s from outside', (url, wanted) => {
    expect(failure(refusedUrl(outside, url))).toBe(wanted)
  })

  it('inside a network the operator listed may be asked, and only there', () => {
    expect(refusedUrl(campus, 'https://10.1.2.3/')).toBeUndefined()
    expect(refusedUrl(campus, 'https://[fd12::1]/')).toBeUndefined()
    expect(failure(refusedUrl(campus, 'https://10.2.0.1/'))).toBe('private-address')
    expect(failure(refusedUrl(campus, 'http://10.1.2.3/'))).toBe('plain-http')
  })

  it('of this machine may be asked, without TLS too, when Labplan itself is only here', () => {
    expect(refusedUrl(here, 'http://lms.localhost:7082/conf')).toBeUndefined()
    expect(refusedUrl(here, 'http://127.0.0.1:7082/conf')).toBeUndefined()
    expect(failure(refusedUrl(here, 'http://moodle.school.example/'))).toBe('plain-http')
    expect(failure(refusedUrl(here, 'https://10.1.2.3/'))).toBe('private-address')
  })

  it('whose name leads into our network is not dialled', async () => {
    // RFC 6761: a name that resolves to this machine everywhere.
    expect(failure(await askLms(outside, 'https://metadata.localhost/'))).toBe('private-address')
  })
})

describe('an answer', () => {
  const answers: Record<string, { status?: number; body: string | Buffer }> = {
    '/good': { body: '{"a":1}' },
    '/moved': { status: 302, body: '{}' },
    '/wrong': { status: 500, body: 'secret stack' },
    '/text': { body: 'hello' },
    '/large': { body: Buffer.alloc(600_000, 32) },
  }
  const server = createServer((req, res) => {
    const answer = answers[req.url ?? ''] ?? { status: 404, body: '' }
    res.writeHead(answer.status ?? 200, { location: 'http://127.0.0.1:1/' }).end(answer.body)
  }).listen(0, '127.0.0.1')
  afterAll(() => void server.close())

  it.each([
    ['/good', undefined],
    ['/moved', 'bad-answer'],
    ['/wrong', 'bad-answer'],
    ['/text', 'bad-answer'],
    ['/large', 'bad-answer'],
  ])('from %s is %s', async (path, wanted) => {
    if (!server.listening) await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const answer = await askLms(here, `http://lms.localhost:${port}${path}`)
    expect(failure(answer)).toBe(wanted)
  })
})

describe('the keys of an LMS', () => {
  const jwk = (kid: string, bits = 2048) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
    return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
  }

  /** A key set that can change, and counts how often it was asked. */
  async function keySetServer() {
    const state = { keys: [jwk('a')] as object[], asked: 0, isDown: false, isSilent: false }
    const server = createServer((_, res) => {
      state.asked += 1
      if (state.isSilent) return
      res.writeHead(state.isDown ? 503 : 200).end(JSON.stringify({ keys: state.keys }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const url = `http://lms.localhost:${typeof address === 'object' ? address?.port : 0}/keys`
    let nowMs = Date.parse('2026-11-23T08:00:00Z')
    const keySets = openKeySets({ reach: here, now: () => new Date(nowMs) })
    const find = async (kid: string) => {
      const found = await keySets.find(url, kid)
      return 'key' in found ? 'found' : found.failure
    }
    const pass = (seconds: number) => (nowMs += seconds * 1000)
    const close = () => {
      server.close()
      server.closeAllConnections()
    }
    return { state, find, pass, close }
  }

  it('are asked for once in a while, not at each launch', async () => {
    const lms = await keySetServer()
    const found = await Promise.all(Array.from({ length: 20 }, () => lms.find('a')))
    expect(new Set(found)).toEqual(new Set(['found']))
    expect(lms.state.asked).toBe(1)
    lms.pass(301)
    expect(await lms.find('a')).toBe('found')
    expect(lms.state.asked).toBe(2)
    lms.close()
  })

  it('are read again at once for a new key id, but forged ids do not make us hammer the LMS', async () => {
    const lms = await keySetServer()
    await lms.find('a')
    lms.pass(6)
    lms.state.keys = [jwk('b')]
    expect(await lms.find('b')).toBe('found')
    expect(await lms.find('a')).toBe('unknown')
    for (let i = 0; i < 10; i++) expect(await lms.find(`forged-${i}`)).toBe('unknown')
    expect(lms.state.asked).toBe(2)
    lms.close()
  })

  it('keep no launch waiting for an LMS that does not answer, while they are known', async () => {
    const lms = await keySetServer()
    await lms.find('a')
    lms.state.isSilent = true
    lms.pass(301)
    const found = await Promise.all(Array.from({ length: 20 }, () => lms.find('a')))
    expect(new Set(found)).toEqual(new Set(['found']))
    expect(lms.state.asked).toBe(2)
    lms.close()
  })

  it('hold for an hour while the LMS is down, and no longer', async () => {
    const lms = await keySetServer()
    await lms.find('a')
    lms.state.isDown = true
    lms.pass(1_800)
    expect(await lms.find('a')).toBe('found')
    lms.pass(1_900)
    expect(await lms.find('a')).toBe('unreachable')
    expect(await lms.find('a')).toBe('unreachable')
    lms.close()
  })

  it('are RSA keys for signatures of 2048 bits or more: others are as if not there', async () => {
    const lms = await keySetServer()
    lms.state.keys = [
      jwk('weak', 1024),
      { ...jwk('encryption'), use: 'enc' },
      { kty: 'oct', kid: 'secret', k: 'AAAA' },
      { kty: 'RSA', kid: 'broken', n: 5 },
      jwk('good'),
    ]
    expect(await lms.find('good')).toBe('found')
    for (const kid of ['weak', 'encryption', 'secret', 'broken'])
      expect(await lms.find(kid)).toBe('unknown')
    lms.close()
  })
})
