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
    flavours: cloud.flavours
      .filter(({ key }) => regionsFor(cloud, key).includes(region))
      .map(({ key, name, gpu }) => ({ key, name, region, gpu })),
  }
}

/** Where machines of a size may be made, in the order in which it is tried; none for a size that the pool has no more. */
export function regionsFor({ flavours }: BlueprintCloud, flavour: string): string[] {
  const found = flavours.find(({ key }) => key === flavour)
  return found ? [found.region, ...(found.elsewhere ?? [])] : []
}

/** A machine, or one to be: `region` where that is another than its size's first. */
type Placed = { flavour: string; region?: string | null | undefined }

/** Where it is made: never where its size may not be. The first region for a size that the pool has no more. */
export function regionOf(cloud: BlueprintCloud, { flavour, region }: Placed): string {
  const may = regionsFor(cloud, flavour)
  return may.find((one) => one === region) ?? may[0] ?? cloud.regions[0]?.name ?? ''
}

/** Null in the first region: as machines are labelled. */
export function otherRegionOf(cloud: BlueprintCloud, node: Placed): string | null {
  const region = regionOf(cloud, node)
  return region === cloud.regions[0]?.name ? null : region
}

/** Where what is wanted in a region may be made while it refuses. */
export function othersFor(cloud: BlueprintCloud, region: string): string[] {
  const may = cloud.flavours
    .map(({ key }) => regionsFor(cloud, key))
    .filter((regions) => regions.includes(region))
    .flat()
  return cloud.regions
    .map(({ name }) => name)
    .filter((name) => name !== region && may.includes(name))
}
