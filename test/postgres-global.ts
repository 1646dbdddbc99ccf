/**
 * Starts one PostgreSQL server for a run of the tests, in a temporary folder and on a free port, and
 * migrates the template that testDatabase() clones. It dies with the run, however the run ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { openPool } from '../api/data/db.ts'
import { migrate } from '../api/data/migrate.ts'
import { initialisePostgres, postgresCommand } from '../scripts/steps/postgres-server.ts'
import { TEST_INSTALLATION } from './postgres.ts'

const PREFIX = `labplan-test-pg-`
const TEMPLATE = 'labplan_template'
const START_MS = 30_000
// A test database is thrown away: nothing needs to survive a power cut.
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '64MB',
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  sweepDeadRuns()
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const port = await freePort()
  initialisePostgres(join(folder, 'data'), 'test')
  const server = await start(join(folder, 'data'), port)
  const serverUrl = `postgres://labplan:test@127.0.0.1:${port}/postgres`
  await makeTemplate(serverUrl)
  project.provide('postgres', { serverUrl, template: TEMPLATE })
  return async () => {
    server.kill('SIGINT')
    if (server.exitCode === null) await once(server, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The server of a killed run died with it; its folder did not. */
function sweepDeadRuns(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const pid = Number(name.slice(PREFIX.length).split('-')[0])
    if (!isAlive(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (!address || typeof address === 'string') throw new Error('No free port was given.')
  return address.port
}

async function start(dataFolder: string, port: number): Promise<ChildProcess> {
  const [command, ...args] = postgresCommand({
    dataFolder,
    port,
    settings: SETTINGS,
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

async function makeTemplate(serverUrl: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`create database ${TEMPLATE}`)
  await client.end()
  const databaseUrl = serverUrl.replace(/\/postgres$/, `/${TEMPLATE}`)
  const pool = openPool({ databaseUrl, installation: TEST_INSTALLATION, max: 3 })
  await migrate(pool, TEST_INSTALLATION, new Date('2026-09-01T00:00:00Z'))
  await pool.end()
}
