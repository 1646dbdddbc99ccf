/** What administrators look at: pools and a few counts. Read only. */
import { type Db, many, one, sql } from '../db.ts'

export type PoolSummary = { key: string; stacks: number; failing: number; seats_running: number }

export async function poolSummaries(db: Db): Promise<PoolSummary[]> {
  return many<PoolSummary>(
    db,
    sql`select pool.key,
          (select count(*) from stack where stack.pool_id = pool.id and stack.state <> 'absent') as stacks,
          (select count(*) from stack where stack.pool_id = pool.id and stack.state in ('failed', 'needs_reconcile')) as failing,
          (select count(*) from seat where seat.pool_id = pool.id and seat.state in ('starting', 'ready')) as seats_running
        from pool order by pool.key`,
  )
}

export type Counts = {
  courses: number
  sessions_to_come: number
  seats_ready: number
  workspaces_running: number
  workspaces_queued: number
  platforms_pending: number
  changes_proposed: number
  stacks_failing: number
  runs_under_way: number
  findings_open: number
  storage_away: number
}

export async function counts(db: Db, now: Date): Promise<Counts> {
  return one<Counts>(
    db,
    sql`select
      (select count(*) from course where state <> 'archived') as courses,
      (select count(*) from session where state <> 'cancelled' and starts_at > ${now}) as sessions_to_come,
      (select count(*) from seat where state = 'ready') as seats_ready,
      (select count(*) from workspace where state in ('starting', 'ready', 'resetting')) as workspaces_running,
      (select count(*) from workspace where state = 'queued') as workspaces_queued,
      (select count(*) from platform where state = 'pending') as platforms_pending,
      (select count(*) from change where state = 'proposed') as changes_proposed,
      (select count(*) from stack where state in ('failed', 'needs_reconcile')) as stacks_failing,
      (select count(*) from run where ended_at is null) as runs_under_way,
      (select count(*) from finding where resolved_at is null and looks >= 2) as findings_open,
      (select count(*) from storage_outage where ended_at is null) as storage_away`,
  )
}

/** How many wait for a place in a course. */
export async function waitingInCourse(db: Db, courseId: string): Promise<number> {
  const { n } = await one<{ n: number }>(
    db,
    sql`select count(*) as n from workspace where course_id = ${courseId} and state = 'queued'`,
  )
  return n
}

/** Answers when the database does. */
export async function ping(db: Db): Promise<void> {
  await db.query('select 1')
}
