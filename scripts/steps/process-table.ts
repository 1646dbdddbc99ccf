/**
 * What the supervisor should run and what it runs: two files in LABPLAN_HOME/run, so that either side can
 * be killed and come back. A process is known by its pid and its start time, since pids are used again.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readJson, writeJson } from './settings.ts'

/** How it is asked to end, and how long it may take before it is killed. */
const stop = z.object({ signal: z.enum(['SIGTERM', 'SIGINT']), withinMs: z.number() })

/** What its start needs besides, whoever starts it: not what it is, so it runs on when this changes. */
const comeback = z.object({
  /** Files that it must not find when it starts. */
  without: z.array(z.string()),
  /** Makes what it forgets when it is killed; run after each start, again until it ends well. */
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
})
export type Comeback = z.infer<typeof comeback>

const wanted = z.object({
  name: z.string(),
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  /** Anything that should restart the process when it changes, such as the version of its code. */
  version: z.string(),
  stop,
  comeback: comeback.optional(),
})
export type Wanted = z.infer<typeof wanted>

const running = z.object({
  name: z.string(),
  pid: z.number().optional(),
  startTicks: z.string().optional(),
  digest: z.string(),
  stop,
  startedAt: z.string(),
  /** Unplanned ends since the process was first wanted. */
  crashes: z.number(),
})
export type Running = z.infer<typeof running>

const wantedFile = (home: string): string => join(home, 'run', 'wanted.json')
const runningFile = (home: string): string => join(home, 'run', 'running.json')
export const supervisorFile = (home: string): string => join(home, 'run', 'supervisor.json')

export function readWanted(home: string): Wanted[] {
  return z.array(wanted).parse(readJson(wantedFile(home)) ?? [])
}

export function writeWanted(home: string, processes: Wanted[]): void {
  writeJson(wantedFile(home), processes)
}

export function readRunning(home: string): Running[] {
  return z.array(running).parse(readJson(runningFile(home)) ?? [])
}

export function writeRunning(home: string, processes: Running[]): void {
  writeJson(runningFile(home), processes)
}

/** Changes when the process must be started again to be what is wanted. */
export function digestOf({ name, argv, env, version }: Wanted): string {
  const what = JSON.stringify({ name, argv, env, version })
  return createHash('sha256').update(what).digest('hex').slice(0, 16)
}

/**
 * Start time of a live process in clock ticks since boot (field 22 of proc(5)'s stat); undefined when it
 * is gone or only waits to be reaped.
 */
export function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets, which may hold anything: count after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** True while exactly this process lives, not another that got its number. */
export function isAlive(process: {
  pid?: number | undefined
  startTicks?: string | undefined
}): boolean {
  const { pid, startTicks: known } = process
  return pid !== undefined && known !== undefined && startTicks(pid) === known
}
