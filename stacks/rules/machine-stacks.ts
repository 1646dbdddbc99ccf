/** Which stacks of machines should exist at an instant: a pool's base, and its nodes. */
import type { Blueprint, BlueprintCloud, BlueprintPool } from '../blueprint.ts'
import type { MachinesContent } from '../content.ts'
import { formatInstant, parseInstant } from './clock.ts'
import { type Leads, orderedAt } from './node-lead.ts'

/** Networks come up, and managers boot, before the first node asks for them. */
const BASE_LEAD_MS = 30 * 60_000

export interface WantedMachines {
  key: string
  kind: 'base' | 'nodes'
  pool: string
  cloud: BlueprintCloud
  /** Of a nodes stack: the machines that should be on now, boot included. Sorted by key. */
  nodes: { key: string; flavour: string }[]
  /** When the last reason known now ends; null when it has no end. */
  until: string | null
}

/**
 * @param now ISO instant
 * @param leads learned ones by session: nodes are ordered as late as they allow; as planned where there are none
 * @returns sorted by key. A base exists from before its pool's first node until after its last, so that
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

function machinesOf(
  pool: BlueprintPool,
  now: number,
  orderOf: (node: BlueprintPool['nodes'][number]) => number,
): WantedMachines[] {
  const { cloud } = pool
  if (cloud === null) return []
  const span = spanOf(pool)
  if (span === undefined || now < span.from || now >= span.until) return []
  const common = { pool: pool.key, cloud }
  const until = endOf(span.until)
  const base = { ...common, key: `base-${pool.key}`, kind: 'base' as const, nodes: [], until }
  const on = pool.nodes.filter(
    (node) =>
      parseInstant(node.from) <= now && now < parseInstant(node.until) && orderOf(node) <= now,
  )
  const nodes = [...pool.idle, ...on]
    .map(({ key, flavour }) => ({ key, flavour }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  if (nodes.length === 0) return [base]
  const last = pool.idle.length > 0 ? Infinity : Math.max(...on.map((n) => parseInstant(n.until)))
  return [base, { ...common, key: `nodes-${pool.key}`, kind: 'nodes', nodes, until: endOf(last) }]
}

/** From the first to the last node that is planned; always, where some are always on. */
function spanOf({ nodes, idle }: BlueprintPool): { from: number; until: number } | undefined {
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
