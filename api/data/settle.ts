/** Makes the rows of seats and places follow an approved blueprint. Idempotent: same blueprint, no change. */
import { type Blueprint, seatNumbers } from '../../stacks/blueprint.ts'
import { type Db, execute, findOne, sql } from './db.ts'
import type { KeyRing } from './key-ring.ts'
import { ensureSeats } from './seat.ts'

/** Courses and pools must have their rows already; a course without one is not ours to make here. */
export async function settleSeats(
  tx: Db,
  ring: KeyRing,
  settled: { blueprint: Blueprint; now: Date },
): Promise<void> {
  for (const course of settled.blueprint.courses) {
    const row = await findOne<{ id: string; pool_id: string }>(
      tx,
      sql`select course.id, pool.id as pool_id from course, pool where course.key = ${course.key} and pool.key = ${course.pool}`,
    )
    if (!row) continue
    const seats = Math.max(0, ...seatNumbers(course.seats))
    await execute(
      tx,
      sql`update course set allowance_seats = ${seats}, places_outside = ${course.headroom?.seats ?? 0},
          places_until = null where id = ${row.id}`,
    )
    const ports = course.template?.ports ?? []
    await ensureSeats(tx, ring, { id: row.id, poolId: row.pool_id, seats, ports, now: settled.now })
  }
}
