/**
 * Keeps the processes of one installation running: starts what run/wanted.json names, starts again what
 * ends by itself (waiting longer each time), stops what is wanted no more. SIGHUP: read the file again.
 * SIGTERM: stop everything, last started first, and end.
 *
 * Its own death harms nothing: processes write to their own logs and go on, and the next supervisor adopts
 * them by pid and start time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
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
  startTicks,
  supervisorFile,
  writeRunning,
} from './process-table.ts'
import { readJson, writeJson } from './settings.ts'

const LOOK_MS = 200
const BACKOFF_MS = [500, 1000, 2000, 5000, 10_000, 30_000]
const SETTLED_MS = 60_000
const COMEBACK_MS = 1_000
const COMEBACK_LIMIT_MS = 60_000
const LOG_BYTES = 20_000_000

/** One line of LABPLAN_HOME/log/supervisor.log, which is this process's standard output. */
function log(message: string): void {
  process.stdout.write(`${new Date().toISOString()} ${message}\n`)
}

export class Supervisor {
  #home: string
  #table = new Map<string, Running>()
  #retryAt = new Map<string, number>()
  #children = new Map<number, ChildProcess>()
  #wanted: Wanted[] = []
  stopping = false

  constructor(home: string) {
    this.#home = home
    for (const entry of readRunning(home)) this.#table.set(entry.name, entry)
    this.reread()
  }

  /** Someone who asks again has perhaps put something right: what waits for its next try starts now. */
  reread(): void {
    this.#wanted = readWanted(this.#home)
    this.#retryAt.clear()
  }

  /** Compares and acts until told to stop. */
  async loop(): Promise<void> {
    while (!this.stopping) {
      await this.#converge()
      await sleep(LOOK_MS)
    }
    await this.#stopAll()
  }

  async #converge(): Promise<void> {
    const unwanted = [...this.#table.values()].filter((entry) => !this.#isWanted(entry))
    for (const entry of unwanted.toReversed()) await this.#stop(entry)
    for (const spec of this.#wanted) if (!this.stopping) this.#keepRunning(spec)
  }

  #isWanted(entry: Running): boolean {
    const spec = this.#wanted.find(({ name }) => name === entry.name)
    return spec !== undefined && digestOf(spec) === entry.digest
  }

  #keepRunning(spec: Wanted): void {
    const entry = this.#table.get(spec.name)
    if (entry && isAlive(entry)) return
    if (entry?.pid !== undefined) return this.#noteCrash(entry)
    if ((this.#retryAt.get(spec.name) ?? 0) > Date.now()) return
    this.#start(spec, entry?.crashes ?? 0)
  }

  #noteCrash(entry: Running): void {
    const ranMs = Date.now() - Date.parse(entry.startedAt)
    const crashes = ranMs > SETTLED_MS ? 1 : entry.crashes + 1
    const waitMs = BACKOFF_MS[Math.min(crashes, BACKOFF_MS.length) - 1] ?? 0
    const how = exitOf(this.#children.get(entry.pid ?? 0))
    this.#children.delete(entry.pid ?? 0)
    log(
      `${entry.name} ended${how} after ${ranMs / 1000} s; starting it again in ${waitMs / 1000} s`,
    )
    this.#retryAt.set(entry.name, Date.now() + waitMs)
    this.#record({ ...entry, pid: undefined, startTicks: undefined, crashes })
  }

  #start(spec: Wanted, crashes: number): void {
    for (const file of spec.comeback?.without ?? []) rmSync(file, { force: true })
    const output = openLog(join(this.#home, 'log', `${spec.name}.log`))
    const child = spawn(spec.argv[0] ?? '', spec.argv.slice(1), {
      env: spec.env,
      cwd: '/',
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    child.on('error', (error) => log(`${spec.name} could not be started: ${error.message}`))
    child.unref()
    const { pid } = child
    if (pid !== undefined) this.#children.set(pid, child)
    log(`${spec.name} started${pid === undefined ? '' : ` as ${pid}`}`)
    this.#record({
      name: spec.name,
      // A program that cannot be started is a crash like another: a pid that is not alive.
      pid: pid ?? 0,
      startTicks: pid === undefined ? 'never' : startTicks(pid),
      digest: digestOf(spec),
      stop: spec.stop,
      startedAt: new Date().toISOString(),
      crashes,
    })
    void this.#bringBack(spec.name)
  }

  /** What the process forgot is made again, as long as it is this one that runs. */
  async #bringBack(name: string): Promise<void> {
    const started = this.#table.get(name)
    for (;;) {
      const comeback = this.#wanted.find((spec) => spec.name === name)?.comeback
      if (!comeback || this.stopping || !started || !isAlive(started)) return
      const output = openLog(join(this.#home, 'log', `${name}.log`))
      const ended = await endOf(comeback, output).finally(() => closeSync(output))
      if (ended === 0) return log(`${name} has again what its start forgets`)
      await sleep(COMEBACK_MS)
    }
  }

  async #stopAll(): Promise<void> {
    const order = this.#wanted.map(({ name }) => name)
    const entries = [...this.#table.values()].toSorted(
      (a, b) => order.indexOf(b.name) - order.indexOf(a.name),
    )
    for (const entry of entries) await this.#stop(entry)
  }

  /** A signal to the process alone, so that it can end its own children in order; then the whole group. */
  async #stop(entry: Running): Promise<void> {
    const deadline = Date.now() + entry.stop.withinMs
    if (isAlive(entry)) signal(entry.pid!, entry.stop.signal)
    while (isAlive(entry) && Date.now() < deadline) await sleep(50)
    if (isAlive(entry))
      log(`${entry.name} did not end in ${entry.stop.withinMs / 1000} s and is killed`)
    if (entry.pid) signal(-entry.pid, 'SIGKILL')
    while (isAlive(entry)) await sleep(50)
    this.#table.delete(entry.name)
    this.#retryAt.delete(entry.name)
    log(`${entry.name} stopped`)
    writeRunning(this.#home, [...this.#table.values()])
  }

  #record(entry: Running): void {
    this.#table.set(entry.name, entry)
    writeRunning(this.#home, [...this.#table.values()])
  }
}

/** Its exit code; undefined when it could not be started or took too long. */
function endOf({ argv, env }: Comeback, output: number): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    ...{ env, cwd: '/', stdio: ['ignore', output, output], timeout: COMEBACK_LIMIT_MS },
  })
  child.on('error', () => resolve(undefined))
  child.on('exit', (code) => resolve(code ?? undefined))
  return promise
}

function exitOf(child: ChildProcess | undefined): string {
  if (child?.signalCode) return ` by ${child.signalCode}`
  return typeof child?.exitCode === 'number' ? ` with code ${child.exitCode}` : ''
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already, which is what was wanted.
  }
}

/** The end of `file`; a log that grew long is put aside once. */
function openLog(file: string): number {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (bytes > LOG_BYTES) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

async function main(home: string): Promise<void> {
  mkdirSync(join(home, 'log'), { recursive: true, mode: 0o700 })
  const other = readJson(supervisorFile(home)) as Running | undefined
  if (other && isAlive(other)) return log(`a supervisor already runs as ${other.pid}`)
  const supervisor = new Supervisor(home)
  process.on('SIGHUP', () => supervisor.reread())
  process.on('SIGTERM', () => (supervisor.stopping = true))
  process.on('SIGINT', () => {})
  // Last: who reads this file may send a signal at once.
  writeJson(supervisorFile(home), { pid: process.pid, startTicks: startTicks(process.pid) })
  await supervisor.loop()
  log('supervisor ended')
}

if (import.meta.main) await main(process.argv[2] ?? '')
