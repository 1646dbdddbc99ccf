/** A PostgreSQL of a bench's own: embedded, as durable as in production, migrated, gone at the end. */
import { type Pool, openPool } from '../../api/data/db.ts'
import { migrate } from '../../api/data/migrate.ts'
import { scratchPostgres } from '../../test/scratch-postgres.ts'

export type MigratedPostgres = { url: string; pool: Pool; end(): Promise<void> }

export async function migratedPostgres(installation: string, now: Date): Promise<MigratedPostgres> {
  const server = await scratchPostgres()
  const pool = openPool({ databaseUrl: server.serverUrl, installation })
  await migrate(pool, installation, now)
  return {
    url: server.serverUrl,
    pool,
    async end() {
      await pool.end()
      await server.stop()
    },
  }
}
