/**
 * Brings back what a snapshot has, or a seat's volume of before a reset. It is copied beside the files of today, where no seat sees it and within the volume's limit, and
 * moved in when it is whole, under a name that nothing has: what is there stays as it is.
 */
import { randomUUID } from 'node:crypto'
import { constants, createWriteStream } from 'node:fs'
import {
  type FileHandle,
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  utimes,
} from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { VolumePlace } from './backend.ts'
import { CommandError, copyFolderCommand, run } from './command.ts'
import {
  encoded,
  inside,
  namesIn,
  NoSuchFile,
  notWork,
  openFile,
  openIn,
  shownName,
  statIn,
  withFolder,
} from './files.ts'
import { hasNoRoom, numbered } from './uploads.ts'

/** A large folder over a slow network; whoever asked does not wait so long. */
const COPY_MS = 60 * 60_000
const NAME_TRIES = 100
const DEPTH_COUNTED = 64
const STAGED = 'restore-'

/** `folder` is where it is now, as pathOf reads it. */
export type Restored = { folder: string; name: string }

/** Told before anything is copied: while it is, programs of a seat that runs would find their disk full. */
class NoRoom extends Error {}

/** `homeThen` answers undefined when it is not there, or not any more. */
export type RestoreFrom = {
  homeThen(): Promise<string | undefined>
  path: Buffer[]
  /** Of the instant, such as `2026-11-26 14h30`: a part of a name. */
  label: string
}

/** Throws NoSuchFile when there was no such thing then. */
export async function bringBack(place: VolumePlace, from: RestoreFrom): Promise<Restored> {
  const home = await from.homeThen()
  if (home === undefined) throw new NoSuchFile('What is to be brought back is not kept.')
  await mkdir(place.uploads, { recursive: true, mode: 0o700 })
  await sweepStaged(place)
  await checkRoom(place, { home, path: from.path })
  const stage = join(place.uploads, `${STAGED}${randomUUID()}`)
  await mkdir(stage, { mode: 0o700 })
  try {
    const copy = join(stage, 'copy')
    await copyOut({ home, path: from.path }, copy)
    if (from.path.length === 0)
      for (const name of notWork) await rm(join(copy, name), { recursive: true, force: true })
    // Of one that is let go of, Ceph's client shows for a while what is there now.
    if ((await from.homeThen()) === undefined)
      throw new Error('It was let go of while it was copied.')
    return await moveIn(place, copy, from)
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

/** What was begun by an agent that ended counts on the student's disk. Only while nothing is brought back into this volume. */
export async function sweepStaged({ uploads }: VolumePlace): Promise<void> {
  for (const name of await readdir(uploads).catch(() => []))
    if (name.startsWith(STAGED)) await rm(join(uploads, name), { recursive: true, force: true })
}

async function checkRoom(
  place: VolumePlace,
  from: { home: string; path: Buffer[] },
): Promise<void> {
  const { limitBytes, usedBytes } = await place.sight()
  if (limitBytes === null || usedBytes === null) return
  if ((await bytesOf(from)) > limitBytes - usedBytes) throw new NoRoom('There is no room for it.')
}

/** By its files: of a snapshot's folder, Ceph says how much is in the folder of now. */
async function bytesOf({ home, path }: { home: string; path: Buffer[] }): Promise<number> {
  if (await isFolder(home, path)) return withFolder(home, path, (folder) => bytesBelow(folder))
  const { file, stats } = await openFile(home, path)
  await file.close()
  return stats.size
}

/** Below a depth that nobody works at nothing is counted; what is too much is found out all the same when it is copied. */
async function bytesBelow(folder: FileHandle, depth = 0): Promise<number> {
  let bytes = 0
  for (const name of await namesIn(folder)) {
    const stats = await statIn(folder, name)
    // Names of one file share it.
    if (stats?.isFile()) bytes += stats.size / stats.nlink
    else if (stats?.isDirectory() && depth < DEPTH_COUNTED) {
      const below = await openIn(folder, name, constants.O_DIRECTORY)
      bytes += await bytesBelow(below, depth + 1).finally(() => below.close())
    }
  }
  return bytes
}

/** Nobody changes a snapshot, or a volume that no seat has any more: what is looked at is what is copied. */
async function copyOut(
  { home, path }: { home: string; path: Buffer[] },
  to: string,
): Promise<void> {
  if (await isFolder(home, path))
    return withFolder(home, path, async (folder) => {
      await run(copyFolderCommand(`/proc/${process.pid}/fd/${folder.fd}/.`, to), {
        limitMs: COPY_MS,
      })
    })
  const { file, stats } = await openFile(home, path)
  await pipeline(file.createReadStream(), createWriteStream(to, { flags: 'wx', mode: 0o600 }))
  await chown(to, stats.uid, stats.gid)
  await chmod(to, stats.mode & 0o777)
  await utimes(to, stats.atime, stats.mtime)
}

const isFolder = (home: string, path: Buffer[]): Promise<boolean> =>
  withFolder(home, path, async () => true).catch((error: unknown) => {
    if (error instanceof NoSuchFile) return false
    throw error
  })

/** Back where it was, beside what is there now; inside of it when the folder above is not its owner's, who could not tidy up there. */
async function moveIn(
  { home }: VolumePlace,
  copy: string,
  { path, label }: { path: Buffer[]; label: string },
): Promise<Restored> {
  const own = await lstat(copy)
  const above = await deepest(home, path.slice(0, -1))
  const isOwners = await withFolder(home, above, async (folder) => {
    return (await folder.stat()).uid === own.uid
  })
  const goesInside = path.length > 0 && !isOwners && (await isFolder(home, path))
  const into = goesInside ? path : above
  const last = goesInside ? undefined : path.at(-1)
  return withFolder(home, into, async (folder) => {
    for (const name of namesFor(last, label))
      if (await putInto(copy, inside(folder, name), own.isDirectory()))
        return { folder: into.map(encoded).join('/'), name: shownName(name) }
    throw new Error('There are too many of this name already.')
  })
}

/** The folders of a path that are still there. */
async function deepest(home: string, path: Buffer[]): Promise<Buffer[]> {
  for (let length = path.length; length > 0; length--)
    if (await isFolder(home, path.slice(0, length))) return path.slice(0, length)
  return []
}

/** `essay.pdf`, `essay (2026-11-26 14h30).pdf`, `essay (2026-11-26 14h30) (2).pdf`, … */
export function* namesFor(last: Buffer | undefined, label: string): Generator<Buffer> {
  if (last) yield last
  const first = last ? labelled(last, label) : label
  yield Buffer.from(first)
  for (let nth = 2; nth <= NAME_TRIES; nth++) yield Buffer.from(numbered(first, nth))
}

function labelled(name: Buffer, label: string): string {
  const [, stem = '', ending = ''] = /^(.+?)(\.[^.]{1,10})?$/s.exec(name.toString()) ?? []
  // A name is 255 bytes at most.
  return `${stem.slice(0, 60)} (${label})${ending}`
}

/** False when something has that name. A folder is made first: to move one over what is there needs it to be empty and ours. */
async function putInto(copy: string, target: Buffer, isDirectory: boolean): Promise<boolean> {
  try {
    if (!isDirectory) {
      await link(copy, target)
      return true
    }
    await mkdir(target, { mode: 0o700 })
    await rename(copy, target)
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(code)) return false
    throw error
  }
}

/** Whether there was no room for it. */
export const isFull = (error: unknown): boolean =>
  error instanceof NoRoom ||
  (error instanceof CommandError
    ? /No space left|quota exceeded/i.test(error.message)
    : hasNoRoom(error as NodeJS.ErrnoException))
