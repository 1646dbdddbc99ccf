/**
 * Whose turn is it on scarce GPUs? While others wait, nobody runs longer than a turn, and who was served least
 * goes first. Without anybody waiting nobody is cut. Instants and durations are in ms.
 */

export interface Waiter {
  id: string
  queuedAt: number
  /** How long this workspace ran before, in its course or project period. */
  servedMs: number
}

/** Who waits, in the order they are let in: served least first, then whoever waits longest. */
export function inTurn<Person extends Waiter>(waiting: Person[]): Person[] {
  return waiting.toSorted(
    (a, b) => a.servedMs - b.servedMs || a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1),
  )
}

/**
 * When turns end. Each who waits and finds no free place ends one turn: of those who run, the one that runs
 * longest. Nobody is stopped before `turnMs`, nor with less than `warnMs` of notice after somebody came.
 * @returns by workspace; who is not in it is not cut
 */
export function turnEnds(
  facts: { running: { id: string; startedAt: number }[]; waiting: Waiter[]; free: number },
  turn: { turnMs: number; warnMs: number },
): Map<string, number> {
  const longest = facts.running.toSorted(
    (a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1),
  )
  const came = facts.waiting.map((one) => one.queuedAt).toSorted((a, b) => a - b)
  const ends = came.slice(facts.free).flatMap((queuedAt, i): [string, number][] => {
    const running = longest[i]
    if (running === undefined) return []
    return [[running.id, Math.max(running.startedAt + turn.turnMs, queuedAt + turn.warnMs)]]
  })
  return new Map(ends)
}
