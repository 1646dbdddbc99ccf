/**
 * Leases whose holder died at a stack that is as wanted: while it only planned, or before it began. No run is due there
 * that would take the stack over, so it would seem at work for ever.
 */
import { type Db, execute, sql } from '../db.ts'
import { deadRunsEnd } from './run.ts'
import { stackDiffers } from './stack-wish.ts'

/** What stands after `from`. */
export const leftLeases = (leaseNow: Date) =>
  sql`stack where lease_owner is not null and lease_until <= ${leaseNow} and not ${stackDiffers}`

/** Gives them up, and ends the runs they were for. What Terraform locked stays: the next run sees that one ended without a word. */
export async function giveUpLeases(tx: Db, now: Date, leaseNow = now): Promise<void> {
  await execute(
    tx,
    sql`with given as (
          update stack set lease_owner = null, lease_token = null, lease_until = null
          where id in (select id from ${leftLeases(leaseNow)} for update skip locked) returning id),
        ${deadRunsEnd(now, sql`given`)}
        select pg_notify('run', id::text) from ended`,
  )
}
