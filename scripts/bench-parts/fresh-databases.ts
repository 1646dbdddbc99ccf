/** As many migrated databases as a bench asks for, on one throw-away PostgreSQL: each a clone, made in milliseconds. */
import pg from 'pg'
import { openPool, type Pool } from '../../api/data/db.ts'
import { migrate } from '../../api/data/migrate.ts'
import { scratchPostgres } from '../../test/scratch-postgres.ts'

const TEMPLATE = 'bench_template'
// Nothing needs to survive a power cut, and no figure of these benches is about disks.
const SETTINGS = {
  ...{ fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', wal_level: 'minimal' },
  ...{ max_wal_senders: '0', update_process_title: 'off', jit: 'off', shared_buffers: '256MB' },
  // All of it is in memory: an index is worth its use on small tables, too.
  random_page_cost: '1.1',
  // Who wants statistics makes them: each time they are made, every connection plans all it knows anew.
  autovacuum: 'off',
}

/** Each connection plans every statement for itself: few of them plan less, and one process asks little at once. */
const CONNECTIONS = 4

export type FreshDatabases = {
  /** Lends a database of its own to `work`, and drops it. */
  with<T>(work: (pool: Pool) => Promise<T>): Promise<T>
  end(): Promise<void>
}

/** `settings`: of PostgreSQL, beside those above. */
export async function freshDatabases(
  installation: string,
  now: Date,
  settings: Record<string, string> = {},
): Promise<FreshDatabases> {
  const server = await scratchPostgres({ ...SETTINGS, ...settings })
  const urlOf = (name: string) => server.socketUrl.replace(/\/postgres$/, `/${name}`)
  const run = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server.socketUrl })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  await run(`create database ${TEMPLATE}`)
  const template = openPool({ databaseUrl: urlOf(TEMPLATE), installation, max: 2 })
  await migrate(template, installation, now)
  await template.end()
  let count = 0
  return {
    async with(work) {
      const name = `bench_${++count}`
      await run(`create database ${name} template ${TEMPLATE}`)
      const pool = openPool({
        databaseUrl: urlOf(name),
        installation,
        keepsPlans: true,
        max: CONNECTIONS,
      })
      try {
        return await work(pool)
      } finally {
        await pool.end()
        await run(`drop database ${name} with (force)`)
      }
    },
    end: server.stop,
  }
}
