/**
 * Waiting in virtual time. Who polls looks again at the beat of its own poll, but only once there is something new
 * to see: the looks in between would find what the last one found.
 */
import type { Pace } from '../../workers/pace.ts'
import type { VirtualClock } from './clock.ts'

/** After a change everybody looks this often at its own beat, unless told otherwise: some looks skip part of what they look at. */
const LOOKS_AFTER_NEWS = 6
/** And this often anyway, so that limits of time are seen. */
const AT_LEAST_MS = 15_000

export type Pollers = { pace: Pace; news(): void }

/** Once `isDead`, nobody is ever continued: who sleeps in a killed worker sleeps for ever. */
export function pollers(
  clock: VirtualClock,
  isDead: () => boolean,
  { looks } = { looks: LOOKS_AFTER_NEWS },
): Pollers {
  const asleep = new Set<{ since: number; everyMs: number; resolve: () => void }>()
  let lively = 0
  const wake = (sleeper: { since: number; everyMs: number; resolve: () => void }): void => {
    asleep.delete(sleeper)
    const beats = Math.max(1, Math.ceil((clock.ms - sleeper.since) / sleeper.everyMs))
    clock.at(sleeper.since + beats * sleeper.everyMs, () => isDead() || sleeper.resolve())
  }
  const sleep = (everyMs: number): Promise<void> =>
    new Promise((resolve) => {
      const sleeper = { since: clock.ms, everyMs, resolve }
      if (clock.ms <= lively + looks * everyMs) return wake(sleeper)
      asleep.add(sleeper)
      clock.at(clock.ms + AT_LEAST_MS, () => asleep.has(sleeper) && wake(sleeper))
    })
  return {
    pace: { elapsedMs: () => clock.ms, sleep },
    news() {
      lively = clock.ms
      for (const sleeper of asleep) wake(sleeper)
    },
  }
}

/** Plain sleep, for what is not a poll. */
export const sleepUnless = (clock: VirtualClock, isDead: () => boolean): Pace => ({
  elapsedMs: () => clock.ms,
  sleep: (ms) => new Promise((resolve) => clock.at(clock.ms + ms, () => isDead() || resolve())),
})
