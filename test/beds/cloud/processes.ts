/** The processes of a cloud: each in a PID namespace that ends with the keeper, however that ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CloudPlace } from './place.ts'
import { PORTS, settingsFolder } from './settings.ts'

export type Running = { name: string; child: ChildProcess; log: string }

const HERE = import.meta.dirname
const PORT_LIMIT_MS = 120_000
/** After SIGTERM: workers of nova and cinder take their time. */
const STOP_LIMIT_MS = 20_000

export type Service = { name: string; argv: string[]; env?: Record<string, string>; port?: number }

/** Ends with this process, and everything it started with it. */
export function startService(place: CloudPlace, service: Service): Running {
  mkdirSync(join(place.folder, 'log'), { recursive: true })
  const log = join(place.folder, 'log', `${service.name}.log`)
  const out = openSync(log, 'a')
  const cage = ['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--pid', '--fork']
  const [file, ...args] = [...cage, '--kill-child=KILL', '--mount-proc', '--', ...service.argv]
  const child = spawn(file!, args, {
    cwd: place.folder,
    env: { PATH: process.env.PATH ?? '', HOME: place.folder, LANG: 'C.UTF-8', ...service.env },
    stdio: ['ignore', out, out],
    detached: true,
  })
  closeSync(out)
  return { name: service.name, child, log }
}

/** Waits until it listens; throws with its last words when it ended instead. */
export async function untilListening(
  place: CloudPlace,
  running: Running,
  port: number,
): Promise<void> {
  const end = Date.now() + PORT_LIMIT_MS
  while (!(await answers(place.address, port))) {
    if (running.child.exitCode !== null || Date.now() > end)
      throw new Error(`${running.name} does not listen on ${port}:\n${lastWords(running)}`)
    await sleep(100)
  }
}

export const lastWords = ({ log }: Running): string =>
  readFileSync(log, 'utf8').trim().split('\n').slice(-25).join('\n')

function answers(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: 1000 })
  const end = (listens: boolean) => {
    socket.destroy()
    resolve(listens)
  }
  socket.on('connect', () => end(true))
  socket.on('error', () => end(false))
  socket.on('timeout', () => end(false))
  return promise
}

/** Asks the service itself, not the first process of its namespace, which would kill it. */
export async function stopService(running: Running, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const { child } = running
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const inner = childrenOf(child.pid)
  for (const pid of signal === 'SIGTERM' && inner.length > 0 ? inner : [child.pid])
    process.kill(pid, signal)
  await Promise.race([ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })])
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await ended
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

/** What a service of the cloud finds in its environment. */
export function pythonEnvironment(place: CloudPlace, venv: string): Record<string, string> {
  const etc = settingsFolder(place)
  return {
    PATH: `${join(venv, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
    PYTHONPATH: join(HERE, 'drivers'),
    PYTHONWARNINGS: 'ignore',
    PYTHONDONTWRITEBYTECODE: '1',
    OS_KEYSTONE_CONFIG_DIR: join(etc, 'keystone'),
    OS_PLACEMENT_CONFIG_DIR: join(etc, 'placement'),
    OS_GLANCE_CONFIG_DIR: join(etc, 'glance'),
    OS_NEUTRON_CONFIG_DIR: join(etc, 'neutron'),
    OS_NEUTRON_CONFIG_FILES: 'neutron.conf',
    OS_NOVA_CONFIG_DIR: join(etc, 'nova'),
  }
}

export function databaseService({ folder, address }: CloudPlace): Service {
  const data = join(folder, 'data', 'mysql')
  return {
    name: 'database',
    port: PORTS.database,
    argv: [
      ...['mariadbd', '--no-defaults', '--user=root', `--datadir=${data}`, '--skip-name-resolve'],
      ...[`--bind-address=${address}`, `--port=${PORTS.database}`, `--pid-file=${data}/pid`],
      ...[`--socket=${databaseSocket(folder)}`, '--skip-log-bin', '--performance-schema=0'],
      ...['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0', '--max-connections=600'],
      '--innodb-buffer-pool-size=96M',
    ],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  }
}

export const databaseSocket = (folder: string): string => join(folder, 'database.sock')

/** Erlang finds its nodes by a daemon of its own, whose port is this cloud's too. */
export function queueService({ folder, address, number }: CloudPlace): Service {
  const home = join(folder, 'queue')
  return {
    name: 'queue',
    port: PORTS.queue,
    argv: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: folder,
      ERL_EPMD_PORT: String(24_300 + number),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `bed${number}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: address,
      RABBITMQ_NODE_PORT: String(PORTS.queue),
      RABBITMQ_DIST_PORT: String(25_700 + number),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
      RABBITMQ_MNESIA_BASE: home,
      RABBITMQ_LOG_BASE: home,
      RABBITMQ_LOGS: '-',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}',
    },
  }
}

/** Of a service's API: one process with six threads. */
export function apiService(
  place: CloudPlace,
  venv: string,
  api: { name: keyof typeof PORTS; module: string; arguments?: string[] },
): Service {
  const port = PORTS[api.name]
  const calls = join(place.folder, 'calls', api.name)
  return {
    name: api.name,
    port,
    argv: [
      ...[join(venv, 'bin', 'python'), join(HERE, 'serve.py'), api.name, api.module],
      ...[place.address, String(port), calls, ...(api.arguments ?? [])],
    ],
    env: pythonEnvironment(place, venv),
  }
}

export function workerService(
  place: CloudPlace,
  venv: string,
  worker: { name: string; of: 'nova' | 'cinder' },
): Service {
  const file = join(settingsFolder(place), worker.of, `${worker.of}.conf`)
  return {
    name: worker.name,
    argv: [join(venv, 'bin', worker.name), '--config-file', file],
    env: pythonEnvironment(place, venv),
  }
}
