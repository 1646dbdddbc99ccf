/**
 * Two whom nobody expected come five minutes into a class of six: in within 90 s, and nobody is asked. Real Swarm,
 * Terraform, LMS. The same with 5 into 30: scripts/bench roster.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { one, sql } from '../../api/data/db.ts'
import { comeLate, fullClass } from '../late-students.ts'
import { testDatabase } from '../postgres.ts'
import type { PracticeClass } from '../practice-class.ts'
import { formTo } from '../visitor.ts'

const [CLASS, LATE] = [6, 2]
const database = await testDatabase()
let practice: PracticeClass

beforeAll(async () => {
  practice = await fullClass(CLASS, { databaseUrl: database.url })
}, 300_000)

afterAll(async () => {
  await practice?.close()
  await database.drop()
})

const tasks = async () =>
  (
    await one<{ ids: string[] }>(
      practice.inst.pool,
      sql`select array_agg(task_id order by number) as ids from seat where number <= ${CLASS}`,
    )
  ).ids

it('grows by who came, by itself, and touches nobody who is at work', async () => {
  const before = await tasks()
  const { ms, pages, changes } = await comeLate(practice, { students: CLASS, late: LATE })
  console.log(`${LATE} late students were in after ${(ms / 1000).toFixed(1)} s`)
  expect(ms).toBeLessThan(90_000)
  expect(changes.length).toBeGreaterThan(0)
  for (const change of changes)
    expect(change).toMatchObject({ state: 'approved', lane: 'automatic', approvals: 0 })
  expect(await tasks()).toEqual(before)
  for (const { visitor, page } of pages) {
    const door = formTo(await visitor.get(page.url), '/doors/8080')
    expect((await visitor.post(door.action, door.fields)).status).toBe(200)
  }
}, 240_000)
