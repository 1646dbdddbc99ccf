/** The storage agent's interface: JSON over HTTP on a Unix socket that only its owner may open. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { chmod, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { VERSION } from '../../api/config.ts'
import type { RunLog } from '../terraform/context.ts'
import { type Answer, nothingHere, notFor, readBody, send } from './answer.ts'
import { type Backend, isVolumeName } from './backend.ts'
import { onFiles } from './files-server.ts'
import { type Hourly, hourlyTidying } from './hourly.ts'
import { type Imports, importsOf } from './import.ts'
import { onSlots, slotsOf } from './slot-server.ts'
import { type Recreations, recreationsIn } from './recreate.ts'
import { type Restores, restoresOf } from './snapshot-server.ts'
import type { Slots } from './slots.ts'
import { isSubmissionId, submissionsIn } from './submissions.ts'
import {
  onArchive,
  onSubmission,
  onSubmissions,
  type SubmissionParts,
} from './submission-server.ts'
import { type Uploads, uploadsOf } from './uploads.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

const wish = z.strictObject({ limitMb: z.int().min(1).max(1e9), isNew: z.boolean() })

export type Served = {
  /** Brings the slots of this machine to what the agent is told that the worker speaks to; where volumes are every machine's. */
  followSlots?: (() => Promise<void>) | undefined
  close(): Promise<void>
}

/** Listens on `socket`; throws when another agent does. */
export async function serveAgent(
  own: Backend,
  options: {
    socket: string
    root: string
    log: RunLog
    leastFreeMb?: number | undefined
    now?: () => number
  },
): Promise<Served> {
  if (await answers(options.socket))
    throw new Error(`Another storage agent listens on ${options.socket}: stop it first.`)
  await rm(options.socket, { force: true })
  const recreations = recreationsIn(options.root, own)
  const { backend } = recreations
  const { slots, followSlots } = slotsOf(backend, options.root)
  await slots.start()
  const { log, now = Date.now } = options
  const imports = importsOf()
  const parts = {
    ...{ backend, slots, recreations, imports, restores: restoresOf(log) },
    ...{ hourly: hourlyTidying({ imports, log, now }), uploads: uploadsOf(now) },
    submissions: submissionsIn(join(options.root, 'submissions'), options.leastFreeMb),
  }
  const server = createServer((request, response) => {
    respond(parts, request, response).catch((error: unknown) => {
      options.log.error({ err: error }, 'a request could not be answered')
      if (!response.headersSent) send(response, { status: 500, body: { error: whyOf(error) } })
      else response.destroy()
    })
  })
  await listen(server, options.socket)
  await chmod(options.socket, 0o600)
  return {
    followSlots,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket)
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, () => resolve())
  })
}

type Parts = SubmissionParts & {
  slots: Slots
  imports: Imports
  hourly: Hourly
  recreations: Recreations
  restores: Restores
  uploads: Uploads
}

async function respond(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { backend, slots } = parts
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agent')
  const [, what, name = '', part = '', id = '', ...rest] = pathname.split('/')
  if (what === 'submissions' && part === '' && (name === '' || name === 'room'))
    return send(response, await onSubmissions(parts, name, request.method))
  if (what === 'submissions' && isSubmissionId(name) && part === 'archive' && id === '')
    return send(response, await onArchive(parts, name, request, searchParams))
  if (what === 'submissions' && part === '' && isSubmissionId(name))
    return onSubmission(parts, { id: name, request, response, searchParams })
  if (what === 'storage' && name === '') return send(response, await look(backend))
  if (what === 'slots' && part === '') {
    const body = request.method === 'PUT' ? await readBody(request) : undefined
    return send(response, await onSlots(slots, { method: request.method, name, body }))
  }
  if (what !== 'volumes' || rest.length > 0 || (name !== '' && !isVolumeName(name)))
    return send(response, nothingHere)
  if (part === 'recreation' && request.method === 'PUT')
    return send(response, await parts.recreations.answer(name, await readBody(request)))
  if (part !== '') return onFiles(parts, { request, response, name, part, id, searchParams })
  if (request.method === 'GET' && name === '') return send(response, await list(parts))
  if (request.method === 'PUT' && name !== '')
    return send(response, await ensure(backend, name, await readBody(request)))
  if (request.method === 'DELETE' && name !== '')
    return send(response, await purge(parts, name, searchParams))
  send(response, notFor(request.method))
}

/** Only by an order of the record: nobody else can ask. */
async function purge(
  { backend, slots }: Parts,
  name: string,
  asked: URLSearchParams,
): Promise<Answer> {
  if (await slots.isShown(name)) return { status: 409, body: { code: 'in-use' } }
  const wasMade = asked.get('made') === 'yes'
  // Whatever was seen of it before: this is not where it was.
  if (wasMade && (await backend.isUnused?.())) return { status: 409, body: { code: 'not-there' } }
  const done = await backend.purge(name, { hasToBe: wasMade && asked.get('found') !== 'yes' })
  if (!done.ok) return { status: 409, body: { code: done.code } }
  return { status: 200, body: { before: done.before, after: done.after } }
}

async function look(backend: Backend): Promise<Answer> {
  const trouble = (await backend.trouble()) ?? null
  return {
    status: 200,
    body: { backend: backend.kind, trouble, ...(await unused(backend)), version: VERSION },
  }
}

/** Said where it is so only. */
const unused = async (backend: Backend) => ((await backend.isUnused?.()) ? { isUnused: true } : {})

/** Asked by the worker alone, and so of the one agent that brings back. */
async function list({ backend, restores, hourly }: Parts): Promise<Answer> {
  const [volumes, freeBytes] = await Promise.all([backend.list(), backend.freeBytes()])
  const names = volumes.map(({ name }) => name)
  restores.tidyOnce(names, (name) => backend.place(name))
  hourly.look(names, (name) => backend.place(name))
  return {
    status: 200,
    body: { backend: backend.kind, volumes, freeBytes, ...(await unused(backend)) },
  }
}

async function ensure(backend: Backend, name: string, body: unknown): Promise<Answer> {
  const asked = wish.safeParse(body)
  if (!asked.success) return { status: 400, body: { error: z.prettifyError(asked.error) } }
  const done = await backend.ensure({ name, ...asked.data })
  if (done.ok) return { status: 200, body: { volume: done.volume } }
  return { status: 409, body: { code: done.code, volume: done.volume } }
}
