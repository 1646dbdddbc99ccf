import { afterAll, beforeAll, expect, it } from 'vitest'
import { contentDigest } from '../../stacks/content.ts'
import { applyStack, destroyStack } from '../../workers/terraform/run-stack.ts'
import {
  liveServices,
  runRows,
  SEATS,
  stackRow,
  type TerraformBed,
  terraformBed,
} from './terraform-bed.ts'

let bed: TerraformBed
beforeAll(async () => {
  bed = await terraformBed()
})
afterAll(() => bed?.down())

it('makes seats at 0 replicas, and then finds nothing to do', async () => {
  const content = bed.seats([1, 2, 3])
  console.time('first')
  const first = await applyStack(bed.services, bed.request(content))
  console.timeEnd('first')
  console.log(first, await runRows(bed.database))
  expect(first).toMatchObject({ ok: true, summary: { create: 3, update: 0, delete: 0 } })
  const live = await liveServices(bed.docker)
  expect(live.map((service) => [service.Spec.Name, service.Spec.Mode.Replicated.Replicas])).toEqual(
    [
      ['lp-test0000-netw0rks-s001', 0],
      ['lp-test0000-netw0rks-s002', 0],
      ['lp-test0000-netw0rks-s003', 0],
    ],
  )
  expect(await stackRow(bed.database, SEATS)).toEqual({
    state: 'applied',
    applied_digest: contentDigest(content),
    lease_owner: null,
    message: null,
  })
  console.time('second')
  const second = await applyStack(bed.services, bed.request(content))
  console.timeEnd('second')
  expect(second).toMatchObject({
    ok: true,
    summary: { create: 0, update: 0, delete: 0, changes: [] },
  })
  console.time('destroy')
  expect(await destroyStack(bed.services, bed.request(content))).toMatchObject({
    ok: true,
    summary: { delete: 3 },
  })
  console.timeEnd('destroy')
})
