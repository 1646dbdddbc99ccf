/** Takes a volume of the local backend away for good, and looks whether it is gone. */
import { access, rename, rm, rmdir, stat } from 'node:fs/promises'
import type { Purged } from './backend.ts'
import { CommandError, emptyCommand, run, unmountCommand } from './command.ts'
import { exists, mountedDevice, type Place } from './local-file.ts'

/**
 * What is being purged is in no list any more, and begun again when this is cut. Its blocks are let go before its name is, so
 * that nothing can be read of it by who still has it open.
 */
export async function purge(place: Place): Promise<Purged> {
  const image = await stat(place.image).catch(() => undefined)
  await rename(place.note, place.purging).catch(ifMissing)
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
  for (const file of [place.image, place.making, place.purging]) await rm(file, { force: true })
  await rmdir(place.mount).catch(ifMissing)
  return {
    ok: true,
    before: image ? { bytes: image.size, diskBytes: image.blocks * 512 } : null,
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

function ifMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

function isBusy(error: unknown): true {
  if (error instanceof CommandError && /busy/i.test(error.message)) return true
  throw error
}
