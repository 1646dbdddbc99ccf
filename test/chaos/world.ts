/**
 * A class whose every part can be killed or cut off: real Terraform, Docker, PostgreSQL, api, worker and LMS, kept
 * running by a small supervisor as in real life. Only it and these files know that anything is wrong.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bedPlace } from '../beds/place.ts'
import type { SwarmBed } from '../beds/swarm.ts'
import type { Part } from '../installation.ts'
import { type PracticeClass, practiceClass } from '../practice-class.ts'
import { freePort } from '../free-port.ts'
import { type KillableDatabase, killableDatabase } from './database.ts'
import type { Victim } from './harm.ts'
import { killableNode } from './node.ts'
import { isRunning, keepRunning } from './supervisor.ts'
import { type Wire, wire } from './wire.ts'

export type World = {
  practice: PracticeClass
  seats: number
  /** Kills it, or cuts the connection for so long; whatever must be started again is. False: it was not there. */
  harm(victim: Victim, cutMs: number): Promise<boolean>
  /** What does not run or pass at this moment. */
  missing(): string[]
  /** Everything that was killed runs again, every connection passes. */
  whole(): Promise<void>
  close(): Promise<void>
}

const PARTS: Part[] = ['api', 'worker', 'gateway']

export async function chaosWorld(seats: number, say: (text: string) => void): Promise<World> {
  const database = await killableDatabase()
  const closers: (() => Promise<void>)[] = [() => database.remove()]
  const close = async () => {
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    await database.start()
    const wires = await layWires(database, closers)
    const practice = await practiceClass(
      { students: seats, cpu: 0.1 },
      { databaseUrl: wires.databaseUrl, say, between: wires.between, beforeLms: wires.beforeLms },
    )
    closers.push(practice.close)
    const supervisor = keepRunning(practice.inst, PARTS)
    closers.push(supervisor.stop)
    return { ...harming({ practice, database, wires: wires.of }), practice, seats, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Cuttable = 'to-docker' | 'to-postgres' | 'to-lms'
type Wires = Map<Cuttable, Wire>

async function layWires(database: KillableDatabase, closers: (() => Promise<void>)[]) {
  const of: Wires = new Map()
  const lay = async (name: Cuttable, ...ends: Parameters<typeof wire>) => {
    const laid = await wire(...ends)
    of.set(name, laid)
    closers.push(laid.close)
  }
  const port = await freePort()
  await lay('to-postgres', { port }, () => ({ port: database.port }))
  return {
    of,
    databaseUrl: `postgres://labplan:test@127.0.0.1:${port}/postgres`,
    between: async (bed: SwarmBed) => {
      const path = join(bed.folder, 'wire.sock')
      await lay('to-docker', { path }, () => ({ path: new URL(bed.dockerHost).pathname }))
      return `unix://${path}`
    },
    beforeLms: async (publicPort: number) => {
      const behind = await freePort()
      await lay('to-lms', { port: publicPort }, () => ({ port: behind }))
      return behind
    },
  }
}

function harming(means: { practice: PracticeClass; database: KillableDatabase; wires: Wires }) {
  const { practice, database, wires } = means
  let healing: Promise<unknown> = Promise.resolve()
  const away = new Set<Victim>()
  const heal = (victim: Victim, work: Promise<unknown>) => {
    away.add(victim)
    healing = Promise.all([healing, work.finally(() => away.delete(victim))])
  }
  const node = killableNode(practice.bed, 0, practice.inst.id)
  const killEngine = async () => {
    await node.kill()
    await node.start()
  }
  const cutFor = async (ms: number, cut: () => void, mend: () => void) => {
    cut()
    await sleep(ms)
    mend()
  }
  const { switchName } = bedPlace(practice.bed.id)
  // The switch's end of the cable: this machine keeps its address and route.
  const cable = (state: 'up' | 'down') =>
    execFileSync('ip', ['-n', switchName, 'link', 'set', 'host', state])
  return {
    async harm(victim: Victim, cutMs: number): Promise<boolean> {
      switch (victim) {
        case 'worker':
        case 'api':
          if (!isRunning(practice.inst, victim)) return false
          await practice.inst.stop(victim, 'SIGKILL')
          return true
        case 'terraform':
          return killEngineOf(practice, /^terraform$/)
        case 'provider':
          return killEngineOf(practice, /^terraform-prov/)
        case 'postgres':
          heal(
            victim,
            database.kill().then(() => database.start()),
          )
          return true
        case 'dockerd':
          heal(victim, killEngine())
          return true
        case 'to-nodes':
          heal(
            victim,
            cutFor(
              cutMs,
              () => cable('down'),
              () => cable('up'),
            ),
          )
          return true
        case 'to-docker':
        case 'to-postgres':
        case 'to-lms': {
          const wire = wires.get(victim)!
          heal(victim, cutFor(cutMs, wire.cut, wire.mend))
          return true
        }
      }
    },
    missing: () => [...PARTS.filter((part) => !isRunning(practice.inst, part)), ...away],
    whole: async () => void (await healing),
  }
}

/** Kills one of this installation's Terraform processes; false when there is none. */
function killEngineOf({ inst }: PracticeClass, name: RegExp): boolean {
  const runs = join(inst.home, 'terraform', 'runs')
  const pid = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .find((entry) => worksIn(entry, runs) && name.test(commandOf(entry)))
  if (pid === undefined) return false
  try {
    return process.kill(Number(pid), 'SIGKILL')
  } catch {
    return false
  }
}

function worksIn(pid: string, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
  } catch {
    return false
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
