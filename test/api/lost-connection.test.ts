import type { PoolClient } from 'pg'
import { afterAll, expect, it } from 'vitest'
import { one, sql, withTransaction } from '../../api/data/db.ts'
import { testDatabase } from '../postgres.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database

it('fails a transaction whose connection is lost between two questions, and nothing else', async () => {
  const failing = withTransaction(pool, async (tx) => {
    const { pid } = await one<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`)
    // Not events.once(), which would hear the error in its place.
    const ended = new Promise<void>((resolve) => (tx as PoolClient).on('end', resolve))
    await pool.query('select pg_terminate_backend($1)', [pid])
    await ended
    await tx.query('select 1')
  })
  await expect(failing).rejects.toThrow(/terminat|not queryable/)
  expect(await withTransaction(pool, (tx) => one(tx, sql`select 1 as one`))).toEqual({ one: 1 })
})
