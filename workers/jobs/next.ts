/**
 * Which stacks run next. Pure. Only as many are asked for as may run at once, and the choice is made anew in each
 * pass from what is due then: nobody stands in a queue behind what was due earlier and matters less, so pg-boss
 * needs no priorities and a job says no more than which stack to look at.
 */
import type { DueStack } from '../../api/data/runs/stack-wish.ts'
import { seatsPerStack } from '../../stacks/rules/wanted.ts'

/** What a run takes at its peak, measured (docs/runs.md): the engine holds every seat of the stack in memory. */
export const runMemoryMb = (seats: number): number => 180 + 5 * seats
/** It mostly waits: for the provider's pauses, and for the Swarm. */
const CORES = 0.5
/** More would only wait for PostgreSQL's connections. */
const MOST_AT_ONCE = 16

/** A teardown that waited so long goes before everybody: a third of what the receipt promises. */
const OVERDUE_MS = 5 * 60_000

export type Budget = { memoryMb: number; cores: number }

/** How many runs the cores carry side by side; one always goes. */
export const runsAtOnce = ({ cores }: Pick<Budget, 'cores'>): number =>
  Math.min(MOST_AT_ONCE, Math.max(1, Math.floor(cores / CORES)))

/** How many runs that prepare seats go side by side: a place is left to teardowns, and each takes its memory. */
export const preparedAtOnce = (budget: Budget, seats: number): number => {
  const fit = Math.floor(budget.memoryMb / runMemoryMb(Math.min(seats, seatsPerStack)))
  return Math.max(1, Math.min(runsAtOnce(budget) - 1, fit))
}

/**
 * The keys to start now, most urgent first. People who wait for a launch go before what is warmed up ahead of a
 * class; among equals, who waited longest. Of several places, teardowns and everything else each leave one to the
 * other. Who comes next and needs more memory than is left is waited for, and passed by nobody: small runs would
 * keep a large one out for ever. A teardown that is overdue comes next whatever else is due.
 */
export function nextStacks(state: {
  due: DueStack[]
  running: Pick<DueStack, 'isTeardown' | 'seats'>[]
  budget: Budget
  now: Date
}): string[] {
  const { due, budget, now } = state
  const atOnce = runsAtOnce(budget)
  const laneLimit = Math.max(1, atOnce - 1)
  const taken = [...state.running]
  const picked: string[] = []
  for (const stack of due.toSorted((a, b) => compare(a, b, now))) {
    if (taken.length >= atOnce) break
    const lane = taken.filter((other) => other.isTeardown === stack.isTeardown)
    if (lane.length >= laneLimit) continue
    if (taken.length > 0 && memoryOf([...taken, stack]) > budget.memoryMb) break
    taken.push(stack)
    picked.push(stack.key)
  }
  return picked
}

const memoryOf = (stacks: { seats: number }[]): number =>
  stacks.reduce((sum, { seats }) => sum + runMemoryMb(seats), 0)

function compare(a: DueStack, b: DueStack, now: Date): number {
  return (
    rank(a, now) - rank(b, now) || a.since.getTime() - b.since.getTime() || (a.key < b.key ? -1 : 1)
  )
}

function rank({ isTeardown, isAwaited, since }: DueStack, now: Date): number {
  if (isTeardown && now.getTime() - since.getTime() >= OVERDUE_MS) return 0
  return isAwaited ? 1 : 2
}
