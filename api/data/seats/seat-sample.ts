/** What seats' counters said last, and when a workspace nobody works in stops for it (stacks/rules/idle.ts). */
import {
  type Counters,
  type Sample,
  idleMinutesOf,
  idleStopsAt,
  nextSample,
} from '../../../stacks/rules/idle.ts'
import type { BlueprintSession } from '../../../stacks/blueprint.ts'
import type { Lifecycle } from '../../../stacks/terms.ts'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { isAway } from '../volumes/storage-outage.ts'

/** A seat to ask for its counters. */
export type WatchedSeat = {
  id: string
  generation: number
  credential_key_id: string
  task_id: string
  node_address: string
  identity_port: number
}

/** Seats somebody is in, where idleness stops: of all others nothing is asked. */
export async function watchedSeats(db: Db): Promise<WatchedSeat[]> {
  type Row = WatchedSeat & { lifecycle: Lifecycle; kind: BlueprintSession['kind'] | null }
  const rows = await many<Row>(
    db,
    sql`select seat.id, seat.generation, seat.credential_key_id, seat.task_id, seat.node_address, seat.identity_port,
          course.lifecycle, session.kind
        from workspace join seat on seat.id = workspace.seat_id join course on course.id = workspace.course_id
        left join session on session.id = workspace.session_id
        where workspace.state = 'ready' and seat.state = 'ready' and seat.task_id is not null
          and seat.node_address is not null and seat.identity_port is not null
          -- Who can do nothing is not idle.
          and not exists (select from volume where volume.seat_id = seat.id and volume.generation = seat.generation
            and ${isAway(sql`volume.backend`)}) order by seat.id`,
  )
  return rows.filter((row) => idleMinutesOf(row.lifecycle, row.kind) > 0)
}

type SampleRow = { task_id: string; sampled_at: Date; worked_at: Date; counters: Counters }

const sampleOf = (row: SampleRow): Sample => ({
  taskId: row.task_id,
  at: row.sampled_at.getTime(),
  workedAt: row.worked_at.getTime(),
  counters: row.counters,
})

/** Keeps what a seat's counters said, and moves its workspace's idle stop. Pages are told by the warning only. */
export async function recordSample(
  tx: Db,
  seen: { seatId: string; taskId: string; counters: Counters; now: Date },
): Promise<void> {
  const { seatId, taskId, counters, now } = seen
  const before = await findOne<SampleRow>(
    tx,
    sql`select task_id, sampled_at, worked_at, counters from seat_sample where seat_id = ${seatId} for update`,
  )
  const next = nextSample(before && sampleOf(before), { taskId, counters, at: now.getTime() })
  await execute(
    tx,
    sql`insert into seat_sample (seat_id, task_id, sampled_at, worked_at, counters)
        values (${seatId}, ${taskId}, ${now}, ${new Date(next.workedAt)}, ${JSON.stringify(counters)})
        on conflict (seat_id) do update set task_id = excluded.task_id, sampled_at = excluded.sampled_at,
          worked_at = excluded.worked_at, counters = excluded.counters`,
  )
  type Holder = { lifecycle: Lifecycle; kind: BlueprintSession['kind'] | null; hasGpu: boolean }
  const holder = await findOne<Holder>(
    tx,
    sql`select course.lifecycle, session.kind, exists (select from seat join seat_template on digest = template_digest
          where seat.id = seat_id and jsonb_typeof(body -> 'gpu') = 'object') as "hasGpu" from workspace join course on course.id = workspace.course_id
        left join session on session.id = workspace.session_id
        where workspace.seat_id = ${seatId} and workspace.state = 'ready' for update of workspace`,
  )
  if (!holder) return
  const idleMinutes = idleMinutesOf(holder.lifecycle, holder.kind)
  const stopsAt = idleStopsAt(next, { idleMinutes, hasGpu: holder.hasGpu })
  await execute(
    tx,
    sql`update workspace set idle_stops_at = ${stopsAt === null ? null : new Date(stopsAt)}
        where seat_id = ${seatId} and state = 'ready'`,
  )
}
