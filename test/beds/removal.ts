import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unmountBelow } from '../../scripts/steps/mounts.ts'
import { forgetBed, isAlive, knownBeds, livingKeeper } from './place.ts'
import type { BedPlace } from './place.ts'
import { cutWires, namespacesOf } from './wires.ts'

const CGROUPS = '/sys/fs/cgroup'
const GONE_LIMIT_MS = 20_000

/** Removes beds whose keeper is dead. Answers their ids. */
export async function sweepBeds(): Promise<string[]> {
  const dead = knownBeds().filter((place) => livingKeeper(place) === undefined)
  for (const place of dead) await removeBed(place)
  return dead.map((place) => place.id)
}

/** Removes all of a bed, from its id alone and whatever is left of it. */
export async function removeBed(place: BedPlace): Promise<void> {
  const deadline = Date.now() + GONE_LIMIT_MS
  for (;;) {
    const pids = processesOf(place)
    if (pids.length === 0) break
    if (Date.now() > deadline) throw new Error(`Bed ${place.id}: processes ${pids} do not end`)
    for (const pid of pids) endProcess(pid)
    await sleep(30)
  }
  cutWires(place)
  for (const folder of cgroupsOf(place)) removeCgroup(folder)
  // Volumes that an agent mounted, and the folder that shares them; a loop device goes with its last mount.
  unmountBelow(place.folder)
  forgetBed(place)
}

/** Engines and what they run (by namespace and control group), and the registry (by its config). */
function processesOf(place: BedPlace): number[] {
  const inNamespaces = namespacesOf(place).flatMap(processesIn)
  const inCgroups = cgroupsOf(place).flatMap((folder) =>
    foldersUnder(folder).flatMap((inner) => readLines(join(inner, 'cgroup.procs'))),
  )
  const registries = readdirSync('/proc').filter((pid) => isRegistryOf(place, pid))
  return [...new Set([...inNamespaces, ...inCgroups, ...registries])]
    .filter((text) => /^\d+$/.test(text))
    .map(Number)
    .filter((pid) => pid !== process.pid && isAlive(pid))
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Ended meanwhile.
  }
}

/** The bed's own control groups, in each hierarchy of version 1 or in the one of version 2. */
function cgroupsOf(place: BedPlace): string[] {
  const roots = [CGROUPS, ...foldersIn(CGROUPS)]
  return roots.flatMap((root) => foldersIn(root, `lpbed-${place.id}-`))
}

function removeCgroup(folder: string): void {
  for (const inner of foldersUnder(folder).toReversed()) {
    try {
      rmdirSync(inner)
    } catch {
      // Still busy with a process that is ending: a later sweep finds it by its name.
    }
  }
}

function foldersUnder(folder: string): string[] {
  return [folder, ...foldersIn(folder).flatMap(foldersUnder)]
}

function foldersIn(folder: string, prefix = ''): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix))
      .map((entry) => join(folder, entry.name))
  } catch {
    return []
  }
}

function processesIn(namespace: string): string[] {
  try {
    const pids = execFileSync('ip', ['netns', 'pids', namespace], { stdio: 'pipe' })
    return pids.toString().split('\n')
  } catch {
    return [] // Removed meanwhile by another sweep.
  }
}

function isRegistryOf(place: BedPlace, pid: string): boolean {
  if (!/^\d+$/.test(pid)) return false
  const [program, ...args] = readLines(`/proc/${pid}/cmdline`)[0]?.split('\0') ?? []
  return program === 'docker-registry' && args.some((arg) => arg.startsWith(`${place.folder}/`))
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}
