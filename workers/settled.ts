/** Waiting that has an end. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Whether it has come to its end, good or bad, within so long. It goes on where it has not. */
export function settledWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController()
  const late = sleep(ms, false, { signal: over.signal }).catch(() => false)
  const ended = work.then(
    () => true,
    () => true,
  )
  return Promise.race([ended, late]).finally(() => over.abort())
}
