/**
 * The gateway beside configurable-http-proxy, in front of the same seat, in one run: requests per second
 * in alternating pairs, then websockets open at once. `scripts/bench gateway --json`
 *
 * The seat is a real container of a one-node Swarm. Gateway, configurable-http-proxy and load generator
 * each have a process of their own; both proxies keep connections and are sent the same bytes.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, get } from 'node:http'
import { createRequire } from 'node:module'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readKeyRing } from '../../api/data/key-ring.ts'
import { identityKey } from '../../api/data/seats/seat-secret.ts'
import { doorUrl, mintTicket } from '../../api/data/seats/ticket.ts'
import { echoImage, echoSeat } from '../../test/api/gateway-container.ts'
import {
  type SeatRow,
  type Where,
  insertSeat,
  keyed,
  writeWhere,
} from '../../test/api/gateway-rows.ts'
import { swarmBed } from '../../test/beds/swarm.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { runLoad } from '../bench-parts/load.ts'
import { migratedPostgres } from '../bench-parts/postgres.ts'
import { freePort } from '../../test/free-port.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR = 0.7
const WEBSOCKETS = 1000
const PAIRS = 9
const SECONDS = 3
const CONNECTIONS = 32
const BODY_BYTES = 4096
const INSTALLATION = 'bench000'
const DOMAIN = 'seats.localhost'

type Proxy = { name: 'gateway' | 'chp'; port: number; headers: Record<string, string>; pid: number }
type Undo = () => unknown

askedOf({ json: { type: 'boolean' } })
const say = (text: string) => process.stderr.write(`${text}\n`)
const undo: Undo[] = []

async function main(): Promise<number> {
  const proxies = await setUp()
  const pairs = await requestPairs(proxies)
  const websockets = await bothOf(proxies, openWebsockets)
  const figure = median(pairs.map(({ ratio }) => ratio))
  const holds = figure >= BAR && websockets.gateway.sockets >= WEBSOCKETS
  const middle = (name: Proxy['name'], of: keyof Measured) =>
    Math.round(median(pairs.map((pair) => pair[name][of])))
  const both = (of: keyof Measured) => ({ gateway: middle('gateway', of), chp: middle('chp', of) })
  const result = {
    ...{ name: 'gateway', figure: round(figure), unit: 'ratio', bar: BAR, holds },
    requestsPerSecond: both('perSecond'),
    // Says the same on a busy machine.
    cpuMicrosPerRequest: both('cpuMicros'),
    ratios: pairs.map(({ ratio }) => round(ratio)),
    websockets: { bar: WEBSOCKETS, ...websockets },
    ...{ pairs: PAIRS, seconds: SECONDS, connections: CONNECTIONS, bodyBytes: BODY_BYTES },
    machine: { cores: cpus().length, load: loadavg().map(round), node: process.version },
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
  return holds ? 0 : 1
}

/** A seat that runs, and both proxies in front of it. */
async function setUp(): Promise<Proxy[]> {
  say('a one-node Swarm with a seat')
  const bed = await swarmBed({ nodes: 1 })
  undo.push(() => bed.down())
  const home = mkdtempSync(join(tmpdir(), 'labplan-bench-gateway-'))
  undo.push(() => rmSync(home, { recursive: true, force: true }))
  const keyFile = join(home, 'keys.json')
  const keys = { k1: Buffer.alloc(32, 7).toString('base64') }
  writeFileSync(keyFile, JSON.stringify({ current: 'k1', keys }))
  const ring = readKeyRing(keyFile)
  const postgres = await migratedPostgres(INSTALLATION, new Date())
  undo.push(() => postgres.end())
  const seat = await insertSeat(postgres.pool, new Date())
  const engine = connectEngine(bed.dockerHost)
  undo.push(() => engine.close())
  const key = identityKey(ring, keyed(seat))
  const image = await echoImage(bed)
  const container = await echoSeat(engine, { name: 'seat', image, key, word: 'bench' })
  const where = await container.start()
  await writeWhere(postgres.pool, seat.seatId, where)
  say('the gateway and configurable-http-proxy')
  const gateway = await startGateway(home, postgres.url, seat, mintTicket(ring, seat, new Date()))
  return [gateway, await startChp(where, gateway.headers)]
}

async function startGateway(
  home: string,
  databaseUrl: string,
  seat: SeatRow,
  ticket: string,
): Promise<Proxy> {
  const port = await freePort()
  const env = {
    ...{ LABPLAN_HOME: home, DATABASE_URL: databaseUrl, LABPLAN_INSTALLATION: INSTALLATION },
    ...{ LABPLAN_GATEWAY_LISTEN: `127.0.0.1:${port}`, LABPLAN_SEAT_URL: `http://${DOMAIN}` },
    LABPLAN_LOG_LEVEL: 'warn',
  }
  const pid = start([join(import.meta.dirname, '../../api/gateway/server.ts')], env)
  const host = `${seat.hostLabel}.${DOMAIN}`
  await answers(port, '/.labplan/healthz', { host })
  const { pathname, search } = new URL(
    doorUrl(`http://${DOMAIN}`, { hostLabel: seat.hostLabel, ticket }),
  )
  const entered = await answers(port, pathname + search, { host })
  const cookie = entered.headers['set-cookie']![0]!.split(';')[0]!
  return { name: 'gateway', port, headers: { ...BROWSER, host, cookie }, pid }
}

/** What a browser sends along: proxies pay for every header. */
const BROWSER = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'fr,en;q=0.5',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
}

/** As JupyterHub's documentation starts it, with the seat as its default: the least it can have to look up. */
async function startChp({ address, port: to }: Where, headers: Proxy['headers']): Promise<Proxy> {
  const program = createRequire(import.meta.url).resolve('configurable-http-proxy')
  const [port, apiPort] = [await freePort(), await freePort()]
  const options = {
    ip: '127.0.0.1',
    port,
    'api-port': apiPort,
    'default-target': `http://${address}:${to}`,
    'log-level': 'error',
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const pid = start([join(program, '../bin/configurable-http-proxy'), ...args], {})
  await answers(port, '/', headers)
  // The same cookie by another name: as many bytes, but nothing the gateway would take out.
  const cookie = headers['cookie']!.replace('labplan-seat', 'another-seat')
  return { name: 'chp', port, headers: { ...headers, cookie }, pid }
}

function start(argv: string[], env: Record<string, string>): number {
  const child: ChildProcess = spawn(process.execPath, argv, {
    stdio: ['ignore', 2, 2],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  undo.push(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child.pid!
}

type Answer = { status: number; headers: IncomingHttpHeaders }

async function answers(port: number, path: string, headers: Record<string, string>) {
  for (const deadline = performance.now() + 20_000; ; await sleep(100)) {
    const answer = await ask(port, path, headers).catch(() => undefined)
    if (answer && answer.status < 400) return answer
    if (performance.now() > deadline) throw new Error(`Port ${port} answers ${answer?.status}.`)
  }
}

async function ask(port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  const question = get({ host: '127.0.0.1', port, path, headers, agent: false })
  const [answer] = await once(question, 'response')
  answer.resume()
  await once(answer, 'end')
  return { status: answer.statusCode, headers: answer.headers }
}

type Measured = { perSecond: number; cpuMicros: number }
type Pair = { gateway: Measured; chp: Measured; ratio: number }

/** Pairs in alternating order, so that neither always has the machine after the other. */
async function requestPairs(proxies: Proxy[]): Promise<Pair[]> {
  for (const proxy of proxies) await measure(proxy, 3)
  const pairs: Pair[] = []
  for (let i = 0; i < PAIRS; i++) {
    const order = i % 2 === 0 ? proxies : proxies.toReversed()
    const { gateway, chp } = await bothOf(order, (proxy) => measure(proxy, SECONDS))
    pairs.push({ gateway, chp, ratio: gateway.perSecond / chp.perSecond })
    say(`pair ${i + 1}: gateway ${inWords(gateway)}; chp ${inWords(chp)}`)
  }
  return pairs
}

const inWords = ({ perSecond, cpuMicros }: Measured): string =>
  `${Math.round(perSecond)}/s, ${Math.round(cpuMicros)} µs of CPU each`

async function measure({ name, port, headers, pid }: Proxy, seconds: number): Promise<Measured> {
  const target = { port, path: '/', headers }
  const job = { target, seconds, connections: CONNECTIONS, bodyBytes: BODY_BYTES }
  const before = cpuMicrosOf(pid)
  const result = await runLoad({ kind: 'requests', ...job })
  const cpuMicros = (cpuMicrosOf(pid) - before) / result.answered
  if (result.errors > 0) throw new Error(`${name} failed ${result.errors} requests.`)
  return { perSecond: result.perSecond, cpuMicros }
}

/** proc(5): utime and stime, in ticks of 10 ms. */
function cpuMicrosOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

async function openWebsockets({ name, port, headers }: Proxy) {
  const target = { port, path: '/echo', headers }
  const result = await runLoad({ kind: 'websockets', target, sockets: WEBSOCKETS, rounds: 3 })
  say(`${name}: ${result.sockets} websockets at once, open in ${round(result.openSeconds)} s`)
  return {
    sockets: result.sockets,
    openSeconds: round(result.openSeconds),
    echoP95Ms: round(result.echoP95Ms),
  }
}

async function bothOf<T>(
  proxies: Proxy[],
  measureOne: (proxy: Proxy) => Promise<T>,
): Promise<Record<Proxy['name'], T>> {
  const results: Partial<Record<Proxy['name'], T>> = {}
  for (const proxy of proxies) results[proxy.name] = await measureOne(proxy)
  return results as Record<Proxy['name'], T>
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
const round = (value: number): number => Math.round(value * 100) / 100

async function run(): Promise<number> {
  try {
    return await main()
  } catch (error) {
    say(`The gateway could not be measured: ${(error as Error).stack}`)
    return 2
  }
}

async function end(code: number): Promise<void> {
  for (const step of undo.splice(0).toReversed())
    await Promise.resolve(step()).catch((error: Error) => say(`Cleaning up: ${error.message}`))
  process.exit(code)
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(2))
  await end(await run())
}
