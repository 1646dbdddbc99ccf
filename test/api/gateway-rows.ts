/** Rows of the database that make a seat with its holder. Without vitest, so that the bench uses them too. */
import { type Pool, execute, one, sql } from '../../api/data/db.ts'
import { newId, randomLabel } from '../../api/data/ids.ts'
import type { Entry } from '../../api/data/seats/ticket.ts'

export type SeatRow = Entry & { workspaceId: string }
/** What a seat's identity key derives from. */
export const keyed = ({ seatId: id, generation }: Pick<Entry, 'seatId' | 'generation'>) => ({
  ...{ id, generation },
  credential_key_id: 'k1',
})
/** Where a seat runs, as the worker writes it down. */
export type Where = { taskId: string; address: string; port: number; identityPort: number }

/** A cold seat of a course of its own, with one web port and a person who holds it. */
export async function insertSeat(pool: Pool, now: Date): Promise<SeatRow> {
  const zone = (await one<{ id: string }>(pool, sql`select id from zone limit 1`)).id
  const [poolId, courseId, personId] = [newId(), newId(), newId()]
  const [seatId, workspaceId] = [newId(), newId()]
  const hostLabel = randomLabel(26)
  const code = courseId.replaceAll('-', '').slice(-8)
  for (const statement of [
    sql`insert into pool (id, zone_id, key, created_at) values (${poolId}, ${zone}, ${poolId}, ${now})`,
    sql`insert into course (id, zone_id, key, code, state, state_at, document, created_at)
        values (${courseId}, ${zone}, ${courseId}, ${code}, 'ready', ${now}, '', ${now})`,
    sql`insert into person (id, zone_id, pseudonym, created_at, seen_at)
        values (${personId}, ${zone}, ${personId}, ${now}, ${now})`,
    sql`insert into seat (id, course_id, pool_id, number, state, state_at, credential_key_id, credential)
        values (${seatId}, ${courseId}, ${poolId}, 1, 'cold', ${now}, 'k1', '')`,
    sql`insert into seat_port (seat_id, container_port, name, kind, host_label)
        values (${seatId}, 8080, 'web', 'web', ${hostLabel})`,
    sql`insert into workspace (id, course_id, person_id, seat_id, state, state_at, created_at, last_launch_at)
        values (${workspaceId}, ${courseId}, ${personId}, ${seatId}, 'ready', ${now}, ${now}, ${now})`,
  ])
    await execute(pool, statement)
  return { personId, seatId, generation: 1, hostLabel, workspaceId }
}

/** Writes where the seat runs, or that it does not. Wakes nobody. */
export async function writeWhere(pool: Pool, seatId: string, where?: Where): Promise<void> {
  const { taskId, address, port, identityPort } = where ?? {}
  await execute(
    pool,
    sql`update seat set task_id = ${taskId}, node_address = ${address}, identity_port = ${identityPort}
        where id = ${seatId}`,
  )
  await execute(pool, sql`update seat_port set published_port = ${port} where seat_id = ${seatId}`)
}
