/** The Go programs of environment images pass the checks that come with Go; scripts/test runs their own tests. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ensureGo } from '../../scripts/steps/go.ts'
import { readSettings, root } from '../../scripts/steps/settings.ts'

it.each(['seat', 'web-terminal'])('%s passes go vet and gofmt', async (module) => {
  const go = await ensureGo(readSettings().cache, () => {})
  const cwd = join(root, 'scripts/images', module)
  const run = promisify(execFile)
  await run(go, ['vet', './...'], { cwd, timeout: 110_000 })
  expect(await run(join(go, '..', 'gofmt'), ['-l', '.'], { cwd })).toMatchObject({ stdout: '' })
})
