/** The same gateway with a certificate of its own, and behind a proxy that has one. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type IncomingMessage, createServer as createProxy, request as askPlain } from 'node:http'
import { request as ask } from 'node:https'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import {
  type Scene,
  type TestSeat,
  browse,
  enter,
  scene,
  seat,
  textOf,
  wayIn,
} from './gateway-scene.ts'

const folder = mkdtempSync(join(tmpdir(), 'labplan-tls-'))
const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }

function makeCertificate(): void {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...[
        '-days',
        '1',
        '-subj',
        '/CN=seats.localhost',
        '-keyout',
        tls.keyFile,
        '-out',
        tls.certFile,
      ],
      ...['-addext', 'subjectAltName=DNS:*.seats.localhost'],
    ],
    { stdio: 'ignore' },
  )
}

let on: Scene
let own: TestSeat
beforeAll(async () => {
  makeCertificate()
  on = await scene({ tls, seatUrl: 'https://seats.localhost' })
  own = await seat(on, (request, response) => response.end(JSON.stringify(request.headers)))
})
afterAll(async () => {
  await own.running?.stop()
  await on.end()
  rmSync(folder, { recursive: true })
})

type Seen = { answer: IncomingMessage; body: string; certificate: string }

async function securely(path: string, headers: object = {}): Promise<Seen> {
  const question = ask({
    ...{ host: '127.0.0.1', port: on.gateway.port, path, agent: false },
    ...{ servername: own.host, ca: readFileSync(tls.certFile) },
    headers: { host: own.host, ...headers },
  })
  question.end()
  const [answer] = (await once(question, 'response')) as [IncomingMessage]
  const certificate = (answer.socket as TLSSocket).getPeerCertificate().fingerprint256
  return { answer, body: await textOf(answer), certificate }
}

it('serves TLS, says so to the environment, and takes a new certificate without a restart', async () => {
  const entered = await securely(wayIn(on, own))
  const cookie = entered.answer.headers['set-cookie']![0]!.split(';')[0]!
  const seen = await securely('/', { cookie })
  expect(JSON.parse(seen.body)).toMatchObject({ 'x-forwarded-proto': 'https', host: own.host })
  makeCertificate()
  on.gateway.reload()
  const renewed = await securely('/', { cookie })
  expect(renewed.answer.statusCode).toBe(200)
  expect(renewed.certificate).not.toBe(seen.certificate)
  const socket = new WebSocket(`wss://127.0.0.1:${on.gateway.port}/`, {
    ...{ servername: own.host, ca: readFileSync(tls.certFile) },
    headers: { host: own.host, origin: 'https://evil.example', cookie },
  })
  const [refused] = (await once(socket, 'error')) as [Error]
  expect(refused.message).toContain('403')
})

it('believes a proxy about host and scheme only when told to', async () => {
  const answers: unknown[] = []
  for (const trustProxy of [false, true]) {
    const behind = await scene({ trustProxy, seatUrl: 'https://seats.example' })
    const seated = await seat(behind, (request, response) => {
      const { host, 'x-forwarded-proto': scheme, 'x-forwarded-for': from } = request.headers
      response.end(`${scheme} ${host === `${seated.hostLabel}.seats.example`} ${from}`)
    })
    const host = `${seated.hostLabel}.seats.example`
    const pass = await enter(behind, { ...seated, host })
    const forwarded = {
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '9.9.9.9',
    }
    const answer = await browse(behind, 'inside:1234', '/', { headers: { ...pass, ...forwarded } })
    answers.push(answer.status === 200 ? answer.body : answer.status)
    await seated.running!.stop()
    await behind.end()
  }
  expect(answers).toEqual([404, 'https true undefined'])
})

it('works behind a real proxy that keeps its connections for many students', async () => {
  const behind = await scene({ trustProxy: true, seatUrl: 'https://seats.example' })
  const [a, b] = [
    await seat(behind, (_, response) => response.end('a')),
    await seat(behind, (_, response) => response.end('b')),
  ]
  const proxy = createProxy((request, response) => {
    const onward = askPlain(
      {
        ...{
          host: '127.0.0.1',
          port: behind.gateway.port,
          path: request.url,
          method: request.method,
        },
        headers: { ...request.headers, 'x-forwarded-proto': 'https' },
      },
      (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      },
    )
    request.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const through = {
    ...behind,
    gateway: { ...behind.gateway, port: (proxy.address() as AddressInfo).port },
  }
  const hosts = [a, b].map((one) => ({ ...one, host: `${one.hostLabel}.seats.example` }))
  const passes = [await enter(through, hosts[0]!), await enter(through, hosts[1]!)]
  for (let round = 0; round < 3; round++)
    for (const [i, word] of ['a', 'b'].entries()) {
      expect((await browse(through, hosts[i]!.host, '/', { headers: passes[i]! })).body).toBe(word)
      expect((await browse(through, hosts[i]!.host, '/', { headers: passes[1 - i]! })).status).toBe(
        403,
      )
    }
  proxy.close()
  proxy.closeAllConnections()
  await Promise.all([a.running!.stop(), b.running!.stop()])
  await behind.end()
})
