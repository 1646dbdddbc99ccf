/** What becomes of a workspace when the worker sees its seat come, go or fail. */
import { type Db, type Query, sql } from '../db.ts'
import { type PlaceLeft, settleLeft } from './settle-places.ts'
import { serveQueue } from './serve-queue.ts'
import { type WorkspaceState, changesOfState } from './workspace.ts'

type Seats = { ids: string[]; now: Date }

// Each is a part of the statement that changes the seats: an update of their workspaces that answers id and course_id.

/** The worker saw the workspace's seat ready: its owner may enter. */
export const seatsBecameReady = (seats: Seats): Query =>
  settle(seats, ['starting', 'resetting', 'failed'], 'ready')

/** The worker saw the seat's task end while it should run: it is on its way back. */
export const seatsWentAway = (seats: Seats): Query =>
  settle(seats, ['ready', 'failed'], 'starting', { code: 'starting.again' })

/** The seat does not come up; `message` says what was being done. It is tried again. */
export const seatsFailed = (seats: Seats & { message: Message }): Query =>
  settle(seats, ['starting', 'resetting', 'ready'], 'failed', seats.message)

/** The worker saw the seat cold: a workspace that was stopping has stopped. Its place is then for `passOnPlaces`. */
export const seatsBecameCold = (seats: Seats): Query => settle(seats, ['stopping'], 'stopped')

type Message = { code: string; params?: Record<string, string | number> }

function settle(
  { ids, now }: Seats,
  from: WorkspaceState[],
  to: WorkspaceState,
  message: Message | null = null,
): Query {
  // Why it stopped stays readable once it has.
  const code =
    to === 'stopped' && !message ? sql`message_code` : sql`${message?.code ?? null}::text`
  return sql`update workspace set state = ${to}, state_at = ${now}, ${changesOfState},
      message_code = ${code}, message_params = ${JSON.stringify(message?.params ?? {})}
    where seat_id = any(${ids}::uuid[]) and state = any(${from}::text[]) returning id, course_id`
}

/**
 * Of those that stopped (rows `settled`) each gives the place back, in the statement that stopped them and in one order for
 * everybody, so that nobody waits for somebody who waits: a part of it, that stands after `from`.
 */
export const placesGivenBack = (now: Date): Query =>
  sql`(select id, course_id, give_place_back(id, course_id, ${now}) as "left" from (select * from settled order by course_id, id) stopped)`

/** What was given back serves the next. In the same transaction. */
export async function passOnPlaces(tx: Db, left: PlaceLeft[], now: Date): Promise<void> {
  for (const courseId of await settleLeft(tx, left, now)) await serveQueue(tx, { courseId, now })
}
