import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Scene, type TestSeat, browse, enter, rawly, scene, seat } from './gateway-scene.ts'

let on: Scene
let own: TestSeat
let pass: { cookie: string }
/** What the environment does with the next requests. */
let serve: RequestListener

beforeAll(async () => {
  on = await scene()
  own = await seat(on, (request, response) => serve(request, response))
  pass = await enter(on, own)
})
afterAll(async () => {
  await own.running?.stop()
  await on.end()
})

describe('what is refused', () => {
  const cookie = () => `Cookie: ${pass.cookie}\r\n`
  it.each([
    [
      'two lengths',
      () =>
        `POST / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    ],
    [
      'a length and chunks',
      () =>
        `POST / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'an odd coding',
      () =>
        `POST / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a coding that is not last',
      () =>
        `POST / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two hosts',
      () =>
        `GET / HTTP/1.1\r\nHost: ${own.host}\r\nHost: ${own.host}\r\n${cookie()}Connection: close\r\n\r\n`,
    ],
    ['no host', () => `GET / HTTP/1.1\r\n${cookie()}Connection: close\r\n\r\n`],
    [
      'an odd host',
      () => `GET / HTTP/1.1\r\nHost: a@${own.host}\r\n${cookie()}Connection: close\r\n\r\n`,
    ],
    [
      'an absolute address',
      () =>
        `GET http://${own.host}/ HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Connection: close\r\n\r\n`,
    ],
    [
      'a folded header',
      () =>
        `GET / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}X: a\r\n b\r\nConnection: close\r\n\r\n`,
    ],
    [
      'a space before the colon',
      () => `POST / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Content-Length : 3\r\n\r\nabc`,
    ],
    ['bare line feeds', () => `GET / HTTP/1.1\nHost: ${own.host}\n${cookie()}\n\n`],
    [
      'a bad chunk length',
      () =>
        `POST / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n`,
    ],
  ])('%s', async (_, text) => {
    const seen: string[] = []
    serve = (request, response) => {
      seen.push(`${request.method} ${request.url}`)
      request.resume().on('end', () => response.end('reached'))
    }
    const answer = await rawly(on, text())
    expect(answer).toMatch(/^(HTTP\/1\.1 400 |$)/)
    expect(answer).not.toContain('reached')
  })

  it.each(['GET', 'PUT'])('%s with bytes in its head that no header may have', async (method) => {
    serve = (_, response) => response.end('reached')
    for (const odd of ['\x7f', '\x01', '\0', '\x0b']) {
      const head = `${method} / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Connection: close\r\n`
      expect(await rawly(on, `${head}X-Odd: a${odd}b\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect((await browse(on, own.host, '/', { headers: pass })).body).toBe('reached')
  })

  it('a head of more than 32 KiB', async () => {
    const text = `GET / HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}X: ${'a'.repeat(33_000)}\r\n\r\n`
    expect(await rawly(on, text)).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('a second request hidden in the first one’s body stays its body', async () => {
    const seen: string[] = []
    serve = async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      seen.push(`${request.method} ${request.url} ${body.length}`)
      response.end('ok')
    }
    const hidden = `GET /hidden HTTP/1.1\r\nHost: ${own.host}\r\n\r\n`
    await rawly(
      on,
      `POST /a HTTP/1.1\r\nHost: ${own.host}\r\n${cookie()}Content-Length: ${hidden.length}\r\n\r\n${hidden}` +
        `GET /b HTTP/1.1\r\nHost: ${own.host}\r\nConnection: close\r\n\r\n`,
    )
    expect(seen).toEqual([`POST /a ${hidden.length}`])
  })

  it('what another site’s page would change, while the seat’s own other ports may', async () => {
    serve = (_, response) => response.end('done')
    const post = (headers: object) =>
      browse(on, own.host, '/', { method: 'POST', headers: { ...pass, ...headers } })
    const other = await seat(on)
    for (const headers of [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: `http://${other.host}`, 'sec-fetch-site': 'same-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ])
      expect((await post(headers)).status).toBe(403)
    for (const headers of [
      {},
      { origin: `http://${own.host}` },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
    ])
      expect((await post(headers)).status).toBe(200)
    await other.running!.stop()
  })

  it('the gateway’s own paths are never the environment’s', async () => {
    serve = (_, response) => response.end('reached')
    for (const path of ['/.labplan/', '/.labplan/healthz/x', '/.labplan/%2e%2e/x'])
      expect((await browse(on, own.host, path, { headers: pass })).status).toBe(404)
  })
})
