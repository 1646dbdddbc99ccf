/**
 * The engine as Terraform's provider sees it: a socket of this worker, behind which what all seats ask alike is asked once.
 * For each service it makes, the provider (4.6) asks twice whether the engine is there and once how old it is, has the image
 * looked up in its registry, and to read one back it lists them all: a hundred seats cost a manager a hundred lookups of one
 * image and a hundred lists of a hundred. All else passes as it is.
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
/** An answer that is waited for by all who ask later. Whoever asks after it failed has it asked for anew. */
const ANSWER_MS = 60_000
/** An engine that has just answered is there, and as old as it was. */
const THERE_MS = 1_000

const LIST = /^(\/v[\d.]+)?\/services\??$/
/** What a digest names never changes. */
const LOOKUP = /^(\/v[\d.]+)?\/distribution\/.+@sha256:[0-9a-f]{64}\/json$/

const THERE = /^(\/v[\d.]+)?\/(_ping|version)$/
/** Of the connection it came by, or of how it came. */
const OF_THE_WAY = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date']

type Answer = { status: number; headers: IncomingHttpHeaders; bytes: Buffer }

type Way = {
  engine: Pick<Engine, 'host'>
  agent: Agent
  /** Until when one answer that many share is waited for. */
  limit: () => AbortSignal
}

/** Undefined where the folder's name is too long for a socket in it: then the engine is spoken to as it is. */
export async function openEngineFront(
  engine: Pick<Engine, 'host'>,
  folder: string,
  limit: Way['limit'] = () => AbortSignal.timeout(ANSWER_MS),
): Promise<EngineFront | undefined> {
  const socket = join(folder, `engine-${process.pid}.sock`)
  if (Buffer.byteLength(socket) > PATH_MOST) return undefined
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const left of socketsLeft(folder)) rmSync(join(folder, left), { force: true })
  const agent = new Agent({ keepAlive: true })
  const server = createServer(answering({ engine, agent, limit }))
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

function answering(way: Way) {
  const lists = new Map<string, () => Promise<Answer>>()
  const answers = new Map<string, Promise<Answer>>()
  const listed = (req: IncomingMessage, url: string): Promise<Answer> => {
    const list = lists.get(url) ?? shared(async () => shortened(await askWhole(way, req)))
    lists.set(url, list)
    return list()
  }
  const remembered = (req: IncomingMessage, url: string, forMs?: number): Promise<Answer> => {
    // Who may read the image is the registry's to say.
    const key = `${req.method} ${url} ${String(req.headers['x-registry-auth'])}`
    const known = answers.get(key)
    if (known) return known
    const asked = askWhole(way, req)
    const forget = (): void => void (answers.get(key) === asked && answers.delete(key))
    asked.then((answer) => answer.status === 200 || forget(), forget)
    if (forMs !== undefined) setTimeout(forget, forMs).unref()
    for (const old of [...answers.keys()].slice(0, answers.size - REMEMBERED)) answers.delete(old)
    answers.set(key, asked)
    return asked
  }
  const together = (req: IncomingMessage, url: string): Promise<Answer> | undefined => {
    if (THERE.test(url) && req.method !== 'POST') return remembered(req, url, THERE_MS)
    if (req.method !== 'GET') return undefined
    return LIST.test(url) ? listed(req, url) : LOOKUP.test(url) ? remembered(req, url) : undefined
  }
  return (req: IncomingMessage, res: ServerResponse): void => {
    const answer = together(req, req.url ?? '')
    if (!answer) return pass(way, req, res)
    void answer.then((whole) => send(res, whole)).catch(() => res.destroy())
  }
}

function send(res: ServerResponse, { status, headers, bytes }: Answer): ServerResponse {
  const own = Object.entries(headers).filter(([name]) => !OF_THE_WAY.includes(name))
  res.writeHead(status, { ...Object.fromEntries(own), 'content-length': bytes.length })
  return res.end(bytes)
}

/**
 * A list without what each service runs, the most of it by far: the provider looks in it for a name or an id, and reads the one
 * it finds by itself. Seen in its source at the version that we take; another one may read more of it.
 */
function shortened(answer: Answer): Answer {
  if (answer.status !== 200) return answer
  const services: unknown = JSON.parse(answer.bytes.toString())
  if (!Array.isArray(services)) return answer
  const short = services.map((service: { Spec?: object }) => ({
    ...service,
    Spec: { ...service.Spec, TaskTemplate: {} },
    ...{ PreviousSpec: undefined, Endpoint: {} },
  }))
  return { ...answer, bytes: Buffer.from(JSON.stringify(short)) }
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

function calling({ engine, agent }: Way, req: IncomingMessage, signal?: AbortSignal) {
  const { method, url: path, headers } = req
  const limited = signal && { signal }
  return request({ ...targetOf(engine.host()), agent, method, path, headers, ...limited })
}

async function askWhole(way: Way, req: IncomingMessage): Promise<Answer> {
  const call = calling(way, req, way.limit())
  call.end()
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
  const { statusCode: status = 502, headers } = answer
  return { status, headers, bytes: Buffer.concat(chunks) }
}

/** Whichever side ends early ends the other: the provider sees what it would see of the engine. */
function pass(way: Way, req: IncomingMessage, res: ServerResponse): void {
  const call = calling(way, req)
  call.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    pipeline(answer, res, () => {})
  })
  call.on('error', () => res.destroy())
  res.on('close', () => call.destroy())
  pipeline(req, call, () => {})
}
