/** What a seat had before each reset: kept as its course's files are, looked at and brought back, and no more than the policy says. */
import { type Db, many, one, sql } from '../db.ts'
import { policyInForce } from '../courses/documents.ts'
import type { KeptBackend } from './storage-outage.ts'

export type FormerVolume = {
  generation: number
  name: string
  backend: KeptBackend
  /** When the volume that came after it was made: of the reset itself no other trace is in the record. */
  endedAt: Date
  /** When its files go, as planned now; null while nothing says so. */
  keptUntil: Date | null
}

// Of who was erased nothing is shown. One that was purged after its reset is made anew with its course, and empty for good.
const isGone = sql`(volume.erased_at is not null or volume.state in ('purging', 'purged')
  or exists (select from purge where volume_id = volume.id and done_at >= later.created_at))`
const withLater = sql`volume join seat on seat.id = volume.seat_id
  left join volume later on later.seat_id = volume.seat_id and later.generation = volume.generation + 1`

/** Newest first; those alone that a storage agent keeps, since of the engine's no page shows anything. */
export async function formerVolumes(
  db: Db,
  of: { seatId: string; now: Date },
): Promise<FormerVolume[]> {
  return many(
    db,
    sql`select volume.generation, volume.name, volume.backend, coalesce(later.created_at, ${of.now}) as "endedAt",
          course.volumes_until as "keptUntil"
        from ${withLater} join course on course.id = seat.course_id
        where seat.id = ${of.seatId} and volume.generation < seat.generation and volume.backend <> 'engine'
          and not ${isGone} order by volume.generation desc`,
  )
}

export type ResetRoom = {
  /** As many of before are kept as may be: what would be left behind now could not be kept. */
  isFull: boolean
  /** How many of before are kept. */
  kept: number
}

/** Whether its student may leave behind what the seat has now. Counted by generation: a volume's row comes with a run. */
export async function resetRoom(db: Db, seatId: string): Promise<ResetRoom> {
  const { kept, is_under_way: isUnderWay } = await one<{ kept: number; is_under_way: boolean }>(
    db,
    sql`select generation - 1 - (select count(*)::int from ${withLater}
            where seat.id = whole.id and volume.generation < seat.generation and ${isGone}) as kept,
          wanted_generation > generation as is_under_way
        from seat whole where id = ${seatId}`,
  )
  // The first is never one too many, and nearly nobody resets twice.
  if (kept <= 0 || isUnderWay) return { isFull: false, kept: Math.max(0, kept) }
  const { resets } = await policyInForce(db)
  return { isFull: kept >= resets.keep, kept }
}
