/** What happens next in the life of a machine, from its row and what the cloud and the Swarm say of it. Pure. */
import type { NodeRow, NodeState } from '../../api/data/pools/node.ts'
import type { Closing } from '../../api/data/pools/pool.ts'
import type { Availability } from '../swarm/node.ts'

/** What is seen of one machine; undefined where it could not be looked at just now. */
export type NodeSight = {
  /** Of the cloud: null when it has no such machine. */
  server?: { id: string; status: string } | null
  /** Of the Swarm: null when no such node is there. `hasHomes`: files of scratch homes that are not on a volume yet. */
  swarm?: { id: string; isUp: boolean; isOpen: boolean; seats: number; hasHomes?: boolean } | null
  /** For how long it has been away from the Swarm; 0 while it is there. */
  awayMs: number
  /** Of the container that tries it out. */
  probe?: 'none' | 'waiting' | 'ran'
}

export type NodeStep =
  | { do: 'move'; to: NodeState }
  | { do: 'join'; swarmId: string }
  /** Its machine is made anew. The code says why, in the catalogue under `node.`. */
  | { do: 'replace'; why: NodeTrouble }
  | { do: 'probe' }

export type NodeTrouble = 'server-gone' | 'server-error' | 'never-joined' | 'lost'

/** A node of the Swarm that is down so long is dead: Swarm itself says so 15 to 30 s after it is. */
export const LOST_MS = 90_000
/** A machine that is not probed by then is used all the same: seats are probed one by one anyway. */
const PROBE_LIMIT_MS = 5 * 60_000
/** Until enough of a flavour have joined to learn from. */
const JOIN_DEFAULT_MS = 10 * 60_000
const JOIN_LEAST_MS = 3 * 60_000
const JOIN_MOST_MS = 30 * 60_000
const LEARN_FROM = 3

/**
 * How long a machine may take from *booted* to *joined*: twice the slowest of the last ones of its flavour.
 * @param times seconds that they took
 */
export function joinLimitMs(times: number[]): number {
  if (times.length < LEARN_FROM) return JOIN_DEFAULT_MS
  const learned = Math.max(...times) * 2 * 1000
  return Math.min(JOIN_MOST_MS, Math.max(JOIN_LEAST_MS, learned))
}

const HAS_MACHINE = new Set<NodeState>(['booted', 'joined', 'ready', 'draining'])

/** `watchedMs`: for how long machines have been looked at. A Swarm whose manager was away says of those that joined that they are down. */
type Clock = { now: Date; joinLimitMs: number; watchedMs?: number }

/** One step, or none. A machine that is being emptied and has died is done with. */
export function nextStep(
  row: NodeRow,
  sight: NodeSight,
  { now, joinLimitMs: limit, watchedMs = Infinity }: Clock,
): NodeStep | undefined {
  const since = now.getTime() - row.state_at.getTime()
  const dead = deathOf(row, sight)
  if (dead && row.state === 'draining') return { do: 'move', to: 'drained' }
  if (dead) return { do: 'replace', why: dead }
  const { swarm } = sight
  if (row.state === 'booted') {
    if (swarm?.isUp) return { do: 'join', swarmId: swarm.id }
    const isHeardOf = watchedMs > LOST_MS
    return since > limit && isHeardOf ? { do: 'replace', why: 'never-joined' } : undefined
  }
  if (!swarm) return undefined
  if (row.state === 'draining')
    return !swarm.isOpen && swarm.seats === 0 && !swarm.hasHomes
      ? { do: 'move', to: 'drained' }
      : undefined
  if (row.state !== 'joined') return undefined
  if (sight.probe === 'ran' || since > PROBE_LIMIT_MS) return { do: 'move', to: 'ready' }
  return sight.probe === 'none' ? { do: 'probe' } : undefined
}

/**
 * What a node of the Swarm should be; undefined: as it is. What somebody did by hand is theirs to undo: only a node that
 * was closed by Labplan (`isHeld`) is opened by it.
 */
export function availabilityFor(node: {
  availability: Availability
  isHeld: boolean
  /** Its pool was closed, or is emptied, by a person. */
  closed: Closing | null
  /** It goes, once it is empty. */
  isGoing: boolean
}): Availability | undefined {
  const { availability, isHeld, closed, isGoing } = node
  const wanted = closed === 'drained' ? 'drain' : closed || isGoing ? 'pause' : 'active'
  if (wanted === availability) return undefined
  if (wanted === 'active') return isHeld ? 'active' : undefined
  // Emptied is more than closed; a pool that is emptied no more stays closed if that is what was asked.
  return wanted === 'pause' && availability === 'drain' && !isHeld ? undefined : wanted
}

function deathOf(row: NodeRow, sight: NodeSight): NodeTrouble | undefined {
  if (!HAS_MACHINE.has(row.state)) return undefined
  if (sight.server === null) return 'server-gone'
  if (sight.server?.status === 'ERROR') return 'server-error'
  return row.state !== 'booted' && sight.awayMs > LOST_MS ? 'lost' : undefined
}
