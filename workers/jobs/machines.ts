/** Which machines should exist now: what was decided, and those that are still being emptied. */
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { poolsWithoutDestroys } from '../../api/data/freeze.ts'
import { followTimeline, livingNodes, type NodeRow } from '../../api/data/node.ts'
import type { StackWish } from '../../api/data/stack-wish.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { contentDigest, type MachinesContent } from '../../stacks/content.ts'
import {
  machinesAt,
  machinesContent,
  stackIn,
  type WantedMachines,
} from '../../stacks/rules/machine-stacks.ts'
import { decideNodes } from '../../stacks/rules/decide-nodes.ts'
import type { Leads } from '../../stacks/rules/node-lead.ts'
import { regionOf } from '../../stacks/rules/regions.ts'
import { situationNow } from './live-demand.ts'

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

const LEAVING = new Set<NodeRow['state']>(['draining', 'drained'])

/** These stacks, and one for the machines of each region of each pool. Pure. */
function withMachines(
  blueprint: Blueprint,
  wanted: WantedMachines[],
  kept: Pick<NodeRow, 'pool_key' | 'key' | 'flavour' | 'state'>[],
): WantedMachines[] {
  const stacks = new Map(wanted.map((stack) => [stack.key, stack]))
  for (const node of kept) {
    const cloud = blueprint.pools.find(({ key }) => key === node.pool_key)?.cloud
    if (!cloud) continue
    const where = { pool: node.pool_key, region: regionOf(cloud, node), until: null }
    const empty = stackIn(cloud, { ...where, kind: 'nodes' })
    const before = stacks.get(empty.key) ?? empty
    // Bought beyond the timeline, it stands on networks that the timeline may not ask for now.
    const base = stackIn(cloud, { ...where, kind: 'base' })
    if (!stacks.has(base.key) && !LEAVING.has(node.state)) stacks.set(base.key, base)
    const others = before.nodes.filter((one) => one.key !== node.key)
    const nodes = [...others, { key: node.key, flavour: node.flavour }]
    const sorted = nodes.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    stacks.set(before.key, { ...before, nodes: sorted })
  }
  return [...stacks.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

function machineWish(wanted: WantedMachines, installation: string): StackWish {
  const content: MachinesContent = machinesContent(wanted, installation)
  const { key, kind, pool } = wanted
  return { key, kind, poolKey: pool, courseKey: null, digest: contentDigest(content) }
}

/**
 * Decides which machines should be on, and answers the wish for each stack of them. Where no pool is in a cloud and no
 * machine is left, the record is not asked; what was decided is written only when it is something else than before.
 */
export function machineWisher({ pool, place, now }: Means) {
  let known: string | undefined
  return async (
    blueprint: Blueprint,
    { areThere, leads }: { areThere: boolean; leads: Leads },
  ): Promise<StackWish[]> => {
    if (!areThere && !blueprint.pools.some(({ cloud }) => cloud !== null)) return []
    const situation = await situationNow(pool, blueprint, { areThere, leads, now: now() })
    const nodes = decideNodes(blueprint, situation)
    const said = JSON.stringify(nodes)
    if (said !== known)
      await withTransaction(pool, (tx) => followTimeline(tx, { nodes, now: now() }))
    known = said
    const stacks = await machinesWanted(pool, blueprint, now())
    return stacks.map((stack) => machineWish(stack, place.installation))
  }
}
