/** What people may do about runs: end one, or have its stack tried again at once. */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'
import type { RunView } from './run-view.ts'
import { stackDiffers } from './stack-wish.ts'
import type { Lease } from './stack.ts'

/** A cancelled destroy goes on by itself after so long: nothing is left running because somebody forgot. */
export const TEARDOWN_WAITS_MS = 10 * 60_000

/** Why a run cannot be cancelled: a message code, undefined when it can. */
export function whyNotCancel(run: Pick<RunView, 'ended_at' | 'cancel_asked_at'>) {
  if (run.ended_at) return 'run.cancel.ended'
  return run.cancel_asked_at ? 'run.cancel.asked' : undefined
}

/** Why the run's stack cannot be tried again: a message code, undefined when it can. */
export function whyNotRetry(
  run: Pick<RunView, 'stack_is_running' | 'stack_is_as_wanted' | 'stack_is_frozen'>,
) {
  if (run.stack_is_running) return 'run.retry.under-way'
  if (run.stack_is_as_wanted) return 'run.retry.as-wanted'
  return run.stack_is_frozen ? 'run.retry.frozen' : undefined
}

/**
 * Asks a run to end. Its worker hears of it at once (channel `cancel`), interrupts Terraform and waits until the
 * state is saved. False when the run has ended; asked twice, the first one counts.
 */
export async function cancelRun(
  tx: Db,
  ask: { id: string; actor: Actor; now: Date },
): Promise<boolean> {
  const run = await findOne(
    tx,
    sql`select 1 as lives from run where id = ${ask.id} and ended_at is null for update`,
  )
  if (!run) return false
  const asked = await execute(
    tx,
    sql`insert into run_cancellation (run_id, asked_at, asked_by, asked_by_role)
        values (${ask.id}, ${ask.now}, ${ask.actor.name}, ${ask.actor.role}) on conflict do nothing`,
  )
  if (asked === 0) return true
  const subject = { kind: 'run', id: ask.id }
  await audit(tx, { actor: ask.actor, action: 'run.cancel', subject, now: ask.now })
  await notify(tx, 'cancel', ask.id)
  await notify(tx, 'run', ask.id)
  return true
}

export async function isCancelAsked(db: Db, runId: string): Promise<boolean> {
  return (
    (await findOne(db, sql`select 1 as asked from run_cancellation where run_id = ${runId}`)) !==
    undefined
  )
}

/** Lets the run's stack be tried at once, whatever it waited for. False when there is nothing to try. */
export async function retryStack(
  tx: Db,
  ask: { runId: string; actor: Actor; now: Date },
): Promise<boolean> {
  const freed = await execute(
    tx,
    sql`update stack set failures = 0, retry_at = null, cancelled_run_id = null
        where id = (select stack_id from run where id = ${ask.runId})
          and ${stackDiffers}
          and not exists (select from run where run.stack_id = stack.id and run.ended_at is null)`,
  )
  if (freed === 0) return false
  const subject = { kind: 'run', id: ask.runId }
  await audit(tx, { actor: ask.actor, action: 'run.retry', subject, now: ask.now })
  await notify(tx, 'work')
  await notify(tx, 'run', ask.runId)
  return true
}

/**
 * After a run that somebody cancelled: its stack waits. Not when the worker itself was stopped, and not when
 * something else is wanted by now than what was cancelled. `isUnknown`: it was killed, and what it made last must be found out.
 */
export async function waitAfterCancel(
  tx: Db,
  lease: Lease,
  run: { id: string; now: Date; isUnknown?: boolean },
): Promise<void> {
  const goesOn = new Date(run.now.getTime() + TEARDOWN_WAITS_MS)
  await execute(
    tx,
    sql`update stack set cancelled_run_id = ${run.id},
          retry_at = (select case when run.kind = 'destroy' or ${run.isUnknown === true} then ${goesOn}::timestamptz end from run where run.id = ${run.id})
        where id = ${lease.stackId} and lease_token = ${lease.tokenHash}
          and exists (select from run_cancellation where run_id = ${run.id})
          and exists (select from run where run.id = ${run.id}
            and stack.wanted_digest is not distinct from case when run.kind <> 'destroy' then run.content_digest end)`,
  )
}

export const cancelledDead = (
  leaseNow: Date,
) => sql`run join run_cancellation on run_cancellation.run_id = run.id
  join stack on stack.id = run.stack_id
  where run.ended_at is null and (stack.lease_until is null or stack.lease_until <= ${leaseNow})`

/**
 * Runs that were to be cancelled and whose worker died first: over, and their stack waits as after any other
 * cancelled run, but not for ever, since what the dead run made must be adopted or removed.
 */
export async function endCancelledDeadRuns(tx: Db, now: Date, leaseNow = now): Promise<void> {
  const dead = await many<{ id: string; stack_id: string }>(
    tx,
    sql`select run.id, run.stack_id from ${cancelledDead(leaseNow)} for update of run, stack skip locked`,
  )
  const goesOn = new Date(now.getTime() + TEARDOWN_WAITS_MS)
  for (const { id, stack_id } of dead) {
    await execute(
      tx,
      sql`update run set state = 'cancelled', state_at = ${now}, ended_at = ${now},
            message = 'Its worker ended before it could cancel it; the next run finds out what exists.'
          where id = ${id}`,
    )
    await execute(
      tx,
      sql`insert into run_phase (run_id, state, started_at) values (${id}, 'cancelled', ${now}) on conflict do nothing`,
    )
    await execute(
      tx,
      sql`update stack set cancelled_run_id = ${id}, retry_at = ${goesOn}, state = 'needs_reconcile', state_at = ${now}
          where id = ${stack_id}`,
    )
    await notify(tx, 'run', id)
  }
}
