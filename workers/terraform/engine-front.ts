/**
 * The engine as Terraform's provider sees it: a socket of this worker, behind which what all seats ask alike is asked once.
 * For each service it makes, the provider (4.6) has the image looked up in its registry, and to read one back it lists them
 * all: a hundred seats cost a manager a hundred lookups of one image and a hundred lists of a hundred. All else passes as it is.
 */
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  createServer,
  request,
} from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { type Engine, targetOf } from '../swarm/engine.ts'

export type EngineFront = { dockerHost: string; close(): Promise<void> }

/** What the kernel takes for a socket's path, less than one byte (unix(7)). */
const PATH_MOST = 107
/** Whoever asks within it shares the next list: all services of a class are read back within seconds, and nobody waits for one. */
const LIST_REST_MS = 250
const REMEMBERED = 200

const LIST = /^(\/v[\d.]+)?\/services\??$/
/** What a digest names never changes. */
const LOOKUP = /^(\/v[\d.]+)?\/distribution\/.+@sha256:[0-9a-f]{64}\/json$/

type Answer = { status: number; headers: IncomingHttpHeaders; bytes: Buffer }

/** Undefined where the folder's name is too long for a socket in it: then the engine is spoken to as it is. */
export async function openEngineFront(
  engine: Pick<Engine, 'host'>,
  folder: string,
): Promise<EngineFront | undefined> {
  const socket = join(folder, `engine-${process.pid}.sock`)
  if (Buffer.byteLength(socket) > PATH_MOST) return undefined
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const left of socketsLeft(folder)) rmSync(join(folder, left), { force: true })
  const agent = new Agent({ keepAlive: true })
  const server = createServer(answering(engine, agent))
  server.listen(socket)
  await once(server, 'listening')
  chmodSync(socket, 0o600)
  return {
    dockerHost: `unix://${socket}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

/** Of workers that were killed, and of one that had our number. */
const socketsLeft = (folder: string): string[] =>
  readdirSync(folder).filter((name) => {
    const pid = Number(/^engine-(\d+)\.sock$/.exec(name)?.[1])
    return pid > 0 && (pid === process.pid || !isAlive(pid))
  })

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function answering(engine: Pick<Engine, 'host'>, agent: Agent) {
  const lists = new Map<string, () => Promise<Answer>>()
  const lookups = new Map<string, Promise<Answer>>()
  const listed = (req: IncomingMessage, url: string): Promise<Answer> => {
    const list = lists.get(url) ?? shared(() => askWhole(engine, agent, req))
    lists.set(url, list)
    return list()
  }
  const lookedUp = (req: IncomingMessage, url: string): Promise<Answer> => {
    // Who may read the image is the registry's to say.
    const key = `${url} ${String(req.headers['x-registry-auth'])}`
    const known = lookups.get(key)
    if (known) return known
    const asked = askWhole(engine, agent, req)
    const forget = (): void => void lookups.delete(key)
    asked.then((answer) => answer.status === 200 || forget(), forget)
    for (const old of [...lookups.keys()].slice(0, lookups.size - REMEMBERED)) lookups.delete(old)
    lookups.set(key, asked)
    return asked
  }
  return (req: IncomingMessage, res: ServerResponse): void => {
    const { method, url = '' } = req
    const together = LIST.test(url) ? listed : LOOKUP.test(url) ? lookedUp : undefined
    if (method !== 'GET' || !together) return pass(engine, agent, req, res)
    void together(req, url)
      .then((answer) => send(res, answer))
      .catch(() => res.destroy())
  }
}

function send(res: ServerResponse, { status, headers, bytes }: Answer): ServerResponse {
  const type = headers['content-type'] ?? 'application/json'
  res.writeHead(status, { 'content-type': type, 'content-length': bytes.length })
  return res.end(bytes)
}

/** One at a time; who asks meanwhile has an answer that was asked for after them. */
function shared(ask: () => Promise<Answer>): () => Promise<Answer> {
  let current: Promise<unknown> = Promise.resolve()
  let next: Promise<Answer> | undefined
  return () => {
    next ??= current.then(() => {
      next = undefined
      const answer = ask()
      const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LIST_REST_MS))
      current = answer.then(rest, rest)
      return answer
    })
    return next
  }
}

function calling(engine: Pick<Engine, 'host'>, agent: Agent, req: IncomingMessage) {
  const { method, url: path, headers } = req
  return request({ ...targetOf(engine.host()), agent, method, path, headers })
}

async function askWhole(
  engine: Pick<Engine, 'host'>,
  agent: Agent,
  req: IncomingMessage,
): Promise<Answer> {
  const call = calling(engine, agent, req)
  call.end()
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
  const { statusCode: status = 502, headers } = answer
  return { status, headers, bytes: Buffer.concat(chunks) }
}

/** Whichever side ends early ends the other: the provider sees what it would see of the engine. */
function pass(
  engine: Pick<Engine, 'host'>,
  agent: Agent,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  const call = calling(engine, agent, req)
  call.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    pipeline(answer, res, () => {})
  })
  call.on('error', () => res.destroy())
  res.on('close', () => call.destroy())
  pipeline(req, call, () => {})
}
