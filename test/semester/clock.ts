/**
 * A virtual clock: nothing waits, the next instant somebody sleeps until comes at once. It moves only when the
 * real work of this instant has come to rest: no statement under way at PostgreSQL, nothing left to continue.
 */
import type { Traffic } from './traffic.ts'

type Timer = { at: number; order: number; run: () => void }

export class VirtualClock {
  #now: number
  #order = 0
  #timers: Timer[] = []
  readonly #traffic: Traffic
  readonly #togetherMs: number

  /** `togetherMs`: what begins within so many ms of virtual time begins side by side, and waits for one rest; see README.md. */
  constructor(start: Date, traffic: Traffic, togetherMs = 0) {
    this.#now = start.getTime()
    this.#traffic = traffic
    this.#togetherMs = togetherMs
  }

  readonly now = (): Date => new Date(this.#now)

  get ms(): number {
    return this.#now
  }

  /** Runs `run` at an instant; one that is over comes next. Same instant: in the order they were asked for. */
  at(ms: number, run: () => void): void {
    this.#push({ at: Math.max(ms, this.#now), order: this.#order++, run })
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + ms, resolve))
  }

  /** Lets time pass until `end`, or until nobody waits for anything. */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      await this.#rest()
      const next = this.#timers[0]
      if (!next || next.at > end) break
      await this.#beginUntil(Math.min(next.at + this.#togetherMs, end))
    }
    this.#now = Math.max(this.#now, end)
  }

  /** In their order, each until it first waits for PostgreSQL. */
  async #beginUntil(last: number): Promise<void> {
    for (let begun = 0; ; begun++) {
      const next = this.#timers[0]
      if (!next || next.at > last) return
      if (begun > 0 && next.at > this.#now) await new Promise((resolve) => setImmediate(resolve))
      if (this.#timers[0] !== next) continue
      this.#pop()
      this.#now = next.at
      next.run()
      if (this.#togetherMs === 0) return
    }
  }

  async #rest(): Promise<void> {
    for (let calm = 0; calm < 2; calm++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#traffic.pending === 0) continue
      await this.#traffic.rest()
      calm = -1
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers
    let at = heap.push(timer) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(timer, heap[above] as Timer)) break
      heap[at] = heap[above] as Timer
      at = above
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Timer, heap[below] as Timer))
        below++
      if (!isBefore(heap[below] as Timer, last)) break
      heap[at] = heap[below] as Timer
      at = below
    }
    heap[at] = last
  }
}

const isBefore = (a: Timer, b: Timer): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order)
