/** Which machines should exist now: what the timeline says, and those that are still being emptied. */
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { poolsWithoutDestroys } from '../../api/data/freeze.ts'
import { followTimeline, livingNodes, type NodeRow, type NodeWish } from '../../api/data/node.ts'
import type { StackWish } from '../../api/data/stack-wish.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { contentDigest, type MachinesContent } from '../../stacks/content.ts'
import {
  machinesAt,
  machinesContent,
  type WantedMachines,
} from '../../stacks/rules/machine-stacks.ts'

type Means = { pool: Pool; place: { installation: string }; now: () => Date }

/** Sorted by key. */
export async function machinesWanted(
  db: Db,
  blueprint: Blueprint,
  now: Date,
): Promise<WantedMachines[]> {
  const wanted = machinesAt(blueprint, now.toISOString())
  const frozen = await poolsWithoutDestroys(db, now)
  const kept = (await livingNodes(db)).filter(
    ({ state, pool_key }) =>
      state === 'draining' ||
      (state === 'drained' && (frozen.all || frozen.pools.includes(pool_key))),
  )
  return keepMachines(blueprint, wanted, kept)
}

/** The wanted stacks with these machines besides their own. Pure. */
export function keepMachines(
  blueprint: Blueprint,
  wanted: WantedMachines[],
  kept: Pick<NodeRow, 'pool_key' | 'key' | 'flavour'>[],
): WantedMachines[] {
  const stacks = new Map(wanted.map((stack) => [stack.key, stack]))
  for (const node of kept) {
    const cloud = blueprint.pools.find(({ key }) => key === node.pool_key)?.cloud
    const key = `nodes-${node.pool_key}`
    const stack = stacks.get(key)
    if (!stack && !cloud) continue
    const before = stack ?? {
      ...{ key, kind: 'nodes' as const, pool: node.pool_key, cloud: cloud!, nodes: [] },
      until: null,
    }
    const others = before.nodes.filter((one) => one.key !== node.key)
    const nodes = [...others, { key: node.key, flavour: node.flavour }]
    stacks.set(key, { ...before, nodes: nodes.toSorted((a, b) => (a.key < b.key ? -1 : 1)) })
  }
  return [...stacks.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

function machineWish(wanted: WantedMachines, installation: string): StackWish {
  const content: MachinesContent = machinesContent(wanted, installation)
  const { key, kind, pool } = wanted
  return { key, kind, poolKey: pool, courseKey: null, digest: contentDigest(content) }
}

/**
 * Follows the timeline, and answers the wish for each stack of machines. Where no pool is in a cloud and no machine is
 * left, the record is not asked; what the timeline says is written only when it says something else than before.
 */
export function machineWisher({ pool, place, now }: Means) {
  let known: string | undefined
  return async (blueprint: Blueprint, areThere: boolean): Promise<StackWish[]> => {
    if (!areThere && !blueprint.pools.some(({ cloud }) => cloud !== null)) return []
    const nodes = wantedNodes(blueprint, now())
    const said = JSON.stringify(nodes)
    if (said !== known)
      await withTransaction(pool, (tx) => followTimeline(tx, { nodes, now: now() }))
    known = said
    const stacks = await machinesWanted(pool, blueprint, now())
    return stacks.map((stack) => machineWish(stack, place.installation))
  }
}

/** The machines of the timeline alone, of every pool. */
export function wantedNodes(blueprint: Blueprint, now: Date): NodeWish[] {
  return machinesAt(blueprint, now.toISOString()).flatMap(({ pool, nodes }) =>
    nodes.map((node) => ({ pool, ...node })),
  )
}
