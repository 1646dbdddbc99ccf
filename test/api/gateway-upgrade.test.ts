import { once } from 'node:events'
import { type RequestListener, request as ask, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type Scene,
  type TestSeat,
  browse,
  enter,
  rawly,
  scene,
  seat,
  tell,
  until,
} from './gateway-scene.ts'

let on: Scene
let own: TestSeat
let pass: { cookie: string }
const plainAnswer: RequestListener = (request, response) =>
  response.end(`plain ${request.headers.upgrade}`)

beforeAll(async () => {
  on = await scene()
  own = await seatWithEcho()
  pass = await enter(on, own)
})
afterAll(async () => {
  await own.running?.stop()
  await on.end()
})

async function seatWithEcho(): Promise<TestSeat> {
  const made = await seat(on, plainAnswer)
  const sockets = new WebSocketServer({ noServer: true })
  made.running!.web.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade !== 'websocket') return echoPlainly(request, socket)
    sockets.handleUpgrade(request, socket, head, (websocket) => {
      websocket.send(JSON.stringify(request.headers))
      websocket.on('message', (data, isBinary) => websocket.send(data, { binary: isBinary }))
    })
  })
  return made
}

/** An upgrade to something that is no websocket; refused at /no. */
function echoPlainly(request: IncomingMessage, socket: Duplex): void {
  if (request.url === '/no') {
    socket.end('HTTP/1.1 426 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n')
    return
  }
  socket.write('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-A: 1\r\n\r\nwelcome ')
  socket.pipe(socket)
}

type Websocket = { socket: WebSocket; first: Record<string, string> }

/** A websocket through the gateway, once the seat has greeted with the head it was sent. */
async function websocket(
  headers: Record<string, string>,
  to: TestSeat = own,
): Promise<Websocket | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${on.gateway.port}/terminal`, {
    headers: { host: to.host, ...headers },
  })
  const { promise, resolve } = Promise.withResolvers<Websocket | number>()
  socket.on('unexpected-response', (_, answer) => {
    resolve(answer.statusCode!)
    socket.terminate()
  })
  socket.on('error', () => {})
  socket.once('message', (data) => resolve({ socket, first: JSON.parse(String(data)) }))
  return promise
}

async function opened(headers: Record<string, string>, to?: TestSeat): Promise<Websocket> {
  const result = await websocket(headers, to)
  if (typeof result === 'number') throw new Error(`The websocket was refused: ${result}`)
  return result
}

it('opens a websocket with the browser’s own headers, without our cookie', async () => {
  const origin = `http://${own.host}`
  const { socket, first } = await opened({ cookie: `a=1; ${pass.cookie}`, origin })
  expect(first).toMatchObject({
    host: own.host,
    origin,
    cookie: 'a=1',
    'x-forwarded-proto': 'http',
  })
  for (const message of ['ls', Buffer.alloc(1_000_000, 7)]) {
    socket.send(message)
    const [data] = await once(socket, 'message')
    expect(Buffer.compare(data as Buffer, Buffer.from(message))).toBe(0)
  }
  socket.close(4001, 'bye')
  expect((await once(socket, 'close'))[0]).toBe(4001)
  await until(() => on.gateway.gate.work.count === 0)
})

it('opens it for programs, which send no Origin', async () => {
  const { socket, first } = await opened(pass)
  expect(first).not.toHaveProperty('origin')
  socket.terminate()
})

it('refuses it to strangers, and to pages of other sites and other seats', async () => {
  const other = await seatWithEcho()
  const theirs = await enter(on, other)
  const { bytes } = own.running!.taken()
  expect(await websocket({})).toBe(403)
  expect(await websocket(theirs)).toBe(403)
  for (const origin of ['https://evil.example', `http://${other.host}`, 'null', 'file://'])
    expect(await websocket({ ...pass, origin })).toBe(403)
  expect(own.running!.taken().bytes).toBe(bytes)
  await other.running!.stop()
})

it('refuses it in words where there is no environment', async () => {
  const sleeping = await seat(on, 'off')
  expect(await websocket(await enter(on, sleeping), sleeping)).toBe(503)
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  expect(await rawly(on, `GET / HTTP/1.1\r\nHost: nowhere.example\r\n${upgrade}`)).toMatch(
    /^HTTP\/1\.1 404 /,
  )
  const own404 = `GET /.labplan/x HTTP/1.1\r\nHost: ${own.host}\r\nCookie: ${pass.cookie}\r\n${upgrade}`
  expect(await rawly(on, own404)).toMatch(/^HTTP\/1\.1 404 /)
})

it('passes any protocol both sides agree on, with what comes right behind the head', async () => {
  const question = ask({
    ...{ host: '127.0.0.1', port: on.gateway.port, path: '/yes', agent: false },
    headers: { host: own.host, ...pass, connection: 'Upgrade', upgrade: 'echo' },
  })
  question.end()
  const [answer, socket, head] = (await once(question, 'upgrade')) as [
    IncomingMessage,
    Duplex,
    Buffer,
  ]
  expect(answer.headers).toMatchObject({ upgrade: 'echo', connection: 'Upgrade', 'x-a': '1' })
  let got = String(head)
  socket.on('data', (part) => (got += part))
  socket.write('hello')
  await until(() => got === 'welcome hello')
  socket.end()
  await once(socket, 'close')
  await until(() => on.gateway.gate.work.count === 0)
})

it('leaves no way through when the environment refuses the upgrade', async () => {
  const { taken } = own.running!
  const text =
    `GET /no HTTP/1.1\r\nHost: ${own.host}\r\nCookie: ${pass.cookie}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n` +
    `GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`
  const answer = await rawly(on, text)
  expect(answer).toMatch(/^HTTP\/1\.1 426 No\r\n/)
  expect(answer).toMatch(/Connection: close\r\n\r\nno$/)
  expect(answer).not.toContain('chunked')
  const { bytes } = taken()
  await until(() => on.gateway.gate.work.count === 0)
  expect(taken().bytes).toBe(bytes)
})

it('answers in HTTP/1.1 who asks for HTTP/2 in clear', async () => {
  const headers = {
    ...pass,
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAMAAABk',
  }
  expect((await browse(on, own.host, '/', { headers })).body).toBe('plain undefined')
})

it('treats an upgrade with a body as the request it is', async () => {
  const headers = { ...pass, connection: 'Upgrade', upgrade: 'websocket' }
  const answer = await browse(on, own.host, '/', { method: 'POST', headers, body: 'x' })
  expect(answer.body).toBe('plain undefined')
})

it('stays open while the api restarts, PostgreSQL is away, and the seat is only hearsay', async () => {
  const { socket } = await opened(pass)
  await on.wire.cut()
  socket.send('still here')
  expect(String((await once(socket, 'message'))[0])).toBe('still here')
  await on.wire.mend()
  await on.gateway.gate.routes.refresh()
  const { running } = own
  await tell(on.database, { ...own, running: undefined })
  await until(() => on.gateway.gate.routes.find(own.hostLabel)?.taskId === null)
  socket.send('and here')
  expect(String((await once(socket, 'message'))[0])).toBe('and here')
  await tell(on.database, { ...own, running })
  await until(() => on.gateway.gate.routes.find(own.hostLabel)?.taskId === running!.taskId)
  socket.terminate()
})

it.each([
  ['the seat starts afresh', 'update seat set generation = generation + 1 where id = $1'],
  ['it is another person’s', 'update workspace set seat_id = null where seat_id = $1'],
  ['another task has taken over', `update seat set task_id = 'another' where id = $1`],
])('ends at once when %s', async (_, statement) => {
  const passing = await seatWithEcho()
  const { socket } = await opened(await enter(on, passing), passing)
  await on.database.pool.query(statement, [passing.seatId])
  const closed = once(socket, 'close')
  await on.database.pool.query(`select pg_notify('route', $1)`, [passing.seatId])
  // Not a proper close: the way itself is cut.
  expect((await closed)[0]).toBe(1006)
  await passing.running!.stop()
})

it('ends when the environment does', async () => {
  const passing = await seatWithEcho()
  const { socket } = await opened(await enter(on, passing), passing)
  const closed = once(socket, 'close')
  await passing.running!.stop()
  expect((await closed)[0]).toBe(1006)
  await until(() => on.gateway.gate.work.count === 0)
})
