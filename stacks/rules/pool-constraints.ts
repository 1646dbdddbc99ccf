/** In a Swarm that several pools share: on which machines do seats of a pool run? */
import type { BlueprintPool, SeatTemplate } from '../blueprint.ts'

/** As a machine's engine is told when a cloud makes it (`parts/user-data.ts`); own machines have no such label. */
const POOL = 'engine.labels.labplan.pool'

/**
 * Swarm placement constraints. Seats of a pool that is made in a cloud run on its machines only; seats of any other on no
 * machine of another pool's cloud: it would not be empty when it is to go. None where there is no cloud.
 */
export function poolConstraints(pools: BlueprintPool[], key: string): string[] {
  const own = pools.find((pool) => pool.key === key)
  if (own?.cloud && own.fixed.length === 0) return [`${POOL}==${key}`]
  return pools
    .filter((pool) => pool.cloud !== null && pool.key !== key)
    .map((pool) => `${POOL}!=${pool.key}`)
    .toSorted()
}

/** The template as it is in a pool. The same object for the same template, so that its digest is known. */
export function templateIn(
  template: SeatTemplate,
  pools: BlueprintPool[],
  key: string,
): SeatTemplate {
  const constraints = poolConstraints(pools, key)
  if (constraints.length === 0) return template
  const name = constraints.join()
  const known = bound.get(template) ?? new Map<string, SeatTemplate>()
  bound.set(template, known)
  const made = known.get(name) ?? {
    ...template,
    constraints: [...template.constraints, ...constraints],
  }
  known.set(name, made)
  return made
}
const bound = new WeakMap<SeatTemplate, Map<string, SeatTemplate>>()
