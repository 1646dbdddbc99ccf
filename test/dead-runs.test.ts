/** What killed tests left is found, and nothing of those that run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { foldersOfDead } from './dead-runs.ts'

it('finds the folders of processes that are gone, and no other', () => {
  const own = mkdtempSync(join(tmpdir(), 'labplan-dead-runs-'))
  const prefix = `${basename(own)}-`
  const gone = String(spawnSync('true').pid)
  const rests = [`${gone}-a`, `${process.pid}-b`, 'nfs-c', gone, `x${gone}-d`]
  const folders = rests.map((rest) => join(tmpdir(), `${prefix}${rest}`))
  for (const folder of folders) mkdirSync(folder)
  try {
    expect(foldersOfDead(prefix)).toEqual([folders[0]])
  } finally {
    for (const folder of [own, ...folders]) rmSync(folder, { recursive: true })
  }
})
