/**
 * The pages of files and of what is handed in, as they are when all is well and when a disk is full, missing, damaged or gone: no barrier
 * that axe knows of, and they fit, wide, on a telephone, and in the dark.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Hander, type SubmissionScene, submissionScene } from '../api/submission-scene.ts'
import { openBrowser } from '../browser.ts'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import { IN_CLASS, type SignedIn } from '../cast/record.ts'
import { isFitEverywhere } from '../page-fit.ts'
import { type Visitor, visitor } from './visitor.ts'

/** 11:00 in Paris. */
const DUE = new Date('2026-11-24T10:00:00Z')
const at = (seconds: number) => new Date(DUE.getTime() + seconds * 1000)

const browser = await openBrowser()
let scene: SubmissionScene
let student: Hander
let visit: Visitor

beforeAll(async () => {
  scene = await submissionScene('{ due: 2026-11-24T11:00 }')
  visit = visitor(browser, scene.site)
  student = await scene.addStudent('Student One')
  for (const name of ['one', 'two'])
    mkdirSync(join(student.home, `exercise-${name}`), { recursive: true })
  writeFileSync(join(student.home, `${'a-long-name-'.repeat(12)}.txt`), 'x')
  // One in time, one after the deadline, one whose folder is gone.
  for (const [seconds, path] of [
    [-600, ''],
    [40, ''],
    [60, 'gone'],
  ] as const) {
    scene.site.setNow(at(seconds))
    await student.handIn(path)
  }
})
afterAll(async () => {
  await scene.end()
  await browser.close()
})

const looksWell = async (name: string, path: string, who: SignedIn, says: RegExp) => {
  const page = await visit(path, who)
  expect(await page.locator('main').textContent()).toMatch(says)
  await isFitEverywhere(page, name)
  await page.context().close()
}
const files = (query = '') => `/workspaces/${student.workspaceId}/files${query}`

/** As a reset leaves it: a new volume beside the one of before. */
async function reset(): Promise<{ now: string; before: string }> {
  const { pool } = scene.site
  const { id } = await one<{ id: string }>(pool, sql`select seat_id as id from volume`)
  const limit = { backend: 'local', limitMb: 64 } as const
  const next = { seatId: id, generation: 2, name: 'lp-abcdefgh-abcdefgh-s001-g2', limit }
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: [next], now: IN_CLASS }))
  await execute(pool, sql`update volume set state = 'ready'`)
  await execute(pool, sql`update seat set generation = 2, wanted_generation = 2 where id = ${id}`)
  const before = join(student.home, '..')
  const now = join(before, '..', next.name)
  mkdirSync(join(now, 'home'), { recursive: true })
  return { now, before }
}

it('files with what was handed in', async () => {
  await looksWell('files', files(), student, /report\.txt/)
})

it('a course with what was handed in', async () => {
  await looksWell('course-handed-in', '/courses/networks-101', scene.teacher, /1 not kept/)
})

it('files of before a reset, and a folder that is empty by now', async () => {
  const { before } = await reset()
  await looksWell('files-empty', files(), student, /before 24 Nov 2026/)
  await looksWell('files-former', files('?asOf=g1'), student, /report\.txt/)
  rmSync(before, { recursive: true })
  await looksWell('files-former-away', files('?asOf=g1'), student, /cannot be reached/)
})

it.each(['missing', 'damaged'])('a disk that is %s', async (state) => {
  const { pool } = scene.site
  rmSync(join(student.home, '..', '..', 'lp-abcdefgh-abcdefgh-s001-g2'), {
    ...{ recursive: true, force: true },
  })
  await execute(pool, sql`update volume set state = ${state} where generation = 2`)
  await looksWell(`files-${state}`, files(), student, /cannot be re/)
  const workspace = `/workspaces/${student.workspaceId}`
  await looksWell(`workspace-${state}`, workspace, student, /disk|files/i)
  await looksWell(`course-${state}`, '/courses/networks-101', scene.teacher, /Student One/)
})

it('a storage agent that does not answer', async () => {
  await scene.goAway()
  await looksWell('files-agent-away', files(), student, /moment/)
})
