/**
 * A machine without a kernel of its own: an engine in namespaces, as those of a Swarm bed are, that begins with the joining
 * part of its `user_data`: the files that are written, the commands that are run. Hundred megabytes each, so that forty stand
 * where two with a kernel do. Left out are cloud-init itself, packages, and systemd, whose three calls a small script answers.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { bedPlace } from '../place.ts'
import type { SwarmBed } from '../swarm.ts'
import type { Machine, MachineOrder } from './boot.ts'

/** What nodes of a pool are told (stacks/parts/user-data.ts), beside what only a real machine can do. */
const userDataSchema = z.looseObject({
  hostname: z.string(),
  write_files: z.array(
    z.object({
      path: z.string(),
      content: z.string(),
      permissions: z.string(),
      encoding: z.literal('b64').optional(),
    }),
  ),
  runcmd: z.array(z.array(z.string().regex(/^[\w./-]+$/))),
})
type UserData = z.infer<typeof userDataSchema>

type Bed = Pick<SwarmBed, 'id' | 'folder' | 'subnet'>

/** Where files may be written: what of this machine is covered for the engine, and for it alone. */
const COVERED = ['etc', 'usr/local/sbin']

/**
 * Answers what starts machines, so many at once: an engine takes a second and a half of a processor until it has joined, and
 * all of them side by side would miss every deadline. The others wait without power.
 */
export function engineMachines(bed: Bed, atOnce: number): (order: MachineOrder) => Machine {
  const waiting: (() => void)[] = []
  let starting = 0
  const next = (): void => {
    if (starting >= atOnce) return
    const start = waiting.shift()
    if (!start) return
    starting++
    start()
  }
  return (order) => {
    const machine = preparedMachine(bed, order)
    waiting.push(() => void machine.start().finally(() => (starting--, next())))
    next()
    return machine
  }
}

type Prepared = Machine & {
  /** Resolves when its commands have been run, or it has ended. */
  start(): Promise<void>
}

function preparedMachine(bed: Bed, { name, number, userData }: MachineOrder): Prepared {
  const folder = join(bed.folder, `machine-${number}`)
  const address = `${bed.subnet.replace(/\.0\/24$/, '')}.${100 + number}`
  const log = join(folder, 'console')
  const config = userDataSchema.parse(JSON.parse(userData.replace(/^#cloud-config\n/, '')))
  writeFiles(folder, config)
  writeFileSync(log, '')
  let child: ChildProcess | undefined
  let isCut = false
  return {
    ...{ name, number, address, folder },
    console: () => readFileSync(log, 'utf8'),
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    async start() {
      if (isCut) return
      const namespace = layLeg(bed, number, address)
      child = spawnMachine(bed, { folder, namespace, config, log })
      const { promise, resolve } = Promise.withResolvers<void>()
      child.stdout!.once('data', () => resolve())
      child.once('exit', () => resolve())
      await promise
    },
    async kill() {
      isCut = true
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit', { signal: AbortSignal.timeout(20_000) })
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Plugged into the bed's switch; the name is one that the bed's removal looks for. */
function layLeg({ id, subnet }: Bed, number: number, address: string): string {
  const namespace = `lpbed-${id}-e${number}`
  const gateway = subnet.replace(/\.0\/24$/, '.254')
  const ip = (inside: string[], lines: string[]) =>
    execFileSync('ip', [...inside, '-batch', '-'], { input: lines.join('\n'), stdio: 'pipe' })
  ip([], [`netns add ${namespace}`])
  ip(
    ['-n', bedPlace(id).switchName],
    [
      `link add e${number} type veth peer name eth0 netns ${namespace}`,
      `link set e${number} master br0 up`,
    ],
  )
  ip(
    ['-n', namespace],
    [
      ...['link set lo up', 'link set eth0 up', `addr add ${address}/24 dev eth0`],
      `route add default via ${gateway}`,
    ],
  )
  return namespace
}

function writeFiles(folder: string, { write_files: files }: UserData): void {
  for (const each of COVERED) {
    mkdirSync(join(folder, 'root', each), { recursive: true })
    mkdirSync(join(folder, 'work', each), { recursive: true })
  }
  for (const { path, content, permissions, encoding } of files) {
    if (!COVERED.some((each) => path.startsWith(`/${each}/`)))
      throw new Error(`A machine of engines has nowhere to write ${path}.`)
    const to = join(folder, 'root', path)
    mkdirSync(dirname(to), { recursive: true })
    writeFileSync(to, Buffer.from(content, encoding === 'b64' ? 'base64' : 'utf8'), {
      mode: Number.parseInt(permissions, 8),
    })
  }
}

/** As test/beds/engines.ts does, which says why; the death signal ends it with who asked for it. */
function spawnMachine(
  bed: Bed,
  of: { folder: string; namespace: string; config: UserData; log: string },
): ChildProcess {
  const { folder, namespace, config } = of
  writeFileSync(join(folder, 'root/usr/local/sbin/systemctl'), systemd(folder, namespace), {
    mode: 0o755,
  })
  const covers = COVERED.map((each) => {
    const layers = `lowerdir=/${each},upperdir=${folder}/root/${each},workdir=${folder}/work/${each}`
    return `mount -t overlay -o ${layers} overlay /${each}`
  })
  const script = [
    'set -e',
    // What is said there is for who started it.
    'exec 3>&1 1>&2',
    `hostname ${config.hostname}`,
    'mount -t tmpfs -o mode=755 run /run',
    ...covers,
    `mount --bind ${join(bed.folder, 'etc/resolv.conf')} /etc/resolv.conf`,
    ...config.runcmd.map((words) => words.join(' ')),
    'echo up >&3',
    'while :; do sleep 3600; done',
  ].join('\n')
  const output = openSync(of.log, 'a')
  const [program = '', ...args] = [
    ...['setpriv', '--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${namespace}`],
    ...['unshare', '--uts', '--mount', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ...['sh', '-c', script],
  ]
  const PATH = `/usr/local/sbin:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', output], env: { PATH } })
  closeSync(output)
  return child
}

/** What a machine asks of systemd, and nothing more. */
function systemd(folder: string, namespace: string): string {
  return `#!/bin/sh
set -eu
case "$*" in
  daemon-reload | 'enable --now labplan-tidy.timer') ;;
  'enable --now labplan-node.service')
    # Restart=on-failure
    for try in 1 2 3 4 5; do
      /usr/local/sbin/labplan-node && exit 0
      sleep 5
    done
    exit 1 ;;
  'start docker.service')
    dockerd --data-root ${folder}/docker --cgroup-parent /${namespace} &
    for try in $(seq 600); do
      docker version >/dev/null 2>&1 && exit 0
      sleep 0.1
    done
    exit 1 ;;
  *) echo "systemctl $*: nobody answers this here" >&2; exit 1 ;;
esac
`
}
