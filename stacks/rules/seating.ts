/** Who sits otherwise after a pool was placed again? */
import type { Placement } from '../blueprint.ts'
import { LayeredMap } from './layered.ts'
import { byName } from './stretch.ts'
import type { Stretch } from './stretch.ts'

/** Where every session sits, and the stretches that say so. */
export interface Seating {
  bySession: LayeredMap<string, Placement[]>
  counted: Set<Stretch>
}

/**
 * Brings a seating up to date: only stretches that came or went since the last call are
 * looked at.
 * @returns the courses of sessions that sit otherwise than before; undefined when all was counted anew
 */
export function followStretches(
  lasting: Stretch,
  stretches: Stretch[],
  seating: Seating,
): Set<string> | undefined {
  const { counted } = seating
  const now = new Set([lasting, ...stretches])
  // What is fixed beforehand adds to what is placed now: then, and the next time, all is counted anew.
  const isAnew = lasting.placements.size > 0 || counted.size === 0
  if (isAnew) {
    seating.bySession = new LayeredMap()
    counted.clear()
  }
  const { bySession } = seating
  const moved = new Moves(bySession)
  for (const stretch of counted) {
    if (now.has(stretch)) continue
    moved.note(stretch)
    for (const session of stretch.placements.keys()) bySession.delete(session)
    counted.delete(stretch)
  }
  for (const stretch of now) {
    if (counted.has(stretch)) continue
    counted.add(stretch)
    moved.note(stretch)
    for (const [session, list] of stretch.placements) {
      const before = bySession.get(session)
      bySession.set(session, before === undefined ? list : merged(before, list))
    }
  }
  if (lasting.placements.size > 0) counted.clear()
  return isAnew ? undefined : moved.courses()
}

/** Who of the stretches that came or went sits otherwise in the end: most of a day does not, when one class changes. */
class Moves {
  readonly #bySession: LayeredMap<string, Placement[]>
  readonly #before = new Map<string, { course: string; list: Placement[] | undefined }>()
  readonly #extra = new Set<string>()

  constructor(bySession: LayeredMap<string, Placement[]>) {
    this.#bySession = bySession
  }

  /** Before anything of the stretch is written or taken away. */
  note(stretch: Stretch): void {
    for (const { session, course } of stretch.demands)
      if (!this.#before.has(session))
        this.#before.set(session, { course, list: this.#bySession.get(session) })
    for (const session of stretch.extra.keys()) this.#extra.add(session)
  }

  courses(): Set<string> {
    const moved = new Set<string>()
    for (const [session, { course, list }] of this.#before) {
      const isSame = samePlacements(list ?? [], this.#bySession.get(session) ?? [])
      if (!isSame || this.#extra.has(session)) moved.add(course)
    }
    return moved
  }
}

export function samePlacements(a: Placement[], b: Placement[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((one, i) => one.node === b[i]?.node && one.seats === b[i].seats))
  )
}

/** A session seated in part already has some places fixed beforehand, the rest placed now. */
function merged(a: Placement[], b: Placement[]): Placement[] {
  const seats = new Map(a.map((one) => [one.node, one.seats]))
  for (const one of b) seats.set(one.node, (seats.get(one.node) ?? 0) + one.seats)
  return [...seats]
    .map(([node, count]) => ({ node, seats: count }))
    .toSorted((x, y) => byName(x.node, y.node))
}
