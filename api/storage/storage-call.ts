/** One call of the storage agent over its socket: JSON both ways, or a stream one way. */
import { type IncomingHttpHeaders, request } from 'node:http'
import type { Readable } from 'node:stream'

/** A large folder takes a while to be kept, or to go. */
export const LONG_MS = 600_000
/** Making a large volume, listing hundreds under load; its storage may be away, and then it never answers. */
const LIMIT_MS = 120_000
/** Somebody looks at a page and waits. */
export const SOON_MS = 15_000
/** Whether there is any answer at all; it asks its storage itself, for at most eight seconds. */
export const LOOK_MS = 10_000

export type Sent = { body?: unknown; limitMs?: number }

export type UploadRequest = {
  method: string
  /** Absent for the one that begins. */
  id: string | undefined
  headers: Record<string, string>
  body: Readable
}
export type UploadAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

export const unexpected = (status: number, body: unknown): Error =>
  new Error(`The storage agent answered ${status}: ${JSON.stringify(body).slice(0, 300)}`)

/** It has taken the call, and says nothing. */
function tooLong(): Error {
  return Object.assign(new Error('The storage agent took too long.'), { code: 'ETIMEDOUT' })
}

export function ask(
  socketPath: string,
  asked: { method: string; path: string } & Sent,
): Promise<{ status: number; body: unknown }> {
  const { method, path, body, limitMs: timeout = LIMIT_MS } = asked
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, timeout, agent: false }, (answer) => {
      let read = ''
      answer.setEncoding('utf8').on('data', (part: string) => (read += part))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parsed(read) }))
    })
    call.on('timeout', () => call.destroy(tooLong()))
    call.on('error', reject)
    call.end(text)
  })
}

/** Undefined for what is no JSON, which no answer of the agent is: the schemas refuse it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function readStream(
  socketPath: string,
  path: string,
): Promise<{ stream: Readable; bytes: number | undefined } | undefined> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false, timeout: LIMIT_MS }, (stream) => {
      const length = stream.headers['content-length']
      if (stream.statusCode === 200)
        return resolve({ stream, bytes: length === undefined ? undefined : Number(length) })
      stream.resume()
      if (stream.statusCode === 404 || stream.statusCode === 409) return resolve(undefined)
      reject(unexpected(stream.statusCode ?? 0, path))
    })
    // Also in the middle: whoever reads it would wait for ever.
    call.on('timeout', () => call.destroy(tooLong()))
    call.on('error', reject)
    call.end()
  })
}

export function passOn(
  socketPath: string,
  volumeName: string,
  { method, id, headers, body }: UploadRequest,
): Promise<UploadAnswer> {
  const path = `/volumes/${volumeName}/uploads${id === undefined ? '' : `/${id}`}`
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, headers, agent: false, timeout: LIMIT_MS },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({
            ...{ status: answer.statusCode ?? 500, headers: answer.headers },
            body: Buffer.concat(parts),
          }),
        )
      },
    )
    call.on('timeout', () => call.destroy(tooLong()))
    call.on('error', reject)
    // A browser that went away must not leave the agent waiting for the rest.
    body.on('error', () => call.destroy())
    body.on('close', () => !body.readableEnded && call.destroy())
    body.pipe(call)
  })
}

export function sendStream(
  socketPath: string,
  path: string,
  from: Readable,
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: 'PUT', agent: false }, (answer) => {
      let read = ''
      answer.setEncoding('utf8').on('data', (part: string) => (read += part))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parsed(read) }))
    })
    call.on('error', reject)
    from.on('error', (error) => call.destroy(error))
    from.pipe(call)
  })
}
