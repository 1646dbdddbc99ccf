/** Takes a volume of the local backend away for good, and looks whether it is gone. */
import { access, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Purged } from './backend.ts'
import { CommandError, emptyCommand, run, unmountCommand } from './command.ts'
import { exists, mountedDevice, type Place, readNote, writeWhole } from './local-file.ts'

type Figures = { bytes: number; diskBytes: number }

/** In place of the note: what there was before anything of it went. One of an earlier version has no figures. */
const markSchema = z.object({
  before: z.object({ bytes: z.number(), diskBytes: z.number() }).optional(),
})

/**
 * What is being purged is in no list any more, and begun again when this is cut. Its blocks are let go before its name is, so
 * that nothing can be read of it by who still has it open. `hasToBe`: there has to be something of it, or this disk is not the one
 * that it is on.
 */
export async function purge(
  place: Place,
  { hasToBe }: { hasToBe?: boolean } = {},
): Promise<Purged> {
  const image = await stat(place.image).catch(ifMissing)
  const isBegun = await exists(place.purging)
  if (hasToBe && !image && !isBegun) return { ok: false, code: 'not-there' }
  const now = image && { bytes: image.size, diskBytes: image.blocks * 512 }
  const before = (await markedFigures(place)) ?? now ?? null
  if (!isBegun && (image || (await exists(place.note)))) await begin(place, now)
  await rm(place.note, { force: true })
  if (await mountedDevice(place)) {
    const isHeld = await run(unmountCommand(place.mount)).then(
      () => false,
      (error: unknown) => isBusy(error),
    )
    if (isHeld) {
      await rename(place.purging, place.note)
      return { ok: false, code: 'in-use' }
    }
  }
  if (image && image.size > 0) await run(emptyCommand(place.image, image.size))
  for (const file of [place.image, place.making]) await rm(file, { force: true })
  await rmdir(place.mount).catch(ifMissing)
  // Last: what is cut before is gone on with.
  for (const file of [`${place.purging}.new`, place.purging]) await rm(file, { force: true })
  return {
    ok: true,
    before,
    after: {
      file: await exists(place.image),
      mounted: (await mountedDevice(place)) !== undefined,
      listed: await access(place.note).then(
        () => true,
        () => false,
      ),
    },
  }
}

/** With what its note says, which it becomes again when something holds the volume. */
async function begin(place: Place, before: Figures | undefined): Promise<void> {
  await writeWhole(place.purging, JSON.stringify({ ...(await readNote(place)), before }))
}

async function markedFigures(place: Place): Promise<Figures | undefined> {
  const text = await readFile(place.purging, 'utf8').catch(ifMissing)
  try {
    return markSchema.parse(JSON.parse(text ?? '')).before
  } catch {
    return undefined
  }
}

function ifMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

function isBusy(error: unknown): true {
  if (error instanceof CommandError && /busy/i.test(error.message)) return true
  throw error
}
