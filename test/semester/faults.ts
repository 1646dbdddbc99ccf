/**
 * What goes wrong in a semester, from the seed: runs that fail half way, answers of the engine that are lost although it
 * did what was asked, workers that die, nodes that are slow. How often is chosen, not recorded: more than schools see.
 */
import type { Random } from '../campus/random.ts'
import type { VirtualClock } from './clock.ts'
import type { RunFate } from './executor.ts'
import type { Service, VirtualSwarm } from './swarm.ts'

const FAILED_RUNS = 0.03
const LOST_ANSWERS = 0.01
const SLOW_NODES = 0.1
const SLOWNESS = 4
const ANSWER_LIMIT_MS = 30_000
const hour = 3_600_000

export type Faults = {
  fate: (stackKey: string) => RunFate
  /** How much slower than others a new node is. */
  slowness: () => number
}

export const noFaults: Faults = { fate: () => ({ failsAfter: undefined }), slowness: () => 1 }

export function faultsOf(
  dice: Random,
  means: {
    clock: VirtualClock
    swarm: VirtualSwarm
    /** Kills the worker that lives; another takes over after so many ms. */
    killWorker: (backAfterMs: number) => void
    until: number
  },
): Faults {
  const { clock, swarm, killWorker, until } = means
  swarm.loseAnswer = async (service: Service) => {
    if (!dice.chance(LOST_ANSWERS)) return
    await clock.sleep(ANSWER_LIMIT_MS)
    throw new Error(`The Docker engine did not answer about ${service.name} in time.`)
  }
  // About once in two working days, at any hour: in the middle of warm-ups too.
  for (let at = clock.ms; at < until; at += dice.between(6, 60) * hour) {
    const instant = at + dice.between(0, 3600) * 1000
    clock.at(instant, () => killWorker(dice.between(2, 30) * 1000))
  }
  return {
    fate: () => ({ failsAfter: dice.chance(FAILED_RUNS) ? dice.next() : undefined }),
    slowness: () => (dice.chance(SLOW_NODES) ? SLOWNESS : 1),
  }
}
