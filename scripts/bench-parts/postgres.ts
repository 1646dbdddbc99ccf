/** A PostgreSQL of a bench's own: embedded, migrated, on a free port, gone at the end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Pool, openPool } from '../../api/data/db.ts'
import { migrate } from '../../api/data/migrate.ts'
import { initialisePostgres, postgresCommand } from '../steps/postgres-server.ts'

export type ScratchPostgres = { url: string; pool: Pool; end(): Promise<void> }

export async function scratchPostgres(installation: string, now: Date): Promise<ScratchPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'labplan-bench-pg-'))
  const port = await freePort()
  initialisePostgres(join(folder, 'data'), 'bench')
  const [command, ...args] = postgresCommand({
    dataFolder: join(folder, 'data'),
    port,
    endsWithParent: true,
  })
  const server = spawn(command!, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' })
  await ready(createInterface({ input: server.stderr }))
  server.stderr.resume()
  const url = `postgres://labplan:bench@127.0.0.1:${port}/postgres`
  const pool = openPool({ databaseUrl: url, installation })
  await migrate(pool, installation, now)
  return {
    url,
    pool,
    async end() {
      await pool.end()
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ready(lines: AsyncIterable<string>): Promise<void> {
  const said: string[] = []
  for await (const line of lines) {
    said.push(line)
    if (line.includes('ready to accept connections')) return
  }
  throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`)
}

/** A port nobody has now; somebody else may take it before it is used. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (!address || typeof address === 'string') throw new Error('No free port was given.')
  return address.port
}
