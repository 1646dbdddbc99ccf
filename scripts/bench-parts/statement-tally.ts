/** What PostgreSQL was asked and what it took: counted by the server itself (pg_stat_statements), while a bench runs. */
import { execute, many, type Pool, sql } from '../../api/data/db.ts'

/** Settings of a server that counts. Counting costs a few percent of its time. */
export const TALLY_SETTINGS = {
  ...{ shared_preload_libraries: 'pg_stat_statements', compute_query_id: 'on' },
  ...{ 'pg_stat_statements.track_planning': 'on', 'pg_stat_statements.max': '20000' },
}

export type TalliedStatement = { calls: number; ms: number; planMs: number; text: string }

export async function beginTally(pool: Pool): Promise<void> {
  await execute(pool, sql`create extension pg_stat_statements`)
  await execute(pool, sql`select pg_stat_statements_reset()`)
}

/** Every statement of this database since `beginTally`, the most often asked first; ms are the server's own, in total. */
export async function endTally(pool: Pool): Promise<TalliedStatement[]> {
  const rows = await many<TalliedStatement>(
    pool,
    sql`select calls, total_exec_time as ms, total_plan_time as "planMs", query as text from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database()) order by calls desc`,
  )
  return rows.map((row) => ({ ...row, text: row.text.replaceAll(/\s+/g, ' ').trim() }))
}

/** The `most` asked most often, and the `most` that took longest, a line each. */
export function tallyText(all: TalliedStatement[], most = 40): string {
  const line = ({ calls, ms, planMs, text }: TalliedStatement) =>
    `${String(calls).padStart(7)} ${ms.toFixed(0).padStart(7)} ms ${planMs.toFixed(0).padStart(6)} ms planned  ${text.slice(0, 160)}`
  const sum = (of: (one: TalliedStatement) => number) =>
    all.reduce((total, one) => total + of(one), 0)
  return [
    `${sum((one) => one.calls)} statements, ${sum((one) => one.ms).toFixed(0)} ms carried out, ${sum((one) => one.planMs).toFixed(0)} ms planned`,
    ...['asked most often:', ...all.slice(0, most).map(line)],
    ...[
      'took longest:',
      ...all
        .toSorted((a, b) => b.ms + b.planMs - a.ms - a.planMs)
        .slice(0, most)
        .map(line),
    ],
  ].join('\n')
}
