/**
 * Volumes in a Ceph, whoever makes them there: the worker's agent on the control machine, and on each of two nodes an agent of its
 * own with clients of its own, which go with their node.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { CephBed, CephServer } from '../beds/ceph.ts'
import { drainManager } from '../beds/machines/nfs-pool.ts'
import type { Installation } from '../installation.ts'
import { type CephNode, cephNode, clientsBelow } from './ceph-node.ts'
import { seatsIn } from './containers.ts'
import type { Backend } from './harm.ts'
import { twice } from './local.ts'
import {
  chosenNode,
  classOn,
  type Furnishing,
  type Ground,
  healing,
  type Storage,
  type World,
  worldOf,
} from './world.ts'

const execute = promisify(execFile)
const CALL_MS = 30_000
const SERVERS: CephServer[] = ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph-mds']

/** What differs from one who makes volumes in it to another. */
export type OnCeph = {
  backend: Backend
  furnishing: Omit<Furnishing, 'backend' | 'nodes' | 'parts'>
  /** What a node's agent is told, which has this folder for itself. */
  nodeEnv(inst: Installation, home: string): Record<string, string>
  kept(inst: Installation): ReturnType<Storage['kept']>
  /** Each ends one of what has the files, and sees to it that it comes back. */
  killers: (() => void | Promise<void>)[]
  close(): Promise<void>
}

/** On this machine, where all of the Ceph is seen by its administrator. */
export const sh: Storage['sh'] = async (script) =>
  (await execute('sh', ['-c', script], { timeout: CALL_MS })).stdout

export const serverKillers = (ceph: () => CephBed): OnCeph['killers'] =>
  SERVERS.map((server) => () => ceph().kill(server))

/** In bytes; the folder as the administrator sees it, a pattern of the shell. */
export const quotaOf = async (folder: string): Promise<number> =>
  Number(await sh(`getfattr --absolute-names --only-values -n ceph.quota.max_bytes ${folder}`))

export async function worldOnCeph(ground: Ground, on: OnCeph): Promise<World> {
  const { backend, furnishing, killers } = on
  const nodes: CephNode[] = []
  const closeNodes = async () => {
    for (const node of nodes) await node.close()
  }
  try {
    const practice = await classOn(ground, {
      ...{ ...furnishing, backend, nodes: 3 },
      async furnish(site) {
        const { bed, inst } = site
        const documents = await furnishing.furnish?.(site)
        drainManager(bed)
        const envIn = (home: string) => on.nodeEnv(inst, home)
        for (const index of [1, 2])
          nodes.push(cephNode(bed, { index, installation: inst.id, envIn }))
        return documents ?? {}
      },
    })
    const { bed, inst } = practice
    const healed = healing()
    const killAgent = (at: number) =>
      at === 0 ? inst.stop('storage', 'SIGKILL') : nodes[at - 1]!.killAgent()
    const storage: Storage = {
      ...{ sh, kept: () => on.kept(inst) },
      containers: () =>
        seatsIn(
          nodes.filter((node) => node.isUp()).map(({ index }) => bed.nodes[index]!.dockerHost),
        ),
      async wrongMounts() {
        const folders = clientsBelow(bed.volumes).map(({ folder }) => folder)
        return twice(folders).map((folder) => `${folder} has two clients`)
      },
      async kill(harm) {
        const { victim, choice } = harm
        if (victim === 'storage') await killers[choice % killers.length]!()
        if (victim === 'agent') await killAgent(choice % 3)
        if (victim === 'node') await nodes[chosenNode(bed.nodes, harm, 1) - 1]!.kill(healed)
        return true
      },
      ...{ halt: closeNodes, close: on.close },
    }
    const made = { backend, practice, storage, healing: healed }
    return worldOf(made, ['api', 'worker', 'gateway', 'storage'])
  } catch (error) {
    await closeNodes()
    await on.close()
    throw error
  }
}
