/**
 * Workspaces: a seat taken by a student for as long as the course lasts. The row, what may be done from which state,
 * and its changes of state; the worker sees what is wanted and makes it so.
 */
import { type Db, execute, findOne, one, sql } from '../db.ts'
import type { SeatState } from '../seats/seat.ts'

export type WorkspaceState =
  | 'closed'
  | 'queued'
  | 'starting'
  | 'ready'
  | 'resetting'
  | 'stopping'
  | 'stopped'
  | 'failed'

export type Workspace = {
  id: string
  course_id: string
  person_id: string
  seat_id: string | null
  seat_state: SeatState | null
  seat_number: number | null
  session_id: string | null
  state: WorkspaceState
  state_at: Date
  queued_at: Date | null
  opens_at: Date | null
  held_until: Date | null
  stops_at: Date | null
  version: number
  message_code: string | null
  message_params: Record<string, string | number>
}

/** From which states each act may be done; elsewhere it changes nothing (double clicks, two tabs). */
export const actable = {
  start: ['closed', 'stopped', 'failed'],
  stop: ['queued', 'starting', 'ready', 'failed', 'closed'],
  restart: ['starting', 'ready', 'failed'],
  reset: ['starting', 'ready', 'stopped', 'closed', 'failed'],
} as const satisfies Record<string, readonly WorkspaceState[]>

export const workspaceColumns = sql`workspace.id, workspace.course_id, workspace.person_id, workspace.seat_id,
  seat.state as seat_state, seat.number as seat_number, workspace.session_id, workspace.state, workspace.state_at,
  workspace.queued_at, workspace.opens_at, workspace.held_until, workspace.stops_at, workspace.version, workspace.message_code,
  workspace.message_params`

export const workspaceTable = sql`workspace left join seat on seat.id = workspace.seat_id`

export async function findWorkspace(db: Db, id: string): Promise<Workspace | undefined> {
  return findOne<Workspace>(
    db,
    sql`select ${workspaceColumns} from ${workspaceTable} where workspace.id = ${id}`,
  )
}

/**
 * The row, locked against every other act on the same workspace until the caller's transaction ends. Its seat is locked first: a
 * step of the seat changes the two in that order (seat-life.ts), and who took them in the other would meet it half way.
 */
export async function lockWorkspace(tx: Db, id: string): Promise<Workspace> {
  const [, workspace] = await Promise.all([
    execute(
      tx,
      sql`select from seat where id = (select seat_id from workspace where id = ${id}) for no key update`,
    ),
    one<Workspace>(
      tx,
      sql`select ${workspaceColumns} from ${workspaceTable} where workspace.id = ${id} for update of workspace`,
    ),
  ])
  return workspace
}

/** Also who waits, once it is their turn: a place is held for the click. */
export const isStartable = (workspace: Workspace): boolean =>
  workspace.held_until !== null ||
  (actable.start as readonly WorkspaceState[]).includes(workspace.state)

/** Every change of state: raises the version, tells who watches the page. */
export async function moveTo(
  tx: Db,
  id: string,
  state: WorkspaceState,
  now: Date,
  more = sql``,
  message: { code: string; params?: Record<string, string | number> } | null = null,
): Promise<void> {
  await execute(
    tx,
    sql`with moved as (
          update workspace set state = ${state}, state_at = ${now}, ${changesOfState},
            message_code = ${message?.code ?? null}, message_params = ${JSON.stringify(message?.params ?? {})} ${more}
          where id = ${id} returning id)
        select pg_notify('workspace', id::text) from moved`,
  )
}

export const changesOfState = sql`version = version + 1, held_until = null, turn_mail = null, turn_ends_at = null,
  idle_stops_at = null`
