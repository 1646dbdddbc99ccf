/**
 * Files of a volume, reached so that nothing leads out of it: one name at a time from an open folder, and never through a
 * link, whatever a student puts there meanwhile. Names are bytes: what is no UTF-8 can be shown and fetched, too.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

export type EntryKind = 'file' | 'folder' | 'other'
export type Entry = {
  /** The name's bytes, percent-encoded: what is sent back to mean this entry. */
  key: string
  /** For people: what is no UTF-8 is replaced, control characters are shown. */
  name: string
  kind: EntryKind
  bytes: number
  /** Milliseconds since 1970. */
  modifiedAt: number
}

/** What is not there, or is of another kind than was asked for. */
export class NoSuchFile extends Error {}

/**
 * At the top of a volume, what images (the key of a seat's SSH server) and file systems keep for themselves. It is nobody's work:
 * not shown, not downloaded, not handed in.
 */
export const notWork = ['.labplan', 'lost+found'] as const

const isNotWork = (name: Buffer): boolean => notWork.some((one) => name.equals(Buffer.from(one)))

/** `a/b%20c` → names as bytes. Throws NoSuchFile for what can be no path of somebody's work. */
export function pathOf(text: string): Buffer[] {
  const names = text.split('/').filter(Boolean).map(decoded)
  for (const name of names) {
    const isOdd = name.includes(0) || name.includes(0x2f) || name.equals(DOT) || name.equals(DOTS)
    if (isOdd || name.length > 255) throw new NoSuchFile('That is no path of a file.')
  }
  if (names.length > 64) throw new NoSuchFile('That is too deep.')
  if (names[0] && isNotWork(names[0])) throw new NoSuchFile('That is nobody’s work.')
  return names
}

const DOT = Buffer.from('.')
const DOTS = Buffer.from('..')

function decoded(text: string): Buffer {
  const bytes: number[] = []
  const plain = Buffer.from(text, 'utf8')
  for (let i = 0; i < plain.length; i++) {
    const hex = plain[i] === 0x25 ? plain.subarray(i + 1, i + 3).toString('latin1') : ''
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      i += 2
    } else bytes.push(plain[i] as number)
  }
  return Buffer.from(bytes)
}

/** Everything but unreserved ASCII as %XX. */
export const encoded = (name: Buffer): string =>
  [...name]
    .map((byte) =>
      /[\w.-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`,
    )
    .join('')

// Control characters could move a terminal's or a page's text about; U+202A… turn its direction.
const CONTROLS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

export const shownName = (name: Buffer): string => name.toString('utf8').replaceAll(CONTROLS, '�')

/** An open folder's entry, by the kernel's own look at that folder. */
export const inside = (folder: FileHandle, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), name])

/** Lends an open folder of the volume. */
export async function withFolder<T>(
  home: string,
  path: Buffer[],
  use: (folder: FileHandle) => Promise<T>,
): Promise<T> {
  let folder = await open(home, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    for (const name of path) {
      const next = await openIn(folder, name, O_DIRECTORY)
      await folder.close()
      folder = next
    }
    return await use(folder)
  } finally {
    await folder.close()
  }
}

export async function openIn(folder: FileHandle, name: Buffer, flags: number): Promise<FileHandle> {
  // O_NONBLOCK: a pipe that nobody writes to would hold us for ever.
  return open(inside(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flags).catch(notThere)
}

function notThere(error: unknown): never {
  const { code = '' } = error as NodeJS.ErrnoException
  if (['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO', 'ENAMETOOLONG'].includes(code))
    throw new NoSuchFile('It is not there, or is no file.', { cause: error })
  throw error
}

/** Lends a file that was opened, with what it is. */
export async function openFile(
  home: string,
  path: Buffer[],
): Promise<{ file: FileHandle; stats: Stats }> {
  const name = path.at(-1)
  if (!name) throw new NoSuchFile('That is a folder.')
  const file = await withFolder(home, path.slice(0, -1), (folder) => openIn(folder, name, 0))
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new NoSuchFile('That is no file.')
    return { file, stats }
  } catch (error) {
    await file.close()
    throw error
  }
}

export type Listed = { entries: Entry[]; total: number }

/** A folder's entries by name, those with a dot last, from `start` on: a folder of 100,000 is read in parts. */
export async function listFolder(
  home: string,
  path: Buffer[],
  { start, count }: { start: number; count: number },
): Promise<Listed> {
  return withFolder(home, path, async (folder) => {
    const names = (await workIn(folder, path)).toSorted((a, b) => hasDot(a) - hasDot(b))
    const entries = await Promise.all(
      names.slice(start, start + count).map((name) => entryOf(folder, name)),
    )
    return { entries: entries.flatMap((entry) => entry ?? []), total: names.length }
  })
}

// What programs keep for themselves is seldom what somebody looks for.
const hasDot = (name: Buffer): number => Number(name[0] === 0x2e)

export async function namesIn(folder: FileHandle): Promise<Buffer[]> {
  const names = await readdir(`/proc/self/fd/${folder.fd}`, { encoding: 'buffer' })
  return names.toSorted(Buffer.compare)
}

/** As namesIn, without what is nobody's work at the top. */
export async function workIn(folder: FileHandle, path: Buffer[]): Promise<Buffer[]> {
  const names = await namesIn(folder)
  return path.length > 0 ? names : names.filter((name) => !isNotWork(name))
}

async function entryOf(folder: FileHandle, name: Buffer): Promise<Entry | undefined> {
  const stats = await statIn(folder, name)
  return (
    stats && {
      ...{ key: encoded(name), name: shownName(name), kind: kindOf(stats) },
      ...{ bytes: stats.isFile() ? stats.size : 0, modifiedAt: Math.round(stats.mtimeMs) },
    }
  )
}

/** Undefined when it went meanwhile. */
export async function statIn(folder: FileHandle, name: Buffer): Promise<Stats | undefined> {
  return lstat(inside(folder, name)).catch(() => undefined)
}

export function kindOf(stats: Stats): EntryKind {
  if (stats.isFile()) return 'file'
  return stats.isDirectory() ? 'folder' : 'other'
}
