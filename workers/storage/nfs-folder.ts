/** One volume of the nfs backend on disk: its folder, what is noted of it, and how it is taken away. */
import { mkdir, open, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
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

export async function readNote(place: Place): Promise<Note | undefined> {
  const text = await readFile(place.note, 'utf8').catch(() => '')
  return text === '' ? undefined : noteSchema.parse(JSON.parse(text))
}

export async function writeNote(place: Place, note: Note): Promise<void> {
  const draft = `${place.note}.new`
  await writeFile(draft, JSON.stringify(note), { mode: 0o600, flush: true })
  await rename(draft, place.note)
  await syncFolder(dirname(place.note))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
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
  await syncFolder(place.folder)
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
