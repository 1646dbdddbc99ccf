/** A disk that is filled while an archive is written to it: a real file system of 40 MB, which whoever runs this mounts. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { VolumePlace } from '../../../workers/storage/backend.ts'
import { NoRoom } from '../../../workers/storage/submission-room.ts'
import { submissionsIn } from '../../../workers/storage/submissions.ts'

const MIB = 1024 * 1024
const root = mkdtempSync(join(tmpdir(), 'labplan-room-'))
const disk = join(root, 'disk')
const home = join(root, 'home')
const place: VolumePlace = {
  ...{ home, uploads: join(root, 'uploads') },
  sight: async () => ({ name: 'x', state: 'ready', limitBytes: 64 * MIB, usedBytes: 0 }),
}
const handed = { place, path: [], mostBytes: Infinity }
const ID = '00000000-0000-4000-8000-000000000001'
const free = () => statfsSync(disk).bavail * statfsSync(disk).bsize

beforeAll(() => {
  for (const folder of [disk, home]) mkdirSync(folder)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk])
  writeFileSync(join(home, 'big'), randomBytes(38 * MIB))
})
afterAll(() => {
  execFileSync('umount', [disk])
  rmSync(root, { recursive: true })
})

it('stops where so much has to stay free, and gives back what it took', async () => {
  const before = free()
  const submissions = submissionsIn(join(disk, 'submissions'), 12)
  // It has room when it begins, and none left when it looks again.
  expect((await submissions.room()).freeBytes).toBeGreaterThan(12 * MIB)
  await expect(submissions.keep(ID, handed)).rejects.toThrow(NoRoom)
  expect(readdirSync(join(disk, 'submissions'))).toEqual([])
  expect(before - free()).toBeLessThan(MIB)
})

it('takes a twentieth of the disk where nobody says how much', async () => {
  const { leastBytes } = await submissionsIn(join(disk, 'submissions'), undefined).room()
  expect(leastBytes).toBe(2 * MIB)
})

it('gives back what it took when the disk is full before it looks', async () => {
  writeFileSync(join(disk, 'other'), randomBytes(30 * MIB))
  const submissions = submissionsIn(join(disk, 'submissions'), 1)
  await expect(submissions.keep(ID, handed)).rejects.toThrow(/ENOSPC|no space/i)
  expect(readdirSync(join(disk, 'submissions'))).toEqual([])
  rmSync(join(disk, 'other'))
  rmSync(join(home, 'big'))
  writeFileSync(join(home, 'small'), 'x')
  expect(await submissions.keep(ID, handed)).toMatchObject({ files: 1 })
})
