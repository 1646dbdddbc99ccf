/** What Terraform has of volumes goes only when their files were purged by order; and a change of limits touches no volume. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findState } from '../../../api/data/runs/state.ts'
import { volumeAddress, volumeName } from '../../../stacks/parts/names.ts'
import type { VolumesContent } from '../../../stacks/content.ts'
import { applyStack, destroyStack } from '../../../workers/terraform/run-stack.ts'
import { one, sql } from '../../../api/data/db.ts'
import { type TerraformBed, terraformBed, VOLUMES } from './terraform-bed.ts'

let bed: TerraformBed
beforeAll(async () => {
  bed = await terraformBed()
}, 180_000)
afterAll(() => bed?.down())

const limited = (limitMb: number): VolumesContent => ({
  ...bed.volumes([1, 2]),
  storageRoot: '/srv/labplan',
  volumes: [1, 2].map((seat) => ({ seat, generation: 1, limit: { backend: 'local', limitMb } })),
})
const there = async (): Promise<string[]> => {
  const { Volumes } = (await bed.docker.call('GET', '/volumes')) as {
    Volumes: { Name: string; Options: object }[] | null
  }
  return (Volumes ?? []).map((volume) => volume.Name).toSorted()
}

it('applies, resizes, and lets go by order alone', { timeout: 180_000 }, async () => {
  const { services } = bed
  const made = await applyStack(services, bed.request(limited(64)))
  expect(made).toMatchObject({ ok: true, summary: { create: 3 } })
  const names = [1, 2].map((number) => volumeName({ ...limited(64), number, generation: 1 }))
  expect(await there()).toEqual(names)

  const resized = await applyStack(services, bed.request(limited(128)))
  expect(resized).toMatchObject({
    ok: true,
    summary: { create: 0, update: 1, delete: 0, replace: 0 },
  })

  const held = await destroyStack(services, bed.request(limited(128)))
  expect(held).toMatchObject({ ok: false, reason: 'held' })
  expect(await there()).toEqual(names)

  const released = [1, 2].map((seat) => volumeAddress({ seat, generation: 1 }))
  const half = await destroyStack(
    services,
    bed.request(limited(128), { released: released.slice(0, 1) }),
  )
  expect(half).toMatchObject({ ok: false, reason: 'held' })
  expect(await there()).toEqual(names)

  const gone = await destroyStack(services, bed.request(limited(128), { released }))
  expect(gone).toMatchObject({ ok: true })
  expect(await there()).toEqual([])
  const { id } = await one<{ id: string }>(
    services.pool,
    sql`select id from stack where key = ${VOLUMES}`,
  )
  const state = await findState(services.pool, services.keyRing, id)
  expect(JSON.parse(state!.bytes.toString()).resources).toEqual([])
})
