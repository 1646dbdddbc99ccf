/** A class that is made longer when it has just ended: it goes on, and its receipt says so. */
import { afterAll, expect, it } from 'vitest'
import { one, sql, withTransaction } from '../../api/data/db.ts'
import { findReceipt } from '../../api/data/sessions/receipt.ts'
import { closeSessions } from '../../api/data/sessions/session-close.ts'
import { moveSessions } from '../../api/data/sessions/session-life.ts'
import { allDocuments } from '../cast/documents.ts'
import { importDocuments, testRing } from '../cast/record.ts'
import { testDatabase } from '../postgres.ts'

const database = await testDatabase()
const { pool } = database
afterAll(() => database.drop())
const ring = testRing()
/** Networks 101 is on Tuesdays from 10:00 to 12:00 in Paris; a quarter of an hour of grace follows. */
const at = (clock: string): Date => new Date(`2026-11-24T${clock}:00Z`)
const KEY = 'networks-101/2026-11-24T10:00'
const lasts = (minutes: number) =>
  allDocuments().map(({ name, text }) => ({
    ...{ name, text: text.replace('minutes: 120', `minutes: ${minutes}`) },
  }))
await importDocuments(pool, ring, at('06:00'), lasts(120))
const move = (now: Date) =>
  withTransaction(pool, async (tx) => {
    await moveSessions(tx, { now, warm: [] })
    return closeSessions(tx, { now, keptUntil: new Map() })
  })
const session = () =>
  one<{ state: string; ended_at: Date | null }>(
    pool,
    sql`select state, ended_at from session where key = ${KEY}`,
  )

it('is open again, and ends when it ends', async () => {
  for (const clock of ['08:20', '08:50', '09:00', '11:00']) await move(at(clock))
  expect(await session()).toEqual({ state: 'ended', ended_at: at('11:00') })
  await importDocuments(pool, ring, at('11:02'), lasts(180))
  expect(await session()).toEqual({ state: 'open', ended_at: null })
  await move(at('11:30'))
  expect(await session()).toEqual({ state: 'open', ended_at: null })
  await move(at('12:00'))
  expect(await session()).toEqual({ state: 'ended', ended_at: at('12:00') })
  expect(await move(at('13:00'))).toBe(1)
  const { times } = (await findReceipt(pool, KEY))!.body
  expect(times).toMatchObject({
    openedAt: at('08:50').toISOString(),
    endedAt: at('12:00').toISOString(),
  })
})
