/** Entries of the Swarm that stand for no machine any more. */
import type { SwarmNode } from './node.ts'

/**
 * Ours that are down and that no living row names. One with seats is kept as long as its machine may be running them out of our
 * sight, so until another is up in its place: the same key of the same pool and region. What stood there then was started anew or is
 * gone; its tasks would be taken for running for ever, and their seats would neither stop nor start elsewhere.
 *
 * @param living Swarm ids of nodes that the record still counts on.
 * @param busy   Swarm ids of nodes with tasks of this installation that have not ended.
 * @param homes  Swarm ids of nodes that hold files which are not home yet.
 */
export function staleNodes(
  own: SwarmNode[],
  seen: {
    living: ReadonlySet<string | null>
    busy: { has(id: string): boolean }
    homes: { has(id: string): boolean }
  },
): SwarmNode[] {
  return own.filter((node) => {
    if (node.key === null || node.pool === null || node.isManager || node.isUp) return false
    if (seen.living.has(node.id) || seen.homes.has(node.id)) return false
    return !seen.busy.has(node.id) || own.some((other) => other.isUp && isSamePlace(other, node))
  })
}

const isSamePlace = (a: SwarmNode, b: SwarmNode): boolean =>
  a.id !== b.id && a.key === b.key && a.pool === b.pool && a.region === b.region
