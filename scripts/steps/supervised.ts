/** How scripts/up talks with the supervisor: through run/wanted.json and signals. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Comeback,
  type Running,
  type Wanted,
  digestOf,
  isAlive,
  readRunning,
  readWanted,
  supervisorFile,
  writeWanted,
} from './process-table.ts'
import { readJson } from './settings.ts'
import { CannotGoOn } from './step.ts'

const LOOK_MS = 100
const TOLERATED_CRASHES = 2

export function findSupervisor(home: string): Running | undefined {
  const recorded = readJson(supervisorFile(home)) as Running | undefined
  return recorded && isAlive(recorded) ? recorded : undefined
}

export function findProcess(home: string, name: string): Running | undefined {
  return readRunning(home).find((entry) => entry.name === name && isAlive(entry))
}

/**
 * Starts the supervisor when there is none. It begins with what still lives of the last one, so that nothing
 * starts before its step says so and nothing that runs is stopped.
 */
export async function ensureSupervisor(home: string): Promise<boolean> {
  if (findSupervisor(home)) return false
  writeWanted(
    home,
    readWanted(home).filter(({ name }) => findProcess(home, name)),
  )
  mkdirSync(join(home, 'log'), { recursive: true, mode: 0o700 })
  const log = openSync(join(home, 'log', 'supervisor.log'), 'a', 0o600)
  const program = join(import.meta.dirname, 'supervisor.ts')
  spawn(process.execPath, [program, home], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  }).unref()
  closeSync(log)
  await until(() => findSupervisor(home) !== undefined, 10_000)
  if (!findSupervisor(home))
    throw new CannotGoOn(
      `the supervisor did not start: see ${join(home, 'log', 'supervisor.log')}.`,
    )
  return true
}

/**
 * Makes sure that exactly this process runs and is ready; answers what had to be done. Fails with the end of its log
 * when it keeps crashing, or is not ready within `readyMs`.
 */
export async function ensureProcess(
  home: string,
  spec: Wanted,
  isReady: () => Promise<boolean>,
  readyMs = 60_000,
): Promise<string | undefined> {
  const before = findProcess(home, spec.name)
  if (before?.digest === digestOf(spec) && (await isReady())) return undefined
  const crashesBefore = findEntry(home, spec)?.crashes ?? 0
  const isCrashing = (): boolean =>
    (findEntry(home, spec)?.crashes ?? 0) - crashesBefore > TOLERATED_CRASHES
  const isRunning = (): boolean => findProcess(home, spec.name)?.digest === digestOf(spec)
  wantAlso(home, spec)
  const ended = await until(async () => isCrashing() || (isRunning() && (await isReady())), readyMs)
  if (!ended || isCrashing()) throw new CannotGoOn(didNotStart(home, spec.name, ended))
  return before ? 'started again' : 'started'
}

/** What the supervisor knows of exactly this process, whether it lives or waits for its next try. */
function findEntry(home: string, spec: Wanted): Running | undefined {
  const digest = digestOf(spec)
  return readRunning(home).find((entry) => entry.name === spec.name && entry.digest === digest)
}

function wantAlso(home: string, spec: Wanted): void {
  const others = readWanted(home)
  const at = others.findIndex(({ name }) => name === spec.name)
  writeWanted(home, at < 0 ? [...others, spec] : others.with(at, spec))
  signalSupervisor(home, 'SIGHUP')
}

/** From now on this is done at each start of a process that runs, and not only of the first. */
export function wantComeback(home: string, name: string, comeback: Comeback): void {
  const all = readWanted(home)
  writeWanted(
    home,
    all.map((spec) => (spec.name === name ? { ...spec, comeback } : spec)),
  )
  signalSupervisor(home, 'SIGHUP')
}

/** Stops what the given names are; resolves when they ended. */
export async function stopProcesses(home: string, names: string[]): Promise<void> {
  writeWanted(
    home,
    readWanted(home).filter(({ name }) => !names.includes(name)),
  )
  signalSupervisor(home, 'SIGHUP')
  await until(() => names.every((name) => !findProcess(home, name)), 120_000)
}

/** Ends the supervisor and, by it, everything it runs. Answers false when nothing ran. */
export async function stopEverything(home: string): Promise<boolean> {
  const lives = readRunning(home).some(isAlive)
  if (!lives && !findSupervisor(home)) return false
  await ensureSupervisor(home)
  signalSupervisor(home, 'SIGTERM')
  if (!(await until(() => !findSupervisor(home), 180_000)))
    throw new CannotGoOn(`not everything stopped within 3 minutes: see ${join(home, 'log')}.`)
  return true
}

function signalSupervisor(home: string, name: NodeJS.Signals): void {
  const supervisor = findSupervisor(home)
  if (supervisor?.pid) process.kill(supervisor.pid, name)
}

function didNotStart(home: string, name: string, crashed: boolean): string {
  const log = join(home, 'log', `${name}.log`)
  const what = crashed ? 'ends right after its start' : 'does not answer'
  return `${name} ${what}. The end of ${log}:\n${tail(log, 8)}`
}

export function tail(file: string, lines: number): string {
  if (!existsSync(file)) return '(empty)'
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

/** Looks every tenth of a second; false when it did not come true in time. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while (!(await isTrue())) {
    if (Date.now() > deadline) return false
    await sleep(LOOK_MS)
  }
  return true
}

/** True when something accepts connections there. */
export async function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect({ port, host })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.setTimeout(2000, () => resolve(false))
  socket.on('connect', () => resolve(true))
  socket.on('error', () => resolve(false))
  const answer = await promise
  socket.destroy()
  return answer
}
