/** What an image keeps at the top of a volume, such as the key of a seat's SSH server, is in no listing, archive or snapshot brought back. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { zipFolder } from '../../../workers/storage/archive.ts'
import { listFolder, NoSuchFile, pathOf } from '../../../workers/storage/files.ts'
import { bringBack } from '../../../workers/storage/restore.ts'

let root = ''
let home = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'labplan-test-not-work-'))
  home = join(root, 'home')
  for (const folder of ['.labplan', 'lost+found', 'lab1/.labplan'])
    mkdirSync(join(home, folder), { recursive: true })
  writeFileSync(join(home, '.labplan', 'ssh_host_ed25519_key'), 'of the seat')
  writeFileSync(join(home, 'lab1', '.labplan', 'mine'), 'of the student')
})
afterEach(() => rmSync(root, { recursive: true }))

const listed = async (path: string) =>
  (await listFolder(home, pathOf(path), { start: 0, count: 10 })).entries.map(({ name }) => name)

it('shows the student’s folder alone, and everything in it', async () => {
  expect(await listed('')).toEqual(['lab1'])
  expect(await listed('lab1')).toEqual(['.labplan'])
  for (const path of ['.labplan', '.labplan/ssh_host_ed25519_key', '%2Elabplan', 'lost+found'])
    expect(() => pathOf(path)).toThrow(NoSuchFile)
})

it('shows what programs keep for themselves after the rest', async () => {
  for (const name of ['.bashrc', 'b', 'a']) writeFileSync(join(home, 'lab1', name), '')
  expect(await listed('lab1')).toEqual(['a', 'b', '.bashrc', '.labplan'])
})

it('archives what is the student’s alone, as it is handed in', async () => {
  const { stream, counts } = await zipFolder(home, [], 1024)
  const archive = (await buffer(stream)).toString('latin1')
  expect(archive).toContain('lab1/.labplan/mine')
  expect(archive).not.toContain('ssh_host')
  expect(counts()).toEqual({ files: 1, leftOut: 0 })
})

it('brings back the student’s alone', async () => {
  const now = join(root, 'now')
  mkdirSync(join(now, 'lab1'), { recursive: true })
  const back = await bringBack(
    {
      ...{ home: now, uploads: join(root, 'uploads') },
      sight: async () => ({ name: 'one', state: 'ready', limitBytes: 4096, usedBytes: 0 }),
    },
    { homeThen: async () => home, path: [], label: '2026-11-26 14h30' },
  )
  expect(readdirSync(join(now, back.folder, back.name))).toEqual(['lab1'])
})
