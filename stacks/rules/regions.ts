/**
 * Which stacks does each region of a pool have, and what is made in it? One that is down then keeps none of the others
 * waiting. Pure.
 */
import type { BlueprintCloud } from '../blueprint.ts'

/** The first of a pool has the names of a pool with one region: `base-cloud`; another its own, `base-cloud_RegionTwo`. */
export const machineStackKey = (
  kind: 'base' | 'nodes',
  pool: string,
  { cloud, region }: { cloud: Pick<BlueprintCloud, 'regions'>; region: string },
): string => `${kind}-${pool}${cloud.regions[0]?.name === region ? '' : `_${region}`}`

/** The cloud as a stack of one region has it. A pool with one region has it as it is. */
export function cloudIn(cloud: BlueprintCloud, region: string): BlueprintCloud {
  return {
    ...cloud,
    regions: cloud.regions.filter(({ name }) => name === region),
    flavours: cloud.flavours.filter((one) => one.region === region),
  }
}

/** Where machines of a size are made; the first region for a size that the pool has no more. */
export function regionOf(cloud: BlueprintCloud, node: { flavour: string }): string {
  const flavour = cloud.flavours.find(({ key }) => key === node.flavour)
  return flavour?.region ?? cloud.regions[0]?.name ?? ''
}

/** Null in the first region: as machines are labelled. */
export function otherRegionOf(cloud: BlueprintCloud, node: { flavour: string }): string | null {
  const region = regionOf(cloud, node)
  return region === cloud.regions[0]?.name ? null : region
}
