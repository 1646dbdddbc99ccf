/** One volume of the nfs backend on disk: its folder, what is noted of it, and how it is taken away. */
import { mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isVolumeName, type Purged } from './backend.ts'
import { limitCommand, run } from './command.ts'
import { exists } from './local-file.ts'

export { exists }
export type Place = ReturnType<typeof placeOf>

export function placeOf(root: string, name: string) {
  // `volumes` is what is exported; all else of the root is not.
  const folder = join(root, 'volumes', name)
  return {
    name,
    folder,
    home: join(folder, 'home'),
    /** Outside what the seat sees, and within its limit. */
    uploads: join(folder, 'uploads'),
    note: join(root, 'notes', `${name}.json`),
    purging: join(root, 'purging', name),
  }
}

/** `isMade` once home and limit are there: from then on the folder has to be. */
const noteSchema = z.object({ project: z.int(), isMade: z.boolean() })
export type Note = z.infer<typeof noteSchema>

/** One that a power cut left empty was of a volume that nobody was told of yet. */
export async function readNote(place: Place): Promise<Note | undefined> {
  const text = await readFile(place.note, 'utf8').catch(() => '')
  try {
    return noteSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** As a killed agent finds it again; not yet on disk. */
export const beginNote = (place: Place, project: number): Promise<void> =>
  writeFile(place.note, JSON.stringify({ project, isMade: false } satisfies Note), { mode: 0o600 })

/**
 * Puts it on disk with all that was done for the volume before: XFS writes its log in order. `syncNotes` is of their folder, and may
 * be one for several.
 */
export async function finishNote(
  place: Place,
  project: number,
  syncNotes: () => Promise<void>,
): Promise<void> {
  const draft = `${place.note}.new`
  const note: Note = { project, isMade: true }
  await writeFile(draft, JSON.stringify(note), { mode: 0o600, flush: true })
  await rename(draft, place.note)
  await syncNotes()
}

/** Of volumes that are there, and of those that were only begun. */
export async function notedNames(root: string): Promise<string[]> {
  const files = await readdir(join(root, 'notes'))
  return files
    .flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -5)] : []))
    .filter(isVolumeName)
    .toSorted()
}

/** What arrives for it first: when its home is there, it is whole. */
export async function makeFolders(place: Place): Promise<void> {
  await mkdir(place.uploads, { recursive: true, mode: 0o700 })
  await mkdir(place.home, { recursive: true, mode: 0o755 })
}

/**
 * Out of the export first, so that no node finds it any more; a node that still has it open reads what is left until it is
 * gone. The note goes last: cut anywhere, it is begun again.
 */
export async function purge(place: Place, mount: string): Promise<Purged> {
  const before = await statfs(place.folder).catch(() => undefined)
  const note = await readNote(place)
  if (before) await rename(place.folder, place.purging)
  await rm(place.purging, { recursive: true, force: true })
  if (note) await run(limitCommand(mount, note.project, 0))
  await rm(place.note, { force: true })
  const bytes = before ? (before.blocks - before.bfree) * before.bsize : 0
  return {
    ok: true,
    before: before ? { bytes, diskBytes: bytes } : null,
    after: {
      file: (await exists(place.folder)) || (await exists(place.purging)),
      mounted: false,
      listed: await exists(place.note),
    },
  }
}
