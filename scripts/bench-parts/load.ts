/**
 * A load generator in a process of its own, with as little work per answer as can be: the same for every
 * server it is pointed at.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'

type Target = { port: number; path: string; headers: Record<string, string> }
export type LoadJob =
  | { kind: 'requests'; target: Target; connections: number; seconds: number; bodyBytes: number }
  | { kind: 'websockets'; target: Target; sockets: number; rounds: number }

export type RequestsResult = {
  answered: number
  perSecond: number
  errors: number
  p50Ms: number
  p99Ms: number
}
export type WebsocketsResult = {
  /** Open at the same moment, each having echoed in every round. */
  sockets: number
  openSeconds: number
  echoP95Ms: number
}

const LIMIT_MS = 120_000

/** Runs the job in its own process. Throws when it breaks down, which is not the same as a slow server. */
export async function runLoad(job: LoadJob & { kind: 'requests' }): Promise<RequestsResult>
export async function runLoad(job: LoadJob & { kind: 'websockets' }): Promise<WebsocketsResult>
export async function runLoad(job: LoadJob): Promise<RequestsResult | WebsocketsResult> {
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: AbortSignal.timeout(LIMIT_MS),
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error(`The load generator ended with ${code}.`)
  return JSON.parse(output) as RequestsResult | WebsocketsResult
}

async function requests(job: LoadJob & { kind: 'requests' }): Promise<RequestsResult> {
  const client = { job, latenciesMs: [] as number[], errors: 0, until: 0 }
  client.until = performance.now() + job.seconds * 1000
  const started = performance.now()
  await Promise.all(Array.from({ length: job.connections }, () => oneConnection(client)))
  const elapsed = (performance.now() - started) / 1000
  const sorted = client.latenciesMs.toSorted((a, b) => a - b)
  return {
    answered: sorted.length,
    perSecond: sorted.length / elapsed,
    errors: client.errors,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  }
}

type Client = {
  job: LoadJob & { kind: 'requests' }
  latenciesMs: number[]
  errors: number
  until: number
}

/** Asks again as soon as it is answered, on one kept connection, until the time is over. */
async function oneConnection(client: Client): Promise<void> {
  const { target, bodyBytes } = client.job
  const question = Buffer.from(headOf(target))
  while (performance.now() < client.until) {
    const socket = connect({ host: '127.0.0.1', port: target.port, noDelay: true })
    const why = await new Promise<string>((resolve) => {
      let [left, sentAt] = [0, 0]
      const ask = () => {
        if (performance.now() >= client.until) return resolve('')
        left = 0
        sentAt = performance.now()
        socket.write(question)
      }
      socket.on('data', (part: Buffer) => {
        // The head comes first and whole: ours are far smaller than a packet on loopback.
        if (left === 0) left = bodyBytes + headBytes(part)
        if (left < 0) return resolve('an answer that was not 200')
        left -= part.length
        if (left > 0) return
        client.latenciesMs.push(performance.now() - sentAt)
        ask()
      })
      socket.on('connect', ask)
      socket.on('error', (error) => resolve(error.message))
      socket.on('close', () => resolve('closed'))
    })
    socket.destroy()
    if (why) client.errors++
  }
}

function headBytes(part: Buffer): number {
  const end = part.indexOf('\r\n\r\n')
  const isFine = part.subarray(0, 13).toString() === 'HTTP/1.1 200 '
  return end > 0 && isFine ? end + 4 : -Infinity
}

function headOf({ path, headers }: Target): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

async function websockets(job: LoadJob & { kind: 'websockets' }): Promise<WebsocketsResult> {
  const started = performance.now()
  const open: WebSocket[] = []
  while (open.length < job.sockets) {
    const some = Math.min(50, job.sockets - open.length)
    open.push(...(await Promise.all(Array.from({ length: some }, () => oneWebsocket(job.target)))))
  }
  const openSeconds = (performance.now() - started) / 1000
  const echoesMs: number[] = []
  for (let round = 0; round < job.rounds; round++) {
    await Promise.all(open.map(async (socket, i) => echoesMs.push(await echo(socket, round, i))))
    await sleep(200)
  }
  const alive = open.filter((socket) => socket.readyState === WebSocket.OPEN).length
  for (const socket of open) socket.terminate()
  return {
    sockets: alive,
    openSeconds,
    echoP95Ms: quantile(
      echoesMs.toSorted((a, b) => a - b),
      0.95,
    ),
  }
}

async function oneWebsocket({ port, path, headers }: Target): Promise<WebSocket> {
  const options = { headers, perMessageDeflate: false, handshakeTimeout: 30_000 }
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
  await once(socket, 'open')
  return socket
}

/** Milliseconds until what was sent came back; throws when something else did. */
async function echo(socket: WebSocket, round: number, i: number): Promise<number> {
  const said = `round ${round} socket ${i}`
  const sentAt = performance.now()
  socket.send(said)
  const [heard] = (await once(socket, 'message', { signal: AbortSignal.timeout(30_000) })) as [
    Buffer,
  ]
  if (heard.toString() !== said) throw new Error(`Said ${said}, heard ${heard.toString()}.`)
  return performance.now() - sentAt
}

const quantile = (sorted: number[], at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN

if (import.meta.main) {
  const job = JSON.parse(process.argv[2] ?? '') as LoadJob
  const result = job.kind === 'requests' ? await requests(job) : await websockets(job)
  process.stdout.write(JSON.stringify(result))
  process.exit(0)
}
