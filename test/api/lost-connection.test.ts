import { readFile } from 'node:fs/promises'
import type { PoolClient } from 'pg'
import { afterAll, expect, it } from 'vitest'
import { many, one, openPool, sql, withTransaction } from '../../api/data/db.ts'
import { startBoss } from '../../api/data/jobs.ts'
import { tryToLead } from '../../api/data/leader.ts'
import { Listening } from '../../api/data/listen.ts'
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

/** When the server's kernel asks next whether who is at `port` of this machine is still there, in ms; undefined while it waits for something else. */
async function asksIn(server: number, port: number): Promise<number | undefined> {
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0')
  const tables = await Promise.all(['tcp', 'tcp6'].map((of) => readFile(`/proc/net/${of}`, 'utf8')))
  const rows = tables
    .join('\n')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const own = rows.find(
    ([, here, there]) => here?.endsWith(`:${hex(server)}`) && there?.endsWith(`:${hex(port)}`),
  )
  const [timer, jiffies] = own?.[5]?.split(':') ?? []
  // 02: the timer that runs is the one of keepalives; in hundredths of a second.
  return timer === '02' ? Number.parseInt(jiffies ?? '', 16) * 10 : undefined
}

it('has the server look within seconds after every connection whose machine is silent, the lock of who leads before all', async () => {
  const leadership = await tryToLead(database.url, () => {})
  const listening = await new Listening(database.url).open()
  const boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
  const server = Number(new URL(database.url).port)
  // An idle one of the pool may go at any moment: they are listed anew with each look.
  const waits = async (name: string) => {
    const connections = await many<{ port: number }>(
      pool,
      sql`select client_port as port from pg_stat_activity
          where datname = current_database() and client_port is not null and application_name = ${name}`,
    )
    const all = await Promise.all(connections.map(({ port }) => asksIn(server, port)))
    return Math.max(...all.map((ms) => ms ?? Infinity), all.length === 0 ? Infinity : 0)
  }
  for (const name of ['labplan', 'labplan-leader', 'labplan-listen', 'labplan-jobs'])
    await expect.poll(() => waits(name), { message: name }).toBeLessThanOrEqual(10_000)
  await boss.stop({ graceful: false })
  await Promise.all([listening.close(), leadership?.release()])
})
