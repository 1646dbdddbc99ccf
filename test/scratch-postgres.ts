/**
 * A PostgreSQL server in a temporary folder and on a free port, for one run of tests or one bench. It dies
 * with the process that started it, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { initialisePostgres, postgresCommand } from '../scripts/steps/postgres-server.ts'
import { foldersOfDead } from './dead-runs.ts'
import { freePort } from './free-port.ts'

const PREFIX = `labplan-test-pg-`
const START_MS = 30_000

export type ScratchPostgres = {
  /** postgres:// address of the database `postgres`, as superuser. */
  serverUrl: string
  /** The same through a socket of the file system: half the processor time of a round trip. */
  socketUrl: string
  stop(): Promise<void>
}

/** `settings`: of postgresql.conf; none means a server as durable as in production. */
export async function scratchPostgres(
  settings: Record<string, string> = {},
): Promise<ScratchPostgres> {
  // The server of a killed run died with it; its folder did not.
  for (const dead of foldersOfDead(PREFIX)) rmSync(dead, { recursive: true, force: true })
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const port = await freePort()
  const data = join(folder, 'data')
  initialisePostgres(data, 'test')
  // In the data folder, since that is the database user's own.
  const server = await start(data, port, { unix_socket_directories: data, ...settings })
  return {
    serverUrl: `postgres://labplan:test@127.0.0.1:${port}/postgres`,
    socketUrl: `postgres://labplan:test@${encodeURIComponent(data)}:${port}/postgres`,
    async stop() {
      server.kill('SIGINT')
      if (server.exitCode === null) await once(server, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A port nobody has now; somebody else may take it before it is used. */
async function start(
  dataFolder: string,
  port: number,
  settings: Record<string, string>,
): Promise<ChildProcess> {
  const [command, ...args] = postgresCommand({
    dataFolder,
    port,
    settings,
    endsWithParent: true,
  })
  const server = spawn(command!, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' })
  const said: string[] = []
  const ready = (async () => {
    for await (const line of createInterface({ input: server.stderr })) {
      said.push(line)
      if (line.includes('database system is ready to accept connections')) return
    }
    throw new Error(`The test PostgreSQL did not start:\n${said.join('\n')}`)
  })()
  await Promise.race([ready, expired()])
  // Keep the pipe flowing, or the server would block once it is full.
  server.stderr.resume()
  return server
}

function expired(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  setTimeout(() => {
    reject(new Error(`The test PostgreSQL was not ready after ${START_MS / 1000} s.`))
  }, START_MS).unref()
  return promise
}
