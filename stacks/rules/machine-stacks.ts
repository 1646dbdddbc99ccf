/** Which stacks of machines should exist at an instant: in each region of a pool its base, and its nodes. */
import type { Blueprint, BlueprintCloud, BlueprintPool } from '../blueprint.ts'
import type { MachinesContent } from '../content.ts'
import { formatInstant, parseInstant } from './clock.ts'
import { type Leads, orderedAt } from './node-lead.ts'
import { cloudIn, machineStackKey, regionOf } from './regions.ts'

/** Networks come up, and managers boot, before the first node asks for them. */
const BASE_LEAD_MS = 30 * 60_000

export interface WantedMachines {
  key: string
  kind: 'base' | 'nodes'
  pool: string
  /** With this one region only. */
  region: string
  cloud: BlueprintCloud
  /** Of a nodes stack: the machines that should be on now, boot included. Sorted by key. */
  nodes: { key: string; flavour: string }[]
  /** When the last reason known now ends; null when it has no end. */
  until: string | null
}

/**
 * @param now ISO instant
 * @param leads learned ones by session: nodes are ordered as late as they allow; as planned where there are none
 * @returns sorted by key. A base exists from before its region's first node until after its last, so that
 *   networks and managers are not made anew between two classes; nodes exist as the blueprint says.
 */
export function machinesAt(blueprint: Blueprint, now: string, leads: Leads = {}): WantedMachines[] {
  return blueprint.pools
    .flatMap((pool) =>
      machinesOf(pool, parseInstant(now), (node) => orderedAt(blueprint, pool.key, node, leads)),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/** What the stack is made of: when it ends is not part of it. */
export function machinesContent(wanted: WantedMachines, installation: string): MachinesContent {
  const { key, kind, pool, cloud, nodes } = wanted
  const common = { key, installation, pool, cloud }
  return kind === 'base' ? { kind, ...common } : { kind, ...common, nodes }
}

/** A stack of one region, with no nodes yet. */
export function stackIn(
  cloud: BlueprintCloud,
  of: Pick<WantedMachines, 'kind' | 'pool' | 'region' | 'until'>,
): WantedMachines {
  const { kind, pool, region } = of
  const key = machineStackKey(kind, pool, { cloud, region })
  const isFirst = cloud.regions[0]?.name === region
  const own = cloudIn(cloud, region)
  // Managers are made by the base of the first region, for all of them.
  const hasManagers = kind === 'base' && isFirst
  return { ...of, key, cloud: hasManagers ? own : { ...own, managers: null }, nodes: [] }
}

type OrderOf = (node: BlueprintPool['nodes'][number]) => number

function machinesOf(pool: BlueprintPool, now: number, orderOf: OrderOf): WantedMachines[] {
  const { cloud } = pool
  if (cloud === null) return []
  return cloud.regions.flatMap(({ name: region }) => {
    const isThere = (node: { flavour: string }): boolean => regionOf(cloud, node) === region
    const nodes = pool.nodes.filter(isThere)
    const idle = pool.idle.filter(isThere)
    // Whatever region a node is in, managers of the pool are there for it.
    const isForAll = cloud.managers !== null && cloud.regions[0]?.name === region
    const span = spanOf(isForAll ? pool : { nodes, idle })
    if (span === undefined || now < span.from || now >= span.until) return []
    const common = { pool: pool.key, region }
    const base = stackIn(cloud, { ...common, kind: 'base', until: endOf(span.until) })
    const on = nodes.filter(
      (node) =>
        parseInstant(node.from) <= now && now < parseInstant(node.until) && orderOf(node) <= now,
    )
    if (idle.length + on.length === 0) return [base]
    const last = idle.length > 0 ? Infinity : Math.max(...on.map((n) => parseInstant(n.until)))
    const stack = stackIn(cloud, { ...common, kind: 'nodes', until: endOf(last) })
    const all = [...idle, ...on].map(({ key, flavour }) => ({ key, flavour }))
    return [base, { ...stack, nodes: all.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }]
  })
}

/** From the first to the last node that is planned; always, where some are always on. */
function spanOf({
  nodes,
  idle,
}: Pick<BlueprintPool, 'nodes' | 'idle'>): { from: number; until: number } | undefined {
  if (idle.length > 0) return { from: -Infinity, until: Infinity }
  if (nodes.length === 0) return undefined
  let from = Infinity
  let until = -Infinity
  for (const node of nodes) {
    from = Math.min(from, parseInstant(node.from))
    until = Math.max(until, parseInstant(node.until))
  }
  return { from: from - BASE_LEAD_MS, until }
}

const endOf = (at: number): string | null => (at === Infinity ? null : formatInstant(at))
