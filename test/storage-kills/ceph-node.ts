/** A node of a Swarm bed with a storage agent and Ceph clients of its own, which go with it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SwarmBed } from '../beds/swarm.ts'
import { killableNode } from '../chaos/node.ts'
import { ENDS_WITH_US } from '../installation.ts'
import { mountsBelow } from '../../scripts/steps/mounts.ts'
import type { Healing } from './world.ts'

const RESTART_MS = 500
const program = join(import.meta.dirname, '../../workers/storage/main.ts')

export type CephNode = {
  index: number
  isUp(): boolean
  killAgent(): Promise<void>
  kill(healed: Healing): Promise<void>
  close(): Promise<void>
}

/**
 * What its agent mounts is seen in its own engine's mount namespace alone, at the same place as on every node.
 * @param envIn what its agent is told of the storage, which has this folder for itself
 */
export function cephNode(
  bed: SwarmBed,
  of: { index: number; installation: string; envIn(home: string): Record<string, string> },
): CephNode {
  const { index, installation } = of
  const own = join(bed.volumes, '.nodes', String(index))
  const home = join(bed.folder, `agent-${index}`)
  mkdirSync(own, { recursive: true })
  mkdirSync(join(home, 'run'), { recursive: true })
  const node = killableNode(bed, index, installation)
  const env = {
    ...{ ...process.env, ...of.envIn(home), LABPLAN_HOME: home },
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
    for (const { pid } of clientsBelow(own)) process.kill(pid, 'SIGKILL')
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
    async close() {
      await agent.halt()
      loseMounts()
    },
  }
}

/** Ceph's clients that keep a folder somewhere below this one mounted. */
export function clientsBelow(folder: string): { pid: number; folder: string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    const [name, ...words] = wordsOf(pid)
    const found = words.find((word) => word.startsWith(`${folder}/`))
    return name === 'ceph-fuse' && found ? { pid: Number(pid), folder: found } : []
  })
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
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
