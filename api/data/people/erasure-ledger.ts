/**
 * The ledger of erasures: a file beside the database, so that a database or disk that was brought back from a backup is made
 * to forget again. A line holds keyed hashes (HMAC-SHA-256, RFC 2104) and no name: without the key ring it says of nobody that
 * they were here.
 */
import { createHmac } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { KeyRing } from '../key-ring.ts'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const lineSchema = z.strictObject({
  id: z.uuid(),
  at: z.iso.datetime(),
  keyId: z.string(),
  person: hash,
  volumes: z.array(hash),
  submissions: z.array(hash),
  /** Of an erasure that another line began: what came to it later. */
  of: z.uuid().optional(),
})
export type LedgerLine = z.infer<typeof lineSchema>

export const ledgerFile = ({ home }: { home: string }): string => join(home, 'erasures.jsonl')

/** Of a person, a volume's name or a submission's id. */
export function ledgerHash(
  ring: Pick<KeyRing, 'derive'>,
  keyId: string,
  what: 'person' | 'volume' | 'submission',
  text: string,
): string {
  const key = ring.derive('ledger of erasures', keyId)
  return createHmac('sha256', key).update(`${what} ${text}`).digest('hex')
}

/**
 * What goes besides, as of its erasure: the same instant, since whoever came back after it is there by their own will, and the same
 * key, since nobody knows any more who it was.
 */
export function laterLine(
  ring: Pick<KeyRing, 'derive'>,
  first: LedgerLine,
  more: { id: string; volumes?: string[]; submissions?: string[] },
): LedgerLine {
  const { at, id: of, keyId, person } = first
  const hashes = (what: 'volume' | 'submission', names: string[] = []) =>
    names.map((name) => ledgerHash(ring, keyId, what, name))
  return {
    ...{ id: more.id, at, keyId, person, of },
    volumes: hashes('volume', more.volumes),
    submissions: hashes('submission', more.submissions),
  }
}

/** In order; none when there is no file yet. A line that a power cut left unfinished is none: its record is still there. */
export async function readLedger(file: string): Promise<LedgerLine[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').flatMap((line) => {
    const read = lineSchema.safeParse(jsonOf(line))
    return read.success ? [read.data] : []
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** On disk when it returns. */
export async function writeLedger(file: string, lines: LedgerLine[]): Promise<void> {
  if (lines.length === 0) return
  const handle = await open(file, 'a', 0o600)
  try {
    // First a line's end: the one before may have been cut.
    await handle.write(`\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** When what has this name was erased; undefined when it never was. */
export function erasedAt(
  lines: LedgerLine[],
  ring: Pick<KeyRing, 'derive'>,
  what: 'volume' | 'submission',
  name: string,
): string | undefined {
  const column = what === 'volume' ? 'volumes' : 'submissions'
  // One hash for each key that lines were written with, not for each line.
  const hashes = new Map<string, string>()
  return lines.find((line) => {
    const own = hashes.get(line.keyId) ?? ledgerHash(ring, line.keyId, what, name)
    hashes.set(line.keyId, own)
    return line[column].includes(own)
  })?.at
}
