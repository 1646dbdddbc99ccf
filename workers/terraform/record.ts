/** Writes what a run says into run_event while it says it, a few times a second at most. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Pool } from '../../api/data/db.ts'
import { addRunEvents, type RunEvent } from '../../api/data/runs/run.ts'

const FLUSH_MS = 500
/** While PostgreSQL does not answer it is asked more and more seldom. */
const AGAIN_MOST_MS = 8_000
/** Once the run is over: half a minute, in which a server has started anew. */
const LAST_TRIES = 5
/** A class that is made says three of them for each seat. */
const AT_ONCE = 1_000

export type Recorder = {
  add(event: RunEvent): void
  /** Everything added so far is in the database when it resolves, unless that does not answer: then it is kept for later. */
  flush(): Promise<void>
  /** The last flush: tries for a while, and gives up. Nothing may be added after it. */
  close(): Promise<void>
  /** All events of this run, in order. */
  events: RunEvent[]
}

/** PostgreSQL takes no such values, however often it is asked (SQLSTATE classes 22 and 23). */
const isRefused = (error: unknown): boolean => /^2[23]/.test(codeOf(error))
/** Of a run that is not in the record any more (foreign_key_violation) none is taken. */
const isRunGone = (error: unknown): boolean => codeOf(error) === '23503'
const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)

/** `onLost` hears of events that PostgreSQL refused, or that could not be written until the end: nothing waits for them any longer. */
export function recordEvents(
  pool: Pool,
  runId: string,
  onLost: (error: unknown, events: RunEvent[]) => void,
  sleep: (ms: number) => Promise<unknown> = wait,
): Recorder {
  const events: RunEvent[] = []
  let written = 0
  let failures = 0
  let failure: unknown
  let isClosed = false
  let atOnce = AT_ONCE
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  const write = async () => {
    while (written < events.length) {
      const batch = events.slice(written, written + atOnce)
      try {
        await addRunEvents(pool, runId, written + 1, batch)
      } catch (error) {
        if (!isRefused(error)) {
          failure = error
          failures++
          return flushLater()
        }
        // One of many is refused, and found by halves.
        if (batch.length > 1 && !isRunGone(error)) {
          atOnce = Math.ceil(batch.length / 2)
          continue
        }
        onLost(error, batch)
      }
      failures = 0
      written += batch.length
      atOnce = Math.min(AT_ONCE, atOnce * 2)
    }
  }
  const later = () => Math.min(AGAIN_MOST_MS, FLUSH_MS * 2 ** failures)
  const flushLater = () => {
    if (!isClosed) timer ??= setTimeout(() => void flush(), later())
  }
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(write)
    return writing
  }
  return {
    events,
    flush,
    async close() {
      isClosed = true
      await flush()
      for (let left = LAST_TRIES; written < events.length && left > 0; left--) {
        await sleep(later())
        await flush()
      }
      if (written < events.length) onLost(failure, events.slice(written))
    },
    add(event) {
      events.push(event)
      flushLater()
    },
  }
}
