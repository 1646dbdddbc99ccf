/** A PostgreSQL to be killed and started again on the same files, as durable as in production. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { initialisePostgres, postgresCommand } from '../../scripts/steps/postgres-server.ts'
import { freePort } from '../free-port.ts'

const START_MS = 60_000

export type KillableDatabase = {
  port: number
  start(): Promise<void>
  kill(): Promise<void>
  remove(): Promise<void>
}

export async function killableDatabase(): Promise<KillableDatabase> {
  const folder = mkdtempSync(join(tmpdir(), `labplan-test-pg-${process.pid}-`))
  const dataFolder = join(folder, 'data')
  const port = await freePort()
  initialisePostgres(dataFolder, 'test')
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeFolder)
  let server: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals) => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    server.kill(signal)
    await once(server, 'exit')
  }
  return {
    port,
    /** Tried again while what the killed server left is still ending. */
    async start() {
      const deadline = performance.now() + START_MS
      while (!(await answers(port))) {
        if (performance.now() > deadline) throw new Error('PostgreSQL did not start again in time.')
        if (!server || server.exitCode !== null || server.signalCode !== null)
          server = spawnServer(dataFolder, port)
        await sleep(100)
      }
    },
    kill: () => end('SIGKILL'),
    async remove() {
      await end('SIGINT')
      process.off('exit', removeFolder)
      removeFolder()
    },
  }
}

function spawnServer(dataFolder: string, port: number): ChildProcess {
  const [command, ...args] = postgresCommand({ dataFolder, port, endsWithParent: true })
  return spawn(command!, args, { stdio: 'ignore', cwd: '/' })
}

async function answers(port: number): Promise<boolean> {
  const client = new Client({
    connectionString: `postgres://labplan:test@127.0.0.1:${port}/postgres`,
    connectionTimeoutMillis: 2_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
