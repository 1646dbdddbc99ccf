/** A volume that is what it is for good: what all seats of a course read, and none writes. */
import { access, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { VolumePlace } from './backend.ts'
import { run } from './command.ts'
import { kindOf, namesIn, statIn, withFolder } from './files.ts'

/** Each file is one step: 100,000 over a slow network take minutes. */
const CHMOD_MS = 60 * 60_000

const sealedSchema = z.object({ files: z.number(), bytes: z.number() })
export type Sealed = z.infer<typeof sealedSchema>

/** Beside the home, where no seat sees it. */
const markOf = ({ home }: VolumePlace): string => join(dirname(home), '.sealed')

export const isSealed = (place: VolumePlace): Promise<boolean> =>
  access(markOf(place)).then(
    () => true,
    () => false,
  )

/** Everybody may read it, and nothing comes into it again; once more, it answers what it was. */
export async function seal(place: VolumePlace): Promise<Sealed> {
  const mark = markOf(place)
  const known = await readFile(mark, 'utf8').catch(() => undefined)
  if (known !== undefined) return sealedSchema.parse(JSON.parse(known))
  // Whoever a student is in a seat; links are not followed.
  await run(['chmod', '-R', 'u=rwX,go=rX', place.home], { limitMs: CHMOD_MS })
  const sealed = await sumOf(place.home, [])
  await writeFile(`${mark}.new`, JSON.stringify(sealed), { mode: 0o600, flush: true })
  await rename(`${mark}.new`, mark)
  return sealed
}

async function sumOf(home: string, path: Buffer[]): Promise<Sealed> {
  const sum: Sealed = { files: 0, bytes: 0 }
  const folders = await withFolder(home, path, async (folder) => {
    const below: Buffer[] = []
    for (const name of await namesIn(folder)) {
      const stats = await statIn(folder, name)
      if (!stats) continue
      if (kindOf(stats) === 'folder') below.push(name)
      else sum.files += 1
      if (kindOf(stats) === 'file') sum.bytes += stats.size
    }
    return below
  })
  for (const name of folders) {
    const inside = await sumOf(home, [...path, name])
    sum.files += inside.files
    sum.bytes += inside.bytes
  }
  return sum
}
