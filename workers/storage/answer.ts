/** How the agent answers: JSON, or what is read as it is read. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readBytes } from '../read-body.ts'

const BODY_LIMIT = 64 * 1024

export type Answer = { status: number; body: unknown }

export const nothingHere: Answer = { status: 404, body: { error: 'There is nothing here.' } }
export const notFor = (method = ''): Answer => ({
  status: 405,
  body: { error: `${method} is not for this.` },
})

/** Who goes away before its end is no error of ours. */
export async function sent(stream: Readable, response: ServerResponse): Promise<void> {
  await pipeline(stream, response).catch(() => response.destroy())
}

/** JSON; undefined when it is none, or longer than is allowed. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request, BODY_LIMIT)
  if (!bytes) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

export function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
