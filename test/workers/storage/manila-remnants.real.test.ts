/** Shares that a real Manila could neither make nor take away, since its Ceph did not answer: who waits for one gets another. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { whyNoSharesNow } from '../../beds/cloud/shares.ts'
import { seatsReady, until } from '../../practice-class.ts'
import { type ManilaScene, manilaScene, volumesStack } from './manila-scene.ts'

vi.setConfig({ testTimeout: 660_000, hookTimeout: 420_000 })

const plan = { students: 1, volumeQuotaMb: 1024 }
const why =
  process.env['LABPLAN_LONG'] === undefined
    ? 'takes three minutes: LABPLAN_LONG=1 runs it; what is told of such shares is in terraform-survey.test.ts'
    : whyNoSharesNow()

let scene: ManilaScene

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why === undefined) scene = await manilaScene(plan)
})
afterAll(() => scene?.close())

it('makes a share anew when Manila could neither make it nor take it away, and names what is left of it', async () => {
  const { practice, pool } = scene
  const { inst } = practice
  const { ceph } = scene.beds
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
    await ceph.thaw()
  }
  await seatsReady(inst, 2, 240_000)
  const all = await second()
  const remnants = all.filter(({ status }) => status === 'error_deleting').map(({ id }) => id)
  const usable = all.filter(({ status }) => status === 'available').map(({ id }) => id)
  expect(usable).toHaveLength(1)
  expect(all).toHaveLength(remnants.length + 1)
  const { state } = await volumesStack(practice)
  expect(state).toContain(usable[0])
  for (const id of remnants) {
    expect(state).not.toContain(id)
    expect(inst.log('worker')).toContain(id)
  }
  expect((await shares.find(all[0]!.name!))?.id).toBe(usable[0])
})
