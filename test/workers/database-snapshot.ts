/** All rows of a database, and a database made to be as it was: a backup that is brought back, in place. */
import { type Pool, many, sql, withTransaction } from '../../api/data/db.ts'

export type Snapshot = Record<string, Record<string, unknown>[]>

async function tablesOf(pool: Pool): Promise<string[]> {
  const rows = await many<{ name: string }>(
    pool,
    sql`select tablename as name from pg_tables where schemaname = current_schema() and tablename <> 'migration' order by 1`,
  )
  return rows.map(({ name }) => name)
}

export async function snapshotOf(pool: Pool): Promise<Snapshot> {
  const all: Snapshot = {}
  for (const name of await tablesOf(pool)) {
    const { rows } = await pool.query<{ rows: Record<string, unknown>[] }>(
      `select coalesce(json_agg(t), '[]') as rows from "${name}" t`,
    )
    all[name] = rows[0]!.rows
  }
  return all
}

/** Triggers and references do not fire: rows come as they were, in whatever order. */
export async function restoreDatabase(pool: Pool, from: Snapshot): Promise<void> {
  await withTransaction(pool, async (tx) => {
    await tx.query('set local session_replication_role = replica')
    for (const name of await tablesOf(pool)) await tx.query(`delete from "${name}"`)
    for (const [name, rows] of Object.entries(from))
      await tx.query(
        `insert into "${name}" select * from json_populate_recordset(null::"${name}", $1)`,
        [JSON.stringify(rows)],
      )
  })
}
