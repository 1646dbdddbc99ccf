/** One volume of the local backend on disk: its file, its loop device, where it is mounted. */
import { access, mkdir, open, readFile, rename, stat, statfs, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import {
  attachedCommand,
  BLOCK,
  checkCommand,
  CommandError,
  describeCommand,
  mountCommand,
  run,
} from './command.ts'

/** Blocks that ext4 keeps to note where delayed writes went; its own 2 % would show as missing space. */
const KEPT_BLOCKS = 256
export type Place = ReturnType<typeof placeOf>

export function placeOf(root: string, name: string) {
  const mount = join(root, 'mounts', name)
  return {
    name,
    image: join(root, 'images', `${name}.ext4`),
    /** Written once the image is whole: from then on the image has to be there. */
    note: join(root, 'images', `${name}.json`),
    /** In place of the note while it is being taken away. */
    purging: join(root, 'images', `${name}.purging`),
    making: join(root, 'images', `${name}.making`),
    mount,
    /** What the seat sees. Only there while the volume is mounted. */
    home: join(mount, 'home'),
    /** Outside what the seat sees: what arrives for it. */
    uploads: join(mount, 'uploads'),
    /** Also outside: takes what the file system has above its limit. */
    ballast: join(mount, '.ballast'),
  }
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Not only out of reach, as with a disk that answers with errors. */
export const isGone = async (path: string): Promise<boolean> =>
  (await stat(path).catch(ifMissing)) === undefined

const noteSchema = z.object({ limitMb: z.number() })

/** One that was cut short by a power cut is none: its image is there, and it is written again. */
export async function readNote(place: Place): Promise<{ limitMb: number } | undefined> {
  const text = await readFile(place.note, 'utf8').catch(() => '')
  try {
    return noteSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export async function writeNote(place: Place, note: { limitMb: number }): Promise<void> {
  await writeFile(`${place.note}.new`, JSON.stringify(note), { mode: 0o600 })
  await rename(`${place.note}.new`, place.note)
}

/** Whole or not there, whatever is cut. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
}

/** Its names are on disk when this is done. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/** What fits into a file system that is empty: the kernel counts in the same way (minixdf). */
export async function capacityOfFile(file: string): Promise<number> {
  const { blocks, overhead } = await figuresOf(file)
  return (blocks - overhead - KEPT_BLOCKS) * BLOCK
}

/** How large the file system is, whatever its file or device. */
export async function fileSystemBytes(device: string): Promise<number> {
  return (await figuresOf(device)).blocks * BLOCK
}

async function figuresOf(file: string): Promise<{ blocks: number; overhead: number }> {
  const text = await run(describeCommand(file))
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1])
  const [blocks, overhead] = [figure('Block count'), figure('Overhead clusters')]
  if (!Number.isFinite(blocks + overhead))
    throw new Error(`dumpe2fs did not say how large ${file} is.`)
  return { blocks, overhead }
}

/** The image's loop device, while somebody has it mounted. Two for one file would ruin what is in it. */
export async function attachedDevice(place: Place): Promise<string | undefined> {
  const [first, ...others] = (await run(attachedCommand(place.image)))
    .split('\n')
    .flatMap((line) => line.trim() || [])
  if (others.length > 0)
    throw new Error(
      `${place.image} has more than one loop device: ${[first, ...others].join(', ')}.`,
    )
  return first
}

/** Mounted on its folder; repaired first when it was not left cleanly. One that is fresh nobody has yet. */
export async function mountImage(place: Place, isFresh = false): Promise<void> {
  const known = await mountedDevice(place)
  if (!known) {
    const source = (isFresh ? undefined : await attachedDevice(place)) ?? place.image
    await mkdir(place.mount, { recursive: true, mode: 0o711 })
    await run(mountCommand(source, place.mount)).catch(async (error: unknown) => {
      if (!(error instanceof CommandError)) throw error
      await repair(source)
      await run(mountCommand(source, place.mount))
    })
  }
  const device = known ?? (await mountedDevice(place))
  if (device) await keepFewBlocks(device)
}

/** Exit codes of e2fsck: 1 is "repaired". */
export async function repair(device: string): Promise<void> {
  await run(checkCommand(device)).catch((error: unknown) => {
    if (!(error instanceof CommandError) || error.code !== 1) throw error
  })
}

/**
 * The device that is mounted on the volume's folder, told by the folder's own device number: the table of mounts is as long as
 * there are volumes, and would be read for each of them.
 */
export async function mountedDevice(place: Place): Promise<string | undefined> {
  const [own, above] = await Promise.all([
    stat(place.mount).catch(ifMissing),
    stat(join(place.mount, '..')).catch(ifMissing),
  ])
  return own && own.dev !== above?.dev ? `/dev/loop${minorOf(own.dev)}` : undefined
}

function ifMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

/** As Linux puts it into 32 bits: twelve of the major number between two parts of the minor. */
const minorOf = (device: number): number => (device & 0xff) | ((device >>> 12) & 0xfff00)

export const keepFewBlocks = (device: string): Promise<void> =>
  writeFile(keptFile(device), String(KEPT_BLOCKS)).catch(() => {})

const keptFile = (device: string): string => `/sys/fs/ext4/${basename(device)}/reserved_clusters`

/** In bytes: what its student may have in it, what is in it, and what the ballast takes. */
export async function measure(place: Place): Promise<{
  capacity: number
  used: number
  ballast: number
  files: { limit: number; used: number }
}> {
  const device = await mountedDevice(place)
  if (!device) throw new Error(`${place.name} is not mounted.`)
  const [{ blocks, bavail, bsize, files, ffree }, kept, ballast] = await Promise.all([
    statfs(place.mount),
    readFile(keptFile(device), 'utf8'),
    stat(place.ballast).then(
      (found) => found.blocks * 512,
      () => 0,
    ),
  ])
  const capacity = (blocks - Number(kept)) * bsize - ballast
  return {
    ...{ capacity, used: Math.max(0, capacity - bavail * bsize), ballast },
    files: { limit: files, used: files - ffree },
  }
}

const LET_GO_MS = 1_000
const LOOK_MS = 50

/** Nobody has it mounted any more, in whatever namespace: its loop device went with the last mount. */
export async function isLetGo(place: Place): Promise<boolean> {
  for (let waited = 0; waited < LET_GO_MS; waited += LOOK_MS) {
    if (!(await attachedDevice(place))) return true
    await sleep(LOOK_MS)
  }
  return false
}
