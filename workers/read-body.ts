/** What is sent with a request. */
import type { IncomingMessage } from 'node:http'

/** Whole, in bytes; undefined when it is longer than `limit` bytes, and then no more of it is read. */
export async function readBytes(
  request: IncomingMessage,
  limit: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
