/**
 * Makes the file of a new volume of the local backend. One of each size is formatted, and those of a class are its copies,
 * each with an identity of its own. What is written of a new file system is some hundred KiB: it is kept in memory, and a
 * copy takes no program, which would cost as much as all else.
 */
import { mkdir, open, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MIB } from './backend.ts'
import { formatCommand, BLOCK, run } from './command.ts'
import { withIdentity } from './ext4-identity.ts'
import { capacityOfFile, type Place } from './local-file.ts'
import { type Sparse, readSparse, writeSparse } from './sparse-file.ts'

/** How far above its limit a new file system may be; the rest is taken from it by a file (ballast). */
const SLACK_BYTES = MIB / 2
const LOOKS = 8

export type Images = {
  /** Before anything else of it. */
  start(): Promise<void>
  /** A sparse file that holds `limitMb` for its student, with an empty home in it; under its own name only once it is whole and on disk. */
  make(place: Place, limitMb: number): Promise<void>
}

export function imagesIn(root: string): Images {
  /** What a new one begins with: an empty home. */
  const content = join(root, 'template')
  /** Where what copies are made of is formatted. */
  const folder = join(root, 'fresh')
  const originals = new Map<number, Promise<Sparse>>()
  const original = (limitMb: number): Promise<Sparse> => {
    const known = originals.get(limitMb)
    if (known) return known
    const made = formatFitting(join(folder, `${limitMb}.ext4`), limitMb * MIB, content)
    originals.set(limitMb, made)
    made.catch(() => originals.delete(limitMb))
    return made
  }
  return {
    async start() {
      await mkdir(join(content, 'home'), { recursive: true, mode: 0o755 })
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder, { mode: 0o700 })
    },
    async make(place, limitMb) {
      const from = await original(limitMb)
      await rm(place.making, { force: true })
      const handle = await open(place.making, 'wx+', 0o600)
      try {
        await writeSparse(handle, withIdentity(from))
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(place.making, place.image)
    },
  }
}

/** Formats the size of file at which the file system holds `want` bytes, to within the slack; answers what was written. */
async function formatFitting(file: string, want: number, content: string): Promise<Sparse> {
  // An inode for each 4 KiB takes 6.25 %, the journal 4 MiB; the rest is found by looking.
  let bytes = roundUp(want * 1.068 + 5 * MIB)
  for (let look = 0; ; look++) {
    await format(file, bytes, content)
    const over = (await capacityOfFile(file)) - want
    if ((over >= 0 && over <= SLACK_BYTES) || look === LOOKS) break
    bytes = roundUp(bytes - over * 1.02 + (over < 0 ? 64 * 1024 : 0))
  }
  const written = await readSparse(file)
  await rm(file)
  return written
}

async function format(file: string, bytes: number, content: string): Promise<void> {
  await rm(file, { force: true })
  await writeFile(file, '', { mode: 0o600 })
  await truncate(file, bytes)
  await run(formatCommand(file, bytes, content))
}

const roundUp = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK
