/** The storage agent's interface: JSON over HTTP on a Unix socket that only its owner may open. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { chmod, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { z } from 'zod'
import type { RunLog } from '../terraform/context.ts'
import { type Backend, isVolumeName } from './backend.ts'

const wish = z.strictObject({ limitMb: z.int().min(1).max(1e9), isNew: z.boolean() })
const BODY_LIMIT = 64 * 1024

export type Served = { close(): Promise<void> }

type Answer = { status: number; body: unknown }

/** Listens on `socket`; throws when another agent does. */
export async function serveAgent(
  backend: Backend,
  options: { socket: string; log: RunLog },
): Promise<Served> {
  if (await answers(options.socket))
    throw new Error(`Another storage agent listens on ${options.socket}: stop it first.`)
  await rm(options.socket, { force: true })
  const server = createServer((request, response) => {
    respond(backend, request, response).catch((error: unknown) => {
      options.log.error({ err: error }, 'a request could not be answered')
      if (!response.headersSent) send(response, { status: 500, body: { error: said(error) } })
      else response.destroy()
    })
  })
  await listen(server, options.socket)
  await chmod(options.socket, 0o600)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error))

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

async function respond(
  backend: Backend,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://agent')
  const [, what, name = '', ...rest] = pathname.split('/')
  if (what !== 'volumes' || rest.length > 0 || (name !== '' && !isVolumeName(name)))
    return send(response, { status: 404, body: { error: 'There is nothing here.' } })
  if (request.method === 'GET' && name === '') return send(response, await list(backend))
  if (request.method === 'PUT' && name !== '')
    return send(response, await ensure(backend, name, await readBody(request)))
  send(response, { status: 405, body: { error: `${request.method} is not for ${pathname}.` } })
}

async function list(backend: Backend): Promise<Answer> {
  const [volumes, freeBytes] = await Promise.all([backend.list(), backend.freeBytes()])
  return { status: 200, body: { volumes, freeBytes } }
}

async function ensure(backend: Backend, name: string, body: unknown): Promise<Answer> {
  const asked = wish.safeParse(body)
  if (!asked.success) return { status: 400, body: { error: z.prettifyError(asked.error) } }
  const done = await backend.ensure({ name, ...asked.data })
  if (done.ok) return { status: 200, body: { volume: done.volume } }
  return { status: 409, body: { code: done.code, volume: done.volume } }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_LIMIT) return undefined
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
