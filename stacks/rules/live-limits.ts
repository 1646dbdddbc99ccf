/** How much may be bought beyond the timeline? */
import type { BlueprintLive, BlueprintPool } from '../blueprint.ts'

export type Limits = { take(flavour: string): boolean }

/** @param planned of the timeline, which count before all others */
export function limitsOf(live: BlueprintLive, planned: { flavour: string }[]): Limits {
  const taken: string[] = []
  const priceOf = (flavour: string): number =>
    live.sizes.find((size) => size.flavour === flavour)?.pricePerHour ?? 0
  return {
    take(flavour) {
      const same = [...planned.map((one) => one.flavour), ...taken].filter((one) => one === flavour)
      const price = [...taken, flavour].reduce((sum, one) => sum + priceOf(one), 0)
      const quota = live.sizes.find((size) => size.flavour === flavour)?.quota ?? 0
      const isAllowed =
        taken.length < live.maximum &&
        planned.length + taken.length < live.maximumInAll &&
        same.length < quota &&
        price <= (live.budgetPerHour ?? Infinity) + ROUNDING
      if (isAllowed) taken.push(flavour)
      return isAllowed
    },
  }
}

/** Sums of prices such as 0.1 are not exact. */
const ROUNDING = 1e-9

/**
 * What of these machines may exist beyond the timeline: as many as the approved plan allows, the first of them by name.
 * Rows say which there are; they cannot make more of them.
 * @param now what the timeline has on now
 */
export function approvedLive(
  { live, idle, nodes: timeline }: BlueprintPool,
  { nodes, now }: Record<'nodes' | 'now', { key: string; flavour: string }[]>,
): { key: string; flavour: string }[] {
  if (live === undefined) return []
  const named = new Set([...idle, ...timeline].map(({ key }) => key))
  const limits = limitsOf(live, now)
  return nodes
    .filter(({ key, flavour }) => !named.has(key) && key.startsWith(`${flavour}-x`))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .filter(({ flavour }) => limits.take(flavour))
}
