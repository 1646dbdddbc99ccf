/** Which of a server's slots shows what, by which number: on disk before anybody can see it, and gone from there before it goes. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isVolumeName } from './backend.ts'
import { syncFolder } from './local-file.ts'
import { unlessMissing } from './slots.ts'

const noteSchema = z.object({ volume: z.string().refine(isVolumeName), number: z.int() })
export type Note = z.infer<typeof noteSchema>

export type Notes = {
  /** @param names of all slots */
  start(names: string[]): Promise<void>
  all(): ReadonlyMap<string, Note>
  set(name: string, note: Note): Promise<void>
  remove(name: string): Promise<void>
}

export function notesIn(folder: string): Notes {
  const notes = new Map<string, Note>()
  const fileOf = (name: string): string => join(folder, `${name}.json`)
  return {
    async start(names) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      for (const name of names) {
        const text = await readFile(fileOf(name), 'utf8').catch(unlessMissing)
        if (text !== undefined) notes.set(name, noteSchema.parse(JSON.parse(text)))
      }
    },
    all: () => notes,
    async set(name, note) {
      const file = fileOf(name)
      await writeFile(`${file}.new`, JSON.stringify(note), { mode: 0o600, flush: true })
      await rename(`${file}.new`, file)
      await syncFolder(folder)
      notes.set(name, note)
    },
    async remove(name) {
      notes.delete(name)
      await rm(fileOf(name), { force: true })
      await syncFolder(folder)
    },
  }
}
