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
import type { Leads } from '../../stacks/rules/node-lead.ts'

type Means = { pool: Pool; place: { installation: string }; now: () => Date }

/**
 * Sorted by key. Bases as the blueprint says; machines as the record does, which follows it: what was ordered early stays,
 * and what goes is there until it is empty.
 */
export async function machinesWanted(
  db: Db,
  blueprint: Blueprint,
  now: Date,
): Promise<WantedMachines[]> {
  const bases = machinesAt(blueprint, now.toISOString()).filter(({ kind }) => kind === 'base')
  const frozen = await poolsWithoutDestroys(db, now)
  const isKept = ({ state, pool_key }: NodeRow) =>
    state !== 'drained' || frozen.all || frozen.pools.includes(pool_key)
  return withMachines(blueprint, bases, (await livingNodes(db)).filter(isKept))
}

/** These stacks, and one for the machines of each pool. Pure. */
function withMachines(
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
  return async (
    blueprint: Blueprint,
    { areThere, leads }: { areThere: boolean; leads: Leads },
  ): Promise<StackWish[]> => {
    if (!areThere && !blueprint.pools.some(({ cloud }) => cloud !== null)) return []
    const living = areThere ? await livingNodes(pool) : []
    const nodes = wantedNodes(blueprint, { living, leads, now: now() })
    const said = JSON.stringify(nodes)
    if (said !== known)
      await withTransaction(pool, (tx) => followTimeline(tx, { nodes, now: now() }))
    known = said
    const stacks = await machinesWanted(pool, blueprint, now())
    return stacks.map((stack) => machineWish(stack, place.installation))
  }
}

/**
 * The machines of the timeline, of every pool: ordered as late as learned leads allow. One that is there already is not
 * given up for a lead that has become shorter.
 */
export function wantedNodes(
  blueprint: Blueprint,
  of: {
    living: Pick<NodeRow, 'pool_key' | 'key' | 'state'>[]
    leads: Leads
    now: Date
  },
): NodeWish[] {
  const at = of.now.toISOString()
  const nodesOf = (stacks: WantedMachines[]): NodeWish[] =>
    stacks.flatMap(({ pool, nodes }) => nodes.map((node) => ({ pool, ...node })))
  const nameOf = (pool: string, key: string): string => `${pool} ${key}`
  const ordered = nodesOf(machinesAt(blueprint, at, of.leads))
  const known = new Set(ordered.map(({ pool, key }) => nameOf(pool, key)))
  const there = new Set(
    of.living
      .filter(({ state }) => state !== 'draining' && state !== 'drained')
      .map(({ pool_key, key }) => nameOf(pool_key, key)),
  )
  const early = nodesOf(machinesAt(blueprint, at)).filter(({ pool, key }) => {
    const name = nameOf(pool, key)
    return there.has(name) && !known.has(name)
  })
  return [...ordered, ...early]
}
