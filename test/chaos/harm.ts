/** What is done to a class, and when: decided by a seed alone, so that it can be done again. */
import { random } from '../campus/random.ts'

/** What is killed with SIGKILL, or which connection is cut. */
export const VICTIMS = [
  'worker',
  'terraform',
  'provider',
  'api',
  'postgres',
  'dockerd',
  'to-docker',
  'to-postgres',
  'to-nodes',
  'to-lms',
] as const
export type Victim = (typeof VICTIMS)[number]

export const PHASES = ['apply', 'adoption', 'launch', 'destroy'] as const
export type Phase = (typeof PHASES)[number]

export type Harm = { seed: number; phase: Phase; victim: Victim; delayMs: number; cutMs: number }

/** About how long each phase takes, so that instants are spread over all of it. */
export const PHASE_MS: Record<Phase, number> = {
  apply: 9_000,
  adoption: 7_000,
  launch: 1_500,
  destroy: 9_000,
}

/** The seed decides all: the same seed does the same harm at the same instant. */
export function harmOf(seed: number): Harm {
  const { pick, between } = random(seed)
  const phase = pick(PHASES)
  const victim = pick(victimsIn(phase))
  return {
    seed,
    phase,
    victim,
    delayMs: between(0, PHASE_MS[phase]),
    cutMs: between(3_000, 15_000),
  }
}

/** Nobody runs Terraform while students launch into a class that is there. */
export const victimsIn = (phase: Phase): Victim[] =>
  VICTIMS.filter(
    (victim) => phase !== 'launch' || (victim !== 'terraform' && victim !== 'provider'),
  )

/** From `first` on, the first seed of each victim in each phase. */
export function seedsOfEach(first: number): number[] {
  const missing = new Set(
    PHASES.flatMap((phase) => victimsIn(phase).map((victim) => `${victim} ${phase}`)),
  )
  const seeds: number[] = []
  for (let seed = first; missing.size > 0; seed++) {
    const { victim, phase } = harmOf(seed)
    if (missing.delete(`${victim} ${phase}`)) seeds.push(seed)
  }
  return seeds
}

/**
 * The seeds, by class: one class can be harmed as it begins, as its students launch and as it ends, since all must be
 * right again before the next harm. Each class names its harms in that order.
 */
export function classesOf(seeds: number[]): Harm[][] {
  const harms = seeds.map(harmOf)
  const of = (...phases: Phase[]) => harms.filter(({ phase }) => phases.includes(phase))
  const [begun, launched, ended] = [of('apply', 'adoption'), of('launch'), of('destroy')]
  const count = Math.max(begun.length, launched.length, ended.length)
  return Array.from({ length: count }, (_, i) =>
    [begun[i], launched[i], ended[i]].filter((harm) => harm !== undefined),
  )
}
