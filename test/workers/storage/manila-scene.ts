/** A class whose volumes are shares of a real OpenStack's Manila on a real Ceph, with its seats ready; and what Terraform has of them. */
import { one, sql } from '../../../api/data/db.ts'
import { readKeyRing } from '../../../api/data/key-ring.ts'
import { findState } from '../../../api/data/runs/state.ts'
import { join } from 'node:path'
import { type ManilaBeds, type ManilaPool, manilaPool } from '../../beds/manila-pool.ts'
import { testDatabase } from '../../postgres.ts'
import {
  type ClassPlan,
  type PracticeClass,
  practiceClass,
  seatsReady,
} from '../../practice-class.ts'

export type ManilaScene = {
  practice: PracticeClass
  pool: ManilaPool
  beds: ManilaBeds
  close(): Promise<void>
}

/** @param startsMs how long its seats may take; as always unless said */
export async function manilaScene(plan: ClassPlan, startsMs?: number): Promise<ManilaScene> {
  const database = await testDatabase()
  const pool = manilaPool()
  let practice: PracticeClass | undefined
  const close = async (): Promise<void> => {
    await practice?.close()
    await pool.down()
    await database.drop()
  }
  try {
    practice = await practiceClass(plan, { databaseUrl: database.url, ...pool.means })
    await seatsReady(practice.inst, plan.students, startsMs)
    return { practice, pool, beds: await pool.beds, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The stack of the course's volumes and what state it is in, and Terraform's own state of it, in clear. */
export async function volumesStack({
  inst,
}: PracticeClass): Promise<{ id: string; stack: string; state: string }> {
  const row = sql`select id, state as stack from stack where kind = 'volumes'`
  const stack = await one<{ id: string; stack: string }>(inst.pool, row)
  const found = await findState(inst.pool, readKeyRing(join(inst.home, 'keys.json')), stack.id)
  return { ...stack, state: found?.bytes.toString() ?? '' }
}
