/** What was handed in is written to a file, and brought back from it when its disk is lost: as it was, or not at all. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, sql } from '../../api/data/db.ts'
import { submissionsOf } from '../../api/data/volumes/submission.ts'
import { tarHeader, tarMembers } from '../../scripts/tar-file.ts'
import { runCommand } from './command-line.ts'
import { type Hander, type SubmissionScene, submissionScene } from './submission-scene.ts'

const folder = mkdtempSync(join(tmpdir(), 'labplan-export-'))
const file = join(folder, 'handed-in.tar')
const COURSE = 'networks-101'

let scene: SubmissionScene
let one: Hander
let two: Hander
/** Of the first student's, oldest first. */
let ids: string[]

beforeAll(async () => {
  scene = await submissionScene('{}')
  one = await scene.addStudent('Student One')
  two = await scene.addStudent('Student Two')
  await one.handIn()
  writeFileSync(join(one.home, 'report.txt'), 'again')
  await one.handIn()
  await two.handIn()
  ids = (await submissionsOf(scene.site.pool, one.workspaceId)).map(({ id }) => id).toReversed()
})
afterAll(async () => {
  await scene.end()
  rmSync(folder, { recursive: true })
})

const labplan = (...words: string[]) => runCommand(scene.site, ['submission', ...words])
const archiveOf = (id: string) => join(scene.kept, `${id}.zip`)
const lose = () => {
  for (const name of readdirSync(scene.kept)) rmSync(join(scene.kept, name))
}
const digests = () =>
  readdirSync(scene.kept)
    .toSorted()
    .map((name) => [
      name.endsWith('.zip') ? name : '',
      createHash('sha256')
        .update(readFileSync(join(scene.kept, name)))
        .digest('hex'),
    ])
    .filter(([name]) => name !== '')

it('writes all of a course to a file that other programs read and check, and that names nobody', async () => {
  const { code, text } = await labplan('export', COURSE, file)
  expect([code, text]).toEqual([0, `${file}: 3 of 3 submissions`])
  const out = join(folder, 'out')
  execFileSync('mkdir', [out])
  execFileSync('tar', ['--extract', '--file', file, '--directory', out])
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: out })
  expect(readdirSync(out)).toHaveLength(4)
  expect(readFileSync(file).includes('Student One')).toBe(false)
  expect(existsSync(`${file}.part`)).toBe(false)
})

it('brings back all when the disk is lost, and leaves what is there', async () => {
  const before = digests()
  lose()
  expect((await labplan('import', COURSE, file)).text).toBe(
    '3 brought back, 0 were there, 0 still missing.',
  )
  expect(digests()).toEqual(before)
  // And it is seen as before, by who handed it in.
  const path = `/workspaces/${one.workspaceId}/submissions/1`
  expect((await scene.site.get(path, { who: one })).status).toBe(200)
  // A note without its archive is no archive.
  rmSync(archiveOf(ids[0]!))
  expect((await labplan('import', COURSE, file)).text).toBe(
    '1 brought back, 2 were there, 0 still missing.',
  )
  expect(digests()).toEqual(before)
})

it('brings back nothing that is not what was handed in, and says what is still missing', async () => {
  const altered = join(folder, 'altered.tar')
  const bytes = Buffer.from(readFileSync(file))
  const [first] = await tarMembers(file)
  bytes[first!.start + 12] = bytes[first!.start + 12]! ^ 1
  writeFileSync(altered, bytes)
  lose()
  const { code, lines } = await labplan('import', COURSE, altered)
  expect(code).toBe(1)
  expect(lines).toEqual([
    `${first!.name.slice(0, -4)} is not in ${altered} as it was handed in: it was not brought back.`,
    '2 brought back, 0 were there, 1 still missing.',
  ])
  expect(
    readdirSync(scene.kept).filter((name) => name.startsWith(first!.name.slice(0, 36))),
  ).toEqual([])
  // An export now has what there is, and says that it is not all.
  const partly = join(folder, 'partly.tar')
  const out = await labplan('export', COURSE, partly)
  expect([out.code, out.lines]).toEqual([
    1,
    [
      `${first!.name.slice(0, -4)} is in the record, and not on disk.`,
      `${partly}: 2 of 3 submissions`,
    ],
  ])
  expect((await labplan('import', COURSE, partly)).lines).toEqual([
    `${first!.name.slice(0, -4)} is neither on disk nor in ${partly} as it was handed in.`,
    '0 brought back, 2 were there, 1 still missing.',
  ])
  expect((await labplan('import', COURSE, file)).code).toBe(0)
})

it('leaves out of an export what is no longer as it was handed in', async () => {
  const path = archiveOf(ids[0]!)
  const whole = readFileSync(path)
  chmodSync(path, 0o600)
  truncateSync(path, whole.length - 1)
  const { code, lines } = await labplan('export', COURSE, join(folder, 'damaged.tar'))
  expect([code, lines[0]]).toEqual([1, `${ids[0]} is not as it was handed in, and left out.`])
  writeFileSync(path, whole)
})

it('brings back what is on disk and not as it was handed in', async () => {
  const before = digests()
  const path = archiveOf(ids[0]!)
  const bytes = readFileSync(path)
  bytes[12] = bytes[12]! ^ 1
  writeFileSync(path, bytes)
  expect((await labplan('import', COURSE, file)).text).toBe(
    '1 brought back, 2 were there, 0 still missing.',
  )
  expect(digests()).toEqual(before)
})

it('brings back nothing of who is in no record any more, and takes no other file', async () => {
  // As an erasure does it.
  await execute(
    scene.site.pool,
    sql`delete from submission where workspace_id = ${two.workspaceId}`,
  )
  lose()
  expect((await labplan('import', COURSE, file)).text).toBe(
    '2 brought back, 0 were there, 0 still missing.',
  )
  const cut = join(folder, 'cut.tar')
  writeFileSync(cut, readFileSync(file).subarray(0, 700))
  const { code, text } = await labplan('import', COURSE, cut)
  expect(code).toBe(1)
  expect(text).toContain('is not what labplan submission export writes: It breaks off.')
  expect((await labplan('export', 'no-such-course', file)).code).toBe(1)
})

it('writes back nothing below the room that has to stay free', async () => {
  lose()
  await scene.restart(1e9)
  const { code, text } = await labplan('import', COURSE, file)
  expect(code).toBe(1)
  expect(text).toMatch(/could not be brought back: .*have to stay so.* 0 were before it\./)
  expect(readdirSync(scene.kept)).toEqual([])
})

it('has sizes beyond eight gigabytes, too', async () => {
  const large = join(folder, 'large.tar')
  const size = 9 * 2 ** 30
  writeFileSync(large, tarHeader('one.zip', size))
  truncateSync(large, 512 + size + 1024)
  expect(await tarMembers(large)).toEqual([{ name: 'one.zip', size, start: 512 }])
  const listed = execFileSync('tar', ['--list', '--verbose', '--file', large]).toString()
  expect(listed).toContain(` ${size} `)
})
