/** A bench says what it can be asked, and does not measure something else than it was asked for. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const bench = (...words: string[]) => {
  const program = join(import.meta.dirname, '../../scripts/steps/bench.ts')
  return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', timeout: 25_000 })
}

it('says with --help what it measures, its options and what they are without a word', () => {
  const { status, stdout } = bench('cost', '--help')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^scripts\/bench cost\n\nWhat the plan buys/)
  expect(stdout).toMatch(/\n {2}--json\n$/)
})

it('refuses an option there is not, and says which there are', () => {
  const { status, stdout, stderr } = bench('semester', '--weaks', '2')
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toContain("Unknown option '--weaks'")
  expect(stderr).toContain('--weeks VALUE (15)')
})
