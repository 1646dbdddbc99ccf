/**
 * A real Gitea for one test: built once for a machine from its pinned Go module, without its pages' scripts, since the API
 * and Git over HTTP are what is asked of it. Its data is in a temporary folder and in a database of the test's own server.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { buildGoProgram, ensureGo } from '../../scripts/steps/go.ts'
import { lastWords, mustRun } from '../../scripts/steps/shell.ts'
import type { Say } from '../../scripts/steps/step.ts'
import { freePort } from '../free-port.ts'

const HERE = join(import.meta.dirname, 'gitea')
const MODULE = 'code.gitea.io/gitea'
const START_MS = 60_000
const COMMAND_MS = 60_000

const cache = (): string =>
  resolve(process.env.LABPLAN_CACHE ?? join(homedir(), '.cache', 'labplan'))
const digest = (): string =>
  createHash('sha256')
    .update(readFileSync(join(HERE, 'go.sum')))
    .digest('hex')
    .slice(0, 12)
const built = (): string => join(cache(), `gitea-${digest()}`)

/** Undefined when one can be started now; else a reason for people. */
export const whyNoGitea = (): string | undefined =>
  existsSync(join(built(), 'complete'))
    ? undefined
    : 'Gitea is not built on this machine: scripts/test builds it once, from Go modules'

/** Builds it, once for this machine. Where that cannot be, says why: its test skips itself with its reason. */
export async function prepareGitea(say: Say): Promise<string | undefined> {
  if (!whyNoGitea()) return undefined
  try {
    const folder = built()
    const where = { root: resolve(import.meta.dirname, '..', '..'), cache: cache() }
    const build = { module: 'gitea', below: 'test/beds', program: MODULE, minutes: 8 }
    await buildGoProgram(where, { ...build, output: join(folder, 'gitea') }, say)
    await copyTexts(folder, say)
    writeFileSync(join(folder, 'complete'), '')
    return 'built from source'
  } catch (error) {
    return `no Gitea for tests: ${lastWords(String(error))}`
  }
}

/** What it reads at its start: its templates, licences, words. */
async function copyTexts(folder: string, say: Say): Promise<void> {
  const go = await ensureGo(cache(), say)
  const list = [go, 'list', '-mod=readonly', '-m', '-f', '{{.Dir}}', MODULE]
  const module = (await mustRun(list, 'Gitea’s module was not found', { cwd: HERE })).trim()
  for (const name of ['options', 'templates', 'public'])
    await mustRun(
      ['cp', '-r', '--no-preserve=mode', join(module, name), folder],
      'Gitea’s texts could not be copied',
    )
}

export type GiteaBed = {
  /** `http://127.0.0.1:PORT` */
  url: string
  /** Makes a person with a token of theirs. */
  person(name: string): Promise<{ name: string; token: string }>
  /** Asks its API as somebody; throws when it says no. */
  ask(token: string, method: string, path: string, json?: unknown): Promise<unknown>
  /** Stops it, as when its machine is away, and starts it again. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Stops it and takes its data away. */
  down(): Promise<void>
}

/** @param database an empty database of its own, postgres:// */
export async function giteaBed(database: string): Promise<GiteaBed> {
  const folder = mkdtempSync(join(tmpdir(), 'labplan-test-gitea-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  writeFileSync(join(folder, 'app.ini'), configuration(folder, port, new URL(database)))
  const command = (...args: string[]) =>
    execFileSync(join(built(), 'gitea'), ['--config', join(folder, 'app.ini'), ...args], {
      ...{ encoding: 'utf8', env: environment(folder), timeout: COMMAND_MS, stdio: 'pipe' },
    }).trim()
  command('migrate')
  let server: ChildProcess | undefined
  const bed: GiteaBed = {
    url,
    async person(name) {
      const more = ['--email', `${name}@example.edu`, '--must-change-password=false', '--admin']
      const secret = randomBytes(16).toString('hex')
      command('admin', 'user', 'create', '--username', name, '--password', secret, ...more)
      const token = ['--username', name, '--scopes', 'all', '--raw']
      const said = command('admin', 'user', 'generate-access-token', ...token)
      return { name, token: said.split('\n').at(-1)!.trim() }
    },
    ask: (token, method, path, json) => ask(`${url}/api/v1${path}`, token, method, json),
    async start() {
      server = startServer(folder)
      await answers(server, url)
    },
    async stop() {
      if (server?.exitCode === null && server.signalCode === null) {
        server.kill('SIGTERM')
        await once(server, 'exit')
      }
    },
    async down() {
      await bed.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await bed.start()
  return bed
}

const environment = (folder: string) => ({ PATH: process.env.PATH ?? '', HOME: folder })

/** Ends with this process, however that ends. */
function startServer(folder: string): ChildProcess {
  const argv = ['--pdeathsig', 'KILL', '--', join(built(), 'gitea'), 'web']
  return spawn('setpriv', [...argv, '--config', join(folder, 'app.ini')], {
    env: environment(folder),
    stdio: 'ignore',
  })
}

async function answers(server: ChildProcess, url: string): Promise<void> {
  const until = Date.now() + START_MS
  while (Date.now() < until) {
    if (server.exitCode !== null) throw new Error('Gitea ended at its start.')
    const said = await fetch(`${url}/api/healthz`).catch(() => undefined)
    if (said?.ok) return
    await wait(100)
  }
  throw new Error('Gitea did not answer in a minute.')
}

async function ask(url: string, token: string, method: string, json?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

function configuration(folder: string, port: number, database: URL): string {
  mkdirSync(join(folder, 'data'))
  return `APP_NAME = Forge of a test
RUN_USER = ${process.env.USER ?? 'root'}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = ${folder}
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
STATIC_ROOT_PATH = ${built()}
APP_DATA_PATH = ${folder}/data
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = postgres
HOST = ${database.host}
NAME = ${database.pathname.slice(1)}
USER = ${database.username}
PASSWD = ${database.password}
SSL_MODE = disable
[security]
INSTALL_LOCK = true
SECRET_KEY = ${randomBytes(32).toString('hex')}
PASSWORD_HASH_ALGO = pbkdf2_v1
[service]
DISABLE_REGISTRATION = true
[oauth2]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[actions]
ENABLED = false
[packages]
ENABLED = false
[cron]
ENABLED = false
[log]
MODE = file
LEVEL = Warn
ROOT_PATH = ${folder}/log
`
}
