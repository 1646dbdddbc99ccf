/** A volume that was lost comes back from an export by an operator's one command, on a real agent with real loop devices, and by nothing else. */
import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, one, sql } from '../../api/data/db.ts'
import { unmountBelow } from '../../scripts/steps/mounts.ts'
import { IN_CLASS } from '../cast/record.ts'
import { runCommand } from './command-line.ts'
import { volumeOf } from './course-scene.ts'
import { volumeScene } from './volume-scene.ts'

const MIB = 2 ** 20
const scene = await volumeScene({ now: IN_CLASS })
const { site, agent, root } = scene
const { pool } = site
const folder = mkdtempSync(join(tmpdir(), 'labplan-recreate-'))
const file = join(folder, 'export.tar')
const name = volumeOf(1)
const image = join(root, 'images', `${name}.ext4`)
const home = join(root, 'mounts', name, 'home')

/** What the record says once it was looked. */
async function state(): Promise<string> {
  await scene.keep()
  return (await one<{ state: string }>(pool, sql`select state from volume`)).state
}
const orders = () =>
  many<{ actor_role: string; subject_id: string; detail: unknown }>(
    pool,
    sql`select actor_role, subject_id, detail from audit where action = 'volume.recreate'`,
  )
const recreate = (from = file) => runCommand(site, ['volume', 'import', '--recreate', name, from])
function lose(): void {
  unmountBelow(join(root, 'mounts'))
  rmSync(image)
}

beforeAll(async () => {
  await scene.makeVolume()
  writeFileSync(join(home, 'essay'), 'of student1')
  chownSync(join(home, 'essay'), 4321, 4321)
  await runCommand(site, ['volume', 'export', name, file])
})
afterAll(async () => {
  await scene.end()
  rmSync(folder, { recursive: true, force: true })
})

it('is not made anew while it is there', async () => {
  expect([await state(), existsSync(file)]).toEqual(['ready', true])
  expect(await recreate()).toMatchObject({ code: 1, text: expect.stringContaining('missing') })
  // The record looked last when it was away; its disk is back.
  await execute(pool, sql`update volume set state = 'missing'`)
  expect(await recreate()).toMatchObject({ code: 1, text: expect.stringContaining('there again') })
  expect(await state()).toBe('ready')
  expect(readFileSync(join(home, 'essay'), 'utf8')).toBe('of student1')
})

it('is not made anew while its files are mounted, whoever removed its name', async () => {
  const before = (await orders()).length
  rmSync(image)
  expect(await state()).toBe('missing')
  expect(await recreate()).toMatchObject({
    ...{ code: 1, text: expect.stringContaining('still mounted') },
  })
  expect(readFileSync(join(home, 'essay'), 'utf8')).toBe('of student1')
  expect(await orders()).toHaveLength(before + 1)
  writeFileSync(image, '')
  lose()
})

it('stays missing, whatever looks at it or asks for it', async () => {
  for (let look = 0; look < 3; look++) expect(await state()).toBe('missing')
  expect(await runCommand(site, ['volume', 'import', name, file])).toMatchObject({
    ...{ code: 1, text: expect.stringContaining('There is no volume') },
  })
  await scene.goAway()
  await scene.comeBack()
  expect(await state()).toBe('missing')
  expect(existsSync(image)).toBe(false)
})

it('is not made anew while its seat would begin in it', async () => {
  const before = (await orders()).length
  for (const on of ['starting', 'ready', 'stopping', 'failed']) {
    await execute(pool, sql`update seat set state = ${on}, applied_generation = generation`)
    expect(await recreate()).toMatchObject({
      code: 1,
      text: expect.stringContaining('not stopped'),
    })
  }
  await execute(pool, sql`update seat set state = 'cold'`)
  expect(await orders()).toHaveLength(before)
  expect(existsSync(image)).toBe(false)
})

it('is nobody’s until files are in it, whatever ends the agent meanwhile', async () => {
  const before = (await orders()).length
  const none = join(folder, 'none.tar')
  writeFileSync(none, 'no tar file at all'.repeat(1000))
  expect(await recreate(none)).toMatchObject({
    ...{ code: 1, text: expect.stringContaining('it is missing as before') },
  })
  expect(existsSync(image)).toBe(true)
  await scene.goAway()
  await scene.comeBack()
  expect(await state()).toBe('missing')
  expect(await agent.folder(name, '', { start: 0, count: 1 })).toBeUndefined()
  expect(await agent.backup(name)).toBeUndefined()
  expect(await orders()).toHaveLength(before + 1)
})

it('comes back with the files of the export, its size and an audit line', async () => {
  expect(await recreate()).toMatchObject({
    ...{ code: 0, text: expect.stringContaining('has the files of') },
  })
  expect(await state()).toBe('ready')
  expect(readFileSync(join(home, 'essay'), 'utf8')).toBe('of student1')
  expect(execFileSync('stat', ['-c', '%u', join(home, 'essay')]).toString()).toBe('4321\n')
  const [seen] = (await agent.list()).volumes
  expect(seen!.limitBytes! / MIB).toBeCloseTo(24, 0)
  expect((await orders()).at(-1)).toEqual({
    ...{ actor_role: 'operator', subject_id: name, detail: { backend: 'local', limitMb: 24 } },
  })
  expect(await recreate()).toMatchObject({ code: 1 })
})

it('comes back too where the agent’s whole disk is another', async () => {
  lose()
  rmSync(join(root, 'images', `${name}.json`))
  expect(await state()).toBe('missing')
  expect((await recreate()).code).toBe(0)
  expect(await state()).toBe('ready')
  expect(readFileSync(join(home, 'essay'), 'utf8')).toBe('of student1')
})

it('is full once it takes no more files, however few bytes they have, and fine when some are gone', async () => {
  const make =
    'import os, sys\ntry:\n  for i in range(10**6): open(f"{sys.argv[1]}/{i}", "x").close()\nexcept OSError as e: print(e.errno, i)'
  const [errno, made] = execFileSync('python3', ['-c', make, home])
    .toString()
    .split(' ')
    .map(Number)
  expect(errno).toBe(28)
  // An inode for each 4 KiB.
  expect(made! / ((24 * MIB) / 4096)).toBeCloseTo(1, 0)
  const row = async () => {
    await state()
    return one(pool, sql`select state, message_code, message_params from volume`)
  }
  const params = { files: expect.any(Number) }
  const full = { state: 'ready', message_code: 'volume.no-files-left', message_params: params }
  expect(await row()).toEqual(full)
  const said = (await runCommand(site, ['volume', 'list', '--full'])).text
  expect(said).toContain('as many files and folders as it may hold')
  for (let i = 0; i < 100; i++) rmSync(join(home, `${i}`))
  expect(await row()).toMatchObject({ state: 'ready', message_code: null })
})
