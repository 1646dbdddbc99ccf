/**
 * The Docker Engine API over its socket or TCP: the few calls we need, answers validated by who asks.
 * Unversioned paths: each engine answers in its own newest version, and ours use what 1.41 already had.
 */
import { Agent, request } from 'node:http'

export class EngineError extends Error {
  readonly status: number
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

export type Method = 'GET' | 'POST' | 'DELETE'

export type Engine = {
  /** The parsed JSON answer; throws EngineError with the engine's own message and status. */
  call(method: Method, path: string, options?: CallOptions): Promise<unknown>
  /** Any answer with its status; throws only when the engine cannot be reached. */
  ask(
    method: Method,
    path: string,
    options?: CallOptions,
  ): Promise<{ status: number; body: unknown }>
  /** Whom it speaks with now, as in DOCKER_HOST. */
  host(): string
  close(): void
}

type Answer = { status: number; body: unknown }

type CallOptions = {
  query?: Record<string, string | number | object>
  body?: unknown
  timeoutMs?: number
}

/**
 * `dockerHost`: `unix:///path` or `tcp://host:port`, as in DOCKER_HOST. With `others`, managers of the same Swarm: when one
 * does not answer, or is none any more, the next is asked from then on. What may have arrived somewhere is asked nowhere
 * else, except where asking twice does nothing.
 */
export function connectEngine(dockerHost: string, ...others: string[]): Engine {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const hosts = [dockerHost, ...others]
  const targets = hosts.map((host) => ({ ...targetOf(host), agent }))
  let current = 0
  const leave = (at: number): void => void (current === at && (current = (at + 1) % hosts.length))
  /** Undefined where the next may be asked. */
  const askAt = async (...[at, method, path, options]: AskedAt): Promise<Answer | undefined> => {
    try {
      const answer = await send(targets[at]!, method, path, options)
      if (!isNoManager(answer)) return answer
      leave(at)
    } catch (error) {
      leave(at)
      if (method !== 'GET' && !neverArrived(error)) throw error
    }
    return undefined
  }
  const ask: Engine['ask'] = async (method, path, options = {}) => {
    for (let tried = 1; tried < targets.length; tried++) {
      const answer = await askAt(current, method, path, options)
      if (answer) return answer
    }
    return send(targets[current]!, method, path, options)
  }
  return {
    ask,
    host: () => hosts[current]!,
    async call(method, path, options) {
      const { status, body } = await ask(method, path, options)
      if (status >= 400) throw new EngineError(status, `${method} ${path}: ${engineMessage(body)}`)
      return body
    },
    close: () => agent.destroy(),
  }
}

type AskedAt = [at: number, method: Method, path: string, options: CallOptions]

export function targetOf(dockerHost: string): Pick<Target, 'socketPath' | 'host' | 'port'> {
  const url = new URL(dockerHost)
  return url.protocol === 'unix:'
    ? { socketPath: url.pathname }
    : { host: url.hostname, port: Number(url.port || 2375) }
}

/** Of the way to an engine elsewhere (engine-way.ts): it leads to nobody now. */
const NOT_REACHED = /^No Docker engine answers at/

/** Nothing was done: there was nobody to do it. */
function neverArrived(error: unknown): boolean {
  if (error instanceof EngineError) return error.status === 0
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EHOSTUNREACH' || code === 'ENETUNREACH'
}

/** An engine that is no manager, or one of managers without a majority, refuses and does nothing. */
function isNoManager({ status, body }: Answer): boolean {
  const said = engineMessage(body)
  if (status === 502) return NOT_REACHED.test(said)
  return status >= 500 && /not a swarm manager|does not have a leader/i.test(said)
}

export const hasNoLeader = (error: unknown): boolean =>
  error instanceof EngineError && /does not have a leader/i.test(error.message)

type Target = { socketPath?: string; host?: string; port?: number; agent: Agent }

function send(
  target: Target,
  method: Method,
  path: string,
  options: CallOptions,
): Promise<{ status: number; body: unknown }> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body)
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...target,
        method,
        path: withQuery(path, options.query),
        timeout: options.timeoutMs ?? 30_000,
        headers: {
          host: 'docker',
          ...(body && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }),
        )
      },
    )
    call.on('timeout', () =>
      call.destroy(new Error(`The Docker engine did not answer ${method} ${path} in time.`)),
    )
    call.on('error', (cause: NodeJS.ErrnoException) => reject(unreachable(target, cause)))
    call.end(body)
  })
}

function unreachable(target: Target, cause: NodeJS.ErrnoException): Error {
  if (cause.code !== 'ENOENT' && cause.code !== 'ECONNREFUSED') return cause
  const where = target.socketPath ?? `${target.host}:${target.port}`
  return new EngineError(0, `No Docker engine answers at ${where}.`, { cause })
}

function withQuery(path: string, query: CallOptions['query'] = {}): string {
  const parts = Object.entries(query).map(
    ([key, value]) =>
      `${key}=${encodeURIComponent(typeof value === 'object' ? JSON.stringify(value) : value)}`,
  )
  return parts.length ? `${path}?${parts.join('&')}` : path
}

function engineMessage(body: unknown): string {
  const message =
    typeof body === 'object' && body !== null && 'message' in body ? body.message : body
  return String(message).trim()
}

function parsed(bytes: Buffer): unknown {
  const text = bytes.toString()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
