/** What must be true of the machine before anything is started. */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Settings } from './settings.ts'
import { run } from './shell.ts'
import { CannotGoOn, type Step } from './step.ts'
import { findProcess } from './supervised.ts'

const GB = 1e9
/** The first start builds providers and an image. */
const FIRST_START_BYTES = 5 * GB
const LATER_START_BYTES = 0.5 * GB

export function diskStep(settings: Settings): Step {
  return {
    name: 'Disk',
    async ensure() {
      const first = !existsSync(join(settings.home, 'installation'))
      const needed = first ? FIRST_START_BYTES : LATER_START_BYTES
      for (const folder of [settings.home, settings.cache]) {
        makeWritable(folder)
        const { bavail, bsize } = await statfs(folder)
        const problem = diskProblem(folder, bavail * bsize, needed)
        if (problem) throw new CannotGoOn(problem)
      }
      return undefined
    },
  }
}

/** Makes the folder when there is none. */
export function makeWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
  } catch {
    throw new CannotGoOn(
      `${folder} cannot be written by you: run this as its owner, or set LABPLAN_HOME and LABPLAN_CACHE to folders of yours.`,
    )
  }
}

export function diskProblem(
  folder: string,
  freeBytes: number,
  neededBytes: number,
): string | undefined {
  if (freeBytes >= neededBytes) return undefined
  const inGb = (bytes: number): string => (bytes / GB).toFixed(1)
  return `${folder} has ${inGb(freeBytes)} GB free and ${inGb(neededBytes)} GB are needed: free some, or put LABPLAN_HOME and LABPLAN_CACHE on a larger disk.`
}

/** Every port is free, or held by the process of ours that belongs there. */
export function portsStep(settings: Settings): Step {
  const { home, ports, choices } = settings
  const unused = new Set([choices.DATABASE_URL && 'postgres', !settings.practice && 'lms'])
  return {
    name: 'Ports',
    async ensure() {
      for (const [name, port] of Object.entries(ports)) {
        if (unused.has(name) || findProcess(home, name)) continue
        const taken = await whyTaken(port)
        if (taken) throw new CannotGoOn(portProblem(name, port, taken, await holderOf(port)))
      }
      return undefined
    },
  }
}

/** The system's code (EADDRINUSE, EACCES) when nobody may listen there now; undefined when one may. */
export async function whyTaken(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const server = createServer()
  server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)))
  return await promise
}

export async function holderOf(port: number): Promise<string | undefined> {
  const { output } = await run(['ss', '-Hltnp', `sport = :${port}`])
  const found = /\(\("([^"]+)",pid=(\d+)/.exec(output)
  return found ? `${found[1]}, process ${found[2]}` : undefined
}

export function portProblem(
  name: string,
  port: number,
  code: string,
  holder: string | undefined,
): string {
  if (code === 'EACCES')
    return `port ${port} (${name}) needs root: choose ports above 1023, for example LABPLAN_PORTS=7180-7184.`
  const by = holder ? ` by ${holder}` : ''
  return `port ${port} (${name}) is taken${by}: stop it, or choose five others, for example LABPLAN_PORTS=7180-7184 scripts/up.`
}
