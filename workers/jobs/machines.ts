/** Which machines should exist now: what was decided, and those that are still being emptied. */
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { poolsWithoutDestroys } from '../../api/data/runs/freeze.ts'
import { basesThere, followManagers, type ManagerWish } from '../../api/data/pools/manager.ts'
import {
  followTimeline,
  livingNodes,
  moveToRegion,
  type NodeRow,
} from '../../api/data/pools/node.ts'
import type { StackWish } from '../../api/data/runs/stack-wish.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { contentDigest, type MachinesContent, managersOf } from '../../stacks/content.ts'
import {
  machinesAt,
  machinesContent,
  stackIn,
  type WantedMachines,
} from '../../stacks/rules/machine-stacks.ts'
import {
  type DecidedNode,
  decideNodes,
  type NodeNow,
  type Situation,
} from '../../stacks/rules/decide-nodes.ts'
import type { Leads } from '../../stacks/rules/node-lead.ts'
import { machineStackKey, regionOf } from '../../stacks/rules/regions.ts'
import { situationNow } from './live-demand.ts'

type Means = {
  pool: Pool
  place: { installation: string }
  now: () => Date
  leaseNow?: () => Date
}

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
  const stacks = withMachines(blueprint, bases, (await livingNodes(db)).filter(isKept))
  const hasManagers = stacks.some(({ cloud }) => cloud.managers !== null)
  return hasManagers ? networksFirst(stacks, await basesThere(db)) : stacks
}

/**
 * Managers are made on networks that are there, as nodes are: of one that is made in the same run, a plan does not say yet
 * who else may talk with them.
 */
const networksFirst = (stacks: WantedMachines[], there: Set<string>): WantedMachines[] =>
  stacks.map((stack) =>
    there.has(stack.key) ? stack : { ...stack, cloud: { ...stack.cloud, managers: null } },
  )

const LEAVING = new Set<NodeRow['state']>(['draining', 'drained'])

/** These stacks, and one for the machines of each region of each pool. Pure. */
function withMachines(
  blueprint: Blueprint,
  wanted: WantedMachines[],
  kept: Pick<NodeRow, 'pool_key' | 'key' | 'flavour' | 'region' | 'state'>[],
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

/** Those that do not come where they were to be. Answers false when some have to wait for a run that is under way. */
async function moveRegions(
  tx: Db,
  blueprint: Blueprint,
  { nodes, before, ...at }: { nodes: DecidedNode[]; before: NodeNow[]; now: Date; leaseNow: Date },
): Promise<boolean> {
  let isDone = true
  for (const { pool, key, flavour, region } of nodes) {
    const cloud = blueprint.pools.find((one) => one.key === pool)?.cloud
    const was = before.find((one) => one.pool === pool && one.key === key)
    if (!cloud || !was || was.isMade) continue
    const stands = { flavour, region: was.region }
    if (regionOf(cloud, stands) === regionOf(cloud, { flavour, region })) continue
    const leaves = machineStackKey('nodes', pool, { cloud, region: regionOf(cloud, stands) })
    const move = { pool, key, region: region ?? null, leaves, ...at }
    if (!(await moveToRegion(tx, move))) isDone = false
  }
  return isDone
}
const managersWanted = (stack: WantedMachines, installation: string) =>
  managersOf(machinesContent(stack, installation)).map((key) => ({
    ...{ pool: stack.pool, key, flavour: stack.cloud.managers?.flavour ?? '' },
  }))

/**
 * Decides which machines should be on, and answers the wish for each stack of them. Where no pool is in a cloud and no
 * machine is left, the record is not asked; what was decided is written only when it, or what the record has, is something else than
 * before: another worker may have led in between.
 */
export function machineWisher({ pool, place, now, leaseNow = now }: Means) {
  /** What was decided, and the record once it was written. */
  let known: string | undefined
  let knownManagers: string | undefined
  const follow = async (blueprint: Blueprint, asked: Asked): Promise<void> => {
    const look = (areThere: boolean) =>
      situationNow(pool, blueprint, { ...asked, areThere, now: now() })
    const situation = await look(asked.areThere)
    const nodes = decideNodes(blueprint, situation)
    const named = (of: Situation) => JSON.stringify([nodes, of.nodes.map(standOf)])
    if (named(situation) === known) return
    const isDone = await withTransaction(pool, async (tx) => {
      const move = { nodes, before: situation.nodes, now: now(), leaseNow: leaseNow() }
      const isMoved = await moveRegions(tx, blueprint, move)
      await followTimeline(tx, { nodes, now: now() })
      return isMoved
    })
    known = isDone ? named(await look(true)) : undefined
  }
  const followOf = async (managers: ManagerWish[], areThere: boolean): Promise<void> => {
    const named = async (isRead: boolean) => {
      const rows = isRead ? await livingNodes(pool, null, 'manager') : []
      return JSON.stringify([managers, rows.map(({ id, state }) => [id, state])])
    }
    if ((await named(areThere)) === knownManagers) return
    await withTransaction(pool, (tx) => followManagers(tx, { managers, now: now() }))
    knownManagers = await named(true)
  }
  return async (blueprint: Blueprint, asked: Asked): Promise<StackWish[]> => {
    const { areThere } = asked
    if (!areThere && !blueprint.pools.some(({ cloud }) => cloud !== null)) return []
    await follow(blueprint, asked)
    const stacks = await machinesWanted(pool, blueprint, now())
    const managers = stacks.flatMap((stack) => managersWanted(stack, place.installation))
    await followOf(managers, areThere)
    return stacks.map((stack) => machineWish(stack, place.installation))
  }
}

type Asked = { areThere: boolean; leads: Leads }

/** What a decision writes of a machine, as the record has it. */
const standOf = ({ pool, key, flavour, stage, why, unusedSince, region }: NodeNow) => [
  ...[pool, key, flavour, stage, why, unusedSince, region],
]
