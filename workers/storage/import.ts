/**
 * Fills an empty volume from a tar file. It is unpacked beside the home, where no seat sees it and within the volume's limit, and moved
 * in once it is whole and if the home is still empty then: a seat that starts meanwhile keeps what is written in it, and nothing that
 * its student swaps is ever walked through.
 */
import { randomUUID } from 'node:crypto'
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
  unlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { VolumePlace } from './backend.ts'
import { unpack } from './backup.ts'
import { run } from './command.ts'
import { isGone } from './local-file.ts'
import { inside, namesIn, withFolder } from './files.ts'
import { namesFor } from './restore.ts'
import { isSealed } from './seal.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

const STAGED = 'import-'
/** Found whole, and the home empty: what is left of it goes in, whatever ended the agent. */
const WHOLE = 'import-whole-'
const SYNC_MS = 30 * 60_000

/** was-cut: one before this one was, and what was left of it was moved in now; nothing of this one was read. */
export type Imported =
  | { ok: true }
  | { ok: false; code: 'not-empty' | 'not-a-backup' | 'sealed' | 'busy' | 'was-cut'; says?: string }

export type Imports = {
  take(place: VolumePlace, from: Readable): Promise<Imported>
  /** Removes what an agent that ended had begun to unpack, and moves in the rest of what was whole. */
  tidy(place: VolumePlace): Promise<void>
}

/** One at a time for each volume. */
export function importsOf(): Imports {
  const going = new Set<string>()
  const alone = async <T>(home: string, act: () => Promise<T>, busy: T): Promise<T> => {
    if (going.has(home)) return busy
    going.add(home)
    return act().finally(() => going.delete(home))
  }
  return {
    take: (place, from) =>
      alone<Imported>(place.home, () => take(place, from), { ok: false, code: 'busy' }),
    tidy: (place) => alone(place.home, async () => void (await goOn(place)), undefined),
  }
}

async function take(place: VolumePlace, from: Readable): Promise<Imported> {
  await mkdir(place.uploads, { recursive: true, mode: 0o700 })
  if (await goOn(place)) return { ok: false, code: 'was-cut' }
  if (!(await isEmpty(place))) return { ok: false, code: 'not-empty' }
  const id = randomUUID()
  const stage = join(place.uploads, `${STAGED}${id}`)
  await mkdir(stage, { mode: 0o700 })
  try {
    const failed = await unpackInto(join(stage, 'home'), place, from)
    if (failed !== undefined) return { ok: false, code: 'not-a-backup', says: failed }
    // Looked at again: it took a while.
    if (await isSealed(place)) return { ok: false, code: 'sealed' }
    if (!(await isEmpty(place))) return { ok: false, code: 'not-empty' }
    const whole = join(place.uploads, `${WHOLE}${id}`)
    await rename(stage, whole)
    await moveIn(place, whole)
    return { ok: true }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

const isEmpty = async ({ home }: VolumePlace): Promise<boolean> =>
  (await readdir(home)).length === 0

const toDisk = async (folder: string): Promise<void> =>
  void (await run(['sync', '--file-system', folder], { limitMs: SYNC_MS }))

/** Begins as what it becomes is: a file may say nothing of the home itself. Answers why it failed. */
async function unpackInto(
  stage: string,
  { home }: VolumePlace,
  from: Readable,
): Promise<string | undefined> {
  const { uid, gid, mode } = await lstat(home)
  await mkdir(stage)
  await chown(stage, uid, gid)
  await chmod(stage, mode & 0o7777)
  try {
    await unpack(stage, from)
    // Its files before it is named whole.
    await toDisk(stage)
    return undefined
  } catch (error) {
    return whyOf(error)
  }
}

/** True when one that had been cut was moved in. */
async function goOn(place: VolumePlace): Promise<boolean> {
  let isMoved = false
  for (const name of await readdir(place.uploads).catch(() => [])) {
    const stage = join(place.uploads, name)
    if (name.startsWith(WHOLE)) {
      await moveIn(place, stage)
      isMoved = true
    } else if (name.startsWith(STAGED)) await rm(stage, { recursive: true, force: true })
  }
  return isMoved
}

/** Cut anywhere, it is gone on with. What came into the home in this moment keeps its name. */
async function moveIn({ home }: VolumePlace, whole: string): Promise<void> {
  // Only where it is gone, and not where its disk fails: what is left of it would be removed.
  const isThere = !(await isGone(join(whole, 'home')))
  const own = isThere ? await lstat(join(whole, 'home')) : undefined
  if (own)
    await withFolder(whole, [Buffer.from('home')], (from) =>
      withFolder(home, [], async (to) => {
        for (const name of await namesIn(from)) await putFreely(from, to, name)
        await to.chown(own.uid, own.gid)
        await to.chmod(own.mode & 0o7777)
      }),
    )
  await rm(whole, { recursive: true, force: true })
  // Whoever is told that it is there does not lose it to a power cut.
  await toDisk(home)
}

async function putFreely(from: FileHandle, to: FileHandle, name: Buffer): Promise<void> {
  for (const free of namesFor(name, 'import'))
    if (await putInto(inside(from, name), inside(to, free))) return
  throw new Error('There are too many of this name already.')
}

/** False when something has that name; an empty folder is no loss. */
async function putInto(from: Buffer, to: Buffer): Promise<boolean> {
  const own = await lstat(from)
  try {
    if (own.isDirectory()) await rename(from, to)
    else await link(from, to)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(code)) throw error
    // Cut right after it was put there.
    const there = await lstat(to).catch(() => undefined)
    if (there?.ino !== own.ino) return false
  }
  if (!own.isDirectory()) await unlink(from)
  return true
}
