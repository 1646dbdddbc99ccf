/** Numbers of projects: two volumes with one would share a limit, and be counted together. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { projectsIn } from '../../../workers/storage/projects.ts'

const folder = mkdtempSync(join(tmpdir(), 'labplan-test-projects-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function started(file: string, noted: number[] = []) {
  const projects = projectsIn(file)
  await projects.start(noted)
  return projects
}

it('gives no number twice, also when all ask at once', async () => {
  const projects = await started(join(folder, 'many.json'))
  const given = await Promise.all(Array.from({ length: 250 }, () => projects.next()))
  expect(given).toEqual(Array.from({ length: 250 }, (_, i) => 1001 + i))
})

it('gives none again after a power cut at any moment, though nothing noted it', async () => {
  const file = join(folder, 'cut.json')
  const given = new Set<number>()
  for (let start = 0; start < 4; start++) {
    const projects = await started(file)
    for (let i = 0; i < 99 + start; i++) {
      // What is on disk before a number is given out is all that a cut leaves.
      const number = await projects.next()
      expect(given.has(number)).toBe(false)
      given.add(number)
      cpSync(file, `${file}.${number}`)
      const after = await started(`${file}.${number}`)
      expect(given.has(await after.next())).toBe(false)
    }
  }
})

it('begins beyond what is noted where nothing was set aside yet', async () => {
  expect(await (await started(join(folder, 'old.json'), [1003, 1007])).next()).toBe(1008)
})
