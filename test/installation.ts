/**
 * A whole Labplan for one test file: its own database, Swarm, registry, processes and practice LMS, all
 * real, gone when the file ends. The same for browser tests, fault tests and benches.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../api/data/migrate.ts'
import { type Pool, openPool } from '../api/data/db.ts'
import { freePorts } from './free-port.ts'

const root = join(import.meta.dirname, '..')
const STARTED_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 30_000
/** No part outlives who started it, however that ended. */
export const ENDS_WITH_US = ['--pdeathsig', 'KILL', '--']

export type Part = 'api' | 'worker' | 'gateway' | 'lms' | 'storage'
const programs: Record<Part, string> = {
  api: 'api/server.ts',
  worker: 'workers/main.ts',
  gateway: 'api/gateway/server.ts',
  lms: 'test/lms/main.ts',
  storage: 'workers/storage/main.ts',
}

export type Installation = {
  id: string
  home: string
  env: Record<string, string>
  pool: Pool
  publicUrl: string
  seatUrl: string
  lmsUrl: string
  operatorToken: string
  start(part: Part): Promise<void>
  /** SIGTERM and wait, or SIGKILL. */
  stop(part: Part, signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  pid(part: Part): number
  /** `scripts/labplan` with these words; answers stdout, throws with stderr when it fails. */
  labplan(...words: string[]): Promise<string>
  log(part: Part): string
  close(): Promise<void>
}

/**
 * Prepares an installation on `dockerHost`, with a database of its own at `databaseUrl`; starts nothing yet.
 */
export async function installation(options: {
  databaseUrl: string
  dockerHost: string
  registry: string
  env?: Record<string, string>
}): Promise<Installation> {
  const id = randomBytes(5).toString('hex').slice(0, 8)
  const home = mkdtempSync(join(tmpdir(), 'labplan-test-'))
  mkdirSync(join(home, 'log'))
  const operatorToken = randomBytes(24).toString('base64url')
  const key = randomBytes(32).toString('base64')
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ current: 'k1', keys: { k1: key } }), {
    mode: 0o600,
  })
  // Where scripts/up has it: commands that need the record alone look there.
  writeFileSync(join(home, 'installation'), `${id}\n`)
  writeFileSync(join(home, 'operator-token'), operatorToken, { mode: 0o600 })
  const [api, gateway, lms] = await freePorts(3)
  const env = {
    LABPLAN_HOME: home,
    DATABASE_URL: options.databaseUrl,
    LABPLAN_INSTALLATION: id,
    LABPLAN_PUBLIC_URL: `http://labplan.localhost:${api}`,
    LABPLAN_API_LISTEN: `127.0.0.1:${api}`,
    LABPLAN_SEAT_URL: `http://seats.localhost:${gateway}`,
    LABPLAN_GATEWAY_LISTEN: `127.0.0.1:${gateway}`,
    LABPLAN_REGISTRY: options.registry,
    DOCKER_HOST: options.dockerHost,
    LMS_LISTEN: `127.0.0.1:${lms}`,
    LMS_URL: `http://lms.localhost:${lms}`,
    LMS_STATE: join(home, 'lms.json'),
    ...options.env,
  }
  const pool = openPool({ databaseUrl: options.databaseUrl, installation: id, max: 6 })
  await migrate(pool, id, new Date())
  return running({ id, home, env, pool, operatorToken })
}

function running(
  made: Pick<Installation, 'id' | 'home' | 'env' | 'pool' | 'operatorToken'>,
): Installation {
  const { env, home } = made
  const children = new Map<Part, ChildProcess>()
  const removeHome = () => rmSync(home, { recursive: true, force: true })
  process.once('exit', removeHome)
  const logFile = (part: Part) => join(home, 'log', `${part}.log`)
  const urls = {
    publicUrl: env['LABPLAN_PUBLIC_URL'] ?? '',
    seatUrl: env['LABPLAN_SEAT_URL'] ?? '',
    lmsUrl: env['LMS_URL'] ?? '',
  }
  const probes: Partial<Record<Part, string>> = {
    api: `${urls.publicUrl}/healthz`,
    gateway: `${urls.seatUrl}/.labplan/healthz`,
    lms: urls.lmsUrl,
  }
  const pid = (part: Part): number => {
    const found = children.get(part)?.pid
    if (found === undefined) throw new Error(`${part} is not running`)
    return found
  }
  const start = async (part: Part): Promise<void> => {
    const argv = [...ENDS_WITH_US, process.execPath, join(root, programs[part])]
    const child = spawn('setpriv', argv, {
      env: { ...process.env, ...env },
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const log = createWriteStream(logFile(part), { flags: 'a' })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    children.set(part, child)
    child.once('exit', () => children.get(part) === child && children.delete(part))
    const url = probes[part]
    if (url)
      await answers(
        url,
        () => children.get(part) === child,
        () => readFileSync(logFile(part), 'utf8'),
      )
  }
  const stop = async (part: Part, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    const child = children.get(part)
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    await ended
    clearTimeout(late)
    children.delete(part)
  }
  return {
    ...made,
    ...urls,
    start,
    stop,
    pid,
    labplan: (...words) => command(words, env),
    log: (part) => readFileSync(logFile(part), 'utf8'),
    async close() {
      await Promise.all([...children.keys()].map((part) => stop(part)))
      await made.pool.end()
      process.off('exit', removeHome)
      removeHome()
    },
  }
}

async function command(words: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'scripts/labplan.ts'), ...words], {
    env: { ...process.env, ...env },
    cwd: root,
  })
  let out = ''
  let complaints = ''
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString()))
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0)
    throw new Error(`labplan ${words.join(' ')} ended with ${code}: ${complaints || out}`)
  return out
}

/** Waits until the address answers at all; fails at once, with its log, when the process has ended. */
async function answers(url: string, isAlive: () => boolean, log: () => string): Promise<void> {
  const end = performance.now() + STARTED_LIMIT_MS
  while (!(await get(url))) {
    if (!isAlive()) throw new Error(`The process for ${url} ended:\n${log().slice(-4000)}`)
    if (performance.now() > end)
      throw new Error(`${url} did not answer in time:\n${log().slice(-4000)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** *.localhost is this machine (RFC 6761), whatever its resolver says. */
function get(url: string): Promise<boolean> {
  const { port, host, pathname } = new URL(url)
  return new Promise((resolve) => {
    const call = request(
      { host: '127.0.0.1', port, path: pathname, headers: { host }, timeout: 2_000 },
      (answer) => {
        answer.resume()
        resolve(true)
      },
    )
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(false))
    call.end()
  })
}
