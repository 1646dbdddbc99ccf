/**
 * An engine on another machine, or behind TLS: a process keeps the way to it open (workers/swarm/engine-way.ts), and what only
 * root of that machine can do is asked for in words.
 */
import { join } from 'node:path'
import { networkName } from '../../stacks/parts/names.ts'
import { type Docker, codeAndWords } from './docker-api.ts'
import type { Wanted } from './process-table.ts'
import { type Settings, root } from './settings.ts'
import { SYSTEM_PATH } from './shell.ts'
import { CannotGoOn } from './step.ts'
import { ensureProcess } from './supervised.ts'
import { versionOf } from './version.ts'

type Far = NonNullable<Settings['farEngine']>

export async function ensureEngineWay(
  settings: Settings,
  far: Far,
  docker: Docker,
): Promise<string | undefined> {
  if (settings.choices.LABPLAN_REGISTRY === undefined)
    throw new CannotGoOn(
      `the engine at ${far.dockerHost} cannot pull from a registry on loopback here: set LABPLAN_REGISTRY to an address and port of this machine that it reaches.`,
    )
  const answers = async (): Promise<boolean> => (await codeAndWords(docker)).status > 0
  const how = await ensureProcess(settings.home, wayProcess(settings, far), answers, 30_000)
  const { status, words } = await codeAndWords(docker)
  if (status !== 200) throw new CannotGoOn(words)
  return how
}

function wayProcess({ dockerHost, home }: Settings, far: Far): Wanted {
  const program = join(root, 'workers', 'swarm', 'way-main.ts')
  const socket = dockerHost.slice('unix://'.length)
  return {
    name: 'engine-way',
    argv: [
      ...[process.execPath, program, '--socket', socket, '--docker-host', far.dockerHost],
      ...['--certs', far.certs],
      ...(far.sshConfig === undefined ? [] : ['--ssh-config', far.sshConfig]),
    ],
    // ssh asks the agent of whoever started it, and reads the files of this user.
    env: { PATH: SYSTEM_PATH, ...passed('HOME'), ...passed('SSH_AUTH_SOCK'), LABPLAN_HOME: home },
    version: versionOf('workers/swarm/*way*.ts'),
    stop: { signal: 'SIGTERM', withinMs: 5_000 },
  }
}

const passed = (name: string): Record<string, string> => {
  const value = process.env[name]
  return value === undefined ? {} : { [name]: value }
}

/** Whoever makes it there sets the firewall first, which nobody here can see. */
export async function requireSeatNetwork(
  docker: Docker,
  installation: string,
  far: Far,
): Promise<undefined> {
  const name = networkName(installation, 'seats')
  if ((await docker('GET', `/networks/${name}`)).status === 200) return undefined
  throw new CannotGoOn(
    `the engine at ${far.dockerHost} has no network and firewall for seats yet. On that machine, from a checkout: 'sudo scripts/network up --installation ${installation} --gateway ADDRESS', with the address of this machine as it sees it; then run this again.`,
  )
}
