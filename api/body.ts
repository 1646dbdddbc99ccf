/** Reads what was sent: a form or JSON, up to a size. */
import type { IncomingMessage } from 'node:http'
import { Problem, badRequest } from './errors.ts'

const MB = 1024 * 1024
const LIMIT_MB = 2
/** So much of what is too large is read and dropped: browsers read no answer before they have sent all of it. */
const DROPPED_MB = 64

export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim()
  const text = await readText(request)
  if (type === 'application/json') return parseJson(text)
  if (type === 'application/x-www-form-urlencoded' || text === '')
    return Object.fromEntries(new URLSearchParams(text))
  throw badRequest()
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= LIMIT_MB * MB) chunks.push(chunk)
    else chunks.length = 0
    if (size > DROPPED_MB * MB) break
  }
  if (size > LIMIT_MB * MB)
    throw new Problem(413, 'problem.too-large', { params: { megabytes: LIMIT_MB } })
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Falls through: what is not an object is as unreadable as what is not JSON.
  }
  throw badRequest()
}
