/** What preparing sessions took, and the lead that was learned from it. */
import type { LeadSample, PoolKind, SessionLead } from '../../../stacks/rules/lead.ts'
import { type Db, execute, many, sql } from '../db.ts'
import type { NoticeLine } from '../notice.ts'

/** Half a year of a campus; what is older was on other machines. */
const SAMPLES_READ = 5000

/** The newest first. */
export async function leadSamples(db: Db): Promise<LeadSample[]> {
  return many<LeadSample>(
    db,
    sql`select pool_key as pool, pool_kind as "poolKind", image, seats, together, plan_seconds::float as "planSeconds",
          apply_seconds::float as "applySeconds", warm_seconds::float as "warmSeconds"
        from lead_sample order by created_at desc limit ${SAMPLES_READ}`,
  )
}

/** What a session was, that has become ready. */
export type ReadyShape = {
  session: string
  pool: string
  poolKind: PoolKind
  image: string
  seats: number
  together: number
}

/** Its preparation was measured, once, and is no wait for the class before to leave its seats. */
const isMeasure = sql`(session.ready_at >= session.preparing_at and session.unready_at is null and not exists (select from session before
  where before.course_id = session.course_id and before.id <> session.id and before.state <> 'cancelled'
    and before.starts_at < session.starts_at and before.grace_ends_at > session.preparing_at))`

/** What stands after `from`: sessions that have become ready since, and left no sample yet. */
export const unlearned = (
  since: Date,
) => sql`session where session.ready_at >= ${since} and session.state <> 'cancelled'
  and ${isMeasure} and not exists (select from lead_sample where session_id = session.id)`

/**
 * Keeps what it took, once, when a session has become ready: the longest of its runs' plans and applies (they ran
 * side by side), and from the last of them until every seat was ready. Runs that failed are no measure of work.
 */
export async function keepLeadSamples(tx: Db, shapes: ReadyShape[]): Promise<number> {
  let kept = 0
  for (const shape of shapes)
    kept += await execute(
      tx,
      sql`insert into lead_sample (session_id, pool_key, pool_kind, image, seats, together, plan_seconds, apply_seconds,
            warm_seconds, total_seconds, created_at)
          select session.id, ${shape.pool}, ${shape.poolKind}, ${shape.image}, ${shape.seats}, ${shape.together},
            coalesce(took.plan, 0), coalesce(took.apply, 0),
            extract(epoch from session.ready_at - greatest(session.preparing_at, took.ended)),
            extract(epoch from session.ready_at - session.preparing_at), session.ready_at
          from session left join lateral (
            select max(extract(epoch from coalesce(phase.started_at, run.ended_at) - run.created_at)) as plan,
              max(extract(epoch from run.ended_at - coalesce(phase.started_at, run.ended_at))) as apply, max(run.ended_at) as ended
            from run join stack on stack.id = run.stack_id
            left join run_phase phase on phase.run_id = run.id and phase.state = 'applying'
            where stack.course_id = session.course_id and run.kind = 'apply' and run.state = 'applied'
              and run.created_at >= session.preparing_at and run.ended_at <= session.ready_at
          ) took on true
          where session.key = ${shape.session} and ${isMeasure}
          on conflict (session_id) do nothing`,
    )
  return kept
}

/** Keys, of these, of sessions that have become ready and left no sample yet. */
export async function sessionsWithoutSample(db: Db, keys: string[]): Promise<string[]> {
  const rows = await many<{ key: string }>(
    db,
    sql`select key from session where key = any(${keys}::text[]) and state <> 'cancelled' and ${isMeasure}
          and not exists (select from lead_sample where session_id = session.id)`,
  )
  return rows.map((row) => row.key)
}

/**
 * Moves the begin of sessions that have not begun: one that has, keeps its begin, since what exists already must not
 * go away again. Answers how many it changed.
 */
export async function keepLeads(
  tx: Db,
  leads: (SessionLead & { reason: NoticeLine[] })[],
): Promise<number> {
  if (leads.length === 0) return 0
  const column = <T>(of: (lead: (typeof leads)[number]) => T): T[] => leads.map(of)
  return execute(
    tx,
    sql`update session set lead_seconds = learned.seconds, lead_reason = learned.reason, lead_starts_at = learned.starts_at
        from unnest(${column((lead) => lead.session.key)}::text[], ${column((lead) => lead.leadSeconds)}::int[],
               ${column((lead) => JSON.stringify(lead.reason))}::jsonb[],
               ${column((lead) => new Date(lead.startsAt).toISOString())}::timestamptz[])
          as learned (key, seconds, reason, starts_at)
        where session.key = learned.key and session.state = 'planned'
          and (session.lead_seconds, session.lead_reason, session.lead_starts_at)
            is distinct from (learned.seconds, learned.reason, learned.starts_at)`,
  )
}
