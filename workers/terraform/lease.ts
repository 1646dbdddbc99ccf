/** Holding a stack: a heartbeat while the run lives, and a signal the moment the stack is somebody else's. */
import type { Pool } from '../../api/data/db.ts'
import { type Lease, renewLease } from '../../api/data/runs/stack.ts'

const HEARTBEAT_MS = 5000
const FENCE_MS = 250
/** Three missed heartbeats: from then on another worker may take the stack. */
const LEASE_MS = 15_000

export const leaseUntil = (now: Date): Date => new Date(now.getTime() + LEASE_MS)

export type HeldLease = {
  /** Aborted when the lease is lost, or could not be renewed before it ran out. */
  lost: AbortSignal
  stop(): void
}

/** `until`: as it was taken. The answer to that may have been slow, and others count from when it was asked. */
export function keepLease(
  means: { pool: Pool; now: () => Date; leaseNow?: () => Date },
  lease: Lease,
  until: Date,
): HeldLease {
  const { pool, now, leaseNow = now } = means
  const lost = new AbortController()
  /** By both clocks: a machine that slept knows by its own alone, at once, that time has passed. */
  const safe = (end: Date) => ({ until: end, own: now().getTime() + (+end - +leaseNow()) })
  let known = safe(until)
  let isBeating = false
  const beat = async () => {
    const next = safe(leaseUntil(leaseNow()))
    try {
      if (await renewLease(pool, { ...lease, until: next.until })) known = next
      else lost.abort(new LeaseLost())
    } catch {
      // PostgreSQL did not answer. Until the lease runs out nobody else acts either.
    }
    isBeating = false
  }
  const heart = setInterval(() => {
    if (isBeating || lost.signal.aborted) return
    isBeating = true
    void beat()
  }, HEARTBEAT_MS)
  // Another worker may take the stack from this instant on, so nothing of ours may go on after it.
  const fence = setInterval(() => {
    if (leaseNow() >= known.until || now().getTime() >= known.own) lost.abort(new LeaseLost())
  }, FENCE_MS)
  return {
    lost: lost.signal,
    stop() {
      clearInterval(heart)
      clearInterval(fence)
    },
  }
}

export class LeaseLost extends Error {
  constructor() {
    super('The lease of this stack was lost: another worker may be at it.')
  }
}
