/**
 * What Node keeps of each file that it compiled, by the path of the file and its own version: it removes none of it, so that checkouts and
 * versions that are gone would stay for ever. What goes too early is made again.
 */
import { type Dirent, existsSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './settings.ts'

const KEPT_MS = 30 * 86_400_000

export const compileCache = ({ cache }: Pick<Settings, 'cache'>): string => join(cache, 'node')

/** Answers how many went: those that nobody has read or written for so long. A disk notes a reading once a day. */
export function sweepCompileCache(folder: string, nowMs: number): number {
  let gone = 0
  for (const { name, parentPath } of filesIn(folder)) {
    const file = join(parentPath, name)
    const stats = lstatSync(file, { throwIfNoEntry: false })
    if (!stats || nowMs - Math.max(stats.atimeMs, stats.mtimeMs) < KEPT_MS) continue
    rmSync(file, { force: true })
    gone += 1
  }
  return gone
}

/** Of each version that it was used with; none where there is no such folder yet. */
function filesIn(folder: string): Dirent[] {
  if (!existsSync(folder)) return []
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
  return all.filter((one) => one.isFile())
}
