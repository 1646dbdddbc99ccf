/** What is mounted below a folder goes mount by mount, whatever happens to one of them meanwhile. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { mountsBelow, unmountBelow } from '../../scripts/steps/mounts.ts'
import { isRoot } from '../../scripts/steps/shell.ts'

const folder = mkdtempSync(join(tmpdir(), 'labplan-test-mounts-'))
afterAll(() => {
  unmountBelow(folder)
  rmSync(folder, { recursive: true })
})

const mount = (...argv: string[]) => execFileSync('mount', argv)

it.skipIf(!isRoot())('also when one goes with another, and when nothing is left', () => {
  const [first = '', twin = '', other = ''] = ['first', 'twin', 'with a blank'].map((name) =>
    join(folder, name),
  )
  for (const one of [first, twin, other]) mkdirSync(one)
  mount('-t', 'tmpfs', '-o', 'size=64k', 'labplan-test', first)
  mount('--make-shared', first)
  mount('--bind', first, twin)
  mkdirSync(join(first, 'inner'))
  // It is in both, and goes out of both at once: of the two the second is “not mounted” when its turn comes.
  mount('-t', 'tmpfs', '-o', 'size=64k', 'labplan-test', join(first, 'inner'))
  mount('-t', 'tmpfs', '-o', 'size=64k', 'labplan-test', other)
  expect(mountsBelow(folder).toSorted()).toEqual(
    [first, join(first, 'inner'), twin, join(twin, 'inner'), other].toSorted(),
  )
  unmountBelow(folder)
  expect(mountsBelow(folder)).toEqual([])
  unmountBelow(folder)
})
