/** The gateway, put together: a server before the routes. */
import { mkdirSync, readFileSync } from 'node:fs'
import {
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
  createServer,
} from 'node:http'
import { type Server as TlsServer, createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { identityKey } from '../data/seats/seat-secret.ts'
import type { Log } from '../log.ts'
import { forward } from './forward.ts'
import { type Gate, freshVisit, isHolder, isOwnOrigin, outsideOf } from './gate.ts'
import { Keys } from './keys.ts'
import { OpenWork } from './open-work.ts'
import { mayAct } from './origin.ts'
import { type Desk, OWN_PREFIX, answerOwn } from './own-paths.ts'
import { show } from './pages.ts'
import { RouteTable } from './route-table.ts'
import { refuse, tunnel, wantsUpgrade } from './tunnel.ts'
import { Upstreams, isRunning } from './upstream.ts'
import { UsedTickets } from './used-tickets.ts'

export type GatewayConfig = Pick<
  Config,
  | 'home'
  | 'databaseUrl'
  | 'installation'
  | 'publicUrl'
  | 'seatUrl'
  | 'gatewayListen'
  | 'keyFile'
  | 'tls'
  | 'trustProxy'
>

export type Gateway = {
  port: number
  gate: Gate
  /** Reads key ring and certificate again. */
  reload(): void
  /** Takes no more connections, lets what is open go on for at most `ms`, then ends. */
  drain(ms: number): Promise<void>
}

/** One bound for all that is said before a seat is reached, and for what may stay silent how long. */
const BOUNDS: ServerOptions = {
  maxHeaderSize: 32 * 1024,
  headersTimeout: 15_000,
  // An upload takes as long as it takes; one that stands still is QUIET_MS's matter.
  requestTimeout: 0,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
}
/** A request or answer without a byte in either direction. Tunnels have no such limit. */
const QUIET_MS = 3_600_000

/** Serves when it returns, with the routes saved on disk if PostgreSQL is away. */
export async function startGateway(options: {
  config: GatewayConfig
  log: Log
  now?: () => Date
}): Promise<Gateway> {
  const { config, log } = options
  const now = options.now ?? (() => new Date())
  mkdirSync(config.home, { recursive: true })
  const gate = await openGate(config, log, now)
  let ended: Promise<void> | undefined
  const used = new UsedTickets(join(config.home, 'gateway-tickets'), now())
  const server = makeServer(config, { gate, used, isDraining: () => ended !== undefined })
  await listen(server, config.gatewayListen)
  const { port } = server.address() as AddressInfo
  log.info({ port, routes: gate.routes.size }, 'gateway serves')
  return {
    port,
    gate,
    reload() {
      gate.keys.read()
      if (config.tls) (server as TlsServer).setSecureContext(certificate(config.tls))
    },
    drain(ms) {
      ended ??= endServer(server, gate, ms)
      return ended
    },
  }
}

async function openGate(config: GatewayConfig, log: Log, now: () => Date): Promise<Gate> {
  const keys = new Keys(config.keyFile, now())
  const { databaseUrl, installation, home } = config
  const file = join(home, 'gateway-routes.json')
  const routes = new RouteTable({ databaseUrl, installation, file, log })
  const gate: Gate = {
    routes,
    keys,
    log,
    now,
    upstreams: new Upstreams(({ seatId: id, generation, keyId }) =>
      identityKey(keys.ring, { id, generation, credential_key_id: keyId }),
    ),
    work: new OpenWork(),
    seatDomain: new URL(config.seatUrl).hostname,
    publicUrl: config.publicUrl,
    trustProxy: config.trustProxy,
    tls: config.tls !== undefined,
  }
  routes.watch((seatId, before) => settle(gate, seatId, before))
  await routes.open()
  return gate
}

/** A seat's routes changed: what they no longer allow ends now, not at the next request. */
function settle(gate: Gate, seatId: string, before: string[]): void {
  for (const label of before) {
    const route = gate.routes.find(label)
    if (!route || !isRunning(route)) gate.upstreams.forget(label)
  }
  const cut = gate.work.recheck(seatId, ({ pass, taskId }) => {
    const route = gate.routes.find(pass.hostLabel)
    // A task that is only gone closes its own connections, if it is: a terminal is not cut on hearsay.
    const isReplaced = taskId !== undefined && route?.taskId != null && route.taskId !== taskId
    return route !== undefined && isHolder(route, pass) && !isReplaced
  })
  if (cut > 0) gate.log.info({ seat: seatId, cut }, 'connections ended: the seat has changed')
}

function makeServer(config: GatewayConfig, desk: Desk): Server | TlsServer {
  const bounds = { ...BOUNDS, shouldUpgradeCallback: wantsUpgrade }
  const server = config.tls
    ? createTlsServer({ ...bounds, ...certificate(config.tls) })
    : createServer(bounds)
  server.timeout = QUIET_MS
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    void handle(desk, request, response).catch((error: unknown) => {
      desk.gate.log.error({ err: error }, 'request failed')
      if (response.headersSent || response.destroyed) response.destroy()
      else show({ request, response }, 'broken', desk.gate)
    })
  server.on('request', serve)
  server.on('checkContinue', serve)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    void handleUpgrade(desk.gate, request, socket, head).catch((error: unknown) => {
      desk.gate.log.error({ err: error }, 'upgrade failed')
      socket.destroy()
    })
  })
  return server
}

const certificate = (tls: { certFile: string; keyFile: string }) => ({
  cert: readFileSync(tls.certFile),
  key: readFileSync(tls.keyFile),
})

async function handle(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { gate } = desk
  const exchange = { request, response }
  if (desk.isDraining()) response.shouldKeepAlive = false
  const outside = outsideOf(gate, request)
  if (!outside || !isWellFormed(request)) return show(exchange, 'malformed', gate)
  if (request.url!.startsWith(OWN_PREFIX)) return answerOwn(desk, exchange, outside)
  const visit = await freshVisit(gate, request, outside)
  if (visit.kind === 'away')
    return show(exchange, 'away', {
      publicUrl: gate.publicUrl,
      workspaceId: visit.route.workspaceId,
    })
  if (visit.kind !== 'in') return show(exchange, visit.kind, gate)
  if (!mayAct(request, isOwnOrigin(gate, visit, outside))) return show(exchange, 'foreign', gate)
  forward(gate, { request, response, visit, outside })
}

/** node's parser has refused what is ambiguous (RFC 9112 §6.3); this is what it lets through and we do not. */
function isWellFormed({ url, headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding']
  return url!.startsWith('/') && (coding === undefined || coding.toLowerCase() === 'chunked')
}

async function handleUpgrade(
  gate: Gate,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const outside = outsideOf(gate, request)
  const upgrade = { request, socket }
  if (!outside || !isWellFormed(request)) return refuse(upgrade, 'malformed')
  if (request.url!.startsWith(OWN_PREFIX)) return refuse(upgrade, 'nowhere')
  const visit = await freshVisit(gate, request, outside)
  if (visit.kind !== 'in') return refuse(upgrade, visit.kind)
  await tunnel(gate, { request, socket, head, outside }, visit)
}

function listen(server: Server, { host, port }: GatewayConfig['gatewayListen']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port, backlog: 1_024 }, () => {
    server.off('error', reject)
    resolve()
  })
  return promise
}

async function endServer(server: Server, gate: Gate, ms: number): Promise<void> {
  server.close()
  server.closeIdleConnections()
  await Promise.race([gate.work.idle(), sleep(ms)])
  gate.work.cutAll()
  server.closeAllConnections()
  gate.upstreams.close()
  await gate.routes.close()
}
