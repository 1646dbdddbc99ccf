import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askEngine, callEngine } from '../../scripts/steps/engine-api.ts'
import { ENGINE_NETWORKS } from '../../stacks/parts/names.ts'
import { nodeName } from './place.ts'
import type { BedNode, BedPlace, BedSpec } from './place.ts'
import { hostAddress, nodeAddress, nodeAddressV6 } from './wires.ts'

const START_LIMIT_MS = 60_000

/** Starts one engine as a machine of its own and waits until it answers. */
export async function startEngine(
  place: BedPlace,
  index: number,
  spec: BedSpec,
): Promise<{ node: BedNode; process: ChildProcess }> {
  const name = nodeName(place, index)
  const folder = join(place.folder, `n${index + 1}`)
  const namespace = `/run/netns/${name}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'daemon.json'),
    JSON.stringify({
      ...engineConfig(place, name, folder, spec),
      ...machineLabels(index, spec),
    }),
  )
  const process = spawnInto(join(folder, 'log'), engineCommand(place, name, folder, namespace))
  const dockerHost = `unix://${folder}/docker.sock`
  await untilEngineAnswers(dockerHost, process, join(folder, 'log'))
  const pid = Number(
    readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim(),
  )
  const node: BedNode = {
    name: shortName(place, index),
    address: nodeAddress(place, index),
    addressV6: nodeAddressV6(place, index),
    dockerHost,
    namespace,
    pid,
  }
  return { node, process }
}

/** Makes one Swarm of the engines, the first being its only manager. */
export async function formSwarm(nodes: BedNode[]): Promise<void> {
  const [manager, ...workers] = nodes
  if (manager === undefined) return
  const address = { ListenAddr: `${manager.address}:2377`, AdvertiseAddr: manager.address }
  await askEngine(manager.dockerHost, 'POST', '/swarm/init', address)
  if (workers.length === 0) return
  const swarm = (await askEngine(manager.dockerHost, 'GET', '/swarm')) as {
    JoinTokens: { Worker: string }
  }
  await Promise.all(
    workers.map((node) =>
      askEngine(node.dockerHost, 'POST', '/swarm/join', {
        ListenAddr: `${node.address}:2377`,
        AdvertiseAddr: node.address,
        RemoteAddrs: [`${manager.address}:2377`],
        JoinToken: swarm.JoinTokens.Worker,
      }),
    ),
  )
  await untilReady(manager, nodes.length)
}

/** The bed's registry, on the bed's own address of this machine. */
export async function startRegistry(place: BedPlace): Promise<ChildProcess> {
  const folder = join(place.folder, 'registry')
  mkdirSync(folder, { recursive: true })
  const config = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: { addr: registryAddress(place) },
  }
  writeFileSync(join(place.folder, 'registry.yml'), JSON.stringify(config))
  const log = join(place.folder, 'registry.log')
  const process = spawnInto(log, ['docker-registry', 'serve', join(place.folder, 'registry.yml')])
  await until(`the registry at ${registryAddress(place)}`, process, log, async () => {
    const answer = await fetch(`http://${registryAddress(place)}/v2/`)
    return answer.ok
  })
  return process
}

export const registryAddress = (place: BedPlace) => `${hostAddress(place)}:5000`

function engineConfig(place: BedPlace, name: string, folder: string, spec: BedSpec): object {
  return {
    'data-root': join(folder, 'data'),
    'exec-root': '/run/engine',
    pidfile: '/run/engine.pid',
    hosts: [`unix://${folder}/docker.sock`],
    'storage-driver': 'overlay2',
    'cgroup-parent': `/${name}`,
    'insecure-registries': [`${place.subnet}.0/24`],
    ...(spec.gpusPerNode > 0 && {
      'node-generic-resources': [`gpu=${spec.gpusPerNode}`],
      'default-runtime': 'nvidia',
      runtimes: { nvidia: { path: standInGpus(folder, spec.gpusPerNode) } },
    }),
  }
}

/** What reads as zeros, as full, or at random: minors of the memory devices, which every machine has. */
const HARMLESS_MINORS = [5, 7, 8, 9]

/** Device nodes in the node's own folder, gone with it, and the runtime that gives them out; answers its path. */
function standInGpus(folder: string, count: number): string {
  const devices = join(folder, 'gpus')
  mkdirSync(devices)
  for (let n = 0; n < count; n++)
    execFileSync('mknod', [join(devices, `nvidia${n}`), 'c', '1', String(HARMLESS_MINORS[n])])
  const program = join(folder, 'gpu-runtime')
  const script = `#!/bin/sh
# Only a container that is being created gets devices; everything else is runc's.
set -eu
is_create=
bundle=
before=
for word in "$@"; do
  [ "$word" = create ] && is_create=yes
  [ "$before" = --bundle ] && bundle=$word
  before=$word
done
[ -z "$is_create" ] || ${process.execPath} ${import.meta.dirname}/gpu-runtime.ts ${devices} "$bundle"
exec runc "$@"
`
  writeFileSync(program, script, { mode: 0o755 })
  return program
}

/** As `stacks/parts/user-data.ts` writes them. */
function machineLabels(index: number, { machinesOf }: BedSpec): { labels?: string[] } {
  if (!machinesOf || index === 0) return {}
  const labels = { ...machinesOf, node: `m-large-${index}` }
  return { labels: Object.entries(labels).map(([name, value]) => `labplan.${name}=${value}`) }
}

/**
 * `nsenter --net`, since `ip netns exec` hides the control groups. A PID namespace that dies with
 * its first process, else the containers of a killed engine live on and answer. An own /run, else
 * the engine joins another engine's containerd; the firewall's lock there is per node, too.
 * The death signal ends the whole node when the keeper is killed. Like a machine of a pool (stacks/parts/user-data.ts)
 * it starts without the networks of an engine that was cut off: whoever made the seat network makes sure of it again.
 */
function engineCommand(place: BedPlace, name: string, folder: string, namespace: string): string[] {
  const script = [
    `hostname ${name.slice('lpbed-'.length)}`,
    'mount -t tmpfs -o mode=755 run /run',
    `mount --bind ${join(place.folder, 'etc/resolv.conf')} /etc/resolv.conf`,
    `rm -f ${join(folder, 'data', ENGINE_NETWORKS)}`,
    `exec dockerd --config-file ${join(folder, 'daemon.json')}`,
  ].join(' && ')
  return [
    ...['setpriv', '--pdeathsig', 'KILL', 'nsenter', `--net=${namespace}`],
    ...['unshare', '--uts', '--mount', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ...['--propagation', 'slave'],
    ...['sh', '-c', script],
  ]
}

function shortName(place: BedPlace, index: number): string {
  return nodeName(place, index).slice('lpbed-'.length)
}

function spawnInto(log: string, command: string[]): ChildProcess {
  const [program = '', ...args] = command
  const output = openSync(log, 'a')
  const child = spawn(program, args, { stdio: ['ignore', output, output] })
  closeSync(output)
  return child
}

async function untilEngineAnswers(dockerHost: string, child: ChildProcess, log: string) {
  await until(`the engine at ${dockerHost}`, child, log, async () => {
    return (await callEngine(dockerHost, 'GET', '/_ping', undefined, 2000)).status === 200
  })
}

async function untilReady(manager: BedNode, count: number): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS
  for (;;) {
    const nodes = (await askEngine(manager.dockerHost, 'GET', '/nodes')) as {
      Status: { State: string }
    }[]
    if (nodes.filter((node) => node.Status.State === 'ready').length === count) return
    if (Date.now() > deadline) throw new Error(`The Swarm has not ${count} ready nodes in time`)
    await sleep(50)
  }
}

async function until(
  what: string,
  child: ChildProcess,
  log: string,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS
  for (;;) {
    if (await isReady().catch(() => false)) return
    const ended = child.exitCode ?? child.signalCode
    if (ended !== null || Date.now() > deadline) {
      const tail = readFileSync(log, 'utf8').slice(-1500)
      throw new Error(`${what} did not start (${ended ?? 'too slow'}). Its log ends with:\n${tail}`)
    }
    await sleep(40)
  }
}
