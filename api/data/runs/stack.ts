/**
 * A stack's lease: who may change what the stack is made of. Its fencing token is also the password of
 * the run's state backend, so a worker that lost the lease can write neither rows nor state.
 */
import { type Db, execute, findOne, sql } from '../db.ts'

export type StackState =
  | 'absent'
  | 'applying'
  | 'applied'
  | 'destroying'
  | 'failed'
  | 'needs_reconcile'

export type LeasedStack = {
  id: string
  key: string
  /** Its last run ended without saying how: what exists must be compared with the state first. */
  isUnclean: boolean
  /** Why the tries since then came to nothing, as the last one said; null where there was none. */
  trouble: string | null
}

export type Lease = { stackId: string; tokenHash: Buffer }

export async function stackExists(db: Db, key: string): Promise<boolean> {
  return (await findOne(db, sql`select 1 from stack where key = ${key}`)) !== undefined
}

/**
 * Takes the stack when nobody holds it, or whoever did has not been heard of since `lease_until`.
 * Answers undefined when it is taken. A former holder is fenced off from here on.
 */
export async function takeLease(
  db: Db,
  wish: { key: string; worker: string; tokenHash: Buffer; until: Date; now: Date },
): Promise<LeasedStack | undefined> {
  const stack = await findOne<{
    id: string
    key: string
    state: StackState
    lease_owner: string | null
    trouble: string | null
    locks: number
  }>(
    db,
    sql`with free as (
          select id, key, state, lease_owner, case when failures > 0 then message end as trouble from stack
          where key = ${wish.key} and (lease_owner is null or lease_until <= ${wish.now}) for update
        ), taken as (
          update stack set lease_owner = ${wish.worker}, lease_token = ${wish.tokenHash}, lease_until = ${wish.until},
            asked_at = null
          from free where stack.id = free.id
        ), unlocked as (
          -- A lock of Terraform's that is still there belongs to a run that was killed: only its trace matters.
          delete from state_lock using free where state_lock.stack_id = free.id returning free.id
        )
        select free.*, (select count(*) from unlocked) as locks from free`,
  )
  if (!stack) return undefined
  const left = stack.lease_owner !== null || stack.locks > 0
  const midway = ['applying', 'destroying', 'needs_reconcile'].includes(stack.state)
  const { id, key, trouble } = stack
  return { id, key, isUnclean: left || midway, trouble }
}

/** Says that the holder lives; false when the lease is somebody else's by now. */
export async function renewLease(db: Db, lease: Lease & { until: Date }): Promise<boolean> {
  const renewed = await execute(
    db,
    sql`update stack set lease_until = ${lease.until}
        where id = ${lease.stackId} and lease_token = ${lease.tokenHash}`,
  )
  return renewed === 1
}

/** Locks the stack's row for this transaction; false when the lease is somebody else's by now. */
export async function holdsLease(tx: Db, lease: Lease): Promise<boolean> {
  const held = await findOne(
    tx,
    sql`select 1 from stack where id = ${lease.stackId} and lease_token = ${lease.tokenHash} for update`,
  )
  return held !== undefined
}

export async function moveStack(
  tx: Db,
  lease: Lease,
  to: { state: StackState; message: string | null; now: Date },
): Promise<boolean> {
  const moved = await execute(
    tx,
    sql`update stack set state = ${to.state}, state_at = ${to.now}, message = ${to.message}
        where id = ${lease.stackId} and lease_token = ${lease.tokenHash}`,
  )
  return moved === 1
}

/** The stack holds this content in full (null: nothing). Clears what earlier failures left. */
export async function recordApplied(
  tx: Db,
  lease: Lease,
  applied: { digest: string | null; now: Date },
): Promise<boolean> {
  const state: StackState = applied.digest === null ? 'absent' : 'applied'
  const recorded = await execute(
    tx,
    sql`update stack set applied_digest = ${applied.digest}, state = ${state}, state_at = ${applied.now},
          message = null, failures = 0, retry_at = null, cancelled_run_id = null, due_since = null
        where id = ${lease.stackId} and lease_token = ${lease.tokenHash}`,
  )
  return recorded === 1
}

/** Gives the stack back. Nothing happens when it is somebody else's by now. */
export async function releaseLease(db: Db, lease: Lease): Promise<void> {
  await execute(
    db,
    sql`update stack set lease_owner = null, lease_token = null, lease_until = null
        where id = ${lease.stackId} and lease_token = ${lease.tokenHash}`,
  )
}
