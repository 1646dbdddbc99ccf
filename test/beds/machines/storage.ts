/**
 * A machine that keeps volumes for the nodes of a pool: an XFS that counts projects on a disk of its own, exported by its
 * kernel, and on it the storage agent of this checkout, reached through SSH as docs/storage-backends.md says.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { root as checkout } from '../../../scripts/steps/settings.ts'
import type { SwarmBed } from '../swarm.ts'
import { type Machine, type WiredMachine, bootMachine } from './boot.ts'
import type { MachineParts } from './install.ts'

const execute = promisify(execFile)
const NUMBER = 90
const READY_MS = 480_000
const RESTART_MS = 1_000
/** What it exports is in here, and what its agent notes. */
export const ROOT = '/srv/labplan'
const SOCKET = '/var/lib/labplan/run/storage.sock'

export type StorageMachine = {
  address: string
  machine: WiredMachine
  /** Runs a command on it, as root; answers what it printed. */
  sh(command: string): Promise<string>
  /** Its power is cut. */
  cutPower(): Promise<void>
  /** Another machine in its place, with its address and its second disk; answers when its agent does. */
  startAgain(): Promise<void>
  /** Kills the agent on it, which is started again. */
  killAgent(): Promise<void>
  end(): Promise<void>
}

/** @param socket where the agent shall answer on this side */
export async function storageMachine(
  bed: SwarmBed,
  parts: MachineParts,
  socket: string,
): Promise<StorageMachine> {
  const key = join(bed.folder, 'storage-key')
  rmSync(key, { force: true })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const userData = firstStart(readFileSync(`${key}.pub`, 'utf8').trim())
  const boot = (keepsData: boolean) =>
    bootMachine(bed, parts, { name: 'storage', number: NUMBER, dataGb: 4, keepsData, userData })
  let machine = boot(false)
  const { address } = machine
  // By the way to its agent once that is there: a greeting of its own takes this machine a second.
  const shared = ['-o', `ControlPath=${join(bed.folder, 'storage-ssh')}`]
  const login = [...shared, ...loginTo(address, key)]
  const sh = async (command: string): Promise<string> =>
    (await execute('ssh', [...login, command], { timeout: 60_000 })).stdout.trim()
  const serves = `test -S ${SOCKET} && test "$(cat /proc/fs/nfsd/threads)" -gt 0 && echo there`
  const isThere = async () => (await sh(serves)) === 'there'
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 })
  const tunnel = keptTunnel(socket, login)
  const settle = async () => {
    await until(machine, 'the agent on it', isThere)
    const agent = storageAgent({ socket })
    await until(machine, 'the way to its agent', async () => Boolean(await agent.list()))
  }
  const end = async () => {
    tunnel.end()
    await machine.kill()
  }
  try {
    await settle()
  } catch (error) {
    await end()
    throw error
  }
  return {
    ...{ address, sh, end },
    get machine() {
      return machine
    },
    async cutPower() {
      await machine.kill()
      tunnel.cut()
    },
    async startAgain() {
      machine = boot(true)
      await settle()
    },
    killAgent: async () => void (await sh('kill -9 $(cat /run/storage-agent)')),
  }
}

const loginTo = (address: string, key: string): string[] => [
  ...['-i', key, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
  ...['-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=5', `root@${address}`],
]

/** The command of docs/storage-backends.md, started again as by systemd. */
function keptTunnel(socket: string, login: string[]): { cut(): void; end(): void } {
  const options = [
    ...[
      '-o',
      'ControlMaster=yes',
      '-o',
      'StreamLocalBindUnlink=yes',
      '-o',
      'ExitOnForwardFailure=yes',
    ],
    ...['-o', 'ServerAliveInterval=10', '-L', `${socket}:${SOCKET}`],
  ]
  const argv = ['--pdeathsig', 'KILL', '--', 'ssh', '-N', ...options, ...login]
  let running: ChildProcess | undefined
  let isEnded = false
  const start = (): void => {
    running = spawn('setpriv', argv, { stdio: 'ignore' })
    running.once('exit', () => setTimeout(() => isEnded || start(), RESTART_MS))
  }
  start()
  return {
    cut: () => void running?.kill(),
    end() {
      isEnded = true
      running?.kill()
    },
  }
}

function firstStart(publicKey: string): string {
  const node = '/opt/labplan/node_modules/node/bin/node'
  const env = `LABPLAN_HOME=/var/lib/labplan LABPLAN_STORAGE_ROOT=${ROOT} LABPLAN_STORAGE_BACKEND=nfs`
  const script = `#!/bin/sh
set -eux
mkdir -p /run/sshd ${ROOT} /opt/labplan /var/lib/nfs/v4recovery
/usr/sbin/sshd
blkid /dev/ubdc || mkfs.xfs -q -f /dev/ubdc
mount -o prjquota /dev/ubdc ${ROOT}
mkdir -p -m 711 ${ROOT}/volumes
mkdir -p -m 700 ${ROOT}/clients
mount --bind ${ROOT}/clients /var/lib/nfs/v4recovery
modprobe nfsd
mount -t nfsd nfsd /proc/fs/nfsd
exportfs -o rw,fsid=0,no_subtree_check,no_root_squash '*:${ROOT}/volumes'
rpc.mountd -N 2 -N 3
mount -t hostfs -o ro,${checkout} none /opt/labplan
export ${env}
setsid sh -c '
  while :; do
    ${node} /opt/labplan/workers/storage/main.ts & echo $! >/run/storage-agent; wait; sleep 0.5
  done' >/var/log/storage 2>&1 </dev/null &
until test -S ${SOCKET}; do sleep 0.2; done
rpc.nfsd -N 3 -G 10 -L 10 4
`
  const files = [
    { path: '/root/.ssh/authorized_keys', permissions: '0600', content: `${publicKey}\n` },
    { path: '/usr/local/sbin/keep', permissions: '0755', content: script },
  ]
  return `#cloud-config\n${JSON.stringify({ write_files: files, runcmd: [['/usr/local/sbin/keep']] })}\n`
}

async function until(machine: Machine, what: string, is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_MS
  for (;;) {
    try {
      if (await is()) return
    } catch {
      // Not yet.
    }
    if (!machine.isRunning() || performance.now() > deadline)
      throw new Error(`${what} is not there:\n${machine.console().slice(-3000)}`)
    await sleep(500)
  }
}
