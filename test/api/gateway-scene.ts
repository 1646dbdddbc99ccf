/**
 * What the gateway's tests act on: a real gateway, a real PostgreSQL that can be cut off, and seats whose
 * ports are real servers that speak the identity protocol and count every byte they are sent.
 */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import {
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  type Server,
  createServer,
  request as ask,
} from 'node:http'
import { type AddressInfo, type Server as NetServer, type Socket, connect } from 'node:net'
import { createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type GatewayConfig, type Gateway, startGateway } from '../../api/gateway/gateway.ts'
import { notify } from '../../api/data/db.ts'
import { randomLabel } from '../../api/data/ids.ts'
import { type KeyRing, readKeyRing } from '../../api/data/key-ring.ts'
import { identityKey } from '../../api/data/seats/seat-secret.ts'
import { type Entry, doorUrl, mintTicket } from '../../api/data/seats/ticket.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'
import { type SeatRow, type Where, insertSeat, keyed, writeWhere } from './gateway-rows.ts'

export const DOMAIN = 'seats.localhost'
export const NOW = new Date('2026-11-23T09:00:00Z')

export type Scene = {
  database: TestDatabase
  ring: KeyRing
  config: GatewayConfig
  gateway: Gateway
  /** What the gateway takes for the present. */
  clock: { now: Date }
  /** PostgreSQL as the gateway sees it. */
  wire: Wire
  /** Starts another gateway on the same home and port. */
  start(): Promise<void>
  /** Ends the gateway, then starts another. */
  restart(): Promise<void>
  end(): Promise<void>
}

export async function scene(options: Partial<GatewayConfig> = {}): Promise<Scene> {
  const home = mkdtempSync(join(tmpdir(), 'labplan-gateway-'))
  const keyFile = join(home, 'keys.json')
  const keys = { k1: Buffer.alloc(32, 1).toString('base64') }
  writeFileSync(keyFile, JSON.stringify({ current: 'k1', keys }))
  const database = await testDatabase()
  const wire = await openWire(Number(new URL(database.url).port))
  const url = new URL(database.url)
  url.port = String(wire.port)
  const config: GatewayConfig = {
    home,
    keyFile,
    databaseUrl: url.href,
    installation: database.installation,
    publicUrl: 'http://labplan.localhost:7080',
    seatUrl: `http://${DOMAIN}:7081`,
    gatewayListen: { host: '127.0.0.1', port: 0 },
    tls: undefined,
    trustProxy: false,
    ...options,
  }
  const clock = { now: NOW }
  const start = (port: number) =>
    startGateway({
      config: { ...config, gatewayListen: { host: '127.0.0.1', port } },
      log: pino({ level: 'silent' }),
      now: () => clock.now,
    })
  const made: Scene = {
    ...{ database, config, clock, wire },
    ring: readKeyRing(keyFile),
    gateway: await start(0),
    async start() {
      made.gateway = await start(made.gateway.port)
    },
    async restart() {
      await made.gateway.drain(0)
      await made.start()
    },
    async end() {
      await made.gateway.drain(0)
      await wire.end()
      await database.drop()
      rmSync(home, { recursive: true })
    },
  }
  return made
}

export type Wire = {
  port: number
  cut(): Promise<void>
  mend(): Promise<void>
  end(): Promise<void>
}

/** A TCP line to PostgreSQL that can be cut, as when its machine is gone. */
async function openWire(to: number): Promise<Wire> {
  const open = new Set<Socket>()
  const wire = createNetServer((near) => {
    const far = connect(to, '127.0.0.1')
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from)
      from.on('error', () => into.destroy())
      from.on('close', () => open.delete(from) && into.destroy())
      from.pipe(into)
    }
  })
  const listening = async (port: number) => {
    wire.listen(port, '127.0.0.1')
    await once(wire, 'listening')
  }
  await listening(0)
  const { port } = wire.address() as AddressInfo
  const cut = async () => {
    if (!wire.listening) return
    wire.close()
    for (const socket of open) socket.destroy()
    await once(wire, 'close')
  }
  return { port, cut, mend: () => listening(port), end: cut }
}

export type TestSeat = SeatRow & {
  host: string
  /** Its ports as they answer now; undefined while it does not run. */
  running: RunningSeat | undefined
}

/** A seat in the database with a holder, and a task that runs unless said otherwise. */
export async function seat(
  { database, ring }: Scene,
  serve: RequestListener | 'off' = (_, response) => response.end('hello'),
): Promise<TestSeat> {
  const row = await insertSeat(database.pool, NOW)
  const made: TestSeat = { ...row, host: `${row.hostLabel}.${DOMAIN}`, running: undefined }
  if (serve !== 'off') made.running = await runSeat(ring, made, serve)
  await tell(database, made)
  return made
}

/** Writes where the seat runs, as the worker does, and wakes the gateway. */
export async function tell(
  database: TestDatabase,
  { seatId, running }: Pick<TestSeat, 'seatId'> & { running: Where | undefined },
): Promise<void> {
  await writeWhere(database.pool, seatId, running)
  await notify(database.pool, 'route', seatId)
}

export type RunningSeat = Where & {
  web: Server
  /** Bytes that ever arrived on the web port, and connections made to it. */
  taken(): { bytes: number; connections: number }
  /** Milliseconds the identity service waits before it answers. */
  identity: { delayMs: number; asked: number }
  stop(): Promise<void>
}

/** A task: its web server and its identity service, on `at` or on ports of their own. */
export async function runSeat(
  ring: KeyRing,
  of: { seatId: string; generation: number },
  serve: RequestListener,
  at: { port: number; identityPort: number } = { port: 0, identityPort: 0 },
): Promise<RunningSeat> {
  const taskId = randomLabel(25)
  const key = identityKey(ring, keyed(of))
  const identity = { delayMs: 0, asked: 0 }
  const identityServer = createServer((request, response) => {
    identity.asked++
    const nonce = new URL(request.url!, 'http://x').searchParams.get('nonce')
    const proof = createHmac('sha256', key).update(`${taskId}.${nonce}`).digest('base64url')
    setTimeout(() => response.end(JSON.stringify({ task: taskId, proof })), identity.delayMs)
  })
  const taken = { bytes: 0, connections: 0 }
  const web = createServer(serve)
  const sockets = new Set<Socket>()
  web.on('connection', (socket) => {
    sockets.add(socket)
    taken.connections++
    socket.on('data', (part) => (taken.bytes += part.length))
  })
  const [port, identityPort] = await Promise.all([
    listening(web, at.port),
    listening(identityServer, at.identityPort),
  ])
  return {
    ...{ taskId, address: '127.0.0.1', port, identityPort, web, identity },
    taken: () => ({ ...taken }),
    async stop() {
      // As a container that ends: tunnels, which the server no longer knows, end with it.
      for (const socket of sockets) socket.destroy()
      await Promise.all([closed(web), closed(identityServer)])
    },
  }
}

async function listening(server: NetServer, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

export type Answer = { status: number; headers: IncomingMessage['headers']; body: string }

/** One request to the gateway as a browser of that host name makes it, on a connection of its own. */
export async function browse(
  { gateway }: Scene,
  host: string,
  path: string,
  options: RequestOptions & { body?: string } = {},
): Promise<Answer> {
  const { body, headers, ...rest } = options
  const question = ask({
    ...{ host: '127.0.0.1', port: gateway.port, path, agent: false },
    ...rest,
    headers: { host, ...(headers as object) },
  })
  question.end(body)
  const [answer] = (await once(question, 'response')) as [IncomingMessage]
  return { status: answer.statusCode!, headers: answer.headers, body: await textOf(answer) }
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of answer.setEncoding('utf8')) text += part
  return text
}

/** Bytes written to the gateway as they are; answers all it sends until it closes. */
export async function rawly({ gateway }: Scene, text: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1')
  socket.setTimeout(5_000, () => socket.destroy(new Error('the gateway did not close')))
  socket.write(text)
  let answer = ''
  for await (const part of socket.setEncoding('latin1')) answer += part
  return answer
}

/** Path and query of a fresh way in. */
export function wayIn({ ring, clock }: Scene, entry: Entry, to?: string): string {
  const ticket = mintTicket(ring, entry, clock.now)
  const url = new URL(
    doorUrl(`http://${DOMAIN}:7081`, {
      hostLabel: entry.hostLabel,
      ticket,
      ...(to !== undefined && { to }),
    }),
  )
  return url.pathname + url.search
}

/** Enters; answers the Cookie header a browser then sends. */
export async function enter(of: Scene, into: TestSeat): Promise<{ cookie: string }> {
  const answer = await browse(of, into.host, wayIn(of, into))
  if (answer.status !== 303) throw new Error(`Entering answered ${answer.status}: ${answer.body}`)
  return { cookie: answer.headers['set-cookie']![0]!.split(';')[0]! }
}

/** Waits until `holds`, at most `seconds`. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 25): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited ${seconds} s in vain for ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
