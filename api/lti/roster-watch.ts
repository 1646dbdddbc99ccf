/** Reads the lists that are due, one after the other: every half minute, and at once when a teacher came. */
import type { Pool } from '../data/db.ts'
import type { Listening } from '../data/listen.ts'
import { rostersDue } from '../data/roster-due.ts'
import type { Log } from '../log.ts'
import type { Lti } from './provider.ts'

const LOOK_MS = 30_000

export function watchRosters(parts: {
  pool: Pool
  listening: Listening
  lti: Pick<Lti, 'readRoster'>
  log: Log
  now(): Date
}): { stop(): Promise<void> } {
  const { pool, listening, lti, log, now } = parts
  const stopping = new AbortController()
  const { signal } = stopping
  let isStale = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const pass = async (): Promise<void> => {
    do {
      isStale = false
      for (const id of await rostersDue(pool, now())) {
        if (signal.aborted) return
        await lti.readRoster(id)
      }
    } while (isStale && !signal.aborted)
  }
  const look = (): void => {
    if (signal.aborted) return
    isStale = true
    if (running) return
    clearTimeout(timer)
    running = pass()
      .catch((error: unknown) => log.error({ err: error }, 'lists of LMS courses were not read'))
      .finally(() => {
        running = undefined
        if (!signal.aborted) timer = setTimeout(look, LOOK_MS)
      })
  }
  const forget = listening.on('roster-due', look)
  look()
  return {
    async stop() {
      stopping.abort()
      forget()
      clearTimeout(timer)
      await running
    },
  }
}
