/** Stacks that are not what is wanted and that nobody works on: what each waits for. Read only. */
import { type Db, findOne, many, sql } from '../db.ts'
import { holdingFreezes } from './freeze.ts'
import { isOfStack, stackDiffers } from './stack-wish.ts'

export type WaitingStack = {
  key: string
  kind: 'apply' | 'destroy'
  why: 'frozen' | 'cancelled' | 'failed' | 'queued'
  /** The freeze's, or what the last run said. */
  reason: string | null
  /** When it goes on by itself; null: after the runs before it, or not by itself. */
  until: Date | null
  run_id: string | null
}

export async function waitingStacks(
  db: Db,
  { now, stackKey }: { now: Date; stackKey?: string | undefined },
): Promise<WaitingStack[]> {
  return many<WaitingStack>(
    db,
    sql`select stack.key, case when stack.kind <> 'volumes' and wanted_digest is null then 'destroy' else 'apply' end as kind,
          case when held.until_at is not null then 'frozen' when cancelled_run_id is not null then 'cancelled'
            when failures > 0 then 'failed' else 'queued' end as why,
          case when held.until_at is not null then held.reason else stack.message end as reason,
          case when held.until_at is not null then held.until_at
            when cancelled_run_id is not null or failures > 0 then retry_at end as until,
          (select run.id from run where run.stack_id = stack.id order by created_at desc, id desc limit 1) as run_id
        from stack left join lateral
          (select reason, until_at from ${holdingFreezes(now)} order by until_at desc limit 1) held on true
        where ${stackDiffers} and (lease_until is null or lease_until <= ${now})
          and (${stackKey ?? null}::text is null or stack.key = ${stackKey ?? null})
        order by due_since nulls last, stack.key`,
  )
}

/** Whether people hold the stack that is to make a workspace's seat, and until when if that is known. */
export async function holdOnSeat(
  db: Db,
  { workspaceId, now }: { workspaceId: string; now: Date },
): Promise<{ until: Date | null } | undefined> {
  return findOne(
    db,
    sql`select coalesce(held.until_at, stack.retry_at) as until
        from workspace join seat on seat.id = workspace.seat_id join stack on stack.kind = 'seats' and ${isOfStack}
          left join lateral (select max(until_at) as until_at from ${holdingFreezes(now)}) held on true
        where workspace.id = ${workspaceId} and seat.state = 'absent'
          and (held.until_at is not null or stack.cancelled_run_id is not null)`,
  )
}
