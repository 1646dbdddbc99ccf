/**
 * What students hand in: an archive of a folder as it is at that moment, beside the volumes, read-only. Made under another name
 * and moved when it is whole, so that one that is there is complete; asked for again, it answers what it was.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { zipFolder } from './archive.ts'
import type { VolumePlace } from './backend.ts'
import { syncFolder } from './local-file.ts'
import { checkRoom, type LeastFree, type Room, roomAt } from './submission-room.ts'

const keptSchema = z.object({
  bytes: z.number(),
  files: z.number(),
  leftOut: z.number(),
  sha256: z.string(),
})
export type KeptArchive = z.infer<typeof keptSchema>
/** `agoMs`: how long ago it was made, by this machine's clock; whoever asks has another one. */
type Answered = KeptArchive & { agoMs: number }

export type Submissions = {
  /** Throws NoSuchFile when there is no such folder, TooLarge beyond `mostBytes`, NoRoom when the disk is to stay free. */
  keep(id: string, from: Handed): Promise<Answered>
  room(): Promise<Room>
  /** What is kept under this id; undefined when nothing is. */
  find(id: string): Promise<Answered | undefined>
  read(id: string): Promise<{ stream: Readable; bytes: number } | undefined>
  /** Brings an archive back that is gone or damaged, if it is the one that was kept. Throws NoRoom. */
  takeBack(id: string, kept: KeptArchive, from: Readable): Promise<'back' | 'there' | 'differs'>
  /** Ids of all that is kept. */
  list(): Promise<string[]>
  /** For good, by an erasure alone; twice does no harm. Answers how much was there. */
  forget(id: string): Promise<{ bytes: number | null }>
}

type Handed = { place: VolumePlace; path: Buffer[]; mostBytes: number }

/** The archive would be larger than what is left of what is kept of a student. */
export class TooLarge extends Error {}

/** Bytes between two looks at the disk, which others fill meanwhile. */
const LOOK_BYTES = 16 * 1024 * 1024

export const isSubmissionId = (id: string): boolean =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)

/** @param leastFree what stays free on its disk, whatever is handed in */
export function submissionsIn(folder: string, leastFree: LeastFree): Submissions {
  const inTurn = turnsOf()
  const file = (id: string) => join(folder, `${id}.zip`)
  const note = (id: string) => join(folder, `${id}.json`)
  const find = async (id: string): Promise<Answered | undefined> => {
    const text = await readFile(note(id), 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    // Its last byte was the last that came from the folder.
    const archive = await stat(file(id)).catch(() => undefined)
    if (!archive) return undefined
    const { mtimeMs } = archive
    return { ...keptSchema.parse(JSON.parse(text)), agoMs: Math.max(0, Date.now() - mtimeMs) }
  }
  const room = async (): Promise<Room> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return roomAt(folder, leastFree)
  }
  const settle = async (id: string, made: KeptArchive): Promise<void> => {
    await rename(`${file(id)}.making`, file(id))
    // Last: what has a note is whole.
    await writeFile(`${note(id)}.making`, JSON.stringify(made), { mode: 0o400, flush: true })
    await rename(`${note(id)}.making`, note(id))
    await syncFolder(folder)
  }
  const make = async (id: string, from: Handed): Promise<Answered> => {
    const known = await find(id)
    if (known) return known
    checkRoom(await room())
    const made = await archiveInto(`${file(id)}.making`, from, room)
    await settle(id, made)
    return { ...made, agoMs: 0 }
  }
  const isAsKept = async (id: string, { bytes, sha256 }: KeptArchive): Promise<boolean> => {
    const found = await find(id).catch(() => undefined)
    return found?.sha256 === sha256 && (await digestOf(file(id), bytes)) === sha256
  }
  return {
    find,
    room,
    keep: (id, from) => inTurn(id, () => make(id, from)),
    async read(id) {
      if (!(await find(id))) return undefined
      const { size: bytes } = await stat(file(id))
      return { stream: createReadStream(file(id)), bytes }
    },
    takeBack: (id, kept, from) =>
      inTurn(id, async () => {
        if (await isAsKept(id, kept)) return 'there'
        checkRoom(await room())
        const target = `${file(id)}.making`
        const { sha256 } = await writeInto(target, from, { mostBytes: kept.bytes, room }).catch(
          (error: unknown) => {
            if (error instanceof TooLarge) return { sha256: '' }
            throw error
          },
        )
        if (sha256 !== kept.sha256) {
          await rm(target, { force: true })
          return 'differs'
        }
        await settle(id, kept)
        return 'back'
      }),
    async list() {
      const names = await readdir(folder).catch(() => [])
      return [...new Set(names.map((name) => name.split('.')[0] ?? ''))].filter(isSubmissionId)
    },
    forget: (id) =>
      inTurn(id, async () => {
        const known = await stat(file(id)).catch(() => undefined)
        const all = [note(id), file(id)].flatMap((path) => [path, `${path}.making`])
        for (const path of all) await rm(path, { force: true })
        if (known) await syncFolder(folder)
        return { bytes: known?.size ?? null }
      }),
  }
}

/** One thing at a time for each archive: who comes while it is written finds it whole, or not there. */
function turnsOf(): <T>(id: string, work: () => Promise<T>) => Promise<T> {
  const turns = new Map<string, Promise<unknown>>()
  return (id, work) => {
    const turn = (turns.get(id) ?? Promise.resolve()).then(work)
    const settled: Promise<unknown> = turn
      .catch(() => {})
      .finally(() => turns.get(id) === settled && turns.delete(id))
    turns.set(id, settled)
    return turn
  }
}

/** Undefined where it is of another length, or cannot be read to its end. */
async function digestOf(path: string, bytes: number): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    if ((await stat(path)).size !== bytes) return undefined
    for await (const part of createReadStream(path)) hash.update(part as Buffer)
    return hash.digest('hex')
  } catch {
    return undefined
  }
}

async function archiveInto(
  target: string,
  { place, path, mostBytes }: Handed,
  room: () => Promise<Room>,
): Promise<KeptArchive> {
  const { limitBytes } = await place.sight()
  const { stream, counts } = await zipFolder(place.home, path, limitBytes ?? 0)
  const written = await writeInto(target, stream, { mostBytes, room })
  return { ...written, ...counts() }
}

/** Whole, or not there. */
async function writeInto(
  target: string,
  stream: Readable,
  { mostBytes, room }: { mostBytes: number; room: () => Promise<Room> },
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  let looked = 0
  const counted = async function* (parts: AsyncIterable<Buffer>) {
    for await (const part of parts) {
      hash.update(part)
      bytes += part.length
      if (bytes > mostBytes) throw new TooLarge(`The archive is larger than ${mostBytes} bytes.`)
      if (bytes - looked >= LOOK_BYTES) {
        looked = bytes
        checkRoom(await room())
      }
      yield part
    }
  }
  try {
    await pipeline(stream, counted, createWriteStream(target, { mode: 0o600, flush: true }))
  } catch (error) {
    // It would take the room that is lacking.
    await rm(target, { force: true })
    throw error
  }
  await chmod(target, 0o400)
  return { bytes, sha256: hash.digest('hex') }
}
