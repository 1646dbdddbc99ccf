/**
 * What to do next with one seat, from its row and what the Swarm reports: pure, and the same answer
 * whoever asks, so a worker that starts anew simply goes on.
 */
import type { Seat } from '../../api/data/seats/seat.ts'

export type Seen = {
  /** The task that runs for its service now. */
  runningTaskId: string | undefined
  /** A container of it may be alive, running or ending. */
  alive: boolean
}

export type Step = 'scale up' | 'bring up' | 'scale down' | 'mark cold' | 'next generation' | 'none'

type SeatFacts = Pick<
  Seat,
  | 'state'
  | 'wanted_on'
  | 'held'
  | 'generation'
  | 'wanted_generation'
  | 'applied_generation'
  | 'wanted_start'
  | 'started'
  | 'start_after'
  | 'task_id'
  | 'volume_ready'
  | 'storage_away'
  | 'away_since'
>

/** What cannot stop while its files are away waits so long, and is ended then: nobody comes back to what it still holds. */
const STOPS_AFTER_MS = 24 * 3_600_000

/** Whether a stop waits for the storage of its files. */
export const waitsToStop = (
  { storage_away: isAway, away_since: since }: Pick<Seat, 'storage_away' | 'away_since'>,
  now: Date,
): boolean => isAway && (since === null || now.getTime() - since.getTime() < STOPS_AFTER_MS)

export function decide(seat: SeatFacts, seen: Seen, now: Date): Step {
  if (seat.state === 'absent')
    return seat.wanted_generation > seat.generation ? 'next generation' : 'none'
  if (seat.state === 'stopping') return whileStopping(seat, seen, now)
  if (mustBeDown(seat) && !waitsToStop(seat, now)) return whenDown(seat, seen)
  if (seat.storage_away) return whileAway(seat, seen)
  return whenUp(seat, seen, now)
}

/** One that still runs was only written down as stopping when its worker was killed: it is told to end once more. */
function whileStopping(seat: SeatFacts, seen: Seen, now: Date): Step {
  if (!seen.alive) return 'mark cold'
  return seen.runningTaskId === undefined || waitsToStop(seat, now) ? 'none' : 'scale down'
}

/** A held seat, one of another generation, or one that must start afresh goes down before anything else. */
function mustBeDown(seat: SeatFacts): boolean {
  return (
    !seat.wanted_on ||
    seat.held ||
    seat.wanted_generation > seat.generation ||
    seat.applied_generation !== seat.generation
  )
}

/**
 * Its files cannot be reached. A start would hang, and a stop would end programs before they can save: both wait until it is
 * back, a stop for a day at most. What runs goes on waiting by itself, and a task that the Swarm made anew is followed.
 */
function whileAway(seat: SeatFacts, seen: Seen): Step {
  if (seat.state === 'cold' || seat.state === 'failed' || mustBeDown(seat)) return 'none'
  return seat.state === 'ready' && seen.runningTaskId === seat.task_id ? 'none' : 'bring up'
}

function whenDown(seat: SeatFacts, seen: Seen): Step {
  if (seat.state !== 'cold') return 'scale down'
  if (seen.alive) return 'scale down'
  return seat.wanted_generation > seat.generation && !seat.held ? 'next generation' : 'none'
}

function whenUp(seat: SeatFacts, seen: Seen, now: Date): Step {
  const isStale = seat.wanted_start > seat.started
  // Never before its files are there: it would begin with an empty home, or not at all.
  if (seat.state === 'cold') return seat.volume_ready && isDue(seat, now) ? 'scale up' : 'none'
  if (isStale) return 'scale down'
  if (seat.state === 'failed') return isDue(seat, now) ? 'scale down' : 'none'
  if (seat.state === 'ready') return seen.runningTaskId === seat.task_id ? 'none' : 'bring up'
  return 'bring up'
}

const isDue = (seat: SeatFacts, now: Date): boolean =>
  seat.start_after === null || seat.start_after <= now
