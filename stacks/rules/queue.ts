/**
 * When does who waits get a place? From the automatic stops of who runs, and from how long people stayed before:
 * most leave earlier. Instants and durations are in ms; the same facts give the same answer.
 */

/** How long somebody ran. `isWhole`: they left by themselves; else the clock stopped them, and they might have stayed. */
export interface PastStay {
  ms: number
  isWhole: boolean
}

export interface QueueFacts {
  /** Who has a place: since when, and when it is given back at the latest. */
  running: { startedAt: number; endsAt: number }[]
  /** Places nobody has taken yet. */
  free: number
  ahead: number
  /** Who gets in runs so long at most. */
  mostMs: number
  past: PastStay[]
}

/** Scenarios played; odd, so that there is a middle one, and prime, so that every step visits all of them. */
const SCENARIOS = 61
/** With fewer who left by themselves than this, nothing is known: everybody is taken to stay to the end. */
const LEAST_LEARNED = 10

/**
 * The middle of what may happen, played out: each place is given back when its holder leaves, as those before
 * them did, and goes to the next in line.
 * @returns an instant, or null when no place is ever given back
 */
export function likelyTurn(facts: QueueFacts, now: number): number | null {
  const staying = survival(facts.past)
  const holders = facts.running.map((one) => ({
    ...one,
    still: stillThere(staying, Math.max(0, now - one.startedAt)),
  }))
  const turns: number[] = []
  for (let scenario = 0; scenario < SCENARIOS; scenario++)
    turns.push(turnIn(scenario, { ...facts, running: holders }, staying, now))
  const middle = turns.toSorted((a, b) => a - b)[(SCENARIOS - 1) / 2] ?? Infinity
  return Number.isFinite(middle) ? Math.max(now, middle) : null
}

type Holder = QueueFacts['running'][number] & { still: number }
type Played = Omit<QueueFacts, 'running'> & { running: Holder[] }

function turnIn(scenario: number, facts: Played, staying: Survival, now: number): number {
  const freed = [
    ...Array.from({ length: facts.free }, () => now),
    ...facts.running.map(({ startedAt, endsAt, still }, i) => {
      const leaves = startedAt + lengthOf(staying, still, shareOf(scenario, i))
      return Math.max(now, Math.min(endsAt, leaves))
    }),
  ].toSorted((a, b) => a - b)
  for (let before = 0; before < facts.ahead; before++) {
    const at = freed.shift()
    if (at === undefined) return Infinity
    const share = shareOf(scenario, facts.running.length + before)
    insert(freed, at + Math.min(facts.mostMs, lengthOf(staying, 1, share)))
  }
  return freed[0] ?? Infinity
}

function insert(sorted: number[], value: number): void {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  sorted.splice(low, 0, value)
}

/**
 * Each person lives through every share of the distribution once, in an order of their own (a Latin hypercube:
 * McKay, Beckman, Conover 1979), so that few scenarios stand for many.
 */
function shareOf(scenario: number, person: number): number {
  const step = 1 + ((person * 23) % (SCENARIOS - 1))
  return (((scenario * step + person * 7) % SCENARIOS) + 0.5) / SCENARIOS
}

/** Which share still stays after so long: falling steps. */
type Survival = { ms: number; share: number }[]

/**
 * Kaplan and Meier 1958: who was stopped by the clock counts as staying until then, and says nothing of after.
 */
export function survival(past: PastStay[]): Survival {
  if (!isLearned(past)) return []
  const steps: Survival = []
  let share = 1
  let left = past.length
  for (const { ms, isWhole } of past.toSorted((a, b) => a.ms - b.ms)) {
    if (isWhole) steps.push({ ms, share: (share *= 1 - 1 / left) })
    left--
  }
  return steps
}

/** Whether enough left by themselves to say how long people stay. */
export const isLearned = (past: PastStay[]): boolean =>
  past.filter((stay) => stay.isWhole).length >= LEAST_LEARNED

/** The share of those like them that stayed as long as somebody already has. */
function stillThere(staying: Survival, elapsed: number): number {
  const next = firstStep(staying, (step) => step.ms > elapsed)
  return staying[next - 1]?.share ?? 1
}

/** How long somebody stays in all, who is this far along (0 to 1) among the `still` that are like them. */
function lengthOf(staying: Survival, still: number, share: number): number {
  const most = still * (1 - share)
  return staying[firstStep(staying, (step) => step.share <= most)]?.ms ?? Infinity
}

/** The first of the steps for which `is` holds, once it does for all after; their number when none. */
function firstStep(steps: Survival, is: (step: Survival[number]) => boolean): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (is(steps[middle] as Survival[number])) high = middle
    else low = middle + 1
  }
  return low
}
