/** What is under way through the gateway: requests and tunnels, by seat. */
import type { Pass } from '../data/seats/ticket.ts'

/** One seat cannot take the gateway from the others. Two file descriptors each. */
const MOST_PER_SEAT = 2_048

/** `taskId` is whose connection carries it; undefined until one does. */
export type Work = { pass: Pass; taskId: string | undefined; cut: () => void }

export class OpenWork {
  #bySeat = new Map<string, Set<Work>>()
  #idle: (() => void) | undefined
  count = 0

  /** False when the seat has as much open as it may. */
  begin(work: Work): boolean {
    const seat = this.#bySeat.get(work.pass.seatId) ?? new Set()
    if (seat.size >= MOST_PER_SEAT) return false
    this.#bySeat.set(work.pass.seatId, seat.add(work))
    this.count++
    return true
  }

  end(work: Work): void {
    const seat = this.#bySeat.get(work.pass.seatId)
    if (!seat?.delete(work)) return
    if (seat.size === 0) this.#bySeat.delete(work.pass.seatId)
    this.count--
    if (this.count === 0) this.#idle?.()
  }

  /** Cuts what may not stay at this seat; answers how many that were. */
  recheck(seatId: string, mayStay: (work: Work) => boolean): number {
    const going = [...(this.#bySeat.get(seatId) ?? [])].filter((work) => !mayStay(work))
    for (const work of going) work.cut()
    return going.length
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    if (this.count === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    return promise
  }

  cutAll(): void {
    for (const seat of [...this.#bySeat.values()]) for (const work of [...seat]) work.cut()
  }
}
