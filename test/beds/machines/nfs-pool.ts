/**
 * A pool of machines with kernels of their own, and for its volumes an NFS server that is one, too: an XFS that counts projects, and
 * the agent. Its nodes join the bed's Swarm as those of a cloud do; whichever loses power is followed by another in its place.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import { listNodes, workerToken } from '../../../workers/swarm/node.ts'
import type { SwarmBed } from '../swarm.ts'
import { bootMachine, type Machine } from './boot.ts'
import { firstStart } from './first-start.ts'
import { machineParts } from './install.ts'
import { type StorageMachine, storageMachine } from './storage.ts'

const JOIN_MS = 480_000
const KEYS = ['m-large-1', 'm-large-2']

export type NfsPool = {
  storage: StorageMachine
  nodes: PoolNode[]
  engine: Engine
  /** The pool's own. */
  document: string
  end(): Promise<void>
}

export type PoolNode = {
  machine(): Machine
  isUp(): boolean
  /** Cuts its power; another boots in its place. Answers what waits until that has joined. */
  replace(): Promise<() => Promise<void>>
}

/** What an NFS pool is made in. */
type Site = { bed: SwarmBed; inst: { id: string; home: string } }

/** One to three minutes. No seat runs on the bed's own node. */
export async function nfsPool({ bed, inst }: Site): Promise<NfsPool> {
  drainManager(bed)
  const engine = connectEngine(bed.dockerHost)
  const texts = await textsOf(bed, engine, inst.id)
  const nodes = KEYS.map((key, i) =>
    poolNode(bed, engine, { key, number: i + 1, text: texts[key]! }),
  )
  let storage: StorageMachine | undefined
  const end = async () => {
    await Promise.all(nodes.map((node) => node.machine().kill()))
    await storage?.end()
    engine.close()
  }
  try {
    const socket = join(inst.home, 'run', 'storage.sock')
    const made = storageMachine(bed, machineParts()!, socket).then((one) => (storage = one))
    await Promise.all([made, ...nodes.map((node) => node.joined())])
    return { storage: storage!, nodes, engine, document: documentOf(storage!), end }
  } catch (error) {
    await end()
    throw error
  }
}

/** No seat runs where the Swarm's record is kept: that machine is never killed here. */
export function drainManager(bed: SwarmBed): void {
  const words = ['node', 'update', '--availability', 'drain', bed.nodes[0]!.name]
  execFileSync('docker', ['-H', bed.dockerHost, ...words], { stdio: 'pipe' })
}

/** The first start of each, by key. */
async function textsOf(
  bed: SwarmBed,
  engine: Engine,
  installation: string,
): Promise<Record<string, string>> {
  const manager = `${bed.nodes[0]!.address}:2377`
  const region = {
    ...{ name: 'RegionOne', image: 'labplan-node', externalNetwork: 'public' },
    ...{ subnet: '10.64.0.0/20', availabilityZones: [] },
  }
  const cloud = {
    ...{ regions: [region], manager, managers: null, sshKey: null, engineVolumeGb: null },
    ...{ gateways: [`${bed.hostAddress}/32`], dns: [bed.outsideAddress] },
    insecureRegistries: [bed.registry],
    flavours: [{ key: 'm-large', name: 'm1.large', region: 'RegionOne', gpu: null }],
  }
  const joining = `${await workerToken(engine)} ${manager}`
  return firstStart({ installation, pool: 'local', cloud }, KEYS, joining)
}

function poolNode(
  bed: SwarmBed,
  engine: Engine,
  { key, number, text }: { key: string; number: number; text: string },
): PoolNode & { joined(): Promise<void> } {
  const boot = () => bootMachine(bed, machineParts()!, { name: key, number, userData: text })
  let machine = boot()
  let isUp = false
  /** @param but Swarm ids of those that stood here before */
  const joined = async (but = new Set<string>()) => {
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
  return {
    machine: () => machine,
    isUp: () => isUp,
    joined: () => joined(),
    async replace() {
      isUp = false
      await machine.kill()
      const before = (await listNodes(engine)).filter((one) => one.key === key)
      machine = boot()
      return () => joined(new Set(before.map(({ id }) => id)))
    },
  }
}

const documentOf = ({ address }: StorageMachine): string => `apiVersion: labplan/v1
kind: Pool
key: local
title: { en: Machines of the hall, fr: Machines de la salle }
nodes:
${KEYS.map((key) => `  - { key: ${key}, cpu: 1, memoryMb: 900, diskMb: 4000 }`).join('\n')}
storage: { backend: nfs, server: ${address} }
reserve: { cpu: 0, memoryMb: 0 }
`
