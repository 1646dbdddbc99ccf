/** What is killed while volumes live, and when: decided by a seed alone, so that it can be done again. */
import { random } from '../campus/random.ts'
import type { Table } from '../chaos/record.ts'

export const BACKENDS = ['local', 'nfs', 'cephfs', 'manila'] as const
export type Backend = (typeof BACKENDS)[number]

/** The life of a class's volumes, in this order. Each begins when all before it is right. */
export const STEPS = ['write', 'resize', 'reset', 'stop', 'mount', 'purge', 'make'] as const
export type Step = (typeof STEPS)[number]

/** Killed with SIGKILL. `node` is one with a running seat; `storage` what has the files (docs/storage-kills.md). */
export const VICTIMS = ['agent', 'worker', 'node', 'storage'] as const
export type Victim = (typeof VICTIMS)[number]

/** `choice`: which, where there are several of a kind. */
export type Harm = { seed: number; step: Step; victim: Victim; delayMs: number; choice: number }

/** About how long each step takes, so that instants are spread over all of it. */
const STEP_MS: Record<Step, number> = {
  write: 3_000,
  resize: 9_000,
  reset: 12_000,
  stop: 4_000,
  mount: 5_000,
  purge: 5_000,
  make: 10_000,
}

/** Where a process is dear (nfs), and where a cluster or a cloud is asked for each volume, steps take as much longer. */
const SLOWER: Record<Backend, number> = { local: 1, cephfs: 1.5, nfs: 2, manila: 1.5 }

/** Seven seeds are one life; in eight lives every victim is met twice in every step. */
export function harmOf(seed: number, backend: Backend): Harm {
  const { between } = random(seed)
  const [life, at] = [lifeOf(seed), (seed - 1) % STEPS.length]
  const step = STEPS[at]!
  return {
    ...{ seed, step, victim: VICTIMS[(life + at) % VICTIMS.length]! },
    delayMs: between(0, STEP_MS[step] * SLOWER[backend]),
    choice: between(0, 1_000),
  }
}

const lifeOf = (seed: number): number => Math.floor((seed - 1) / STEPS.length)

/** The seeds of one life after another, each in the order of its steps. */
export function livesOf(seeds: number[], backend: Backend): Harm[][] {
  const lives = Map.groupBy(
    seeds.toSorted((a, b) => a - b),
    lifeOf,
  )
  return [...lives.values()].map((of) => of.map((seed) => harmOf(seed, backend)))
}

export const tableOf = (backend: Backend): Table => ({
  ...{ bench: `storage-kills --backend ${backend}`, victims: VICTIMS, moments: STEPS },
  victimsIn: () => VICTIMS,
  of(seed) {
    const { victim, step: moment } = harmOf(seed, backend)
    return { victim, moment }
  },
})
