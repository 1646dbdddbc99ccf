/** Running workspaces that stop at the same moment, as a class does: all of them in one statement. */
import type { Actor } from '../audit.ts'
import { type Db, execute, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { changesOfState } from './workspace.ts'

export type StopReason =
  | 'session_end'
  | 'time'
  | 'reservation'
  | 'turn'
  | 'turn_passed'
  | 'idle'
  | 'erasure'

/**
 * Their stays end, seats that run are to go down (then the place is given back when the seat is seen cold), and each is in the
 * audit. The caller has locked their rows.
 */
export async function stopEach(
  tx: Db,
  stops: { id: string; reason: 'asked' | StopReason }[],
  by: { actor: Actor; now: Date },
): Promise<void> {
  if (stops.length === 0) return
  const { actor, now } = by
  await execute(
    tx,
    sql`with said as (
          select * from unnest(${stops.map(({ id }) => id)}::uuid[], ${stops.map(({ reason }) => reason)}::text[],
            ${stops.map(() => newId())}::uuid[]) as said (id, reason, line)
        ), moved as (
          update workspace set state = case when ${runs} and seat_id is not null then 'stopping' else 'stopped' end, state_at = ${now},
            ${changesOfState}, message_code = case when said.reason <> 'asked' then 'stopped.' || said.reason end,
            message_params = '{}', queued_at = null, opens_at = null
          from said where workspace.id = said.id returning workspace.id, state, seat_id, reason, line
        ), noted as (
          insert into audit (id, at, actor, actor_role, action, subject_kind, subject_id, detail)
          select line, ${now}, ${actor.name}, ${actor.role}, 'workspace.stop', 'workspace', id, jsonb_build_object('reason', reason) from moved
        ), closed as (
          update stay set ended_at = ${now}, reason = moved.reason from moved
          where stay.workspace_id = moved.id and stay.ended_at is null
        ), turned as (
          update seat set wanted_on = false from moved where seat.id = moved.seat_id and moved.state = 'stopping')
        select pg_notify('workspace', id::text) from moved
        union all select pg_notify('seats', seat_id::text) from moved where state = 'stopping'`,
  )
}

const runs = sql`state in ('starting', 'ready', 'failed')`
