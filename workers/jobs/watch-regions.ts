/** Regions that were down: what is wanted may be made there again once they answer. */
import { withTransaction } from '../../api/data/db.ts'
import { endRefusal, prolongRefusal, refusingRegions } from '../../api/data/pools/region-refusal.ts'
import { isSilence } from '../../stacks/rules/cloud-trouble.ts'
import type { CloudLook, CloudLooks } from '../cloud/look.ts'
import type { ApplyMeans } from './apply-means.ts'

/**
 * One that answered since it was down, and has all that a machine needs, is well; one that does not answer is down for longer.
 * What refuses for another cause is tried again by whoever is wanted next, after a while.
 */
export async function watchRegions(
  {
    pool: db,
    now,
    log,
  }: Pick<ApplyMeans, 'pool' | 'now'> & { log: Pick<ApplyMeans['log'], 'info'> },
  clouds: CloudLooks,
  { pool, servers }: { pool: string; servers: CloudLook },
): Promise<void> {
  if (servers.size === 0) return
  for (const { region, code, at } of await refusingRegions(db, now(), pool)) {
    if (!isSilence(code)) continue
    const look = servers.get(region)
    if (look && look.at <= at.getTime()) continue
    if (look && (await clouds.isWell(pool, region))) {
      log.info({ pool, region }, 'a region is well again')
      await withTransaction(db, (tx) => endRefusal(tx, { pool, region }))
    } else await withTransaction(db, (tx) => prolongRefusal(tx, { pool, region, now: now() }))
  }
}
