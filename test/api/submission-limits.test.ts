/** How much of what a student hands in is kept: what is beyond is refused with the figures, and what there is stays as it is. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { handIn, submissionsOf } from '../../api/data/volumes/submission.ts'
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
  // There is a way on.
  expect(large.text).toContain(`href="/workspaces/${student.workspaceId}"`)
})

it('names each in the manifest that the teacher downloads, with the time and why', async () => {
  const { teacher, site } = scene
  const address = `http://127.0.0.1:${new URL(site.origin).port}/courses/networks-101/submissions`
  const headers = { cookie: `__Host-labplan=${teacher.token}` }
  for (const path of ['', `/${student.workspaceId}`]) {
    const answer = await fetch(address + path, { headers })
    const [heads, ...lines] = manifestIn(await answer.arrayBuffer())
    const refused = lines.filter((line) => line.includes(',refused,'))
    const at = '2026-11-24T09:20:00.000Z,2026-11-24 10:20:00,'
    expect(refused).toEqual([
      expect.stringMatching(
        new RegExp(`^Student One,p-[^,]+,1,,${at},+refused,+not taken: as many were kept`),
      ),
      expect.stringMatching(
        new RegExp(`,1,,${at},+refused,+not taken: what was kept had the size`),
      ),
    ])
    const width = heads!.split(',').length
    expect(refused.map((line) => line.split(',').length)).toEqual([width, width])
  }
})

/** Read by another program than the one that wrote it. */
function manifestIn(zip: ArrayBuffer): string[] {
  const program =
    'import io, sys, zipfile; print(zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())).read("manifest.csv").decode())'
  const text = execFileSync('python3', ['-c', program], { input: Buffer.from(zip) }).toString()
  return text.trimEnd().split('\r\n')
}

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
