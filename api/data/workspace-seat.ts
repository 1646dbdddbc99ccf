/** What becomes of a workspace when the worker sees its seat come, go or fail. */
import { type Db, findOne, sql } from './db.ts'
import { freePlace } from './place.ts'
import { serveQueue } from './serve-queue.ts'
import { type WorkspaceState, changesOfState } from './workspace.ts'

/** The worker saw the workspace's seat ready: its owner may enter. */
export async function seatBecameReady(tx: Db, seat: { id: string; now: Date }): Promise<void> {
  await settleHolder(tx, seat, ['starting', 'resetting', 'failed'], 'ready')
}

/** The worker saw the seat's task end while it should run: it is on its way back. */
export async function seatWentAway(tx: Db, seat: { id: string; now: Date }): Promise<void> {
  await settleHolder(tx, seat, ['ready', 'failed'], 'starting', { code: 'starting.again' })
}

/** The seat does not come up; `message` says what was being done. It is tried again. */
export async function seatFailed(
  tx: Db,
  seat: {
    id: string
    now: Date
    message: { code: string; params?: Record<string, string | number> }
  },
): Promise<void> {
  await settleHolder(tx, seat, ['starting', 'resetting', 'ready'], 'failed', seat.message)
}

/** The worker saw the seat cold: a workspace that was stopping has stopped, and its place serves the next. */
export async function seatBecameCold(tx: Db, seat: { id: string; now: Date }): Promise<void> {
  const holder = await settleHolder(tx, seat, ['stopping'], 'stopped')
  if (!holder) return
  await freePlace(tx, { courseId: holder.course_id, workspaceId: holder.id, now: seat.now })
  await serveQueue(tx, { courseId: holder.course_id, now: seat.now })
}

async function settleHolder(
  tx: Db,
  seat: { id: string; now: Date },
  from: WorkspaceState[],
  to: WorkspaceState,
  message: { code: string; params?: Record<string, string | number> } | null = null,
): Promise<{ id: string; course_id: string } | undefined> {
  // Why it stopped stays readable once it has.
  const code =
    to === 'stopped' && !message ? sql`message_code` : sql`${message?.code ?? null}::text`
  return findOne<{ id: string; course_id: string }>(
    tx,
    sql`with moved as (
          update workspace set state = ${to}, state_at = ${seat.now}, ${changesOfState},
            message_code = ${code}, message_params = ${JSON.stringify(message?.params ?? {})}
          where seat_id = ${seat.id} and state = any(${from}::text[]) returning id, course_id)
        select id, course_id, pg_notify('workspace', id::text) from moved`,
  )
}
