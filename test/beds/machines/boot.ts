/**
 * One machine with a kernel of its own in a Swarm bed: a User Mode Linux process on a wire of the bed's switch, told what
 * it is by a config drive, as a server of OpenStack is. It ends with the bed, since it lives in one of its namespaces.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../scripts/steps/settings.ts'
import { bedPlace } from '../place.ts'
import type { SwarmBed } from '../swarm.ts'
import type { MachineParts } from './install.ts'

/** What a cloud knows of a machine that it starts. */
export type MachineOrder = {
  name: string
  /** 1 to 99: its address on the bed is `.100` and so many. */
  number: number
  userData: string
  memoryMb?: number
  /** Size of a second disk, for who serves files. */
  dataGb?: number
  /** The second disk is the one that the machine of this number had, whose power was cut. */
  keepsData?: boolean
}

export type Machine = {
  name: string
  number: number
  address: string
  folder: string
  /** What it said on its console. */
  console(): string
  isRunning(): boolean
  /** As if its power were cut. */
  kill(): Promise<void>
}

export type WiredMachine = Machine & {
  /** Out of its switch, and in again: it runs, and nobody hears of it. */
  cutWire(): void
  mendWire(): void
}

type Tie = 'to this process' | 'by hand'

/** Starts one; answers at once. Whether it joins is the Swarm's to say. */
export function bootMachine(
  bed: Pick<SwarmBed, 'id' | 'folder' | 'subnet'>,
  parts: MachineParts,
  order: MachineOrder,
  tie: Tie = 'to this process',
): WiredMachine {
  const { name, number } = order
  const folder = join(bed.folder, `machine-${number}`)
  const data = join(bed.folder, `machine-${number}-data.img`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const { switchName } = bedPlace(bed.id)
  const tap = `m${number}`
  const address = `${bed.subnet.replace(/\.0\/24$/, '')}.${100 + number}`
  layTap(switchName, tap)
  const mac = `02:4c:62:${bed.id.padStart(4, '0').replace(/(..)/, '$1:')}:${hex(number)}`
  writeConfigDrive(folder, { ...order, address, mac })
  if (order.dataGb && !order.keepsData) makeSparse(data, order.dataGb * 2 ** 30)
  const log = join(folder, 'console')
  const output = openSync(log, 'w')
  const [program = '', ...args] = machineCommand({
    switchName,
    tap,
    mac,
    folder,
    data,
    parts,
    order,
    tie,
  })
  const child = spawn(program, args, {
    stdio: ['ignore', output, output],
    detached: true,
    cwd: root,
  })
  closeSync(output)
  if (tie === 'by hand') child.unref()
  return {
    ...{ name, number, address, folder },
    console: () => readFileSync(log, 'utf8'),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: () => killMachine(child),
    cutWire: () => linkSet(switchName, tap, 'nomaster'),
    mendWire: () => linkSet(switchName, tap, 'master', 'br0'),
  }
}

function makeSparse(file: string, bytes: number): void {
  writeFileSync(file, '')
  truncateSync(file, bytes)
}

const linkSet = (switchName: string, tap: string, ...how: string[]): void =>
  void execFileSync('ip', ['-n', switchName, 'link', 'set', tap, ...how], { stdio: 'pipe' })

const hex = (number: number): string => number.toString(16).padStart(2, '0')

/** Plugs a new wire in; one of a machine that was here before is taken out. */
function layTap(switchName: string, tap: string): void {
  const ip = (...args: string[]) =>
    execFileSync('ip', ['-n', switchName, ...args], { stdio: 'pipe' })
  try {
    ip('link', 'del', tap)
  } catch {
    // There was none.
  }
  const inside = ['nsenter', `--net=/run/netns/${switchName}`]
  execFileSync(inside[0]!, [...inside.slice(1), 'ip', 'tuntap', 'add', tap, 'mode', 'tap'])
  ip('link', 'set', tap, 'master', 'br0', 'up')
}

/**
 * In a PID namespace that ends with its first process, so that killing that is cutting its power. The death signal ends
 * a test's machines with the test.
 */
function machineCommand(of: {
  switchName: string
  tap: string
  mac: string
  folder: string
  data: string
  parts: MachineParts
  order: MachineOrder
  tie: Tie
}): string[] {
  const { folder, data, parts, order } = of
  const disks = [
    `ubd0=${join(folder, 'root.cow')},${parts.image}`,
    `ubd1r=${join(folder, 'config.img')}`,
    ...(order.dataGb ? [`ubd2=${data}`] : []),
  ]
  return [
    ...(of.tie === 'by hand' ? [] : ['setpriv', '--pdeathsig', 'KILL']),
    ...['nsenter', `--net=/run/netns/${of.switchName}`],
    ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ...(parts.preload === undefined ? [] : ['env', `LD_PRELOAD=${parts.preload}`]),
    parts.kernel,
    ...[`umid=${order.name}`, `uml_dir=${join(folder, 'run')}`, `mem=${order.memoryMb ?? 1024}M`],
    ...disks,
    ...['root=/dev/ubda', 'rw', 'rootfstype=ext4', 'net.ifnames=0'],
    `vec0:transport=tap,ifname=${of.tap},depth=128,gro=1,mac=${of.mac}`,
    ...['con=null', 'con0=null,fd:1', 'ssl=null', 'quiet', 'systemd.show_status=no'],
  ]
}

/** OpenStack's format (docs.openstack.org/nova/latest/user/metadata.html), on a disk labelled `config-2`. */
function writeConfigDrive(
  folder: string,
  of: { name: string; userData: string; address: string; mac: string },
): void {
  const latest = join(folder, 'config', 'openstack', 'latest')
  mkdirSync(latest, { recursive: true })
  mkdirSync(join(folder, 'run'))
  const write = (name: string, value: unknown) =>
    writeFileSync(join(latest, name), typeof value === 'string' ? value : JSON.stringify(value))
  // Another id is another machine to cloud-init: all is done anew.
  write('meta_data.json', { uuid: `${of.name}-${of.mac}`, name: of.name, hostname: of.name })
  write('user_data', of.userData)
  write('network_data.json', {
    links: [{ id: 'port', type: 'phy', ethernet_mac_address: of.mac, mtu: 1500 }],
    networks: [
      {
        ...{ id: 'net', link: 'port', type: 'ipv4', ip_address: of.address },
        netmask: '255.255.255.0',
        routes: [
          {
            ...{ network: '0.0.0.0', netmask: '0.0.0.0' },
            gateway: of.address.replace(/\d+$/, '254'),
          },
        ],
      },
    ],
    services: [{ type: 'dns', address: of.address.replace(/\d+$/, '254') }],
  })
  const format = ['-q', '-t', 'ext4', '-O', '^has_journal', '-L', 'config-2']
  const image = join(folder, 'config.img')
  execFileSync('mke2fs', [...format, '-d', join(folder, 'config'), image, '4M'], { stdio: 'pipe' })
}

async function killMachine(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(20_000) })
  child.kill('SIGKILL')
  await ended
}
