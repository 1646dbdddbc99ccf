/** Nodes of the Swarm by pool: which are closed, and what is known of each, written down for pages. */
import { type Pool, withTransaction } from '../../api/data/db.ts'
import type { NodeRow } from '../../api/data/pools/node.ts'
import { listPools, saveSeenNodes } from '../../api/data/pools/pool.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import type { Engine } from '../swarm/engine.ts'
import type { Load } from '../swarm/load.ts'
import { setAvailability, type SwarmNode } from '../swarm/node.ts'
import { availabilityFor } from './node-life.ts'
import type { Steps } from './pass-steps.ts'

type Means = { pool: Pool; engine: Engine; now: () => Date }

/**
 * As its engine was told. One that was joined by hand is of the pool that names it among its machines, or of the only
 * pool that has machines of its own. Null: of another installation, or of nobody knows which.
 */
export function poolOf(
  node: SwarmNode,
  installation: string,
  blueprint: Blueprint | undefined,
): string | null {
  if (node.installation !== null) return node.installation === installation ? node.pool : null
  const withOwn = blueprint?.pools.filter(({ fixed }) => fixed.length > 0) ?? []
  const naming = withOwn.find(({ fixed }) => fixed.includes(node.hostname))
  return (naming ?? (withOwn.length === 1 ? withOwn[0] : undefined))?.key ?? null
}

/** Closes and opens what should be; what is right already is left alone, and one that cannot be changed keeps no other. */
export async function closeNodes(
  { pool, engine }: Means,
  { nodes, rows, steps }: { nodes: SwarmNode[]; rows: NodeRow[]; steps: Steps },
): Promise<void> {
  const closed = new Map((await listPools(pool)).map((one) => [one.key, one.closed]))
  const going = new Set(
    rows.filter(({ state }) => state === 'draining').map(({ swarm_id }) => swarm_id),
  )
  for (const node of nodes) {
    if (node.pool === null) continue
    const wanted = availabilityFor({
      ...{ availability: node.availability, isHeld: node.isHeld },
      ...{ closed: closed.get(node.pool) ?? null, isGoing: going.has(node.id) },
    })
    if (wanted)
      await steps.take(
        `Node ${node.hostname} could not be made ${wanted}.`,
        () => setAvailability(engine, node.id, wanted),
        undefined,
      )
  }
}

/** What has not changed is written again only now and then: so a page can tell when somebody looked. */
const SAVE_AGAIN_MS = 60_000

export type Saved = { text: string; at: number }

/** @param before what the last save was; answers what the newest is. */
export async function saveNodes(
  { pool, now }: Means,
  { nodes, load, before }: { nodes: SwarmNode[]; load: Map<string, Load>; before: Saved },
): Promise<Saved> {
  const seen = nodes.map((node) => {
    const { seats = 0, cores = 0, memoryMb = 0 } = load.get(node.id) ?? {}
    return {
      ...{ id: node.id, hostname: node.hostname, address: node.address, pool: node.pool },
      ...{ key: node.key, is_manager: node.vote !== null, is_up: node.isUp, seats },
      ...{ availability: node.availability, cores: node.cores, memory_mb: node.memoryMb },
      ...{ cores_reserved: cores, memory_reserved_mb: memoryMb, gpus: node.gpus },
    }
  })
  const saved = { text: JSON.stringify(seen), at: now().getTime() }
  if (saved.text === before.text && saved.at - before.at < SAVE_AGAIN_MS) return before
  await withTransaction(pool, (tx) => saveSeenNodes(tx, { nodes: seen, now: now() }))
  return saved
}
