/**
 * Volumes on an NFS server: a machine with a kernel of its own, an XFS that counts projects and the agent, and two more such
 * machines as nodes. Whichever loses power is followed by another in its place; the server's has its second disk.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectEngine, type Engine } from '../../workers/swarm/engine.ts'
import { listNodes, workerToken } from '../../workers/swarm/node.ts'
import { bootMachine, type Machine } from '../beds/machines/boot.ts'
import { firstStart } from '../beds/machines/first-start.ts'
import { machineParts } from '../beds/machines/install.ts'
import { type StorageMachine, storageMachine } from '../beds/machines/storage.ts'
import type { SwarmBed } from '../beds/swarm.ts'
import { drainManager } from './cephfs.ts'
import {
  classOn,
  type Ground,
  type Healing,
  healing,
  type Storage,
  type World,
  worldOf,
} from './world.ts'

const JOIN_MS = 480_000
const KEYS = ['m-large-1', 'm-large-2']
const ROOT = '/srv/labplan'

type Machines = { storage: StorageMachine; nodes: Node[]; engine: Engine }
type Node = { machine(): Machine; kill(healed: Healing): Promise<void>; isUp(): boolean }

export async function nfsWorld(ground: Ground): Promise<World> {
  let made: Machines | undefined
  const end = async () => {
    for (const node of made?.nodes ?? []) await node.machine().kill()
    await made?.storage.end()
    made?.engine.close()
  }
  try {
    const practice = await classOn(ground, {
      ...{ nodes: 1, parts: ['api', 'gateway', 'worker'] },
      async furnish({ bed, inst }) {
        drainManager(bed)
        made = await machinesOf(bed, { installation: inst.id, home: inst.home })
        return { pools: poolOf(made.storage) }
      },
    })
    const { storage: server, nodes } = made!
    const healed = healing()
    const storage: Storage = {
      ...sightsOf(made!),
      async kill({ victim, node, choice }) {
        if (victim === 'agent') await server.killAgent()
        if (victim === 'storage') {
          await server.cutPower()
          healed.add(server.startAgain())
        }
        if (victim !== 'node') return true
        const found = nodes.find((one) => one.machine().address === node)
        await (found ?? nodes[choice % nodes.length]!).kill(healed)
        return true
      },
      halt: end,
      close: async () => {},
    }
    const backend = 'nfs'
    return worldOf({ backend, practice, storage, healing: healed }, ['api', 'gateway', 'worker'])
  } catch (error) {
    await end()
    throw error
  }
}

async function machinesOf(
  bed: SwarmBed,
  { installation, home }: { installation: string; home: string },
): Promise<Machines> {
  const engine = connectEngine(bed.dockerHost)
  const manager = `${bed.nodes[0]!.address}:2377`
  const cloud = {
    regions: [
      {
        ...{ name: 'RegionOne', image: 'labplan-node', externalNetwork: 'public' },
        ...{ subnet: '10.64.0.0/20', availabilityZones: [] },
      },
    ],
    ...{ manager, managers: null, sshKey: null, engineVolumeGb: null },
    ...{ gateways: [`${bed.hostAddress}/32`], dns: [bed.outsideAddress] },
    insecureRegistries: [bed.registry],
    flavours: [{ key: 'm-large', name: 'm1.large', region: 'RegionOne', gpu: null }],
  }
  const joining = `${await workerToken(engine)} ${manager}`
  const texts = firstStart({ installation, pool: 'local', cloud }, KEYS, joining)
  const [storage, ...nodes] = await Promise.all([
    storageMachine(bed, machineParts()!, join(home, 'run', 'storage.sock')),
    ...KEYS.map((key, i) => joinedNode(bed, engine, { key, number: i + 1, text: texts[key]! })),
  ])
  return { storage, nodes, engine }
}

async function joinedNode(
  bed: SwarmBed,
  engine: Engine,
  { key, number, text }: { key: string; number: number; text: string },
): Promise<Node> {
  const boot = () => bootMachine(bed, machineParts()!, { name: key, number, userData: text })
  let machine = boot()
  let isUp = false
  const join = async (but: Set<string>) => {
    const deadline = performance.now() + JOIN_MS
    const isThere = async () =>
      (await listNodes(engine)).some((one) => one.key === key && one.isUp && !but.has(one.id))
    while (!(await isThere().catch(() => false))) {
      if (!machine.isRunning() || performance.now() > deadline)
        throw new Error(`${key} did not join:\n${machine.console().slice(-2000)}`)
      await sleep(500)
    }
    isUp = true
  }
  await join(new Set())
  return {
    machine: () => machine,
    isUp: () => isUp,
    async kill(healed) {
      isUp = false
      await machine.kill()
      const before = (await listNodes(engine)).filter((one) => one.key === key)
      machine = boot()
      healed.add(join(new Set(before.map(({ id }) => id))))
    },
  }
}

const poolOf = ({ address }: StorageMachine): string => `apiVersion: labplan/v1
kind: Pool
key: local
title: { en: Machines of the hall, fr: Machines de la salle }
nodes:
${KEYS.map((key) => `  - { key: ${key}, cpu: 1, memoryMb: 900, diskMb: 4000 }`).join('\n')}
storage: { backend: nfs, server: ${address} }
reserve: { cpu: 0, memoryMb: 0 }
`

function sightsOf({ storage, nodes }: Machines): Omit<Storage, 'kill' | 'halt' | 'close'> {
  return {
    ...{ homes: `${ROOT}/volumes`, sh: storage.sh },
    async kept() {
      const text = await storage.sh(
        `cd ${ROOT} && ls -1 volumes | sed 's/^/V /'; ls -1 purging | sed 's/^/P /';
         cd notes; for f in *.json; do [ -e "$f" ] && echo "N $f $(cat "$f")"; done;
         xfs_quota -x -c 'report -p -N -n' ${ROOT} | sed 's/^/Q /'`,
      )
      const lines = (letter: string) =>
        text.split('\n').flatMap((line) => (line.startsWith(`${letter} `) ? line.slice(2) : []))
      if (lines('P').length > 0) throw new Error(`half purged: ${lines('P').join()}`)
      const limits = new Map(
        lines('Q').map((line) => {
          const [project = '', , , hard] = line.split(/\s+/)
          return [project.slice(1), Number(hard) * 1024] as const
        }),
      )
      const noted = new Map(
        lines('N').map((line) => {
          const [file = '', ...words] = line.split(' ')
          const { project } = JSON.parse(words.join(' ')) as { project: number }
          return [file.slice(0, -5), String(project)] as const
        }),
      )
      const shared = [...noted.values()].filter((one, i, all) => all.indexOf(one) !== i)
      if (shared.length > 0) throw new Error(`projects of two volumes: ${shared.join()}`)
      return lines('V').map((name) => ({
        name,
        limitBytes: limits.get(noted.get(name) ?? '') ?? 0,
      }))
    },
    /** Their engines answer nobody but themselves: what holds files open is asked of the server. */
    containers: async () => [],
    async wrongMounts() {
      const living = nodes.filter((node) => node.isUp()).map((node) => node.machine().address)
      const text = await storage.sh(
        `for c in /proc/fs/nfsd/clients/*/; do [ -e "$c/info" ] || continue; grep -h -e address -e status $c/info; cat $c/states; done`,
      )
      return openTwice(text, living)
    },
  }
}

/** Files of which two living clients have states that write (Documentation/filesystems/nfs: /proc/fs/nfsd/clients). */
export function openTwice(text: string, living: string[]): string[] {
  const holders = new Map<string, Set<string>>()
  let client: string | undefined
  for (const line of text.split('\n')) {
    const address = /address: "([\d.]+)/.exec(line)?.[1]
    if (address) client = living.includes(address) ? address : undefined
    // Of who went away without a word, until somebody else wants the file.
    if (/status: (courtesy|expirable|unconfirmed)/.test(line)) client = undefined
    const file = /type: open, access: \S*w\S*,.*superblock: "([^"]+)"/.exec(line)?.[1]
    if (!file || !client) continue
    const of = holders.get(file) ?? new Set()
    holders.set(file, of.add(client))
  }
  return [...holders]
    .filter(([, of]) => of.size > 1)
    .map(([file, of]) => `${file} is written by ${[...of].join(' and ')}`)
}
