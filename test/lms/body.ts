// Reads request bodies: forms and JSON, bounded, nothing kept on disk.
import type { IncomingMessage } from 'node:http'

const maxBytes = 1_000_000

/** A refusal with a status and a sentence for whoever asked. */
export class Refusal extends Error {
  readonly status: number
  /** OAuth's error code, where the protocol wants one. */
  readonly code: string

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.code = code
  }
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Refusal(413, 'too_large', 'The request is larger than 1 MB.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded'))
    throw new Refusal(400, 'invalid_request', 'Send application/x-www-form-urlencoded.')
  return new URLSearchParams(await readBody(request))
}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Refusal(400, 'invalid_request', 'The body is not JSON.', { cause })
  }
}
