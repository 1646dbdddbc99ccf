/** What the storage agent answers about what is handed in. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { type Answer, nothingHere, notFor, readBody, send, sent } from './answer.ts'
import { type Backend, isVolumeName } from './backend.ts'
import { NoSuchFile, pathOf } from './files.ts'
import { NoRoom } from './submission-room.ts'
import { type Submissions, TooLarge } from './submissions.ts'

export type SubmissionParts = { backend: Backend; submissions: Submissions }

export async function onSubmissions(
  { submissions }: SubmissionParts,
  name: '' | 'room',
  method: string | undefined,
): Promise<Answer> {
  if (method !== 'GET') return notFor(method)
  if (name === 'room') return { status: 200, body: await submissions.room() }
  return { status: 200, body: { ids: await submissions.list() } }
}

type Asked = {
  id: string
  request: IncomingMessage
  response: ServerResponse
  searchParams: URLSearchParams
}

export async function onSubmission(parts: SubmissionParts, asked: Asked): Promise<void> {
  const { backend, submissions } = parts
  const { id, request, response } = asked
  if (request.method === 'GET') {
    const found = await submissions.read(id)
    if (!found) return send(response, nothingHere)
    response.writeHead(200, { 'content-type': 'application/zip', 'content-length': found.bytes })
    return sent(found.stream, response)
  }
  if (request.method === 'DELETE') {
    // On another disk than its own there is nothing of it, which proves nothing.
    const isAway = await backend.isUnused?.()
    if (isAway) return send(response, { status: 409, body: { code: 'not-there' } })
    return send(response, { status: 200, body: await submissions.forget(id) })
  }
  if (request.method !== 'PUT') return send(response, notFor(request.method))
  send(response, await keep(parts, asked))
}

const count = z.coerce.number().int().min(0)
const keptBefore = z.object({
  ...{ bytes: count, files: count, leftOut: count },
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

/** Of a backup: only who has the record knows what it has to be. */
export async function onArchive(
  { submissions }: SubmissionParts,
  id: string,
  request: IncomingMessage,
  searchParams: URLSearchParams,
): Promise<Answer> {
  if (request.method !== 'PUT') return notFor(request.method)
  const kept = keptBefore.safeParse(Object.fromEntries(searchParams))
  if (!kept.success) return { status: 400, body: { error: 'bytes, files, leftOut, sha256' } }
  try {
    return { status: 200, body: { done: await submissions.takeBack(id, kept.data, request) } }
  } catch (error) {
    if (error instanceof NoRoom) return { status: 507, body: { error: error.message } }
    throw error
  } finally {
    // Who sends hears the answer only once all was taken.
    request.resume()
  }
}

const handedIn = z.strictObject({ volume: z.string().refine(isVolumeName), path: z.string() })
const most = z.coerce.number().int().min(0)

async function keep(
  { backend, submissions }: SubmissionParts,
  { id, request, searchParams }: Asked,
): Promise<Answer> {
  const asked = handedIn.safeParse(await readBody(request))
  if (!asked.success) return { status: 400, body: { error: 'volume, path' } }
  const known = await submissions.find(id)
  if (known) return { status: 200, body: known }
  const place = await backend.place(asked.data.volume)
  if (!place) return { status: 409, body: { error: 'The volume is not ready.' } }
  const limit = most.safeParse(searchParams.get('most') ?? undefined)
  const mostBytes = limit.success ? limit.data : Infinity
  try {
    const path = pathOf(asked.data.path)
    return { status: 200, body: await submissions.keep(id, { place, path, mostBytes }) }
  } catch (error) {
    if (error instanceof NoSuchFile) return { status: 404, body: { error: error.message } }
    if (error instanceof TooLarge) return { status: 413, body: { error: error.message } }
    if (error instanceof NoRoom) return { status: 507, body: { error: error.message } }
    throw error
  }
}
