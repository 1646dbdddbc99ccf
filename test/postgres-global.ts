/**
 * Starts one PostgreSQL server for a run of the tests and migrates the template that testDatabase() clones.
 */
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { openPool } from '../api/data/db.ts'
import { migrate } from '../api/data/migrate.ts'
import { TEST_INSTALLATION } from './postgres.ts'
import { scratchPostgres } from './scratch-postgres.ts'

const TEMPLATE = 'labplan_template'
// A test database is thrown away: nothing needs to survive a power cut.
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '64MB',
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await scratchPostgres(SETTINGS)
  await makeTemplate(server.serverUrl)
  project.provide('postgres', { serverUrl: server.serverUrl, template: TEMPLATE })
  return server.stop
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
