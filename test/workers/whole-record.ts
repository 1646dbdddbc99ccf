/** All that the database holds, as text, for who looks for what must not be in it. */
import { many, type Pool, sql } from '../../api/data/db.ts'

/** Every row of every table, bytes as hexadecimal digits. */
export async function wholeRecord(pool: Pool): Promise<string> {
  const tables = await many<{ name: string }>(
    pool,
    sql`select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`,
  )
  const texts = tables.map(async ({ name }) => {
    const { rows } = await pool.query<{ text: string }>(`select t::text as text from ${name} t`)
    return rows.map(({ text }) => text).join('\n')
  })
  return (await Promise.all(texts)).join('\n')
}
