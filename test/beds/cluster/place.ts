/** Where a Ceph of a test is on this machine, and how all of it is taken away. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { unmountBelow } from '../../../scripts/steps/mounts.ts'
import { startTicks } from '../../../scripts/steps/process-table.ts'
import { isAlive } from '../place.ts'

/** Fixed, and short: the names of sockets in it must not be longer than 107 characters. */
const FOLDER = '/tmp/labplan-ceph'
const GONE_LIMIT_MS = 20_000

const keeperSchema = z.object({ pid: z.int(), startTicks: z.string(), isByHand: z.boolean() })

/** Claims a folder that names its keeper, this process. */
export function claimFolder(isByHand: boolean): string {
  mkdirSync(FOLDER, { recursive: true, mode: 0o711 })
  const folder = mkdtempSync(join(FOLDER, 'c'))
  const keeper = { pid: process.pid, startTicks: startTicks(process.pid) ?? '', isByHand }
  writeFileSync(join(folder, 'keeper.json'), JSON.stringify(keeper))
  return folder
}

export function knownFolders(): string[] {
  return existsSync(FOLDER) ? readdirSync(FOLDER).map((name) => join(FOLDER, name)) : []
}

/** Its keeper while that lives; a reused pid is told apart by its start time. */
export function livingKeeper(folder: string): { pid: number; isByHand: boolean } | undefined {
  try {
    const text = readFileSync(join(folder, 'keeper.json'), 'utf8')
    const keeper = keeperSchema.parse(JSON.parse(text))
    return startTicks(keeper.pid) === keeper.startTicks ? keeper : undefined
  } catch {
    return undefined
  }
}

/** Removes what killed keepers left behind; answers how many. */
export async function sweepClusters(): Promise<number> {
  const dead = knownFolders().filter((folder) => !livingKeeper(folder))
  for (const folder of dead) await removeCluster(folder)
  return dead.length
}

/** Servers, and clients that still have something of it mounted: all name its configuration. */
export async function removeCluster(folder: string): Promise<void> {
  const deadline = Date.now() + GONE_LIMIT_MS
  for (;;) {
    const pids = processesOf(folder)
    if (pids.length === 0) break
    if (Date.now() > deadline) throw new Error(`${folder}: processes ${pids} do not end.`)
    for (const pid of pids) endProcess(pid)
    await sleep(30)
  }
  unmountBelow(folder)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** Those of one program, or all. */
export function processesOf(folder: string, program?: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) =>
        pid !== process.pid && isAlive(pid) && names(pid, join(folder, 'ceph.conf'), program),
    )
}

function names(pid: number, file: string, program?: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return words.includes(file) && (program === undefined || words[0] === program)
  } catch {
    return false
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Ended meanwhile.
  }
}
