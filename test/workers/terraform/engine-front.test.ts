/** What Terraform's provider asks alike for every seat reaches the engine once; all else as it is. The engine is played. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { providers } from '../../../scripts/steps/provider-mirror.ts'
import { type Engine, connectEngine } from '../../../workers/swarm/engine.ts'
import { openEngineFront } from '../../../workers/terraform/engine-front.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
let folder: string
let closers: (() => unknown)[]
let asked: string[]
let answer: (req: IncomingMessage, res: ServerResponse) => unknown
let client: Engine
/** Ends every wait for an answer that is shared. */
let limit: AbortController
let front: Awaited<ReturnType<typeof openEngineFront>>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'labplan-test-front-'))
  closers = [() => rmSync(folder, { recursive: true, force: true })]
  asked = []
  limit = new AbortController()
  answer = (_, res) => res.end(JSON.stringify({ number: asked.length }))
  const server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`)
    answer(req, res)
  })
  const socket = join(folder, 'played.sock')
  server.listen(socket)
  await once(server, 'listening')
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  front = await openEngineFront({ host: () => `unix://${socket}` }, folder, () => limit.signal)
  if (!front) throw new Error('There is no front.')
  closers.push(() => front?.close())
  client = connectEngine(front.dockerHost)
  closers.push(() => client.close())
})
afterEach(async () => {
  for (const close of closers.toReversed()) await close()
})

it('asks once for a list that many want, and never gives one that was asked for before them', async () => {
  const list = () => client.call('GET', '/v1.41/services')
  const many = await Promise.all(Array.from({ length: 10 }, list))
  // The first is asked at once, the others share the next.
  expect(asked).toEqual(['GET /v1.41/services', 'GET /v1.41/services'])
  expect(many).toEqual([{ number: 1 }, ...Array.from({ length: 9 }, () => ({ number: 2 }))])
  expect(await list()).toEqual({ number: 3 })
  let go = (): void => {}
  answer = (_, res) => void (go = () => res.end('[]'))
  const third = list()
  await expect.poll(() => asked.length).toBe(4)
  const fourth = list()
  answer = (_, res) => res.end('[{"ID":"later"}]')
  go()
  expect([await third, await fourth]).toMatchObject([[], [{ ID: 'later' }]])
})

it('leaves out of a list what each service runs, which is the most of it', async () => {
  const spec = { Name: 'one', Labels: { a: 'b' }, TaskTemplate: { ContainerSpec: { Image: 'x' } } }
  const service = { ID: '1', Version: { Index: 3 }, Spec: spec, Endpoint: { Ports: [] } }
  answer = (_, res) => res.end(JSON.stringify([{ ...service, PreviousSpec: spec }]))
  expect(await client.call('GET', '/v1.41/services')).toEqual([
    { ...service, Spec: { ...spec, TaskTemplate: {} }, Endpoint: {} },
  ])
  expect(await client.call('GET', '/v1.41/services/1')).toMatchObject([{ Spec: spec }])
  answer = (_, res) => res.writeHead(503).end('{"message":"no leader"}')
  const refused = { status: 503, body: { message: 'no leader' } }
  expect(await client.ask('GET', '/v1.41/services')).toEqual(refused)
  // What is left out is what this provider does not read. Before another is taken, look at what its `fetchDockerService` reads.
  expect(providers(false).find(({ source }) => source.endsWith('/docker'))?.version).toBe('4.6.0')
})

it('asks an engine once a second whether it is there and how old it is, and gives the answer whole', async () => {
  const ping = () => fetchHead(front!.dockerHost)
  answer = (_, res) => res.writeHead(200, { 'api-version': '1.47', swarm: 'active/manager' }).end()
  const all = await Promise.all([ping(), ping(), ping()])
  expect(all).toMatchObject(Array.from({ length: 3 }, () => ({ 'api-version': '1.47' })))
  expect(asked).toEqual(['HEAD /_ping'])
  await expect.poll(async () => (await ping(), asked.length), { interval: 100 }).toBe(2)
  answer = (_, res) => res.writeHead(500).end()
  await expect.poll(async () => (await ping(), asked.length), { interval: 100 }).toBe(4)
})

it('has an image that is named by its digest looked up once, for each who may read it', async () => {
  const look = (image: string) => client.ask('GET', `/v1.41/distribution/${image}/json`)
  await Promise.all([look(`a/b@${DIGEST}`), look(`a/b@${DIGEST}`)])
  expect(await look(`a/b@${DIGEST}`)).toEqual({ status: 200, body: { number: 1 } })
  await look('a/b:latest')
  expect(await look('a/b:latest')).toMatchObject({ body: { number: 3 } })
  answer = (_, res) => res.writeHead(500).end('{"message":"no"}')
  expect(await look(`c@${DIGEST}`)).toEqual({ status: 500, body: { message: 'no' } })
  answer = (_, res) => res.end('"there"')
  expect(await look(`c@${DIGEST}`)).toEqual({ status: 200, body: 'there' })
})

it('passes on all else, with what was sent and what was answered', async () => {
  const bodies: string[] = []
  answer = async (req, res) => {
    let body = ''
    for await (const part of req as AsyncIterable<Buffer>) body += part.toString()
    bodies.push(body)
    res.writeHead(409, { 'content-type': 'application/json' }).end('{"message":"taken"}')
  }
  const query = { filters: { name: ['x'] } }
  expect(await client.ask('POST', '/services/create', { body: { Name: 'one' } })).toEqual({
    status: 409,
    body: { message: 'taken' },
  })
  await Promise.all([
    client.ask('GET', '/services', { query }),
    client.ask('GET', '/services', { query }),
  ])
  const filtered = `GET /services?filters=${encodeURIComponent(JSON.stringify(query.filters))}`
  expect(asked).toEqual(['POST /services/create', filtered, filtered])
  expect(bodies).toEqual(['{"Name":"one"}', '', ''])
})

it('breaks off where the engine does', async () => {
  answer = (req) => req.socket.destroy()
  for (const path of ['/services', '/services/create', `/distribution/a@${DIGEST}/json`])
    await expect(client.call('GET', path)).rejects.toThrow(/hang up|ECONNRESET/)
})

const nothing = (): void => {}
const half = (_: IncomingMessage, res: ServerResponse) => res.write('[{"ID":')
it.each([
  ['list', '/v1.41/services', nothing],
  ['lookup', `/v1.41/distribution/a@${DIGEST}/json`, nothing],
  ['rest of a list', '/v1.41/services', half],
])(
  'waits no longer than its limit for a %s, and has it asked for anew',
  async (_, path, silent) => {
    const ask = () =>
      client.call('GET', path).then(
        (said) => said,
        () => 'none',
      )
    const whole = answer
    answer = silent
    const first = ask()
    await expect.poll(() => asked.length).toBe(1)
    // Shares the lookup, or waits for the next list.
    const second = ask()
    limit.abort()
    expect(await first).toBe('none')
    limit = new AbortController()
    answer = whole
    // A list is asked for once more by who waited for it; a lookup that was shared failed for both.
    await second
    expect(await ask()).toMatchObject({ number: asked.length })
    expect(asked.length).toBeGreaterThan(1)
  },
)

it('takes away the sockets of workers that are no more, and stands aside where a path is too long', async () => {
  const dead = join(folder, 'engine-4194305.sock')
  const other = join(folder, `engine-${process.ppid}.sock`)
  for (const file of [dead, other]) writeFileSync(file, '')
  const long = join(folder, 'x'.repeat(100))
  expect(await openEngineFront({ host: () => '' }, long)).toBe(undefined)
  const beside = await openEngineFront({ host: () => '' }, folder)
  expect([dead, other].map((file) => existsSync(file))).toEqual([false, true])
  await beside?.close()
})

async function fetchHead(dockerHost: string) {
  const call = request({ socketPath: new URL(dockerHost).pathname, method: 'HEAD', path: '/_ping' })
  call.end()
  const [{ headers }] = (await once(call, 'response')) as [IncomingMessage]
  return headers
}
