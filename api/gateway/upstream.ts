/**
 * One port of one running task, and the proven connections to it. Knows nothing of HTTP beyond handing
 * connections to node's agent, so a bridge for SSH or VNC dials here too.
 */
import { Agent, type ClientRequestArgs } from 'node:http'
import { type Socket, connect, isIPv4 } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Route } from '../data/seats/route.ts'
import { Prover } from './identity.ts'

const CONNECT_MS = 3_000
/** Shorter than the idle limit of common servers (Node and Apache 5 s): they close a little after us. */
const IDLE_MS = 4_000
const IDLE_CONNECTIONS = 32
const KEEPALIVE_PROBE_MS = 30_000

/** The seat was not reached, so nothing of the student's has been sent. */
export class NotReached extends Error {}

export type Running = Route & {
  taskId: string
  nodeAddress: string
  identityPort: number
  publishedPort: number
}

export function isRunning(route: Route): route is Running {
  return (
    route.taskId !== null &&
    route.identityPort !== null &&
    route.publishedPort !== null &&
    route.nodeAddress !== null &&
    isIPv4(route.nodeAddress)
  )
}

export class Upstream {
  readonly route: Running
  /** Keeps connections between requests, each proven when it was made. */
  readonly agent: ProvenAgent
  #prover: Prover

  constructor(route: Running, key: Buffer) {
    this.route = route
    const { taskId, nodeAddress: address, identityPort: port } = route
    this.#prover = new Prover({ taskId, address, port, key })
    this.agent = new ProvenAgent(() => this.dial())
  }

  /** A new connection, open and proven to end at this task. Throws NotReached. */
  async dial(): Promise<Socket> {
    const socket = await open(this.route.nodeAddress, this.route.publishedPort)
    if (!(await this.#prover.lives())) {
      socket.destroy()
      throw new NotReached('the seat did not prove who it is')
    }
    if (socket.destroyed || socket.errored) throw new NotReached('the connection closed at once')
    return socket
  }

  /** No connection of this task is used for another request. Those in use go on to their end. */
  close(): void {
    for (const idle of Object.values(this.agent.freeSockets))
      for (const socket of idle ?? []) socket.destroy()
    this.#prover.close()
  }
}

/** node's agent, but a connection is only handed out once it is proven. */
class ProvenAgent extends Agent {
  #dial: () => Promise<Socket>

  constructor(dial: () => Promise<Socket>) {
    super({
      keepAlive: true,
      maxFreeSockets: IDLE_CONNECTIONS,
      scheduling: 'lifo',
      timeout: IDLE_MS,
    })
    this.#dial = dial
  }

  override createConnection(
    _options: ClientRequestArgs,
    hand: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#dial().then(
      (socket) => hand(null, socket),
      (error: Error) => hand(error, undefined as never),
    )
  }
}

function open(host: string, port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect({
    host,
    port,
    family: 4,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_PROBE_MS,
  })
  const failed = (why: string, cause?: Error) => {
    socket.destroy()
    reject(new NotReached(why, { cause }))
  }
  socket.setTimeout(CONNECT_MS, () => failed(`no answer in ${CONNECT_MS} ms`))
  // Stays for the life of the socket: an error between two users must not end the process.
  socket.on('error', (error) => failed(error.message, error))
  socket.once('connect', () => {
    socket.setTimeout(0)
    socket.removeAllListeners('timeout')
    resolve(socket)
  })
  return promise
}

/** The upstreams in use, one for each host name; a new task, port or generation makes a new one. */
export class Upstreams {
  #byLabel = new Map<string, Upstream>()
  #keyOf: (route: Route) => Buffer

  constructor(keyOf: (route: Route) => Buffer) {
    this.#keyOf = keyOf
  }

  of(route: Running): Upstream {
    const known = this.#byLabel.get(route.hostLabel)
    if (known?.route === route) return known
    if (known && leadsTheSameWay(known.route, route)) return known
    known?.close()
    const fresh = new Upstream(route, this.#keyOf(route))
    this.#byLabel.set(route.hostLabel, fresh)
    return fresh
  }

  /** Lets go of a host name that has no running task behind it any more. */
  forget(hostLabel: string): void {
    this.#byLabel.get(hostLabel)?.close()
    this.#byLabel.delete(hostLabel)
  }

  close(): void {
    for (const label of [...this.#byLabel.keys()]) this.forget(label)
  }
}

const leadsTheSameWay = (a: Running, b: Running): boolean =>
  a.taskId === b.taskId &&
  a.generation === b.generation &&
  a.nodeAddress === b.nodeAddress &&
  a.publishedPort === b.publishedPort &&
  a.identityPort === b.identityPort
