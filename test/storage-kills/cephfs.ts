/**
 * Volumes in a Ceph, as docs/storage.md lays it out: the worker's agent on the control machine, and on each of two nodes an agent
 * of its own with clients of its own, which go with their node.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type CephBed, cephBed, type CephServer } from '../beds/ceph.ts'
import { processesOf } from '../beds/cluster/place.ts'
import { drainManager } from '../beds/machines/nfs-pool.ts'
import type { SwarmBed } from '../beds/swarm.ts'
import { killableNode } from '../chaos/node.ts'
import { ENDS_WITH_US } from '../installation.ts'
import { mountsBelow } from '../../scripts/steps/mounts.ts'
import { seatsIn } from './containers.ts'
import { twice } from './local.ts'
import {
  chosenNode,
  classOn,
  type Ground,
  type Healing,
  healing,
  type Storage,
  type World,
  worldOf,
} from './world.ts'

const execute = promisify(execFile)
const CALL_MS = 30_000
const RESTART_MS = 500
const SERVERS: CephServer[] = ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph-mds']
const program = join(import.meta.dirname, '../../workers/storage/main.ts')

export async function cephfsWorld(ground: Ground): Promise<World> {
  const ceph = await cephBed()
  const nodes: CephNode[] = []
  try {
    const practice = await classOn(ground, {
      ...{ nodes: 3, env: ceph.env, poolStorage: '{ backend: cephfs }' },
      async furnish({ bed, inst }) {
        drainManager(bed)
        for (const index of [1, 2])
          nodes.push(cephNode(ceph, bed, { index, installation: inst.id }))
        return {}
      },
    })
    const { bed, inst } = practice
    const healed = healing()
    const killAgent = (at: number) =>
      at === 0 ? inst.stop('storage', 'SIGKILL') : nodes[at - 1]!.killAgent()
    const storage: Storage = {
      ...sightsOf(ceph, bed, nodes),
      async kill(harm) {
        const { victim, choice } = harm
        if (victim === 'storage') ceph.kill(SERVERS[choice % SERVERS.length]!)
        if (victim === 'agent') await killAgent(choice % 3)
        if (victim === 'node') await nodes[chosenNode(bed.nodes, harm, 1) - 1]!.kill(healed)
        return true
      },
      async halt() {
        for (const node of nodes) await node.close()
      },
      close: ceph.down,
    }
    const made = { backend: 'cephfs', practice, storage, healing: healed } as const
    return worldOf(made, ['api', 'worker', 'gateway', 'storage'])
  } catch (error) {
    for (const node of nodes) await node.close()
    await ceph.down()
    throw error
  }
}

function sightsOf(
  ceph: CephBed,
  bed: SwarmBed,
  nodes: CephNode[],
): Omit<Storage, 'kill' | 'halt' | 'close'> {
  const homes = join(ceph.root, 'volumes', ceph.group)
  const sh = async (script: string) =>
    (await execute('sh', ['-c', script], { timeout: CALL_MS })).stdout
  return {
    ...{ homes, sh },
    async kept() {
      const { subvolumes, users } = await ceph.kept()
      const keyless = subvolumes.filter((name) => !users.includes(`client.${name}`))
      const orphans = users.filter((user) => !subvolumes.includes(user.replace('client.', '')))
      if (keyless.length + orphans.length > 0)
        throw new Error(`without key: ${keyless.join()}; keys of nothing: ${orphans.join()}`)
      const sized = subvolumes.map(async (name) => {
        const limit = `getfattr --absolute-names --only-values -n ceph.quota.max_bytes`
        return { name, limitBytes: Number(await sh(`${limit} ${homes}/${name}/*/`)) }
      })
      return Promise.all(sized)
    },
    containers: () =>
      seatsIn(nodes.filter((node) => node.isUp()).map(({ index }) => bed.nodes[index]!.dockerHost)),
    async wrongMounts() {
      const folders = processesOf(ceph.folder, 'ceph-fuse').flatMap(
        (pid) => wordsOf(pid).find((word) => word.startsWith(`${bed.volumes}/`)) ?? [],
      )
      return twice(folders).map((folder) => `${folder} has two clients`)
    },
  }
}

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

type CephNode = {
  index: number
  isUp(): boolean
  killAgent(): Promise<void>
  kill(healed: Healing): Promise<void>
  close(): Promise<void>
}

/** What its agent mounts is seen in its own engine's mount namespace alone, at the same place as on every node. */
function cephNode(
  ceph: CephBed,
  bed: SwarmBed,
  { index, installation }: { index: number; installation: string },
): CephNode {
  const own = join(bed.volumes, '.nodes', String(index))
  const home = join(bed.folder, `agent-${index}`)
  mkdirSync(own, { recursive: true })
  mkdirSync(join(home, 'run'), { recursive: true })
  const node = killableNode(bed, index, installation)
  const env = {
    ...{ ...process.env, ...ceph.env, LABPLAN_CEPH_CLIENT: 'labplan-node', LABPLAN_HOME: home },
    ...{ LABPLAN_STORAGE_ROOT: own, LABPLAN_LOG_LEVEL: 'warn' },
  }
  const show = () => {
    const inside = ['-t', String(node.pid()), '-m', 'mount', '--bind', own, bed.volumes]
    execFileSync('nsenter', inside, { stdio: 'pipe' })
  }
  show()
  const agent = keptAgent(env)
  let isUp = true
  const loseMounts = () => {
    for (const pid of processesOf(ceph.folder, 'ceph-fuse'))
      if (wordsOf(pid).some((word) => word.startsWith(`${own}/`))) process.kill(pid, 'SIGKILL')
    for (const point of mountsBelow(own).toReversed())
      execFileSync('umount', ['--lazy', point], { stdio: 'pipe' })
  }
  return {
    ...{ index, isUp: () => isUp, killAgent: agent.kill },
    async kill(healed) {
      isUp = false
      await Promise.all([agent.halt(), node.kill()])
      loseMounts()
      const comeBack = async () => {
        await node.start()
        show()
        agent.goOn()
        isUp = true
      }
      healed.add(comeBack())
    },
    close: agent.halt,
  }
}

/** An agent that is started again, as by systemd. */
function keptAgent(env: NodeJS.ProcessEnv) {
  let running: ChildProcess | undefined
  let isHalted = false
  const goOn = (): void => {
    isHalted = false
    const argv = [...ENDS_WITH_US, process.execPath, program]
    running = spawn('setpriv', argv, { env, stdio: 'ignore' })
    running.once('exit', () => setTimeout(() => isHalted || goOn(), RESTART_MS))
  }
  const kill = async () => {
    const victim = running
    if (!victim || victim.exitCode !== null || victim.signalCode !== null) return
    const ended = once(victim, 'exit')
    victim.kill('SIGKILL')
    await ended
  }
  goOn()
  return {
    ...{ goOn, kill },
    async halt() {
      isHalted = true
      await kill()
      await sleep(RESTART_MS)
    },
  }
}
