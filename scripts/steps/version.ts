/** Which code a process of ours runs. */
import { createHash } from 'node:crypto'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './settings.ts'

/** Changes with the files' names and contents: what runs older code than the checkout's is started again. */
export function versionOf(...patterns: string[]): string {
  const hash = createHash('sha256')
  for (const path of globSync(patterns, { cwd: root }).toSorted())
    if (statSync(join(root, path)).isFile())
      hash.update(path).update(readFileSync(join(root, path)))
  return hash.digest('hex').slice(0, 16)
}
