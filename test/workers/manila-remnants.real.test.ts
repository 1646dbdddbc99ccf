/** Shares that a real Manila could neither make nor take away, since its Ceph did not answer: who waits for one gets another. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { join } from 'node:path'
import { one, sql } from '../../api/data/db.ts'
import { readKeyRing } from '../../api/data/key-ring.ts'
import { findState } from '../../api/data/state.ts'
import { whyNoSharesNow } from '../beds/cloud/shares.ts'
import { type ManilaPool, manilaPool } from '../beds/manila-pool.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../practice-class.ts'

vi.setConfig({ testTimeout: 660_000, hookTimeout: 420_000 })

const plan = { students: 1, volumeQuotaMb: 1024 }
const why =
  process.env['LABPLAN_LONG'] === undefined
    ? 'takes three minutes: LABPLAN_LONG=1 runs it; what is told of such shares is in terraform-survey.test.ts'
    : whyNoSharesNow()

let database: TestDatabase
let pool: ManilaPool
let practice: PracticeClass

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  database = await testDatabase()
  pool = manilaPool()
  practice = await practiceClass(plan, { databaseUrl: database.url, ...pool.means })
  await seatsReady(practice.inst, plan.students)
})
afterAll(async () => {
  await practice?.close()
  await pool?.down()
  await database?.drop()
})

async function stateOfVolumes(): Promise<string> {
  const { pool: db, home } = practice.inst
  const { id } = await one<{ id: string }>(db, sql`select id from stack where kind = 'volumes'`)
  const found = await findState(db, readKeyRing(join(home, 'keys.json')), id)
  return found?.bytes.toString() ?? ''
}

it('makes a share anew when Manila could neither make it nor take it away, and names what is left of it', async () => {
  const { inst } = practice
  const { ceph } = await pool.beds
  const shares = await pool.sharesOf(inst.id)
  const second = async () => (await shares.list()).filter(({ name }) => name?.includes('-s002-'))
  ceph.freeze()
  try {
    await practice.replan({ ...plan, students: 2 })
    await until(
      async () => (await second()).some(({ status }) => status === 'error_deleting'),
      300_000,
      () => `Manila to give up:\n${inst.log('worker').slice(-4000)}`,
    )
  } finally {
    ceph.thaw()
  }
  await seatsReady(inst, 2, 240_000)
  const all = await second()
  const remnants = all.filter(({ status }) => status === 'error_deleting').map(({ id }) => id)
  const usable = all.filter(({ status }) => status === 'available').map(({ id }) => id)
  expect(usable).toHaveLength(1)
  expect(all).toHaveLength(remnants.length + 1)
  const state = await stateOfVolumes()
  expect(state).toContain(usable[0])
  for (const id of remnants) {
    expect(state).not.toContain(id)
    expect(inst.log('worker')).toContain(id)
  }
  expect((await shares.find(all[0]!.name!))?.id).toBe(usable[0])
})
