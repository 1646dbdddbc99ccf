/**
 * Runs of Terraform as their worker writes them: states with their times, steps, events. Every write is
 * fenced by the stack's lease, and tells who watches runs (channel `run`, the run's id).
 */
import { type Db, type Query, execute, findOne, many, notify, one, sql } from '../db.ts'
import { newId } from '../ids.ts'
import type { Lease } from './stack.ts'

export type RunKind = 'plan' | 'apply' | 'destroy'
export type RunState =
  | 'preparing'
  | 'planning'
  | 'planned'
  | 'applying'
  | 'applied'
  | 'held'
  | 'failed'
  | 'cancelled'
  | 'needs_reconcile'

/** From which state each may be entered. */
const ENTERED_FROM: Record<Exclude<RunState, 'preparing'>, RunState[]> = {
  planning: ['preparing'],
  planned: ['planning'],
  applying: ['planned'],
  applied: ['planned', 'applying'],
  // From `preparing` when the tools are none that were approved, or somebody began to work on what was to go.
  held: ['preparing', 'planned', 'applying'],
  failed: ['preparing', 'planning', 'planned', 'applying'],
  cancelled: ['preparing', 'planning', 'planned', 'applying'],
  needs_reconcile: ['preparing', 'planning', 'planned', 'applying'],
}
export const ENDED: RunState[] = ['applied', 'held', 'failed', 'cancelled', 'needs_reconcile']

export type NewRun = {
  kind: RunKind
  blueprintDigest: string | null
  contentDigest: string
  worker: string
  now: Date
}

/** Answers its id; undefined, and nothing is written, when the lease is somebody else's by now. */
export async function createRun(tx: Db, lease: Lease, run: NewRun): Promise<string | undefined> {
  return (await enterPhase(tx, newRun(run), { from: leased(lease) }))?.id
}

/** The stack while it is ours: nobody takes it until the statement is over. */
const leased = ({ stackId, tokenHash }: Lease): Query =>
  sql`ours as (select id from stack where id = ${stackId} and lease_token = ${tokenHash} for update)`

/** Of the stack that is `ours`. */
const newRun = (run: NewRun): Query =>
  sql`insert into run (id, stack_id, kind, blueprint_digest, content_digest, state, state_at, worker, created_at)
    select ${newId()}::uuid, id, ${run.kind}, ${run.blueprintDigest}, ${run.contentDigest}, 'preparing', ${run.now}::timestamptz,
      ${run.worker}, ${run.now}::timestamptz from ours
    returning id, state, state_at`

/**
 * A run that changes its stack begins: in one statement, the stack says so, and a run of it whose worker died says that it is no
 * longer under way. Answers its id; undefined, and nothing is written, when the lease is somebody else's by now: what is under way
 * is theirs.
 */
export async function beginRun(
  db: Db,
  lease: Lease,
  run: NewRun & { kind: Exclude<RunKind, 'plan'> },
): Promise<string | undefined> {
  const state = run.kind === 'destroy' ? 'destroying' : 'applying'
  const begun = await enterPhase(db, newRun(run), {
    from: leased(lease),
    beside: sql`${deadRunsEnd(run.now, sql`ours`)}, begun as (
          update stack set state = ${state}, state_at = ${run.now}, message = null from ours where stack.id = ours.id)`,
  })
  return begun?.id
}

/** A run whose worker died says so: it is no longer under way. Nothing happens when the lease is somebody else's by now. */
export async function endDeadRuns(tx: Db, lease: Lease, now: Date): Promise<number> {
  return execute(
    tx,
    sql`with ${leased(lease)}, ${deadRunsEnd(now, sql`ours`)} select pg_notify('run', id::text) from ended`,
  )
}

/** Parts of a statement: those of the stacks in `of`, a part before, are over by now, and say since when. */
export const deadRunsEnd = (now: Date, of: Query): Query =>
  sql`ended as (
          update run set state = 'needs_reconcile', state_at = ${now}, ended_at = ${now},
            message = 'Its worker ended without a word.'
          where stack_id in (select id from ${of}) and ended_at is null returning id, state, state_at),
        ended_phase as (
          insert into run_phase (run_id, state, started_at) select * from ended on conflict do nothing)`

/** One guarded step of a run's life; false when the lease is lost or the run is elsewhere. */
export async function moveRun(
  db: Db,
  lease: Lease,
  run: {
    id: string
    to: Exclude<RunState, 'preparing'>
    now: Date
    message?: string
    summary?: unknown
    toolchain?: unknown
  },
): Promise<boolean> {
  const endedAt = ENDED.includes(run.to) ? run.now : null
  const moved = sql`update run set state = ${run.to}, state_at = ${run.now}, ended_at = ${endedAt},
      message = coalesce(${run.message ?? null}, message),
      summary = coalesce(${run.summary ? JSON.stringify(run.summary) : null}::jsonb, summary),
      toolchain = coalesce(${run.toolchain ? JSON.stringify(run.toolchain) : null}::jsonb, toolchain)
    where id = ${run.id} and state = any(${ENTERED_FROM[run.to]}::text[])
      and exists (select from stack where stack.id = run.stack_id and lease_token = ${lease.tokenHash})
    returning id, state, state_at`
  return (await enterPhase(db, moved)) !== undefined
}

/** The end of a run that only plans: nothing follows, and its plan is never applied. */
export async function endPlan(
  tx: Db,
  lease: Lease,
  run: { id: string; now: Date },
): Promise<boolean> {
  const ended = await execute(
    tx,
    sql`update run set ended_at = ${run.now}
        where id = ${run.id} and kind = 'plan' and state = 'planned' and ended_at is null
          and exists (select from stack where stack.id = run.stack_id and lease_token = ${lease.tokenHash})`,
  )
  return ended === 1
}

/** Marks the plan as used, before it is: the same plan is never applied twice, whatever is killed. */
export async function consumePlan(
  tx: Db,
  lease: Lease,
  run: { id: string; planDigest: string },
): Promise<boolean> {
  const consumed = await execute(
    tx,
    sql`update run set plan_digest = ${run.planDigest}
        where id = ${run.id} and plan_digest is null and state = 'planned'
          and not exists (select from run other where other.plan_digest = ${run.planDigest})
          and exists (select from stack where stack.id = run.stack_id and lease_token = ${lease.tokenHash})`,
  )
  return consumed === 1
}

/**
 * `moved`: the change of the run, which answers id, state and state_at. With it its phase begins, and who watches hears.
 * `from`, `beside`: more parts of the statement, before it and after.
 */
async function enterPhase(
  db: Db,
  moved: Query,
  { from, beside }: { from?: Query; beside?: Query } = {},
): Promise<{ id: string } | undefined> {
  return findOne(
    db,
    sql`with ${from ? sql`${from}, ` : sql``}moved as (${moved}), entered as (
          insert into run_phase (run_id, state, started_at) select * from moved on conflict do nothing)${beside ? sql`, ${beside}` : sql``}
        select id, pg_notify('run', id::text) from moved`,
  )
}

export async function startStep(
  db: Db,
  step: { runId: string; name: string; now: Date },
): Promise<number> {
  const { number } = await one<{ number: number }>(
    db,
    sql`insert into run_step (run_id, number, name, started_at)
        select ${step.runId}, count(*) + 1, ${step.name}, ${step.now} from run_step where run_id = ${step.runId}
        returning number`,
  )
  await notify(db, 'run', step.runId)
  return number
}

export async function endStep(
  db: Db,
  step: { runId: string; number: number; outcome: string; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`update run_step set ended_at = ${step.now}, outcome = ${step.outcome}
        where run_id = ${step.runId} and number = ${step.number}`,
  )
  await notify(db, 'run', step.runId)
}

export type RunEvent = {
  at: Date
  kind: 'start' | 'end' | 'error' | 'diagnostic' | 'note'
  address?: string
  action?: string
  objectId?: string
  elapsedSeconds?: number
  message?: string
}

/** Appends events; `firstNumber` continues where the caller's last call ended. Twice does no harm: whether the first was heard may not be known. */
export async function addRunEvents(
  db: Db,
  runId: string,
  firstNumber: number,
  events: RunEvent[],
): Promise<void> {
  const column = <T>(of: (event: RunEvent) => T | undefined) => events.map((e) => of(e) ?? null)
  await execute(
    db,
    sql`insert into run_event (run_id, number, at, kind, address, action, object_id, elapsed_seconds, message)
        select ${runId}, ${firstNumber} + ordinality - 1, at, kind, address, action, object_id, elapsed, message
        from unnest(${column((e) => e.at)}::timestamptz[], ${column((e) => e.kind)}::text[],
                    ${column((e) => e.address)}::text[], ${column((e) => e.action)}::text[],
                    ${column((e) => e.objectId)}::text[], ${column((e) => e.elapsedSeconds)}::numeric[],
                    ${column((e) => e.message)}::text[])
          with ordinality as t (at, kind, address, action, object_id, elapsed, message, ordinality)
        on conflict (run_id, number) do nothing`,
  )
  await notify(db, 'run', runId)
}

/** What a run said, in order. */
export async function runEvents(db: Db, runId: string): Promise<RunEvent[]> {
  return many<RunEvent>(
    db,
    sql`select at, kind, address, action, object_id as "objectId", elapsed_seconds::float as "elapsedSeconds", message
        from run_event where run_id = ${runId} order by number`,
  )
}
