/** Commands are values (an argv); this is the one place that runs them. */
import { type SpawnOptions, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CannotGoOn } from './step.ts'

export type Ran = { status: number; output: string }

type Options = Pick<SpawnOptions, 'cwd' | 'env'> & { timeoutMs?: number }

/** Runs to the end and answers the status and what was printed on both outputs, together. */
export async function run(argv: string[], options: Options = {}): Promise<Ran> {
  const { timeoutMs = 15 * 60_000, ...spawnOptions } = options
  const [command = '', ...args] = argv
  const child = spawn(command, args, {
    ...spawnOptions,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(timeoutMs),
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: 127, output: `${output}${error.message}` }))
    child.on('close', (code) => resolve({ status: code ?? 1, output }))
  })
}

/** Like `run`; a failure is a sentence that ends with the command's own last words. */
export async function mustRun(argv: string[], problem: string, options?: Options): Promise<string> {
  const { status, output } = await run(argv, options)
  if (status !== 0) throw new CannotGoOn(`${problem} (${argv[0]}: ${lastWords(output)}).`)
  return output
}

/** SQLAlchemy ends each error of a database with where to read about its class; what happened stands before it. */
const FOOTNOTE = '(Background on this error'

/** The last line a person can read, without the dots and boxes around it. */
export function lastWords(output: string): string {
  const lines = output.split('\n').map((line) => line.replaceAll(/[│╷╵]/g, '').trim())
  return (lines.findLast((line) => line !== '' && !line.startsWith(FOOTNOTE)) ?? 'it said nothing')
    .replace(/\.$/, '')
    .slice(0, 300)
}

/**
 * PATH of what is kept running: the same whoever starts it, so that a start from another shell restarts
 * nothing, and with sbin, where iptables is.
 */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Full path of a program on PATH, or undefined. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  const folders = [...path.split(delimiter), ...SYSTEM_PATH.split(delimiter)]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export const isRoot = (): boolean => process.getuid?.() === 0
