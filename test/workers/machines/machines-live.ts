/** Machines that no class asked for, in the cloud of machines.real.test.ts: bought for who waits, and let go. */
import { expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { one, sql, withTransaction } from '../../../api/data/db.ts'
import { livingNodes } from '../../../api/data/pools/node.ts'
import { rememberTemplate } from '../../../api/data/seats/seat-template.ts'
import { claimWorkspace } from '../../../api/data/workspaces/workspace-begin.ts'
import { digestOf } from '../../../stacks/rules/wanted.ts'
import { newPerson } from '../../api/class-scene.ts'
import { POOL } from '../../cast/cloud.ts'
import type { MachinesScene } from './machines-scene.ts'

const GRACE_MINUTES = 15
/** Of the pool's document. */
export const LIVE = `live: { maximum: 1, budgetPerHour: 0.5, graceMinutes: ${GRACE_MINUTES} }\n`

/** Its people come when they like, and book nothing: no machine is planned for them. */
export const projectDocument = `apiVersion: labplan/v1
kind: Course
key: project
title: { en: project, fr: project }
environment: terminal
pool: ${POOL}
seat: { cpu: 1, memoryMb: 512 }
students: 1
projects:
  - { key: own, from: 2026-11-24, to: 2026-11-25, hours: 16:00-23:00, atOnce: 4 }
headroom: { seats: 0 }
`

export function testLiveMachines(scene: () => MachinesScene): void {
  it('buys a machine for who waits with no class, and lets it go when it was unused for its grace', async () => {
    const { names, settle, means, tenant, at } = scene()
    at('2026-11-24T20:05:00Z')
    expect(await settle()).toEqual([])
    const seatId = await waitForRoom(scene())
    expect(await settle()).toEqual(['base-cloud', 'nodes-cloud'])
    expect(await names()).toEqual(['m-large-x1 ACTIVE'])
    expect(await reasons(scene())).toEqual(['m-large-x1 queue'])

    await means.pool.query(`update seat set homeless_at = null where id = $1`, [seatId])
    expect(await settle()).toEqual([])
    expect(await reasons(scene())).toEqual(['m-large-x1 unused'])
    const unusedAt = means.now().getTime()
    const after = (minutes: number) => at(new Date(unusedAt + minutes * 60_000).toISOString())
    after(GRACE_MINUTES - 1)
    expect(await settle()).toEqual([])
    expect(await names()).toEqual(['m-large-x1 ACTIVE'])
    after(GRACE_MINUTES)
    expect(await settle()).toEqual(['nodes-cloud', 'base-cloud'])
    expect(await tenant.contents()).toEqual([])
    expect(await reasons(scene())).toEqual([])
  })
}

const reasons = async ({ means }: MachinesScene): Promise<string[]> =>
  (await livingNodes(means.pool)).map(({ key, why }) => `${key} ${why}`)

/** Somebody has a seat, and no machine has had room for it for twenty seconds. Its stack is not played here. */
async function waitForRoom({ means }: MachinesScene): Promise<string> {
  const { pool, now } = means
  const course = await one<{ id: string }>(pool, sql`select id from course where key = 'project'`)
  const personId = await newPerson(pool)
  const { seatNumber } = await withTransaction(pool, (tx) =>
    claimWorkspace(tx, { courseId: course.id, personId, now: now() }),
  )
  expect(seatNumber).toBe(1)
  const head = await currentBlueprint(pool)
  const body = head!.blueprint.courses.find(({ key }) => key === 'project')!.template
  const digest = digestOf(body)
  const since = new Date(now().getTime() - 20_000)
  return withTransaction(pool, async (tx) => {
    await rememberTemplate(tx, { digest, body })
    const seat = await one<{ id: string }>(
      tx,
      sql`update seat set state = 'starting', template_digest = ${digest}, homeless_at = ${since}
          where course_id = ${course.id} and number = 1 returning id`,
    )
    return seat.id
  })
}
