import { request } from 'node:http'

/** Where a Docker engine listens: `unix:///run/docker.sock` or `tcp://host:port`. */
export type DockerHost = string

export type EngineAnswer = { status: number; body: unknown }

/** A call that reached the engine and was refused. `status` is its HTTP status. */
export class EngineRefusal extends Error {
  readonly status: number
  constructor(doing: string, status: number, message: string) {
    super(`${doing}: the Docker engine answered ${status}: ${message}`)
    this.name = 'EngineRefusal'
    this.status = status
  }
}

/**
 * One call of the Docker Engine API (1.41, the oldest we support). Answers any status: callers
 * decide what a 404 or 409 means to them. Throws when the engine cannot be reached in time.
 */
export function callEngine(
  dockerHost: DockerHost,
  method: 'GET' | 'POST' | 'DELETE' | 'HEAD',
  path: string,
  body?: unknown,
  timeoutMs = 30_000,
): Promise<EngineAnswer> {
  const payload = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...engineAddress(dockerHost),
        method,
        path: `/v1.41${path}`,
        timeout: timeoutMs,
        headers: payload === undefined ? {} : { 'content-type': 'application/json' },
      },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: readBody(Buffer.concat(parts)) }),
        )
      },
    )
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    call.on('error', (cause) =>
      reject(
        new Error(`${method} ${path}: cannot talk to the Docker engine at ${dockerHost}`, {
          cause,
        }),
      ),
    )
    call.end(payload)
  })
}

/** As callEngine, but any answer outside 2xx is thrown as an EngineRefusal. */
export async function askEngine(
  dockerHost: DockerHost,
  method: 'GET' | 'POST' | 'DELETE' | 'HEAD',
  path: string,
  body?: unknown,
  timeoutMs?: number,
): Promise<unknown> {
  const answer = await callEngine(dockerHost, method, path, body, timeoutMs)
  if (answer.status >= 300) {
    throw new EngineRefusal(`${method} ${path}`, answer.status, messageOf(answer.body))
  }
  return answer.body
}

/** The engine's own words for what went wrong. */
export function messageOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message)
  return typeof body === 'string' ? body : JSON.stringify(body)
}

function engineAddress(
  dockerHost: DockerHost,
): { socketPath: string } | { host: string; port: number } {
  if (dockerHost.startsWith('unix://')) return { socketPath: dockerHost.slice('unix://'.length) }
  const url = new URL(dockerHost)
  if (url.protocol !== 'tcp:' && url.protocol !== 'http:') {
    throw new Error(`Docker host ${dockerHost}: only unix:// and tcp:// are understood here`)
  }
  return { host: url.hostname, port: Number(url.port || 2375) }
}

function readBody(bytes: Buffer): unknown {
  const text = bytes.toString('utf8')
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}
