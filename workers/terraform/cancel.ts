/** Hears that somebody asked a run to end: at once by a notice, and within seconds when the notice was lost. */
import type { Pool } from '../../api/data/db.ts'
import type { Listening } from '../../api/data/listen.ts'
import { isCancelAsked } from '../../api/data/runs/run-control.ts'

const LOOK_MS = 2000

export type CancelWatch = {
  /** Aborted once somebody asked. */
  asked: AbortSignal
  stop(): void
}

export function watchCancel(
  means: { pool: Pool; listening?: Pick<Listening, 'on'> | undefined },
  runId: string,
): CancelWatch {
  const asked = new AbortController()
  let isLooking = false
  const look = async () => {
    if (isLooking || asked.signal.aborted) return
    isLooking = true
    // While PostgreSQL does not answer, nobody can have asked.
    if (await isCancelAsked(means.pool, runId).catch(() => false)) asked.abort()
    isLooking = false
  }
  const timer = setInterval(() => void look(), LOOK_MS)
  const forget = means.listening?.on('cancel', (id) => {
    if (id === undefined || id === runId) void look()
  })
  return {
    asked: asked.signal,
    stop() {
      clearInterval(timer)
      forget?.()
    },
  }
}
