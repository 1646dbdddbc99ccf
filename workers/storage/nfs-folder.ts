/** One volume of the nfs backend on disk: its folder, what is noted of it, and how it is taken away. */
import { mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isVolumeName, type Purged } from './backend.ts'
import { limitCommand, run } from './command.ts'
import { exists, writeWhole } from './local-file.ts'

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
const noteSchema = z.object({
  project: z.int(),
  isMade: z.boolean(),
  /** Its purge has begun: so much was in it before anything of it went. */
  purging: z.object({ bytes: z.number() }).optional(),
})
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

async function usedIn(folder: string): Promise<{ bytes: number } | undefined> {
  if (!(await exists(folder))) return undefined
  const { blocks, bfree, bsize } = await statfs(folder)
  return { bytes: (blocks - bfree) * bsize }
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
 * gone. The note goes last: cut anywhere, it is begun again, and says the same. `hasToBe`: there has to be something of it, or this
 * disk is not the one that it is on.
 */
export async function purge(
  place: Place,
  { mount, hasToBe }: { mount: string; hasToBe?: boolean },
): Promise<Purged> {
  const note = await readNote(place)
  const isThere = await exists(place.folder)
  const isMoved = await exists(place.purging)
  if (hasToBe && !isThere && !isMoved && !note?.purging) return { ok: false, code: 'not-there' }
  const before = note?.purging ?? (await usedIn(isMoved ? place.purging : place.folder))
  if (note && before && !note.purging)
    await writeWhole(place.note, JSON.stringify({ ...note, purging: before } satisfies Note))
  if (isThere) await rename(place.folder, place.purging)
  await rm(place.purging, { recursive: true, force: true })
  if (note) await run(limitCommand(mount, note.project, 0))
  await rm(place.note, { force: true })
  return {
    ok: true,
    before: before ? { bytes: before.bytes, diskBytes: before.bytes } : null,
    after: {
      file: (await exists(place.folder)) || (await exists(place.purging)),
      mounted: false,
      listed: await exists(place.note),
    },
  }
}
