/** Writes what a run says into run_event while it says it, a few times a second at most. */
import type { Pool } from '../../api/data/db.ts'
import { addRunEvents, type RunEvent } from '../../api/data/run.ts'

const FLUSH_MS = 500

export type Recorder = {
  add(event: RunEvent): void
  /** Everything added so far is in the database when it resolves. */
  flush(): Promise<void>
  /** All events of this run, in order. */
  events: RunEvent[]
}

/** `onError` hears of events that could not be written: they are lost, the run goes on. */
export function recordEvents(
  pool: Pool,
  runId: string,
  onError: (error: unknown) => void,
): Recorder {
  const events: RunEvent[] = []
  let written = 0
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  const write = async () => {
    const batch = events.slice(written)
    if (batch.length === 0) return
    const first = written + 1
    written += batch.length
    await addRunEvents(pool, runId, first, batch).catch(onError)
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
    add(event) {
      events.push(event)
      timer ??= setTimeout(() => void flush(), FLUSH_MS)
    },
  }
}
