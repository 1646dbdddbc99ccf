/** Folders of tests that were killed: PREFIX, the number of the process they are of, and more. */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Of processes that are gone. A folder that names none is another test's, which may run. */
export function foldersOfDead(prefix: string): string[] {
  return readdirSync(tmpdir()).flatMap((name) => {
    const owner = name.startsWith(prefix) && /^\d+(?=-)/.exec(name.slice(prefix.length))?.[0]
    return owner && !isAlive(Number(owner)) ? [join(tmpdir(), name)] : []
  })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Somebody else's is alive, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
