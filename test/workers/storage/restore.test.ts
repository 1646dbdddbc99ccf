/** Bringing back from a snapshot, on plain folders: what comes back where, under which name, and that nothing that is there is touched. */
import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { VolumePlace } from '../../../workers/storage/backend.ts'
import { encoded, NoSuchFile, pathOf } from '../../../workers/storage/files.ts'
import { bringBack, isFull } from '../../../workers/storage/restore.ts'

const label = '2026-11-26 14h30'
let root = ''
let home = ''
let then = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'labplan-test-restore-'))
  home = join(root, 'home')
  then = join(root, 'snapshot')
  mkdirSync(home)
  mkdirSync(then)
})
afterEach(() => rmSync(root, { recursive: true }))

const SNAPSHOT = '20261126T133000Z'
/** @param freeBytes what its limit leaves */
const place = (freeBytes = 1024, isThere = () => true): VolumePlace => ({
  ...{ home, uploads: join(root, 'uploads') },
  sight: async () => ({
    name: 'one',
    state: 'ready',
    limitBytes: 4096,
    usedBytes: 4096 - freeBytes,
  }),
  snapshots: {
    list: () => Promise.reject(new Error('nobody asks which there are')),
    keep: () => Promise.reject(new Error('nobody takes one')),
    home: async (id) => (id === SNAPSHOT && isThere() ? then : undefined),
  },
})
const back = (path: string, of = place()) =>
  bringBack(of, { homeThen: async () => of.snapshots?.home(SNAPSHOT), path: pathOf(path), label })
const put = (folder: string, path: string, text: string) => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
}
const read = (path: string) => readFileSync(join(home, path), 'utf8')

it('brings a lost file back where it was, as it was', async () => {
  put(then, 'lab/essay.txt', 'first')
  chownSync(join(then, 'lab/essay.txt'), 1000, 1000)
  utimesSync(join(then, 'lab/essay.txt'), 1_700_000_000, 1_700_000_000)
  mkdirSync(join(home, 'lab'))
  chownSync(join(home, 'lab'), 1000, 1000)
  expect(await back('lab/essay.txt')).toEqual({ folder: 'lab', name: 'essay.txt' })
  expect(read('lab/essay.txt')).toBe('first')
  const { uid, mtimeMs, nlink } = statSync(join(home, 'lab/essay.txt'))
  expect([uid, mtimeMs, nlink]).toEqual([1000, 1_700_000_000_000, 1])
  expect(readdirSync(join(root, 'uploads'))).toEqual([])
})

it('writes over nothing: the date is in the name where the name is taken, as often as it is asked', async () => {
  put(then, 'essay.txt', 'first')
  put(home, 'essay.txt', 'mine')
  expect((await back('essay.txt')).name).toBe(`essay (${label}).txt`)
  expect((await back('essay.txt')).name).toBe(`essay (${label}) (2).txt`)
  expect(read('essay.txt')).toBe('mine')
  put(then, 'project/a', 'old')
  put(home, 'project/a', 'new')
  expect((await back('project')).name).toBe(`project (${label})`)
  expect([read('project/a'), read(`project (${label})/a`)]).toEqual(['new', 'old'])
})

it('brings a folder back whole, with its links as links, its owners and what it is called in bytes', async () => {
  put(then, 'project/deep/a', 'a')
  symlinkSync('/etc/passwd', join(then, 'project/link'))
  const odd = Buffer.concat([Buffer.from(join(then, 'project/')), Buffer.from([0x6e, 0xff])])
  writeFileSync(odd, 'odd')
  chownSync(join(then, 'project'), 1000, 1000)
  chownSync(home, 1000, 1000)
  expect(await back('project')).toEqual({ folder: '', name: 'project' })
  expect(read('project/deep/a')).toBe('a')
  expect(readlinkSync(join(home, 'project/link'))).toBe('/etc/passwd')
  const key = encoded(Buffer.from([0x6e, 0xff]))
  rmSync(join(home, 'project'), { recursive: true })
  mkdirSync(join(home, 'project'))
  chownSync(join(home, 'project'), 0, 0)
  expect((await back(`project/${key}`)).name).toBe('n�')
  expect(readdirSync(join(home, 'project'), 'buffer')[0]).toEqual(Buffer.from([0x6e, 0xff]))
})

it('goes into the student’s own folder when all of it is wanted: above it they could not tidy up', async () => {
  put(then, 'lab1/a', 'old')
  put(home, 'lab1/a', 'new')
  for (const folder of [then, home]) chownSync(join(folder, 'lab1'), 1000, 1000)
  expect(await back('lab1')).toEqual({ folder: 'lab1', name: label })
  expect(read(`lab1/${label}/a`)).toBe('old')
  expect(read('lab1/a')).toBe('new')
})

it('puts into the nearest folder that is there what was in one that is gone', async () => {
  put(then, 'a/b/c/file', 'x')
  mkdirSync(join(home, 'a'))
  expect(await back('a/b/c/file')).toEqual({ folder: 'a', name: 'file' })
  expect(await back('a/b')).toEqual({ folder: 'a', name: 'b' })
})

it('is led nowhere by what a student puts in the way', async () => {
  const outside = join(root, 'outside')
  mkdirSync(outside)
  put(then, 'lab/essay.txt', 'x')
  symlinkSync(outside, join(home, 'lab'))
  // A link is no folder: it comes back above it, under a name of its own.
  expect(await back('lab/essay.txt')).toEqual({ folder: '', name: 'essay.txt' })
  expect(await back('lab')).toEqual({ folder: '', name: `lab (${label})` })
  symlinkSync(join(outside, 'made'), join(home, `lab (${label}) (2)`))
  expect((await back('lab')).name).toBe(`lab (${label}) (3)`)
  expect(readdirSync(outside)).toEqual([])
  expect(lstatSync(join(home, 'lab')).isSymbolicLink()).toBe(true)
})

it('has nothing of what is not in it, and of what is no file', async () => {
  symlinkSync('/etc/passwd', join(then, 'link'))
  execFileSync('mkfifo', [join(then, 'pipe')])
  for (const path of ['gone', 'link', 'pipe']) await expect(back(path)).rejects.toThrow(NoSuchFile)
  expect(readdirSync(home)).toEqual([])
  expect(readdirSync(join(root, 'uploads'))).toEqual([])
})

it('copies nothing of what does not fit: meanwhile a seat would find its disk full', async () => {
  put(then, 'project/deep/a', 'x'.repeat(60))
  put(then, 'project/b', 'x'.repeat(40))
  // Copied as one file of two names.
  linkSync(join(then, 'project/b'), join(then, 'project/deep/b'))
  for (const path of ['project', 'project/deep/a', '']) {
    const failed = await back(path, place(59)).catch((error: unknown) => error)
    expect([path, isFull(failed)]).toEqual([path, true])
  }
  expect([readdirSync(home), readdirSync(join(root, 'uploads'))]).toEqual([[], []])
  expect(await back('project', place(100))).toEqual({ folder: '', name: 'project' })
})

it('brings nothing back of a snapshot that is let go of meanwhile: what was read may be of now', async () => {
  put(then, 'essay.txt', 'first')
  let looks = 0
  const isThere = () => ++looks === 1
  await expect(back('essay.txt', place(1024, isThere))).rejects.toThrow('let go of')
  expect([readdirSync(home), readdirSync(join(root, 'uploads'))]).toEqual([[], []])
  await expect(
    back(
      'essay.txt',
      place(1024, () => false),
    ),
  ).rejects.toThrow(NoSuchFile)
})

it('lets go of what an agent that ended had begun', async () => {
  put(root, 'uploads/restore-1234/copy/half', 'half')
  put(root, 'uploads/0123456789abcdef0123456789abcdef', 'an upload')
  put(then, 'a', 'a')
  await back('a')
  expect(readdirSync(join(root, 'uploads'))).toEqual(['0123456789abcdef0123456789abcdef'])
  expect(existsSync(join(home, 'a'))).toBe(true)
})

it('knows a full volume by what the system says of it, whichever way its storage says so', async () => {
  // Word for word of a write into a volume of Ceph at its limit, and of one to a full disk.
  const quota = { errno: -122, code: 'Unknown system error -122', syscall: 'write' }
  const full = await writeFile('/dev/full', 'x').catch((error: unknown) => error)
  expect(isFull(Object.assign(new Error('Unknown system error -122, write'), quota))).toBe(true)
  expect(isFull(full), String(full)).toBe(true)
  const denied = { errno: -13, code: 'EACCES', syscall: 'write' }
  expect(isFull(Object.assign(new Error('EACCES: permission denied, write'), denied))).toBe(false)
})
