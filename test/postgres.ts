/**
 * A real database for each test file: cloned in milliseconds from a migrated template, on the one
 * PostgreSQL server that test/postgres-global.ts starts for the run.
 *
 *   const database = await testDatabase()
 *   afterAll(() => database.drop())
 */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'
import { type Pool, openPool } from '../api/data/db.ts'

/** The installation every row of a test database belongs to. */
export const TEST_INSTALLATION = 'test0000'

export type TestDatabase = {
  /** postgres:// address of a database that only this caller uses. */
  url: string
  installation: string
  /** At most 10 connections, ended by `drop`. */
  pool: Pool
  /** Ends the pool, cuts whoever is still connected, removes the database. */
  drop(): Promise<void>
}

export async function testDatabase(): Promise<TestDatabase> {
  const { serverUrl, template } = inject('postgres')
  const name = `t_${randomBytes(6).toString('hex')}`
  await runOn(serverUrl, `create database ${name} template ${template}`)
  const url = new URL(serverUrl)
  url.pathname = name
  const pool = openPool({ databaseUrl: url.href, installation: TEST_INSTALLATION })
  return {
    url: url.href,
    installation: TEST_INSTALLATION,
    pool,
    async drop() {
      await pool.end()
      await runOn(serverUrl, `drop database if exists ${name} with (force)`)
    },
  }
}

async function runOn(serverUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { serverUrl: string; template: string }
  }
}
