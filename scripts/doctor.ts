/** The parts Labplan stands on, looked at one by one: what is so, and what to do when it should not be. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { keyRing } from '../api/data/key-ring.ts'
import { askEngine } from './steps/engine-api.ts'
import { labplanVariables } from './steps/environment.ts'
import type { Settings } from './steps/settings.ts'
import { run } from './steps/shell.ts'
import { findProcess } from './steps/supervised.ts'

export type Finding = {
  part: string
  state: 'good' | 'doubtful' | 'bad'
  says: string
  todo?: string
}
type Look = Omit<Finding, 'part'>

const WAIT_MS = 3_000
const CLOCK_DRIFT_MS = 2_000

export async function examine(settings: Settings): Promise<Finding[]> {
  const variables = labplanVariables(settings)
  const engine = await engineInfo(settings.dockerHost)
  const looks: [string, Promise<Look> | Look][] = [
    ['Docker engine', engineLook(engine)],
    ['No new privileges', privilegesLook(engine, settings)],
    ['Swarm', swarmLook(engine)],
    ['Registry', registryLook(settings.registry)],
    ['Terraform', terraformLook(variables['TERRAFORM_BINARY_NAME'] ?? 'terraform')],
    ['Provider mirror', mirrorLook(settings.mirror)],
    ['Database', databaseLook(settings)],
    ['Key ring', keyRingLook(variables['LABPLAN_KEY_FILE'] ?? join(settings.home, 'keys.json'))],
    ['API', httpLook(`http://127.0.0.1:${settings.ports.api}/healthz`, 'the api')],
    ['Gateway', portLook(settings.ports.gateway, 'the gateway')],
    ['Clock', clockLook(engine)],
  ]
  return Promise.all(looks.map(async ([part, look]) => ({ part, ...(await look) })))
}

const good = (says: string): Look => ({ state: 'good', says })
const doubtful = (says: string, todo: string): Look => ({ state: 'doubtful', says, todo })
const bad = (says: string, todo: string): Look => ({ state: 'bad', says, todo })

type EngineInfo = {
  ServerVersion: string
  SystemTime: string
  SecurityOptions: string[] | null
  Swarm: { LocalNodeState: string; ControlAvailable: boolean; Nodes?: number }
}
type Engine = { info: EngineInfo; askedAt: number } | { why: string }

async function engineInfo(dockerHost: string): Promise<Engine> {
  try {
    const askedAt = Date.now()
    const info = (await askEngine(dockerHost, 'GET', '/info', undefined, WAIT_MS)) as EngineInfo
    return { info, askedAt }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { why: cause instanceof Error ? cause.message : String(cause) }
  }
}

function engineLook(engine: Engine): Look {
  if ('why' in engine)
    return bad(
      `does not answer (${engine.why})`,
      'Start it (systemctl start docker), or set DOCKER_HOST.',
    )
  return good(`version ${engine.info.ServerVersion}`)
}

/** Engines before 25 drop `NoNewPrivileges` of services without a word; the daemon's own default still holds. */
function privilegesLook(engine: Engine, { home }: Settings): Look {
  if ('why' in engine) return doubtful('not known: the engine does not answer', 'See above.')
  // An engine this old does not tell; the one of scripts/up has it in its configuration.
  if (findProcess(home, 'dockerd'))
    return good('set for every container by the engine of scripts/up')
  const { ServerVersion, SecurityOptions } = engine.info
  if (SecurityOptions?.some((option) => option.startsWith('name=no-new-privileges')))
    return good('set for every container by the engine')
  if (Number.parseInt(ServerVersion, 10) >= 25) return good('set for each seat')
  return doubtful(
    `not enforced: engine ${ServerVersion} ignores it for services`,
    'Upgrade to Docker 25 or later, or put "no-new-privileges": true into /etc/docker/daemon.json.',
  )
}

function swarmLook(engine: Engine): Look {
  if ('why' in engine) return doubtful('not known: the engine does not answer', 'See above.')
  const { LocalNodeState, ControlAvailable, Nodes } = engine.info.Swarm
  if (LocalNodeState !== 'active')
    return bad('this engine is in no swarm', 'Run scripts/up, or docker swarm init.')
  if (!ControlAvailable)
    return bad('this engine is a worker of its swarm', 'Point DOCKER_HOST at a manager.')
  return good(`manager of ${Nodes ?? 1} node${Nodes === 1 ? '' : 's'}`)
}

const registryLook = (registry: string): Promise<Look> =>
  httpLook(`http://${registry}/v2/`, `the registry at ${registry}`)

async function httpLook(url: string, what: string): Promise<Look> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS) })
    if (answer.ok || answer.status === 401) return good('answers')
    return bad(`answers ${answer.status}`, `Look at its log: ${what}.`)
  } catch {
    return bad(`${what} does not answer`, 'Start Labplan: scripts/up.')
  }
}

async function terraformLook(program: string): Promise<Look> {
  const todo = 'Set TERRAFORM_BINARY_NAME to a Terraform or OpenTofu, or run scripts/up.'
  const { status, output } = await run([program, 'version'], { timeoutMs: WAIT_MS * 3 })
  if (status !== 0) return bad(`${program} does not run`, todo)
  const version = /^(?:Terraform|OpenTofu) v.*$/m.exec(output)?.[0] ?? 'runs'
  return good(`${version} (${program})`)
}

function mirrorLook(mirror: string): Look {
  const found = globSync('*/*/*/*/*/terraform-provider-*', { cwd: mirror })
  const docker = found.find((path) => path.includes('/docker/'))
  if (!docker)
    return bad(`no docker provider in ${mirror}`, 'Make it: scripts/providers (scripts/up does).')
  return good(`${found.length} provider${found.length === 1 ? '' : 's'} in ${mirror}`)
}

async function databaseLook(settings: Settings): Promise<Look> {
  const url = labplanVariables(settings)['DATABASE_URL'] ?? ''
  const { Client } = (await import('pg')).default
  const client = new Client({ connectionString: url, connectionTimeoutMillis: WAIT_MS })
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; applied: number }>(
      `select current_setting('server_version') as version, (select count(*)::int from migration) as applied`,
    )
    return good(`PostgreSQL ${rows[0]?.version}, ${rows[0]?.applied} migrations`)
  } catch (error) {
    const why = error instanceof Error ? error.message || 'refused' : String(error)
    return bad(`does not answer (${why})`, 'Start Labplan (scripts/up), or correct DATABASE_URL.')
  } finally {
    await client.end().catch(() => {})
  }
}

function keyRingLook(file: string): Look {
  if (!existsSync(file))
    return bad(
      `${file} is missing`,
      'Restore it from a backup: nothing sealed can be read without.',
    )
  try {
    keyRing(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    return bad(
      `${file}: ${error instanceof Error ? error.message : ''}`,
      'Restore it from a backup.',
    )
  }
  if ((statSync(file).mode & 0o077) !== 0)
    return bad(`${file} can be read by others`, `chmod 600 ${file}`)
  return good('readable, private')
}

async function portLook(port: number, what: string): Promise<Look> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host: '127.0.0.1', port, timeout: WAIT_MS })
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  socket.once('timeout', () => resolve(false))
  const answers = await promise
  socket.destroy()
  return answers ? good('answers') : bad(`${what} does not answer`, 'Start Labplan: scripts/up.')
}

/** Tickets live 30 s and leases 15 s: machines that disagree by seconds refuse each other. */
function clockLook(engine: Engine): Look {
  if ('why' in engine) return doubtful('not compared: the engine does not answer', 'See above.')
  const driftMs = Date.parse(engine.info.SystemTime) - engine.askedAt
  if (Math.abs(driftMs) > CLOCK_DRIFT_MS + WAIT_MS)
    return bad(
      `the engine's clock is ${Math.round(driftMs / 1000)} s off ours`,
      'Let both machines keep time (chrony, systemd-timesyncd).',
    )
  return good('agrees with the engine')
}
