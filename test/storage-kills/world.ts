/** A class on a real storage whose agent, worker, nodes and server can be killed; each backend makes one of its own. */
import { setTimeout as sleep } from 'node:timers/promises'
import { findOne, sql } from '../../api/data/db.ts'
import type { SwarmBed } from '../beds/swarm.ts'
import type { Part } from '../installation.ts'
import { smallEnvironment, smallImage } from '../beds/machines/small-image.ts'
import { isRunning, keepRunning } from '../chaos/supervisor.ts'
import { type PracticeClass, type PracticeMeans, practiceClass } from '../practice-class.ts'
import type { Backend, Victim } from './harm.ts'

/** A volume as its storage has it. */
export type KeptVolume = {
  name: string
  limitBytes: number
  /** Where `sh` finds `home` with the files; none, while it is being made or removed. */
  folder?: string
  /** What else is not as it should be. */
  wrong?: string
}

/** What a backend adds to a class. */
export type Storage = {
  /** By name. */
  kept(): Promise<KeptVolume[]>
  /** Runs a script where files of volumes are; answers what it printed. */
  sh(script: string): Promise<string>
  /** Seats by container, on every node that lives; and what is wrong with how volumes are mounted. */
  containers(): Promise<string[]>
  wrongMounts(): Promise<string[]>
  /** Kills, and sees to it that it comes back. @param node that one, where it has a running seat */
  kill(harm: Harmed): Promise<boolean>
  /** Nothing of it starts by itself any more; then, after the class, the rest goes. */
  halt(): Promise<void>
  close(): Promise<void>
}
export type Harmed = { victim: Exclude<Victim, 'worker'>; choice: number; node: string | undefined }

export type World = Omit<Storage, 'kill' | 'halt'> & {
  backend: Backend
  practice: PracticeClass
  quotaMb: number
  /** False: the victim was not there. */
  harm(victim: Victim, choice: number): Promise<boolean>
  /** What was killed is there again. */
  whole(): Promise<void>
}

export const STUDENTS = ['student1', 'student2'] as const
/** In MiB, from one resize to the next. Shares of a cloud are of whole GiB. */
const QUOTA_MB: Record<Backend, number> = { local: 48, nfs: 48, cephfs: 48, manila: 1024 }
const LARGER_MB: Record<Exclude<Backend, 'local'>, number> = { nfs: 56, cephfs: 56, manila: 2048 }

/**
 * To and fro. Where a machine's root may not grow a file system in use (docs/storage.md), a local volume grows only once its seat has
 * stopped: there they become a little smaller each time.
 */
export function nextQuota({ backend, quotaMb }: Pick<World, 'backend' | 'quotaMb'>): number {
  const first = QUOTA_MB[backend]
  if (backend === 'local') return quotaMb > first / 2 ? quotaMb - 2 : first
  return quotaMb === first ? LARGER_MB[backend] : first
}

export const planOf = (quotaMb: number) => ({
  ...{ students: STUDENTS.length, minutes: 1_400, volumeQuotaMb: quotaMb, cpu: 0.05 },
})

/** What each backend needs of the class that it is in. */
export type Ground = Pick<PracticeMeans, 'databaseUrl' | 'say'>

export type Furnishing = Pick<PracticeMeans, 'env' | 'poolStorage' | 'parts' | 'beforeCourse'> & {
  backend: Backend
  nodes: number
  furnish?: PracticeMeans['furnish']
}

/** The class, with an environment of a few megabytes. */
export function classOn(
  ground: Ground,
  { backend, nodes, ...with_ }: Furnishing,
): Promise<PracticeClass> {
  const furnish: PracticeMeans['furnish'] = async (site) => ({
    environments: smallEnvironment(await smallImage(site.bed)),
    ...(await with_.furnish?.(site)),
  })
  return practiceClass({ ...planOf(QUOTA_MB[backend]), nodes }, { ...ground, ...with_, furnish })
}

/** @param watched parts of Labplan that are started again on this machine */
export function worldOf(
  made: { backend: Backend; practice: PracticeClass; storage: Storage; healing: Healing },
  watched: readonly Part[],
): World {
  const { practice, storage, backend, healing } = made
  const supervisor = keepRunning(practice.inst, watched)
  const { kill, halt, ...sights } = storage
  return {
    ...{ ...sights, backend, practice, quotaMb: QUOTA_MB[backend] },
    async harm(victim, choice) {
      if (victim === 'worker') {
        if (!isRunning(practice.inst, victim)) return false
        await practice.inst.stop('worker', 'SIGKILL')
        return true
      }
      return kill({ victim, choice, node: await nodeInUse(practice) })
    },
    whole: healing.done,
    async close() {
      await supervisor.stop()
      await healing.done().catch(() => {})
      await halt()
      await practice.close()
      await storage.close()
    },
  }
}

/** Address of a node with a seat. */
async function nodeInUse({ inst }: PracticeClass): Promise<string | undefined> {
  const row = await findOne<{ address: string }>(
    inst.pool,
    sql`select node_address as address from seat where node_address is not null and state <> 'absent'
        order by number limit 1`,
  )
  return row?.address
}

/** What comes back meanwhile. */
export type Healing = { add(work: Promise<unknown>): void; done(): Promise<void> }

export function healing(): Healing {
  let all: Promise<unknown> = Promise.resolve()
  return {
    add(work) {
      all = Promise.all([all, work])
      // Told by `done`.
      all.catch(() => {})
    },
    done: async () => void (await all),
  }
}

/** Index of the node that has this address, else of one of them. */
export function chosenNode(
  nodes: SwarmBed['nodes'],
  { node, choice }: Harmed,
  from: number,
): number {
  const found = nodes.findIndex(({ address }) => address === node)
  return found >= from ? found : from + (choice % (nodes.length - from))
}

/** Once more until it works. */
export async function untilDone(
  what: string,
  withinMs: number,
  act: () => Promise<unknown>,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      return void (await act())
    } catch (cause) {
      if (performance.now() > deadline) throw new Error(`${what} never worked: ${cause}`, { cause })
      await sleep(500)
    }
  }
}
