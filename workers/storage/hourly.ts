/** What is left of uploads and imports that nobody goes on with counts on a student's disk: looked for each hour, in each volume that is there. */
import type { RunLog } from '../terraform/context.ts'
import type { VolumePlace } from './backend.ts'
import type { Imports } from './import.ts'
import { sweepUploads } from './uploads.ts'

const EVERY_MS = 60 * 60_000

export type Hourly = {
  /** Begins when it is time, and goes on by itself, one volume after another. */
  look(names: string[], placeOf: (name: string) => Promise<VolumePlace | undefined>): void
}

export function hourlyTidying(of: { imports: Imports; log: RunLog; now: () => number }): Hourly {
  let begunMs = -Infinity
  let isGoing = false
  const tidy = async (...[names, placeOf]: Parameters<Hourly['look']>): Promise<void> => {
    for (const name of names) {
      try {
        const place = await placeOf(name)
        if (!place) continue
        await sweepUploads(place, of.now())
        await of.imports.tidy(place)
      } catch (error) {
        // The others all the same. Not in its own words: they may have names of a student's files.
        const { code } = error as NodeJS.ErrnoException
        of.log.error({ volume: name, code }, 'what is left of uploads could not be removed')
      }
    }
  }
  return {
    look(names, placeOf) {
      if (isGoing || of.now() - begunMs < EVERY_MS) return
      begunMs = of.now()
      isGoing = true
      void tidy(names, placeOf).finally(() => (isGoing = false))
    },
  }
}
