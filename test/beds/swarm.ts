import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { bedRecordSchema, bedSpecSchema } from './place.ts'
import type { BedNode, BedRecord } from './place.ts'

export type { BedNode }

export type SwarmBed = BedRecord & {
  /** The manager's `DOCKER_HOST`; `nodes[n].dockerHost` has everyone's. */
  dockerHost: string
  /** Ends the bed and waits until nothing of it is left. */
  down: () => Promise<void>
}

const DOWN_LIMIT_MS = 60_000

/**
 * A Swarm of real engines for this process alone, gone when `down` is called or this process ends.
 * Takes about 3 s for three nodes. Needs root. Throws with the engine's log when one does not start.
 */
export async function swarmBed(spec: z.input<typeof bedSpecSchema> = {}): Promise<SwarmBed> {
  const keeper = startKeeper(bedSpecSchema.parse(spec), 'to this process')
  const record = await bedOf(keeper)
  return { ...record, dockerHost: record.managerSocket, down: () => downKeeper(keeper, record.id) }
}

/** The process that makes and holds a bed: until this process ends, or (by hand) until told. */
export function startKeeper(
  spec: z.infer<typeof bedSpecSchema>,
  tie: 'to this process' | 'by hand',
): ChildProcess {
  if (process.getuid?.() !== 0) {
    throw new Error('A Swarm bed makes network namespaces: run it as root (sudo -E …).')
  }
  const program = fileURLToPath(new URL('keeper.ts', import.meta.url))
  return spawn(process.execPath, [program, JSON.stringify(spec), tie], {
    stdio: [tie === 'by hand' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // A session of its own: Ctrl-C, or a kill of the test's process group, must not end the clean-up.
    detached: true,
  })
}

/** Waits for a keeper's bed. */
export async function bedOf(keeper: ChildProcess): Promise<BedRecord> {
  const complaints: string[] = []
  keeper.stderr?.on('data', (part: Buffer) => complaints.push(part.toString()))
  const { stdout } = keeper
  if (stdout === null) throw new Error('A keeper is started with its stdout piped')
  const lines = createInterface({ input: stdout })
  for await (const line of lines) return bedRecordSchema.parse(JSON.parse(line))
  throw new Error(`The Swarm bed could not be made:\n${complaints.join('').trim()}`)
}

async function downKeeper(keeper: ChildProcess, id: string): Promise<void> {
  if (keeper.exitCode !== null) return
  const ended = once(keeper, 'exit', { signal: AbortSignal.timeout(DOWN_LIMIT_MS) })
  keeper.stdin?.end()
  const [code] = await ended
  if (code !== 0) throw new Error(`Bed ${id} was not removed; run test/beds/swarm reset`)
}
