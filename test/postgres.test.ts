import { afterAll, expect, it } from 'vitest'
import { findOne, sql } from '../api/data/db.ts'
import { testDatabase } from './postgres.ts'

const first = await testDatabase()
const second = await testDatabase()
afterAll(() => Promise.all([first.drop(), second.drop()]))

it('gives each caller its own migrated database', async () => {
  await first.pool.query(`create table only_here ()`)
  const seen = await findOne<{ found: string | null }>(
    second.pool,
    sql`select to_regclass('only_here')::text as found`,
  )
  expect(seen).toEqual({ found: null })
})

it('holds its installation, so that rows of a test have an owner', async () => {
  const row = await findOne(first.pool, sql`select id from installation`)
  expect(row).toEqual({ id: first.installation })
})
