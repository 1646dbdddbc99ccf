/**
 * Seats at rest: those with which the driver has nothing to do as long as their containers are as the rows say. Most of a
 * campus is, and is looked at every second: they are read without their templates, and all of them in one value.
 */
import { type Db, many, one, sql } from '../db.ts'
import { type Seat, seatColumns, seatTable } from './seat.ts'

export type RestingSeat = {
  id: string
  serviceId: string
  /** The task that has to run for it; null when no container of it may be alive. */
  taskId: string | null
}

// What workers/swarm/decide.ts answers 'none' to while its container is as said; a test compares the two. With GPUs never:
// which of them are free follows from the seats that have some.
const isAtRest = sql`coalesce(seat.service_id is not null
  and (seat.template_digest is null or seat.template_digest not in
    (select digest from seat_template where jsonb_typeof(body -> 'gpu') = 'object'))
  and (seat.state = 'cold' and (seat.held or (seat.wanted_generation <= seat.generation
      and (not seat.wanted_on or seat.applied_generation is distinct from seat.generation)))
    or seat.state = 'ready' and seat.task_id is not null and seat.wanted_on and not seat.held
      and seat.wanted_generation <= seat.generation and seat.applied_generation = seat.generation
      and seat.wanted_start <= seat.started), false)`

/** Every seat at rest. */
export async function restingSeats(db: Db): Promise<RestingSeat[]> {
  const { rows } = await one<{ rows: [string, string, string | null][] }>(
    db,
    sql`select coalesce(json_agg(json_build_array(id, service_id, case state when 'ready' then task_id end)), '[]') as rows
        from seat where state <> 'absent' and ${isAtRest}`,
  )
  return rows.map(([id, serviceId, taskId]) => ({ id, serviceId, taskId }))
}

/** Seats that exist or should and are not at rest, and these in any case. */
export async function movingSeats(db: Db, ids: string[]): Promise<Seat[]> {
  return many<Seat>(
    db,
    sql`select ${seatColumns} from ${seatTable}
        where seat.id = any(${ids}::uuid[]) or ((seat.state <> 'absent' or seat.wanted_on) and not ${isAtRest})
        order by seat.course_id, seat.number`,
  )
}

/** Those of these that still are at rest. */
export async function stillResting(db: Db, ids: string[]): Promise<Seat[]> {
  return many<Seat>(
    db,
    sql`select ${seatColumns} from ${seatTable} where seat.id = any(${ids}::uuid[]) and ${isAtRest}
        order by seat.course_id, seat.number`,
  )
}
