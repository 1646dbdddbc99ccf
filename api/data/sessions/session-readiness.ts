/** How far a session's seats are, and what keeps them: their own stacks and, below those, the machines of their pool. */
import { type Db, many, one, sql } from '../db.ts'
import type { NodeState } from '../pools/node.ts'
import { applyFreezes, holdingFreezes } from '../runs/freeze.ts'
import { outagesDuring } from '../volumes/storage-outage.ts'

export type StackAtWork = {
  kind: 'base' | 'nodes' | 'volumes' | 'seats'
  differs: boolean
  failures: number
  message: string | null
  is_running: boolean
  /** A freeze holds it: why, and until when. */
  frozen_for: string | null
  frozen_until: Date | null
  /** Somebody cancelled its run: it waits until somebody has it tried again. */
  is_cancelled: boolean
  /** The step its last run is in, or ended in. */
  step: string | null
  step_since: Date | null
}

export type SeatTrouble = { code: string; reason: string; count: number }

/** A machine of a cloud that takes no seats yet. */
export type ComingMachine = {
  key: string
  state: NodeState
  /** How often it was made anew, and why last: of the catalogue, under `node.trouble.`. */
  tries: number
  message: string | null
}

export type Readiness = {
  ready: number
  starting: number
  /** Of those that start: the Swarm has no machine with room for them. */
  homeless: number
  trouble: SeatTrouble[]
  /** In the order in which one stands on the other. */
  stacks: StackAtWork[]
  machines: ComingMachine[]
  /** Machines of the pool that are in the Swarm and do not answer. */
  away: string[]
  /** Its pool takes no seats, because people closed it: their reason; null while it is open. */
  closedFor: string | null
  /** Since when what keeps its files does not answer; null while it does. */
  storageAwaySince: Date | null
  /** Pools of the same zone, besides its own, none of whose stacks fails, and which people have neither closed nor paused. */
  otherPools: string[]
}

/** Of the seats a session warms, and of what they stand on. `leaseNow`: by the clock that leases are dated by. */
type Asked = { course_id: string; pool_id: string; numbers: number[]; now: Date; leaseNow: Date }

export async function readinessOf(db: Db, session: Asked): Promise<Readiness> {
  const { course_id: courseId, pool_id: poolId, now } = session
  const outages = await outagesDuring(db, { courseId, from: now, until: now })
  return {
    ...(await seatsOf(db, session)),
    stacks: await stacksOf(db, session),
    ...(await machinesOf(db, poolId)),
    closedFor: await closedFor(db, poolId),
    storageAwaySince: outages.find(({ ended_at }) => ended_at === null)?.since_at ?? null,
    otherPools: await otherPools(db, { poolId, now }),
  }
}

async function seatsOf(
  db: Db,
  { course_id: courseId, numbers }: Asked,
): Promise<Pick<Readiness, 'ready' | 'starting' | 'homeless' | 'trouble'>> {
  const seats = await many<{ state: string; count: number; homeless: number }>(
    db,
    sql`select state, count(*) as count, count(*) filter (where homeless_at is not null) as homeless
        from seat where course_id = ${courseId} and number = any(${numbers}::int[]) group by state`,
  )
  const found = (state: string) => seats.find((one) => one.state === state)
  const trouble = await many<SeatTrouble>(
    db,
    sql`select coalesce(message_code, 'seat.start_failed') as code, coalesce(message_params ->> 'reason', '') as reason, count(*) as count
        from seat where course_id = ${courseId} and wanted_on and start_failures > 0
          and state in ('failed', 'stopping', 'cold') and message_code is not null
        group by 1, 2 order by count(*) desc, 1, 2 limit 3`,
  )
  return {
    ready: found('ready')?.count ?? 0,
    starting: found('starting')?.count ?? 0,
    homeless: found('starting')?.homeless ?? 0,
    trouble,
  }
}

/** Machines that nobody wants any more keep no class. */
async function stacksOf(
  db: Db,
  { course_id: courseId, pool_id: poolId, now, leaseNow }: Asked,
): Promise<StackAtWork[]> {
  return many<StackAtWork>(
    db,
    sql`select stack.kind, stack.wanted_digest is distinct from stack.applied_digest as differs, stack.failures, stack.message,
          coalesce(stack.lease_until > ${leaseNow}, false) as is_running, held.reason as frozen_for, held.until_at as frozen_until,
          stack.cancelled_run_id is not null and stack.retry_at is null as is_cancelled, step.name as step, step.started_at as step_since
        from stack
        left join lateral (select reason, until_at from ${holdingFreezes(now)} order by until_at desc limit 1) held on true
        left join lateral (select id from run where run.stack_id = stack.id and run.kind <> 'plan'
                           order by created_at desc, id desc limit 1) run on true
        left join lateral (select name, started_at from run_step where run_step.run_id = run.id
                           order by number desc limit 1) step on true
        where stack.course_id = ${courseId} and stack.kind in ('seats', 'volumes')
          or stack.pool_id = ${poolId} and stack.kind in ('base', 'nodes') and stack.wanted_digest is not null
        order by array_position(array['base', 'nodes', 'volumes', 'seats'], stack.kind), stack.key`,
  )
}

async function machinesOf(db: Db, poolId: string): Promise<Pick<Readiness, 'machines' | 'away'>> {
  const machines = await many<ComingMachine>(
    db,
    sql`select key, state, tries, message from node where pool_id = ${poolId} and role = 'node'
          and state in ('wanted', 'creating', 'booted', 'joined') order by key`,
  )
  const away = await many<{ hostname: string }>(
    db,
    sql`select hostname from swarm_node where pool = (select key from pool where id = ${poolId}) and not is_up order by hostname`,
  )
  return { machines, away: away.map(({ hostname }) => hostname) }
}

async function closedFor(db: Db, poolId: string): Promise<string | null> {
  const { reason } = await one<{ reason: string | null }>(
    db,
    sql`select case when closed is not null then coalesce(closed_reason, '–') end as reason from pool where id = ${poolId}`,
  )
  return reason
}

async function otherPools(
  db: Db,
  { poolId, now }: { poolId: string; now: Date },
): Promise<string[]> {
  const pools = await many<{ key: string }>(
    db,
    sql`select pool.key from pool join pool own on own.zone_id = pool.zone_id and own.id = ${poolId}
        where pool.id <> own.id and not exists (select from stack where stack.pool_id = pool.id and stack.state in ('failed', 'needs_reconcile'))
          and pool.closed is null and not exists (select from ${applyFreezes(now)})
        order by pool.key`,
  )
  return pools.map(({ key }) => key)
}
