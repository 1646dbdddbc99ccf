// What is due, since when and for whom, as the record knows it; and what counts as running beside it.
import { afterAll, expect, it } from 'vitest'
import { type Pool, withTransaction } from '../../../api/data/db.ts'
import { dueStacks, markAsked, stacksInHand } from '../../../api/data/runs/stack-wish.ts'
import { releaseLease } from '../../../api/data/runs/stack.ts'
import {
  IN_CLASS,
  addLmsCourse,
  importDocuments,
  launch,
  signIn,
  testRing,
} from '../../cast/record.ts'
import { SEATS_STACK, after, beginRun, want } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const VOLUMES_STACK = 'volumes-networks-101'
const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database
await importDocuments(pool, testRing(), now)
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })

const due = (of: Pool, at: Date) => withTransaction(of, (tx) => dueStacks(tx, at))
const wanted = { [SEATS_STACK]: 'two-seats', [VOLUMES_STACK]: 'two-volumes' }

it('says since when a stack differs, whatever else is wanted of it meanwhile', async () => {
  await want(pool, now, wanted)
  const line = { isTeardown: false, isAwaited: false, since: now, seats: 0 }
  expect(await due(pool, now)).toEqual([
    { key: SEATS_STACK, ...line },
    { key: VOLUMES_STACK, ...line },
  ])
  await want(pool, after(now, 30), { ...wanted, [SEATS_STACK]: 'three-seats' })
  expect(await due(pool, after(now, 60))).toMatchObject([{ since: now }, { since: now }])
})

it('knows that somebody waits for a seat of it, and no longer once the seat is there', async () => {
  const { personId } = await signIn(pool, { contextId, now })
  const { id, state } = await launch(pool, { personId, courseKey: 'networks-101', now })
  expect(state).toBe('starting')
  const awaited = async () => (await due(pool, now)).map((stack) => stack.isAwaited)
  expect(await awaited()).toEqual([true, false])
  const seatOf = `where id = (select seat_id from workspace where id = $1)`
  await pool.query(`update seat set state = 'cold', applied_generation = generation ${seatOf}`, [
    id,
  ])
  expect(await awaited()).toEqual([false, false])
  expect(await due(pool, now)).toMatchObject([{ seats: 1 }, { seats: 1 }])
  // A reset makes the seat anew: its holder waits again.
  await pool.query(`update seat set generation = 2 ${seatOf}`, [id])
  expect(await awaited()).toEqual([true, false])
  await pool.query(`update seat set number = 101 ${seatOf}`, [id])
  expect(await awaited()).toEqual([false, false])
})

it('counts who was asked until a worker took it and let go, or did not come', async () => {
  const inHand = async (at: Date) => (await stacksInHand(pool, at)).map((stack) => stack.key)
  await withTransaction(pool, (tx) => markAsked(tx, [SEATS_STACK], now))
  expect(await inHand(now)).toEqual([SEATS_STACK])
  expect((await due(pool, now)).map((stack) => stack.key)).toEqual([VOLUMES_STACK])
  expect(await inHand(after(now, 16))).toEqual([])
  expect((await due(pool, after(now, 16))).length).toBe(2)
  const run = await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest: 'x', now })
  expect(await inHand(after(now, 14))).toEqual([SEATS_STACK])
  await releaseLease(pool, run.lease)
  expect(await inHand(now)).toEqual([])
})

it('calls it a teardown when nothing is wanted of its seats, and never of its volumes', async () => {
  await pool.query(
    `update stack set applied_digest = 'two-seats', retry_at = null, asked_at = null`,
  )
  await want(pool, now, {})
  expect(await due(pool, now)).toMatchObject([
    { key: SEATS_STACK, isTeardown: true },
    { key: VOLUMES_STACK, isTeardown: false },
  ])
  await withTransaction(pool, (tx) => markAsked(tx, [SEATS_STACK], now))
  expect(await stacksInHand(pool, now)).toMatchObject([{ key: SEATS_STACK, isTeardown: true }])
})
