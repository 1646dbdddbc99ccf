/** The Go programs of environment images: their own tests, and the checks that come with Go. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ensureGo } from '../../scripts/steps/go.ts'
import { readSettings, root } from '../../scripts/steps/settings.ts'

it.each(['seat', 'web-terminal'])('%s passes go vet, gofmt and its tests', async (module) => {
  const go = await ensureGo(readSettings().cache, () => {})
  const cwd = join(root, 'scripts/images', module)
  const run = promisify(execFile)
  const tested = await run(go, ['test', './...'], { cwd, timeout: 110_000 })
  expect(tested.stdout).toMatch(/^ok\s/m)
  await run(go, ['vet', './...'], { cwd, timeout: 110_000 })
  const unformatted = await run(join(go, '..', 'gofmt'), ['-l', '.'], { cwd })
  expect(unformatted.stdout).toBe('')
})
