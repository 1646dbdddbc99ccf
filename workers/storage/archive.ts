/**
 * A folder of a volume as one ZIP file, made while it is read: nothing of it is kept in memory or on disk. Links, pipes and
 * devices are not followed but named, and whoever unpacks it gets at most twice what the volume may hold: sparse files and
 * files with many names beyond that are left out.
 */
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import {
  encoded,
  kindOf,
  NoSuchFile,
  openFile,
  shownName,
  statIn,
  withFolder,
  workIn,
} from './files.ts'

const MOST_ENTRIES = 500_000
/** Each is kept until the end, where an archive has its list; a path below 64 folders has up to 16 KiB. */
const MOST_NAME_BYTES = 64 * 1024 * 1024
const MOST_DEPTH = 64
const LEFT_OUT = '_left-out.txt'
/** A ZIP has no time before 1980; of one before 1970 yazl throws, where nobody catches it. A student sets them as they like. */
const EARLIEST_MS = Date.UTC(1980, 0, 2)

type Making = {
  zip: ZipFile
  home: string
  limitBytes: number
  entries: number
  nameBytes: number
  /** Nothing more is taken, which is said once. */
  isOver: boolean
  files: number
  /** Of all so far, the bytes that take no room on the disk. */
  beyond: number
  /** Inodes of files with several names. */
  linked: Set<number>
  leftOut: string[]
  /** What is read at this moment: closed when nobody listens any more. */
  current: Readable | undefined
  /** Goes on with what waits for `current` to be in the archive. */
  goOn: () => void
  /** Entries that are in the archive, for the list at its end. */
  written: unknown[]
}

type Item = { name: Buffer; label: string; stats: Stats }

export type Counts = { files: number; leftOut: number }

/** Answers the stream, and what went into it once that has ended; throws NoSuchFile when there is no such folder. */
export async function zipFolder(
  home: string,
  path: Buffer[],
  limitBytes: number,
): Promise<{ stream: Readable; counts(): Counts }> {
  const zip = new ZipFile()
  const making: Making = {
    zip,
    home,
    limitBytes,
    entries: 0,
    nameBytes: 0,
    isOver: false,
    files: 0,
    beyond: 0,
    linked: new Set(),
    leftOut: [],
    current: undefined,
    goOn: () => {},
    written: [],
  }
  // Looked at first, so that a folder that is not there is an answer and not a broken file.
  await withFolder(home, path, async () => {})
  const output = zip.outputStream as Readable
  output.once('close', () => {
    making.isOver = true
    making.current?.destroy()
    making.goOn()
  })
  // yazl pipes each file into it, and takes that away at the file's end.
  output.on('unpipe', () => setImmediate(making.goOn))
  zip.on('error', (error) => output.destroy(error as Error))
  fill(making, path).catch((error: unknown) => output.destroy(error as Error))
  const counts = () => ({ files: making.files, leftOut: making.leftOut.length })
  return { stream: output, counts }
}

async function fill(making: Making, path: Buffer[]): Promise<void> {
  await addFolder(making, path, '')
  if ((making.zip.outputStream as Readable).destroyed) return
  ofYazl(making.zip).entries = making.written
  if (making.leftOut.length > 0)
    making.zip.addBuffer(Buffer.from(`${making.leftOut.join('\n')}\n`), LEFT_OUT)
  making.zip.end()
}

async function addFolder(making: Making, path: Buffer[], shown: string): Promise<void> {
  if (making.isOver) return
  if (path.length > MOST_DEPTH) return leaveOut(making, shown, 'too deep')
  const items = await withFolder(making.home, path, (folder) =>
    itemsOf(making, folder, path, shown),
  ).catch((error: unknown) => {
    // It went, or became a link, while the rest was read.
    if (error instanceof NoSuchFile) return []
    throw error
  })
  const folders: Item[] = []
  for (const item of items) {
    if (kindOf(item.stats) !== 'folder') await addFile(making, [...path, item.name], item)
    else {
      making.zip.addEmptyDirectory(item.label, { mtime: timeOf(item.stats) })
      setAside(making)
      folders.push(item)
    }
  }
  for (const { name, label } of folders) await addFolder(making, [...path, name], `${label}/`)
}

/** Files and folders of it; what is neither is named as left out. Its folder is held no longer than that takes. */
async function itemsOf(
  making: Making,
  folder: FileHandle,
  path: Buffer[],
  shown: string,
): Promise<Item[]> {
  const items: Item[] = []
  /** Names given in this folder: two names of bytes may read the same. */
  const given = new Set(shown === '' ? [LEFT_OUT] : [])
  for (const name of await workIn(folder, path)) {
    const stats = await statIn(folder, name)
    if (!stats) continue
    const label = labelOf(given, shown, name)
    if (isTooMuch(making, label)) break
    if (kindOf(stats) === 'other') leaveOut(making, label, 'a link, pipe or socket')
    else items.push({ name, label, stats })
  }
  return items
}

/** Said of the first that is left out, in so many words that who reads it knows what to do. */
function isTooMuch(making: Making, label: string): boolean {
  making.entries += 1
  making.nameBytes += Buffer.byteLength(label)
  const isMany = making.entries > MOST_ENTRIES
  const isTooMany = isMany || making.nameBytes > MOST_NAME_BYTES
  if (isTooMany)
    leaveOut(
      making,
      label,
      `this and all that comes after it: ${isMany ? 'more files' : 'more and longer names'} than an archive takes; download its folders one by one`,
    )
  // Also over where whoever listened has left meanwhile.
  making.isOver ||= isTooMany
  return making.isOver
}

async function addFile(
  making: Making,
  path: Buffer[],
  { label, stats }: Pick<Item, 'label' | 'stats'>,
): Promise<void> {
  const { size, mode } = stats
  if (size > making.limitBytes) return leaveOut(making, label, 'sparse: larger than the disk')
  const beyond = beyondDisk(making, stats)
  if (making.beyond + beyond > making.limitBytes)
    return leaveOut(making, label, 'sparse or linked files are together larger than the disk')
  if ((making.zip.outputStream as Readable).destroyed) return
  making.beyond += beyond
  making.files += 1
  const ofFile = { mtime: timeOf(stats), mode: 0o100000 | (mode & 0o755), compressionLevel: 1 }
  const { promise: isIn, resolve } = Promise.withResolvers<void>()
  making.goOn = resolve
  making.zip.addReadStreamLazy(label, ofFile, (give) => {
    void handOver(making, path, size, give)
  })
  await isIn
  setAside(making)
}

/**
 * One entry at a time, and none of those that are in is left where yazl looks: it would look at all of them for each that follows,
 * and go from one that waits to the next by a call within a call, until there is no stack for any more of them.
 */
function setAside({ zip, written }: Making): void {
  written.push(...ofYazl(zip).entries.splice(0))
}

/** It writes its list from here: not said in its manual, so its version is pinned and `archive.test.ts` shows that it holds. */
const ofYazl = (zip: ZipFile) => zip as unknown as { entries: unknown[] }

type Give = (error: unknown, stream: Readable) => void

async function handOver(making: Making, path: Buffer[], size: number, give: Give): Promise<void> {
  try {
    making.current = await contentOf(making.home, path, size)
    // Nobody else listens: a disk that fails in the middle of it would end this process. An archive that lacks a part is none.
    making.current.on('error', (error) => (making.zip.outputStream as Readable).destroy(error))
    give(null, making.current)
  } catch (error) {
    give(error, Readable.from([]))
  }
}

/** As long as it was when it was listed, or shorter: one that grows for ever would never end. */
async function contentOf(home: string, path: Buffer[], size: number): Promise<Readable> {
  if (size === 0) return Readable.from([])
  try {
    const { file } = await openFile(home, path)
    return file.createReadStream({ start: 0, end: size - 1 })
  } catch (error) {
    // It went since the folder was read.
    if (error instanceof NoSuchFile) return Readable.from([])
    throw error
  }
}

const timeOf = ({ mtimeMs }: Stats): Date => new Date(Math.max(EARLIEST_MS, mtimeMs))

/** Bytes that the archive has and the disk has not: holes, and a file that is there by several names. */
function beyondDisk({ linked }: Making, { size, blocks, nlink, ino }: Stats): number {
  const isAgain = nlink > 1 && linked.has(ino)
  if (nlink > 1) linked.add(ino)
  return isAgain ? size : Math.max(0, size - blocks * 512)
}

const leaveOut = ({ leftOut }: Making, label: string, why: string): void =>
  void leftOut.push(`${label}: ${why}`)

/** No name leads out of where it is unpacked, on any system, and no two are the same. */
function labelOf(given: Set<string>, shown: string, name: Buffer): string {
  const plain = shownName(name).replaceAll(/[\\:*?"<>|]/g, '_')
  const first = `${shown}${plain}`
  let label = given.has(first) ? `${shown}${encoded(name)}` : first
  // Somebody may have a file that is called as another is written here.
  while (given.has(label)) label += '_'
  given.add(label)
  return label
}
