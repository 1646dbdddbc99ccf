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
  close(): void
}

type CallOptions = {
  query?: Record<string, string | number | object>
  body?: unknown
  timeoutMs?: number
}

/** `dockerHost`: `unix:///path` or `tcp://host:port`, as in DOCKER_HOST. */
export function connectEngine(dockerHost: string): Engine {
  const url = new URL(dockerHost)
  const target =
    url.protocol === 'unix:'
      ? { socketPath: url.pathname }
      : { host: url.hostname, port: Number(url.port || 2375) }
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const ask: Engine['ask'] = (method, path, options = {}) =>
    send({ ...target, agent }, method, path, options)
  return {
    ask,
    async call(method, path, options) {
      const { status, body } = await ask(method, path, options)
      if (status >= 400) throw new EngineError(status, `${method} ${path}: ${engineMessage(body)}`)
      return body
    },
    close: () => agent.destroy(),
  }
}

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
