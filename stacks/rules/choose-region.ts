/**
 * In which region is each machine made? In the first of its size's that does not refuse. One that is there stays where it
 * is, and one that is under way is not called back: so none comes twice, and nothing moves when a region is well again.
 */
import type { Blueprint, BlueprintCloud } from '../blueprint.ts'
import type { DecidedNode, NodeNow, Refusing } from './decide-nodes.ts'
import { regionOf, regionsFor } from './regions.ts'

/** The same machines, each with its region where that is another than its size's first. */
export function chooseRegions(
  blueprint: Blueprint,
  decided: DecidedNode[],
  { nodes, refusing }: { nodes: NodeNow[]; refusing: Refusing[] },
): DecidedNode[] {
  const clouds = new Map(blueprint.pools.map(({ key, cloud }) => [key, cloud]))
  const known = new Map(nodes.map((node) => [`${node.pool} ${node.key}`, node]))
  return decided.map((node) => {
    const cloud = clouds.get(node.pool)
    if (!cloud || cloud.regions.length < 2) return node
    const region = chosen(cloud, node, known.get(`${node.pool} ${node.key}`), refusing)
    return region === regionsFor(cloud, node.flavour)[0] ? node : { ...node, region }
  })
}

function chosen(
  cloud: BlueprintCloud,
  { pool, flavour }: DecidedNode,
  now: NodeNow | undefined,
  refusing: Refusing[],
): string {
  const isOpen = (region: string): boolean =>
    !refusing.some((one) => one.pool === pool && one.region === region)
  const at = regionOf(cloud, { flavour, region: now?.region })
  if (now && (now.isMade || isOpen(at))) return at
  return regionsFor(cloud, flavour).find(isOpen) ?? at
}

/** Sizes of which no machine can be had at the moment. */
export function closedFlavours(
  pool: string,
  cloud: BlueprintCloud | null,
  refusing: Refusing[],
): Set<string> {
  const refused = new Set(refusing.filter((one) => one.pool === pool).map(({ region }) => region))
  const flavours = cloud?.flavours ?? []
  return new Set(
    flavours
      .filter(({ key }) => regionsFor(cloud!, key).every((region) => refused.has(region)))
      .map(({ key }) => key),
  )
}
