import type { PoolClient } from 'pg'
import { afterAll, expect, it } from 'vitest'
import { many, one, openPool, sql, withTransaction } from '../../api/data/db.ts'
import { wire } from '../chaos/wire.ts'
import { freePort } from '../free-port.ts'
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

it('waits for no answer for ever: what was asked of a PostgreSQL that says nothing more fails, and what waits behind it', async () => {
  const url = new URL(database.url)
  const behind = { port: Number(url.port) }
  const port = await freePort()
  const line = await wire({ port }, () => behind)
  url.port = String(port)
  const { installation } = database
  const ours = openPool({ databaseUrl: url.href, installation, max: 1, answerMs: 500 })
  await one(ours, sql`select 1`)
  const asked = withTransaction(ours, async (tx) => {
    await one(tx, sql`select 1`)
    line.cut()
    return one(tx, sql`select 2`)
  })
  const behindIt = many(ours, sql`select 3`)
  for (const end of await Promise.allSettled([asked, behindIt]))
    expect(String(end.status === 'rejected' && end.reason)).toMatch(/timeout|terminated/)
  line.mend()
  expect(await one(ours, sql`select 4 as four`)).toEqual({ four: 4 })
  await ours.end()
  await line.close()
})

it('has the server give up a transaction whose client has gone without a word', async () => {
  const settings = ['idle_in_transaction_session_timeout', 'tcp_keepalives_idle']
  const known = sql`select setting::int from pg_settings where name = any(${settings}) order by name`
  expect(await many(pool, known)).toEqual([{ setting: 60_000 }, { setting: 10 }])
})
