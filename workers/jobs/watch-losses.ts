/**
 * Tells who runs the machines that volumes are missing or damaged, all of them in one notice, and that it is over. A minute is
 * waited, since a disk that is mounted late is there by then; more that are lost later are said once a day.
 */
import type { Logger } from 'pino'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { type NoticeLine, sendNotice } from '../../api/data/notice.ts'
import { openOutages } from '../../api/data/volumes/storage-outage.ts'
import {
  beginLoss,
  endLoss,
  type Loss,
  type Lost,
  lostVolumes,
  noteTold,
  openLoss,
} from '../../api/data/volumes/volume-loss.ts'

type Means = { pool: Pool; log: Pick<Logger, 'info' | 'warn'>; now: () => Date }

const YOUNG_MS = 60_000
const DAY_MS = 86_400_000
/** A mail is read, not searched: labplan volume list has all. */
const MOST_LINES = 12

export async function watchLosses({ pool, log, now }: Means): Promise<void> {
  // What a storage that is away would say of them is not of the volumes; it was told as that (watch-storage.ts).
  if ((await openOutages(pool)).length > 0) return
  const lost = await lostVolumes(pool)
  const count = lost.reduce((sum, one) => sum + countOf(one), 0)
  await withTransaction(pool, async (tx) => {
    const open = await openLoss(tx)
    if (count === 0) return open && (await isOver(tx, open, now()))
    if (!open) return beginLoss(tx, { now: now() })
    if (!isDue(open, count, now())) return
    await tell(tx, open, { lost, count, now: now() })
    log.warn({ volumes: count }, 'volumes are missing or damaged')
  })
}

const countOf = ({ missing, damaged, purging }: Lost): number => missing + damaged + purging

function isDue({ since_at: since, told_at: told, count }: Loss, found: number, now: Date): boolean {
  if (!told) return now.getTime() - since.getTime() >= YOUNG_MS
  return found > count && now.getTime() - told.getTime() >= DAY_MS
}

const threadOf = ({ id }: Loss): string => `volumes-lost/${id}`

async function tell(
  tx: Db,
  loss: Loss,
  { lost, count, now }: { lost: Lost[]; count: number; now: Date },
): Promise<void> {
  const sum = (of: 'missing' | 'damaged') => lost.reduce((all, one) => all + one[of], 0)
  const params = { count, missing: sum('missing'), damaged: sum('damaged') }
  await sendNotice(tx, {
    ...{ code: 'notice.volumes-lost', to: 'infra', params, now },
    lines: linesOf(lost),
    thread: threadOf(loss),
    dedupeKey: `${threadOf(loss)}/${now.toISOString()}`,
  })
  await noteTold(tx, { id: loss.id, count, now })
}

function linesOf(lost: Lost[]): NoticeLine[] {
  const seats = lost.flatMap((one): NoticeLine[] => {
    const count = one.missing + one.damaged
    if (count === 0) return []
    return one.course === null
      ? [{ code: 'notice.volumes-lost.personal', params: { count } }]
      : [{ code: 'notice.volumes-lost.of', params: { name: one.course, count } }]
  })
  const count = lost.reduce((all, one) => all + one.purging, 0)
  const purging = count > 0 ? [{ code: 'notice.volumes-lost.purging', params: { count } }] : []
  return [...purging, ...seats].slice(0, MOST_LINES)
}

/** Who was told of nothing is told of no end either. */
async function isOver(tx: Db, loss: Loss, now: Date): Promise<void> {
  await endLoss(tx, { id: loss.id, now })
  if (!loss.told_at) return
  await sendNotice(tx, {
    ...{ code: 'notice.volumes-found', to: 'infra', now },
    params: { sinceAt: loss.since_at.toISOString(), backAt: now.toISOString() },
    thread: threadOf(loss),
    dedupeKey: `${threadOf(loss)}/over`,
  })
}
