/**
 * When does a workspace stop by itself, and how far can a click move that? Instants are epoch ms; `now` is an
 * argument. The same rules answer the page, which says why not, and the record, which does it.
 */
import type { BlueprintSession } from '../blueprint.ts'
import type { Course, Lifecycle } from '../terms.ts'
import type { Policy } from '../terms-policy.ts'

const minuteMs = 60_000

export function lifecycleOf(course: Course, policy: Policy): Lifecycle {
  const resolved = { ...policy.lifecycle }
  for (const name of Object.keys(resolved) as (keyof Lifecycle)[])
    resolved[name] = course.lifecycle[name] ?? resolved[name]
  return resolved
}

/** On whose account a workspace runs. */
export interface Account {
  kind: 'session' | 'outside'
  /**
   * Until when the plan holds its capacity: a session's end with stay and grace; outside class, when the course
   * closes. Null: no end is known.
   */
  heldUntil: number | null
  /** Whether a session's place is held a while at a time, and a click holds it on. */
  isReservation: boolean
}

/**
 * A GPU is scarce, and a project period lasts for days: nobody keeps a place there by having left.
 */
export const isReservation = (kind: BlueprintSession['kind'], gpus: number): boolean =>
  gpus > 0 || kind === 'project'

/** A class's workspaces run to its end; a reservation, and everything outside class, has its time. */
export function firstStop(account: Account, lifecycle: Lifecycle, now: number): number {
  const end = account.heldUntil ?? Infinity
  if (account.kind === 'session' && !account.isReservation) return Number.isFinite(end) ? end : now
  const minutes = account.kind === 'session' ? lifecycle.reserveMinutes : lifecycle.stopMinutes
  return Math.min(end, now + minutes * minuteMs)
}

export type Refusal =
  | 'extend.session-end'
  | 'extend.closes'
  | 'extend.often'
  | 'extend.longest'
  | 'extend.never'
  | 'extend.others-wait'
export type Extension = { to: number } | { refused: Refusal }

export interface Running extends Account {
  stopsAt: number
  /** How often it was extended since it started. */
  extensions: number
  /** Others wait, and its turn ends then; null while nobody does. */
  turnEndsAt: number | null
  /** No work was seen for a while: it stops then, unless it is; null: not watched. */
  idleStopsAt: number | null
  idleMinutes: number
}

/** Less than this more is nothing to click for. */
const leastMs = minuteMs

/**
 * What one click does: outside class it adds `extendMinutes`, `extendTimes` at most; a reservation runs
 * anew from now. Never past what the plan holds, nor past its turn while others wait.
 */
export function extension(running: Running, lifecycle: Lifecycle, now: number): Extension {
  const turn = running.turnEndsAt ?? Infinity
  if (isIdle(running, lifecycle, now))
    return { to: Math.min(running.stopsAt, turn, now + running.idleMinutes * minuteMs) }
  const end = Math.min(running.heldUntil ?? Infinity, turn)
  if (end - running.stopsAt < leastMs && end === turn) return { refused: 'extend.others-wait' }
  if (end - running.stopsAt < leastMs)
    return { refused: running.kind === 'session' ? 'extend.session-end' : 'extend.closes' }
  if (running.kind === 'session' && running.isReservation) {
    const to = Math.min(end, now + lifecycle.reserveMinutes * minuteMs)
    return to - running.stopsAt < leastMs ? { refused: 'extend.longest' } : { to }
  }
  if (running.kind === 'session') return { to: end }
  if (lifecycle.extendTimes === 0 || lifecycle.extendMinutes === 0)
    return { refused: 'extend.never' }
  if (running.extensions >= lifecycle.extendTimes) return { refused: 'extend.often' }
  return { to: Math.min(end, running.stopsAt + lifecycle.extendMinutes * minuteMs) }
}

/** Whether it is about to stop because no work was seen: then a click says that somebody is there. */
export function isIdle(running: Running, lifecycle: Lifecycle, now: number): boolean {
  const { idleStopsAt } = running
  if (idleStopsAt === null || warnsAt(idleStopsAt, lifecycle) > now) return false
  return idleStopsAt < Math.min(running.stopsAt, running.turnEndsAt ?? Infinity)
}

/** From when on its student is warned. A stop that was always nearer than that is warned of at once. */
export function warnsAt(stopsAt: number, lifecycle: Lifecycle): number {
  return stopsAt - lifecycle.warnMinutes * minuteMs
}

export interface OpenSession {
  id: string
  /** With stay and grace. */
  endsAt: number
  isReservation: boolean
}

/**
 * Who works when a session opens, or when theirs ends while another is open, works on, on its account: a plan
 * only ever adds time to who is in. Only a session whose end was moved earlier takes some away.
 * @param own the session it runs on, over or not; undefined outside class
 * @param open the session of its course that is open now and ends last
 */
export function follow(
  running: { stopsAt: number },
  own: OpenSession | undefined,
  open: OpenSession | undefined,
): { session: string | null; stopsAt: number } {
  const { stopsAt } = running
  const isTaken = open !== undefined && open.endsAt > (own?.endsAt ?? stopsAt)
  const account = isTaken ? open : own
  if (account === undefined) return { session: null, stopsAt }
  if (account.isReservation)
    return { session: account.id, stopsAt: Math.min(stopsAt, account.endsAt) }
  return { session: account.id, stopsAt: account.endsAt }
}
