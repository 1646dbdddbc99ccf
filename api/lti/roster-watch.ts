/**
 * Reads the lists that are due, every half minute, and at once when a teacher came: those of an LMS one after the other, and each
 * LMS beside the others, so that one that does not answer keeps nobody else's class waiting.
 */
import type { Pool } from '../data/db.ts'
import type { Listening } from '../data/listen.ts'
import { rostersDue } from '../data/lms/roster-due.ts'
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
  /** By platform. */
  const reading = new Map<string, Promise<void>>()
  /** Platforms that something became due of while theirs were read. */
  const stale = new Set<string>()
  let looking: Promise<void> | undefined
  let isAsked = false
  const failed = (error: unknown): void =>
    log.error({ err: error }, 'lists of LMS courses were not read')

  const readOf = async (ids: string[]): Promise<void> => {
    for (const id of ids) if (!signal.aborted) await lti.readRoster(id)
  }
  const begin = (platform: string, ids: string[]): void => {
    const whole = readOf(ids)
      .catch(failed)
      .finally(() => {
        reading.delete(platform)
        if (stale.delete(platform)) look()
      })
    reading.set(platform, whole)
  }
  const lookOnce = async (): Promise<void> => {
    for (const { platform, ids } of await rostersDue(pool, now())) {
      if (signal.aborted) return
      if (reading.has(platform)) stale.add(platform)
      else begin(platform, ids)
    }
  }
  const look = (): void => {
    isAsked = true
    if (looking || signal.aborted) return
    isAsked = false
    looking = lookOnce()
      .catch(failed)
      .finally(() => {
        looking = undefined
        if (isAsked) look()
      })
  }
  const forget = listening.on('roster-due', look)
  const timer = setInterval(look, LOOK_MS)
  look()
  return {
    async stop() {
      stopping.abort()
      forget()
      clearInterval(timer)
      await looking
      await Promise.all(reading.values())
    },
  }
}
