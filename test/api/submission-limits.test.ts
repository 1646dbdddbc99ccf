/** How much of what a student hands in is kept: what is beyond is refused with the figures, and what there is stays as it is. */
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { handIn, submissionsOf } from '../../api/data/submission.ts'
import { keepSubmissions } from '../../workers/jobs/keep-submissions.ts'
import { IN_CLASS } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { type Hander, MIB, type SubmissionScene, submissionScene } from './submission-scene.ts'

let scene: SubmissionScene
let student: Hander

beforeAll(async () => {
  scene = await submissionScene('{ most: 3, totalMb: 2 }')
  student = await scene.addStudent('Student One')
})
afterAll(() => scene.end())

const rows = () => submissionsOf(scene.site.pool, student.workspaceId)
const states = async () => (await rows()).map(({ state, why }) => why ?? state)
const archives = () => readdirSync(scene.kept).filter((name) => name.endsWith('.zip'))
const fill = (mb: number) => writeFileSync(join(student.home, 'big'), randomBytes(mb * MIB))
const refusals = () =>
  many(scene.site.pool, sql`select detail from audit where action = 'submission.refused'`)
const later = () => ({
  ...{ pool: scene.site.pool, agent: scene.agent, log: scene.log },
  now: () => new Date(IN_CLASS.getTime() + 600_000),
})

it('says what the course keeps, and what of that is used', async () => {
  const { status, text } = await student.handIn()
  expect(status).toBe(303)
  expect(textOf(text)).toContain('This course keeps 3 of each student, 2 MB together. Yours: 1,')
})

it('keeps no archive that is larger than what is left, and says how much that is', async () => {
  fill(3)
  const { status, text } = await student.handIn()
  expect(status).toBe(303)
  expect(textOf(text)).toMatch(/Number 2 was not kept: .* larger than the 2\.0 MB that are left/)
  expect(await states()).toEqual(['too-large', 'kept'])
  expect(archives()).toHaveLength(1)
  expect(readdirSync(scene.kept).filter((name) => name.includes('making'))).toEqual([])
})

it('counts what is made when the agent is back, one after the other', async () => {
  fill(1)
  await scene.goAway()
  await student.handIn()
  await student.handIn()
  expect(await states()).toEqual(['making', 'making', 'too-large', 'kept'])
  await scene.restart()
  await keepSubmissions(later())
  // Each alone would have fitted.
  expect(await states()).toEqual(['too-large', 'kept', 'too-large', 'kept'])
})

it('makes one at a time of a student, so that none of two has what the other takes', async () => {
  const { pool } = scene.site
  const wish = { workspaceId: student.workspaceId, path: '', now: IN_CLASS }
  const actor = { name: 'test', role: 'student' } as const
  const first = await withTransaction(pool, (tx) => handIn(tx, { ...wish, actor }))
  expect(first).toMatchObject({ isLater: false })
  await scene.rule('{ most: 4, totalMb: 2 }')
  const second = await withTransaction(pool, (tx) => handIn(tx, { ...wish, actor }))
  expect(second).toMatchObject({ isLater: true })
  await execute(pool, sql`delete from submission where state = 'making'`)
})

it('refuses more than it keeps in number or size, notes that somebody tried, and touches nothing', async () => {
  await scene.rule('{ most: 2, totalMb: 2 }')
  const before = [await rows(), archives()]
  const many = await student.handIn()
  expect(many.status).toBe(409)
  expect(textOf(many.text)).toContain(
    'you have handed in 2 times, and this course keeps 2 of each student',
  )
  await scene.rule('{ totalMb: 1 }')
  const large = await student.handIn()
  expect(large.status).toBe(409)
  expect(textOf(large.text)).toContain('what you handed in takes 1 MB of the 1 MB')
  expect([await rows(), archives()]).toEqual(before)
  expect(await refusals()).toEqual([{ detail: { why: 'count' } }, { detail: { why: 'size' } }])
})

it('refuses what would leave less free on the disk than has to be, with both figures', async () => {
  await scene.rule('{ most: 30 }')
  rmSync(join(student.home, 'big'))
  const before = await rows()
  await scene.restart(1e9)
  const full = await student.handIn()
  expect(full.status).toBe(409)
  expect(textOf(full.text)).toMatch(/left, and 954 TB have to stay free/)
  expect(await rows()).toEqual(before)
  // One that was taken while nobody knew waits, and is kept once there is room.
  const { pool } = scene.site
  const actor = { name: 'test', role: 'student' } as const
  const wish = { workspaceId: student.workspaceId, path: '', actor, now: IN_CLASS }
  await withTransaction(pool, (tx) => handIn(tx, wish))
  await keepSubmissions(later())
  expect((await rows())[0]?.state).toBe('making')
  await scene.restart()
  await keepSubmissions(later())
  expect((await rows())[0]?.state).toBe('kept')
})

it('has limits where neither course nor policy says any', async () => {
  await scene.rule('{}')
  await scene.restart()
  const { text } = await scene.site.get(`/workspaces/${student.workspaceId}/files`, {
    who: student,
    headers: { 'accept-language': 'en' },
  })
  expect(textOf(text)).toContain('keeps 30 of each student, 2 GB together')
})
