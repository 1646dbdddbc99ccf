/** What is seen of a machine: in its cloud, and in the Swarm. */
import type { NodeRow } from '../../api/data/pools/node.ts'
import type { RegionLook } from '../cloud/look.ts'
import type { Load } from '../swarm/load.ts'
import type { SwarmNode } from '../swarm/node.ts'
import type { NodeSight } from './node-life.ts'

/** By what is away: since when, in ms since 1970. */
export type AwaySince = Map<string, number>

/**
 * The node that a row has joined as; before that, the one that is up and carries its key and region.
 * @param region null for the first of its pool; undefined where that is not known
 */
export function nodeOf(
  row: NodeRow,
  nodes: SwarmNode[],
  region: string | null | undefined,
): SwarmNode | undefined {
  if (row.swarm_id) return nodes.find(({ id }) => id === row.swarm_id)
  return nodes.find(
    (node) =>
      node.isUp &&
      node.key === row.key &&
      node.pool === row.pool_key &&
      (region === undefined || node.region === region),
  )
}

/** For how long something has been away; 0 while it is there. */
export function awayMs(
  awaySince: AwaySince,
  one: { id: string; isThere: boolean },
  now: Date,
): number {
  if (one.isThere) awaySince.delete(one.id)
  else awaySince.set(one.id, awaySince.get(one.id) ?? now.getTime())
  return now.getTime() - (awaySince.get(one.id) ?? now.getTime())
}

export const sightOfNode = (
  node: SwarmNode,
  load: Map<string, Load>,
  homes: Set<string> = new Set(),
): NonNullable<NodeSight['swarm']> => ({
  ...{ id: node.id, isUp: node.isUp, isOpen: node.availability === 'active' },
  seats: load.get(node.id)?.seats ?? 0,
  hasHomes: homes.has(node.id),
})

/** What was listed before the machine was made says nothing about it. */
export function sightOfServer(
  row: NodeRow,
  look: RegionLook | undefined,
): Pick<NodeSight, 'server'> {
  if (!look || look.at < row.state_at.getTime() || !row.server_id) return {}
  const server = look.byKey.get(row.key)
  return { server: server?.id === row.server_id ? server : null }
}

/** When somebody last looked, and since when without a gap, in ms since 1970. */
export type Watched = { since: number; at: number }

/** A worker that was started anew, or whose machine slept: looks are seconds apart. */
const GAP_MS = 3 * 60_000

/** For how long machines are being looked at: what is not seen just after a gap may only be heard of later. */
export function watchedMs(watched: Watched, now: Date): number {
  const at = now.getTime()
  if (at < watched.at || at - watched.at > GAP_MS) watched.since = at
  watched.at = at
  return at - watched.since
}
