/**
 * Which machines of a cloud should be on now? One decision from the timeline and from who waits for room, so that neither
 * takes away what the other needs: the timeline's are on whatever else is; beyond them, what is there is used before anything is
 * bought, within the pool's limits; what nobody needs any more stays for a while, and goes.
 */
import type { Blueprint } from '../blueprint.ts'
import { chooseRegions } from './choose-region.ts'
import { liveNodes } from './live-nodes.ts'
import type { Need, Room } from './live-room.ts'
import { machinesAt } from './machine-stacks.ts'
import type { Leads } from './node-lead.ts'

/** A machine as it is. */
export type NodeNow = {
  pool: string
  key: string
  flavour: string
  /** `coming`: not yet tried out. `there`: takes seats. `leaving`: takes none any more. `left`: may be destroyed. */
  stage: 'coming' | 'there' | 'leaving' | 'left'
  /** Seats that run there. */
  seats: number
  /** What they leave; null where it is not seen. */
  room: Room | null
  why: NodeWhy | null
  /** Epoch ms: since when nobody needs it; null while somebody does. */
  unusedSince: number | null
  /** Another than its size's first. */
  region?: string | null
  /** The cloud has a machine for it, which is not to be made anew. */
  isMade?: boolean
}

/** A region that is down, or refuses for a cause that does not pass by itself. */
export type Refusing = { pool: string; region: string }

/** `queue`: seats that wait for room. `headroom`: room that a course keeps for who comes next. */
export type LiveDemand = {
  pool: string
  course: string
  why: 'queue' | 'headroom'
  seats: number
  need: Need
  /** The Swarm says at this moment that none of its nodes has room. */
  isRefused: boolean
}

/** `idle`: always on. `work`: seats run there that no class needs it for. `unused`: it goes, after the grace. */
export type NodeWhy = 'class' | 'idle' | 'queue' | 'headroom' | 'work' | 'unused'

export type DecidedNode = {
  pool: string
  key: string
  flavour: string
  why: NodeWhy
  /** Whose seats it was bought or is kept for; null where that is not one course. */
  course: string | null
  unusedSince: number | null
  /** Where it is made, if not in its size's first region. */
  region?: string
}

export type Situation = {
  nodes: NodeNow[]
  demands: LiveDemand[]
  /** Learned ones by session. */
  leads: Leads
  /** Pools that a person closed: nothing is bought there beyond the timeline. */
  closed: string[]
  refusing: Refusing[]
  /** Epoch ms. */
  now: number
}

/** Sorted by pool and key; asked again with what it decided, it decides the same (on one random day of 15,000 it took up another machine instead). */
export function decideNodes(blueprint: Blueprint, situation: Situation): DecidedNode[] {
  const planned = plannedNodes(blueprint, situation)
  const extra = blueprint.pools.flatMap((pool) =>
    pool.live === undefined ? [] : liveNodes(blueprint, pool, pool.live, { ...situation, planned }),
  )
  return chooseRegions(blueprint, [...planned, ...extra].toSorted(byName), situation)
}

export const byName = (a: DecidedNode, b: DecidedNode): number =>
  a.pool < b.pool || (a.pool === b.pool && a.key < b.key) ? -1 : 1

/**
 * The machines of the timeline, of every pool: ordered as late as learned leads allow. One that is there already is not
 * given up for a lead that has become shorter.
 */
function plannedNodes(blueprint: Blueprint, { nodes, leads, now }: Situation): DecidedNode[] {
  const at = new Date(now).toISOString()
  const named = (stacks: ReturnType<typeof machinesAt>) =>
    stacks.flatMap(({ pool, nodes: some }) => some.map((node) => ({ pool, ...node })))
  const isIdle = (pool: string, key: string): boolean =>
    blueprint.pools.find((one) => one.key === pool)!.idle.some((node) => node.key === key)
  const ordered = new Set(named(machinesAt(blueprint, at, leads)).map(nameOf))
  const there = new Set(
    nodes.filter(({ stage }) => stage !== 'leaving' && stage !== 'left').map(nameOf),
  )
  return named(machinesAt(blueprint, at))
    .filter((node) => ordered.has(nameOf(node)) || there.has(nameOf(node)))
    .map((node) => ({
      ...node,
      ...{ why: isIdle(node.pool, node.key) ? 'idle' : 'class', course: null, unusedSince: null },
    }))
}

const nameOf = ({ pool, key }: { pool: string; key: string }): string => `${pool} ${key}`
