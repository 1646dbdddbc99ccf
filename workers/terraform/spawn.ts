/**
 * Runs a command so that it cannot outlive us. Killing Terraform's parent does not stop Terraform: it
 * would go on creating things nobody has in a state. So it runs in a PID namespace whose first process
 * dies with the worker, and everything in it with that one.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Command } from './command.ts'

export type Exit = { code: number | null; signal: NodeJS.Signals | null; stderr: string }

export type SpawnOptions = {
  onLine: (line: string) => void
  /** Aborted: SIGINT, so that calls in flight end and the state is saved. */
  stop?: AbortSignal
  /** Aborted: SIGKILL to everything at once. For when nothing may go on. */
  kill?: AbortSignal
  /** After SIGINT, how long the engine may take to save its state before it is killed. */
  graceMs?: number
}

export const GRACE_MS = 120_000
const STDERR_KEPT = 16_384
/** What a shell, and unshare, answer for a program that is not there. */
const NOT_FOUND = 127

export async function runCommand(command: Command, options: SpawnOptions): Promise<Exit> {
  options.kill?.throwIfAborted()
  const [file, ...args] = [...cage(), ...command.argv]
  const child = spawn(file!, args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: a signal reaches the engine and its providers, and Ctrl-C does not.
    detached: true,
  })
  await Promise.race([once(child, 'spawn'), failure(child)]).catch((cause: Error) => {
    throw new Error(cannotStart(command), { cause })
  })
  const release = obeySignals(child, options)
  try {
    const [stderr] = await Promise.all([tail(child.stderr), lines(child.stdout, options.onLine)])
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (child.exitCode === NOT_FOUND) throw new Error(cannotStart(command))
    return { code: child.exitCode, signal: child.signalCode, stderr }
  } finally {
    release()
  }
}

async function failure(child: ChildProcess): Promise<never> {
  const [error] = (await once(child, 'error')) as [Error]
  throw error
}

const cannotStart = ({ argv }: Command): string =>
  `Could not start ${argv[0]}: install it, or set TERRAFORM_BINARY_NAME.`

/** SIGINT on `stop`, SIGKILL when that took too long or on `kill`. Answers how to let go. */
function obeySignals(
  child: ChildProcessByStdio<null, Readable, Readable>,
  options: SpawnOptions,
): () => void {
  let timer: NodeJS.Timeout | undefined
  const kill = () => signalGroup(child.pid, 'SIGKILL')
  const stop = () => {
    signalGroup(child.pid, 'SIGINT')
    timer = setTimeout(kill, options.graceMs ?? GRACE_MS)
  }
  if (options.stop?.aborted) stop()
  if (options.kill?.aborted) kill()
  options.stop?.addEventListener('abort', stop, { once: true })
  options.kill?.addEventListener('abort', kill, { once: true })
  return () => {
    clearTimeout(timer)
    options.stop?.removeEventListener('abort', stop)
    options.kill?.removeEventListener('abort', kill)
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}

async function lines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) onLine(line)
}

async function tail(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text = (text + String(chunk)).slice(-STDERR_KEPT)
  return text.trim()
}

export type CageKind = 'pid-namespace' | 'user-namespace' | 'death-signal'
let known: { kind: CageKind; argv: string[] } | undefined

/** The words before the command that make it die with us; found out once. */
export function cage(): string[] {
  return cageOf().argv
}

/** How a command is kept from outliving the worker on this machine. */
export function cageKind(): CageKind {
  return cageOf().kind
}

function cageOf(): { kind: CageKind; argv: string[] } {
  known ??= probeCage()
  return known
}

function probeCage(): { kind: CageKind; argv: string[] } {
  const namespaces: [CageKind, string[]][] = [
    ['pid-namespace', []],
    ['user-namespace', ['--user', '--map-current-user']],
  ]
  for (const [kind, user] of namespaces) {
    const argv = [
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
      ...bornOf(process.pid),
      'unshare',
      ...user,
      '--pid',
      '--fork',
      '--kill-child=KILL',
      '--',
    ]
    if (spawnSync(argv[0]!, [...argv.slice(1), 'true']).status === 0) return { kind, argv }
  }
  // The engine itself dies with us; a provider of its may finish the call it is in.
  return {
    kind: 'death-signal',
    argv: ['setpriv', '--pdeathsig', 'KILL', '--', ...bornOf(process.pid)],
  }
}

/** Refuses to start when the worker died before the death signal was set: nobody would send it. */
function bornOf(pid: number): string[] {
  return ['sh', '-c', `[ "$PPID" = ${pid} ] || exit 1; exec "$@"`, 'sh']
}
