/**
 * Docker Engine: the one that answers, else Debian's. Under systemd it is an ordinary service; elsewhere we
 * run it ourselves, with its data in LABPLAN_HOME and `no-new-privileges` for every container, which a service's
 * specification cannot ask for before Engine 25.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ENGINE_NETWORKS } from '../../stacks/parts/names.ts'
import { ensurePrograms } from './debian.ts'
import { type Docker, ask, dockerApi, reach } from './docker-api.ts'
import { ensureEngineWay } from './far-engine.ts'
import { readMade, rememberMade } from './made.ts'
import type { Wanted } from './process-table.ts'
import { type Settings, root, writeJson } from './settings.ts'
import { SYSTEM_PATH, findProgram, isRoot, mustRun } from './shell.ts'
import { CannotGoOn, type Say, type Step } from './step.ts'
import { ensureProcess, findProcess, until, wantComeback } from './supervised.ts'

const DEFAULT_SOCKET = 'unix:///var/run/docker.sock'
const PROGRAMS = { dockerd: 'docker.io', iptables: 'iptables' }

export function engineStep(settings: Settings): Step {
  const docker = dockerApi(settings.dockerHost)
  return {
    name: 'Docker Engine',
    async ensure(say) {
      if (settings.farEngine) return await ensureEngineWay(settings, settings.farEngine, docker)
      if (findProcess(settings.home, 'dockerd')) return await startOurs(settings, docker)
      const found = await reach(docker)
      if (found === 'answers') return undefined
      const problem = whyNotOurs(settings.dockerHost, found)
      if (problem) throw new CannotGoOn(problem)
      return await getOne(settings, docker, say)
    },
  }
}

/** Why no engine of ours can take the place of one that does not answer; undefined when it can. */
export function whyNotOurs(
  dockerHost: string,
  found: 'nothing' | 'forbidden',
  root = isRoot(),
): string | undefined {
  const socket = dockerHost.replace('unix://', '')
  if (found === 'forbidden')
    return `you may not use ${socket}: add yourself to the group 'docker' and log in again, or run this as root.`
  if (dockerHost !== DEFAULT_SOCKET)
    return `nothing answers at DOCKER_HOST=${dockerHost}: start that engine, or unset DOCKER_HOST to use the one of this machine.`
  if (!root)
    return `none answers at ${socket}, and starting one needs root: run 'sudo systemctl start docker' (package docker.io), or run this as root.`
  return undefined
}

async function getOne(settings: Settings, docker: Docker, say: Say): Promise<string> {
  const installed = await ensurePrograms(PROGRAMS, say)
  const how = underSystemd() ? await startService(docker) : await startOurs(settings, docker)
  return [installed, how].filter(Boolean).join(', ')
}

function underSystemd(): boolean {
  return existsSync('/run/systemd/system')
}

async function startService(docker: Docker): Promise<string> {
  await mustRun(
    ['systemctl', 'start', 'docker'],
    `'systemctl start docker' failed; 'journalctl -u docker' says why`,
  )
  if (!(await until(async () => (await reach(docker)) === 'answers', 60_000)))
    throw new CannotGoOn(
      `it does not answer a minute after its start: 'journalctl -u docker' says why.`,
    )
  return 'started by systemd'
}

async function startOurs(settings: Settings, docker: Docker): Promise<string | undefined> {
  const config = join(settings.home, 'dockerd.json')
  writeJson(config, engineConfig(settings))
  const data = join(settings.home, 'docker')
  mkdirSync(data, { recursive: true, mode: 0o711 })
  rememberMade(settings.home, { engine: true })
  // The network step follows.
  if (!findProcess(settings.home, 'dockerd'))
    for (const file of leftBehind(settings)) rmSync(file, { force: true })
  const ready = async (): Promise<boolean> => (await reach(docker)) === 'answers'
  return await ensureProcess(settings.home, engineProcess(config), ready, 90_000)
}

const pidFile = ({ home }: Settings): string => join(home, 'run', 'dockerd.pid')

/**
 * What an engine that was cut off leaves and its successor must not find. With its networks it would refuse seats, as on a
 * machine of a pool (stacks/parts/user-data.ts). And where nobody reaps the dead (a container's first process), it takes
 * who ran before for the living.
 */
const leftBehind = (settings: Settings): string[] => [
  join(settings.home, 'docker', ENGINE_NETWORKS),
  pidFile(settings),
  '/var/run/docker/containerd/containerd.pid',
]

/** An engine of ours that is killed comes back as it first started, and then with the network of seats. */
export function keepSeatNetwork(settings: Settings, env: Record<string, string>): void {
  if (!findProcess(settings.home, 'dockerd')) return
  const program = join(root, 'scripts', 'steps', 'network-command.ts')
  wantComeback(settings.home, 'dockerd', {
    without: leftBehind(settings),
    argv: [process.execPath, program, 'up', '--keep-rules'],
    env,
  })
}

function engineConfig(settings: Settings): object {
  return {
    'data-root': join(settings.home, 'docker'),
    hosts: [DEFAULT_SOCKET],
    pidfile: pidFile(settings),
    'no-new-privileges': true,
    'insecure-registries': [settings.registry],
    'log-level': 'warn',
    'log-opts': { 'max-size': '10m', 'max-file': '2' },
    'shutdown-timeout': 10,
  }
}

function engineProcess(config: string): Wanted {
  return {
    name: 'dockerd',
    argv: [findProgram('dockerd') ?? 'dockerd', '--config-file', config],
    env: { PATH: SYSTEM_PATH },
    version: '1',
    stop: { signal: 'SIGTERM', withinMs: 60_000 },
  }
}

const info = z.object({
  ServerVersion: z.string(),
  Swarm: z.object({ LocalNodeState: z.string(), ControlAvailable: z.boolean().default(false) }),
})

/** A Swarm of one node, made only when the engine is in none. */
export function swarmStep(settings: Settings): Step {
  const docker = dockerApi(settings.dockerHost)
  return {
    name: 'Swarm',
    async ensure() {
      const problem = 'Docker Engine did not say whether it is in a Swarm'
      const { Swarm } = await ask(docker('GET', '/info'), problem, info)
      if (Swarm.LocalNodeState === 'active' && Swarm.ControlAvailable)
        return readMade(settings.home).swarm ? await untilLed(docker) : undefined
      if (Swarm.LocalNodeState === 'inactive' && !settings.farEngine)
        return await initialise(settings, docker)
      throw new CannotGoOn(swarmProblem(Swarm.LocalNodeState))
    },
  }
}

export function swarmProblem(state: string): string {
  if (state === 'active')
    return `this engine is a worker of a Swarm: set DOCKER_HOST to one of its managers.`
  return state === 'inactive'
    ? `this engine is in no Swarm: run 'docker swarm init --advertise-addr ADDRESS' there, with an address that this machine and its nodes reach.`
    : `this engine's Swarm is '${state}': 'docker info' says why; 'docker swarm leave --force' gives it up.`
}

async function initialise(settings: Settings, docker: Docker): Promise<string> {
  // Loopback: a Swarm of one node needs no open port, and does not break when a laptop changes networks.
  const body = { ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' }
  await ask(docker('POST', '/swarm/init', body), 'the Swarm could not be made', z.unknown())
  rememberMade(settings.home, { swarm: true })
  await untilLed(docker)
  return 'one node'
}

/** After a start of the engine, its Swarm answers only once it elected itself. */
async function untilLed(docker: Docker): Promise<undefined> {
  const led = async (): Promise<boolean> => (await docker('GET', '/nodes')).status === 200
  if (await until(led, 30_000)) return undefined
  throw new CannotGoOn(
    `the Swarm has no leader half a minute after its start: 'docker node ls' says why.`,
  )
}
