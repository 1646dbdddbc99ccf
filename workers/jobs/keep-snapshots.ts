/**
 * Has the storage agent take snapshots of volumes around their classes, and let go of those that are too many. Level-triggered: what
 * was missed is taken once, late, and dated when it is taken. None while the storage is away.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  recordSnapshots,
  type SnapshotWish,
  snapshotWishes,
} from '../../api/data/volumes/snapshot.ts'
import { openOutages } from '../../api/data/volumes/storage-outage.ts'
import type { StorageAgent } from '../../api/storage/storage-agent.ts'

type Means = {
  pool: Pool
  agent: Pick<StorageAgent, 'keepSnapshots'>
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
  /** Said when the worker ends: a class has hundreds of volumes. */
  stopping: AbortSignal
}

export type SnapshotKeeper = { keep(): Promise<void> }

export function snapshotKeeper(means: Means): SnapshotKeeper {
  let isSilent = false
  return {
    async keep() {
      const wishes = await snapshotWishes(means.pool)
      const failed = await takeAll(means, wishes)
      // Said once for each time that it goes wrong, not at each look.
      if (failed && !isSilent) means.log.warn(failed, 'snapshots could not be kept; tried again')
      isSilent = failed !== undefined
    },
  }
}

/** One volume after another: a class that is prepared meanwhile comes first. Answers what went wrong first. */
async function takeAll(
  { pool, agent, log, now, stopping }: Means,
  wishes: SnapshotWish[],
): Promise<{ err: unknown; volume: string } | undefined> {
  let failed: { err: unknown; volume: string } | undefined
  let kept = 0
  for (const wish of wishes) {
    if (stopping.aborted || (await openOutages(pool)).length > 0) break
    const { name, keep, owed_at: owedAt } = wish
    try {
      const there = await agent.keepSnapshots(name, { keep, take: owedAt && now() })
      if (!there) continue
      await withTransaction(pool, (tx) => recordSnapshots(tx, wish))
      kept += 1
    } catch (err) {
      failed ??= { err, volume: name }
    }
  }
  if (kept > 0) log.info({ volumes: kept }, 'snapshots were kept')
  return failed
}
