/** The regions of a pool: how many machines each has, which refuses and why, and where its machines are made meanwhile. */
import type { Blueprint } from '../../../stacks/blueprint.ts'
import { othersFor, regionOf } from '../../../stacks/rules/regions.ts'
import { tellTrouble, type ToldTrouble } from './cloud-trouble.ts'
import type { Db } from '../db.ts'
import type { NodeRow } from './node.ts'
import { refusingRegions } from './region-refusal.ts'

export type PoolRegion = {
  name: string
  /** Those that are there, or are to come. */
  machines: number
  refusal: {
    since: Date
    /** What the cloud said. */
    message: string
    cause: ToldTrouble | null
    /** None: what is wanted there waits. */
    elsewhere: string[]
  } | null
}

/** None where a pool has one region, or none. */
export async function poolRegions(
  db: Db,
  of: { key: string; rows: NodeRow[]; blueprint: Blueprint | undefined; now: Date },
): Promise<PoolRegion[]> {
  const { key, rows, blueprint, now } = of
  const cloud = blueprint?.pools.find((one) => one.key === key)?.cloud
  if (!cloud || cloud.regions.length < 2) return []
  const refusing = await refusingRegions(db, now, key)
  const refused = new Set(refusing.map(({ region }) => region))
  return cloud.regions.map(({ name }) => {
    const refusal = refusing.find(({ region }) => region === name)
    return {
      name,
      machines: rows.filter((row) => regionOf(cloud, row) === name).length,
      refusal: refusal
        ? {
            ...{ since: refusal.since, message: refusal.message },
            cause: tellTrouble(refusal.message, { blueprint, poolKey: key, at: refusal.since }),
            elsewhere: othersFor(cloud, name).filter((other) => !refused.has(other)),
          }
        : null,
    }
  })
}
