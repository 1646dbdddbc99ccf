/**
 * Where volumes are every machine's: the folder of theirs in which the agent that the worker speaks to writes what slots are to show,
 * and each agent what it shows. Files are whole or not there, whoever is killed when.
 */
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isVolumeName } from './backend.ts'
import { isSlotName } from './slots.ts'

const shown = z.record(z.string().refine(isSlotName), z.string().refine(isVolumeName).nullable())
/** Volume by slot; null for nothing. `''` stands for what is none of our volumes. */
export type Shown = Record<string, string | null>

const WANTED = 'wanted.json'
/** Who says nothing for so long is no machine of the pool any more, or has its seats standing still. */
const SILENT_MS = 35_000
const GONE_MS = 3_600_000

export async function readWanted(board: string): Promise<Shown | undefined> {
  const text = await readFile(join(board, WANTED), 'utf8').catch(unlessMissing)
  return text === undefined ? undefined : shown.parse(JSON.parse(text))
}

export async function writeWanted(board: string, wanted: Shown): Promise<void> {
  await writeWhole(join(board, WANTED), JSON.stringify(wanted))
}

/** Changes whenever what is wanted was written. Asked for often: where nobody wrote, a client of Ceph answers by itself. */
export async function wantedMark(board: string): Promise<string> {
  const found = await stat(join(board, WANTED)).catch(unlessMissing)
  return found ? `${found.ino} ${found.mtimeMs}` : ''
}

const report = z.object({
  beat: z.int(),
  shown: z.record(z.string(), z.string().nullable()),
})
const REPORT = /^shown-([0-9a-f-]{36})\.json$/

export async function writeReport(
  board: string,
  of: { id: string; beat: number; shown: Shown },
): Promise<void> {
  const { id, ...said } = of
  await writeWhole(join(board, `shown-${id}.json`), JSON.stringify(said))
}

/** What the others show; those who ended are left out. Clocks of machines are not compared. */
export function reportReader(
  own: string,
  elapsedMs: () => number,
): (board: string) => Promise<Shown[]> {
  const heard = new Map<string, { beat: number; atMs: number }>()
  const read = async (board: string, file: string): Promise<Shown | undefined> => {
    const id = REPORT.exec(file)?.[1]
    if (id === undefined || id === own) return undefined
    const text = await readFile(join(board, file), 'utf8').catch(unlessMissing)
    if (text === undefined) return undefined
    const said = report.parse(JSON.parse(text))
    const before = heard.get(id)
    const atMs = before?.beat === said.beat ? before.atMs : elapsedMs()
    heard.set(id, { beat: said.beat, atMs })
    const silentMs = elapsedMs() - atMs
    // A machine that was only away says so anew.
    if (silentMs > GONE_MS) await rm(join(board, file), { force: true })
    return silentMs < SILENT_MS ? said.shown : undefined
  }
  // One after the other: what a machine wrote that has just died is not to be had for a minute, and holds up no more than this.
  const readAll = async (board: string): Promise<Shown[]> => {
    const found: Shown[] = []
    for (const file of await readdir(board)) {
      const shown = await read(board, file)
      if (shown) found.push(shown)
    }
    return found
  }
  let reading: Promise<Shown[]> | undefined
  return (board) => {
    reading ??= readAll(board).finally(() => (reading = undefined))
    return reading
  }
}

/** The same for an agent that was started again: of its former self nobody waits for a word. */
export async function ownId(root: string): Promise<string> {
  const file = join(root, 'slot-agent')
  const known = await readFile(file, 'utf8').catch(unlessMissing)
  if (known) return known
  const id = randomUUID()
  await writeWhole(file, id)
  return id
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
