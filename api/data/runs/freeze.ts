/**
 * Freezes: for a while Terraform may not apply, or not destroy, in a pool or anywhere. Turning seats on and off is
 * the Swarm's and goes on, so that launches into seats that exist do too.
 */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, many, notify, sql } from '../db.ts'
import { newId } from '../ids.ts'

export type Freeze = {
  id: string
  /** Null: every pool. */
  pool_key: string | null
  applies: boolean
  destroys: boolean
  reason: string
  starts_at: Date
  until_at: Date
}

/** `poolKey` null: every pool. False when there is no such pool. */
export async function freeze(
  tx: Db,
  wish: {
    poolKey: string | null
    applies: boolean
    destroys: boolean
    reason: string
    until: Date
    actor: Actor
    now: Date
  },
): Promise<boolean> {
  const id = newId()
  const made = await execute(
    tx,
    sql`insert into run_freeze (id, pool_id, applies, destroys, reason, starts_at, until_at, asked_by)
        select ${id}, pool.id, ${wish.applies}, ${wish.destroys}, ${wish.reason}, ${wish.now}, ${wish.until}, ${wish.actor.name}
        from (select 1) one left join pool on pool.key = ${wish.poolKey}
        where ${wish.poolKey}::text is null or pool.id is not null`,
  )
  if (made === 0) return false
  const { poolKey, applies, destroys, reason, until } = wish
  const detail = { pool: poolKey ?? 'all', applies, destroys, reason, until }
  await recordFreeze(tx, { id, action: 'freeze.start', detail, ...wish })
  return true
}

/** Takes back what is frozen in a pool, or everything everywhere (null). Answers how many freezes ended. */
export async function unfreeze(
  tx: Db,
  wish: { poolKey: string | null; actor: Actor; now: Date },
): Promise<number> {
  const ended = await many<{ id: string }>(
    tx,
    sql`update run_freeze set ended_at = ${wish.now} where ${isActive(wish.now)}
          and (${wish.poolKey}::text is null or pool_id = (select id from pool where key = ${wish.poolKey}))
        returning id`,
  )
  for (const { id } of ended) await recordFreeze(tx, { id, action: 'freeze.end', ...wish })
  return ended.length
}

async function recordFreeze(
  tx: Db,
  done: {
    id: string
    action: 'freeze.start' | 'freeze.end'
    actor: Actor
    now: Date
    detail?: Record<string, unknown>
  },
): Promise<void> {
  const { actor, action, detail = {}, now } = done
  await audit(tx, { actor, action, subject: { kind: 'freeze', id: done.id }, detail, now })
  await notify(tx, 'work')
  await notify(tx, 'run')
}

const isActive = (now: Date) =>
  sql`run_freeze.ended_at is null and run_freeze.starts_at <= ${now} and run_freeze.until_at > ${now}`

/** The one that ends first stands first. */
export async function activeFreezes(db: Db, now: Date): Promise<Freeze[]> {
  return many<Freeze>(
    db,
    sql`select run_freeze.id, pool.key as pool_key, applies, destroys, reason, starts_at, until_at
        from run_freeze left join pool on pool.id = run_freeze.pool_id where ${isActive(now)} order by until_at, run_freeze.id`,
  )
}

export const destroyFreezes = (now: Date) =>
  sql`run_freeze where ${isActive(now)} and run_freeze.destroys`

/** The freezes that hold what a stack is to do next: nothing wanted of it is a destroy, anything else an apply. */
export const holdingFreezes = (now: Date) =>
  sql`run_freeze where ${isActive(now)} and (run_freeze.pool_id is null or run_freeze.pool_id = stack.pool_id)
      and case when stack.kind <> 'volumes' and stack.wanted_digest is null then run_freeze.destroys else run_freeze.applies end`

/** What stands after `from`: those that let nothing be made in a row of `pool`. */
export const applyFreezes = (now: Date) =>
  sql`run_freeze where ${isActive(now)} and run_freeze.applies and (run_freeze.pool_id is null or run_freeze.pool_id = pool.id)`

/** Where nothing may be destroyed now: everywhere, or in these pools. */
export async function poolsWithoutDestroys(
  db: Db,
  now: Date,
): Promise<{ all: boolean; pools: string[] }> {
  const holding = (await activeFreezes(db, now)).filter(({ destroys }) => destroys)
  return {
    all: holding.some(({ pool_key }) => pool_key === null),
    pools: holding.flatMap(({ pool_key }) => pool_key ?? []),
  }
}

export type KeptSeat = { pool: string; course: string; number: number }

/** Seats that exist where destroys are frozen: none of them may be removed, whatever is wanted. */
export async function seatsKeptByFreeze(db: Db, now: Date): Promise<KeptSeat[]> {
  return many<KeptSeat>(
    db,
    sql`select pool.key as pool, course.key as course, seat.number from seat
          join pool on pool.id = seat.pool_id join course on course.id = seat.course_id
        where seat.state <> 'absent' and exists (select from run_freeze where ${isActive(now)} and run_freeze.destroys
            and (run_freeze.pool_id is null or run_freeze.pool_id = seat.pool_id))
        order by seat.number`,
  )
}
