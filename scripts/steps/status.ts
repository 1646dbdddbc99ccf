/** What runs, as a short table. */
import { join } from 'node:path'
import { isAlive, readRunning, readWanted } from './process-table.ts'
import type { Settings } from './settings.ts'
import { findSupervisor } from './supervised.ts'

/** Lines to print, and whether everything that should run does. */
export function status(settings: Settings, now: Date): { lines: string[]; running: boolean } {
  const { home } = settings
  const table = new Map(readRunning(home).map((entry) => [entry.name, entry]))
  const wanted = readWanted(home)
  const rows = wanted.map(({ name }) => {
    const entry = table.get(name)
    const alive = entry !== undefined && isAlive(entry)
    return { name, alive, since: entry?.startedAt, pid: entry?.pid, crashes: entry?.crashes ?? 0 }
  })
  if (!rows.some(({ alive }) => alive))
    return { lines: ['Nothing runs. Start with scripts/up.'], running: false }
  const lines = rows.map((row) => {
    const how = row.alive ? `running  ${ageOf(row.since, now).padStart(8)}  ${row.pid}` : 'stopped'
    const again =
      row.crashes > 0
        ? `  (crashed ${row.crashes} times, see ${join(home, 'log', `${row.name}.log`)})`
        : ''
    return `  ${row.name.padEnd(10)} ${how}${again}`
  })
  if (!findSupervisor(home))
    lines.push('  The supervisor is gone: scripts/up brings it back, nothing stops.')
  return { lines, running: rows.every(({ alive }) => alive) }
}

export function ageOf(since: string | undefined, now: Date): string {
  const minutes = Math.floor((now.getTime() - Date.parse(since ?? '')) / 60_000)
  if (!(minutes >= 1)) return '< 1 min'
  if (minutes < 60) return `${minutes} min`
  return minutes < 60 * 48
    ? `${Math.floor(minutes / 60)} h`
    : `${Math.floor(minutes / 60 / 24)} days`
}
