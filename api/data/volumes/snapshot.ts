/** Snapshots of volumes: how many are kept of whose, and when the next is due. Which there are, the storage agent says. */
import { type Db, execute, many, sql } from '../db.ts'
import type { KeptBackend } from './storage-outage.ts'

export type SnapshotWish = {
  id: string
  name: string
  backend: KeptBackend
  keep: number
  /** The instant that one is owed for; null when only their number changed. */
  owed_at: Date | null
}

/**
 * Volumes of which one is due, or another number than the agent was told, by course and seat. Due are two instants of each class: when its
 * preparation begins, and when nothing of it runs any more.
 */
export async function snapshotWishes(db: Db): Promise<SnapshotWish[]> {
  return many(
    db,
    sql`select volume.id, volume.name, volume.backend, course.snapshots as keep,
          case when course.snapshots > 0 and last.at > coalesce(snapshots_at, volume.created_at) then last.at end as owed_at
        from course
          left join lateral (select max(greatest(preparing_at, closed_at)) as at from session
            where session.course_id = course.id and course.snapshots > 0) last on true
          join seat on seat.course_id = course.id join volume on volume.seat_id = seat.id
        where volume.state = 'ready' and volume.backend <> 'engine'
          and ((course.snapshots > 0 and last.at > coalesce(snapshots_at, volume.created_at))
            or coalesce(snapshots_kept, 0) <> course.snapshots)
        order by course.key, seat.number, volume.generation`,
  )
}

/** What the agent was told, and has done. */
export async function recordSnapshots(
  tx: Db,
  { id, keep, owed_at: owedAt }: SnapshotWish,
): Promise<void> {
  await execute(
    tx,
    sql`update volume set snapshots_kept = ${keep}, snapshots_at = greatest(snapshots_at, ${owedAt}) where id = ${id}`,
  )
}
