/** What Node compiled for checkouts and versions that are gone does not stay on a disk for ever: on files with the times of then. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { compileCache, sweepCompileCache } from '../../scripts/steps/compile-cache.ts'

const cache = mkdtempSync(join(tmpdir(), 'labplan-test-compile-'))
const folder = compileCache({ cache })
afterAll(() => rmSync(cache, { recursive: true }))
const NOW = Date.parse('2026-11-27T08:00:00Z')
const daysAgo = (days: number) => new Date(NOW - days * 86_400_000)

function put(version: string, name: string, read: number, written: number): void {
  mkdirSync(join(folder, version), { recursive: true })
  writeFileSync(join(folder, version, name), '')
  utimesSync(join(folder, version, name), daysAgo(read), daysAgo(written))
}

it('goes once nobody has read it or written it for a month, of every version', () => {
  expect(sweepCompileCache(folder, NOW)).toBe(0)
  put('v24', 'in-use', 1, 200)
  put('v24', 'of-a-checkout-that-is-gone', 31, 200)
  put('v24', 'fresh', 200, 0)
  put('v22', 'of-before', 31, 31)
  // What else is kept there is none of it.
  writeFileSync(join(cache, 'mirror'), '')
  utimesSync(join(cache, 'mirror'), daysAgo(400), daysAgo(400))
  expect(sweepCompileCache(folder, NOW)).toBe(2)
  expect(readdirSync(join(folder, 'v24')).toSorted()).toEqual(['fresh', 'in-use'])
  expect([readdirSync(join(folder, 'v22')), readdirSync(cache).toSorted()]).toEqual([
    [],
    ['mirror', 'node'],
  ])
  expect(sweepCompileCache(folder, NOW)).toBe(0)
})
