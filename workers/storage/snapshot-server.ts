/** What the agent answers about files as they were: which snapshots there are, taking and letting go of them, and bringing back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { RunLog } from '../terraform/context.ts'
import type { Answer } from './answer.ts'
import { type Backend, isSnapshotId, isVolumeName, type VolumePlace } from './backend.ts'
import { NoSuchFile, pathOf } from './files.ts'
import { bringBack, isFull, type RestoreFrom, sweepStaged } from './restore.ts'

/** full: there was no room for it, and nothing of it is there. */
export type Restore =
  | { state: 'going'; folder: null; name: null }
  | { state: 'done'; folder: string; name: string }
  | { state: 'full' | 'failed'; folder: null; name: null }

export type Restores = {
  /** The one that goes on, or ended a short while ago. */
  last(place: VolumePlace): Restore | null
  begin(place: VolumePlace, from: RestoreFrom): Promise<Answer>
  /** Lets go of what an agent that ended had begun, of all of these volumes, and only once; goes on by itself. */
  tidyOnce(names: string[], placeOf: (name: string) => Promise<VolumePlace | undefined>): void
}

const snapshotId = z.string().refine(isSnapshotId)
const keepWish = z.strictObject({ keep: z.int().min(0).max(100), take: snapshotId.nullable() })
const restored = {
  path: z.string().max(16_384),
  label: z.string().regex(/^[\w -]{1,40}$/),
}
/** From a snapshot, or from what the seat had before a reset. */
const restoreWish = z.union([
  z.strictObject({ snapshot: snapshotId, ...restored }),
  z.strictObject({ volume: z.string().refine(isVolumeName), ...restored }),
])
type RestoreWish = z.infer<typeof restoreWish>

/** Long enough for what most bring back; what takes longer goes on by itself. */
const ANSWER_MS = 5_000
const TOLD_MS = 15 * 60_000
const none = { folder: null, name: null }

/** One at a time for each volume. */
export function restoresOf(log: RunLog): Restores {
  const all = new Map<string, { restore: Restore; endedMs: number | null }>()
  let tidying: Promise<void> | undefined
  const tidyAll: (...of: Parameters<Restores['tidyOnce']>) => Promise<void> = async (
    names,
    placeOf,
  ) => {
    for (const name of names) {
      try {
        const place = await placeOf(name)
        if (place && all.get(place.home)?.restore.state !== 'going') await sweepStaged(place)
      } catch (error) {
        // The others all the same. Not in its own words: they may have names of a student's files.
        const { code } = error as NodeJS.ErrnoException
        log.error({ volume: name, code }, 'what was half brought back could not be removed')
      }
    }
  }
  const end = (home: string, restore: Restore): void =>
    void all.set(home, { restore, endedMs: performance.now() })
  return {
    last({ home }) {
      const found = all.get(home)
      if (!found) return null
      const isOld = found.endedMs !== null && performance.now() - found.endedMs > TOLD_MS
      if (isOld) all.delete(home)
      return isOld ? null : found.restore
    },
    tidyOnce(names, placeOf) {
      tidying ??= tidyAll(names, placeOf)
    },
    async begin(place, from) {
      const key = place.home
      if (all.get(key)?.restore.state === 'going') return { status: 409, body: { code: 'busy' } }
      all.set(key, { restore: { state: 'going', ...none }, endedMs: null })
      const begun = (tidying ?? Promise.resolve()).then(() => bringBack(place, from))
      const work = begun.then(
        (restored) => end(key, { state: 'done', ...restored }),
        (error: unknown) => {
          if (error instanceof NoSuchFile) {
            all.delete(key)
            throw error
          }
          // Not in its own words: they have names of a student's files.
          const { name, code } = error as NodeJS.ErrnoException
          if (!isFull(error)) log.error({ name, code }, 'what was kept could not be copied')
          end(key, { state: isFull(error) ? 'full' : 'failed', ...none })
        },
      )
      await Promise.race([work, sleep(ANSWER_MS, undefined, { ref: false })])
      return { status: 200, body: { restore: this.last(place) } }
    },
  }
}

/** `snapshots` is null where this backend has none. `name` is that of the volume. */
export async function onSnapshots(
  { place, name }: { place: VolumePlace; name: string },
  { backend, restores }: { backend: Pick<Backend, 'place'>; restores: Restores },
  { method, body }: { method: string | undefined; body: unknown },
): Promise<Answer> {
  const { snapshots } = place
  if (method === 'GET')
    return {
      status: 200,
      body: { snapshots: (await snapshots?.list()) ?? null, restore: restores.last(place) },
    }
  const asked = method === 'PUT' ? keepWish.safeParse(body) : restoreWish.safeParse(body)
  if (!asked.success) return { status: 400, body: { error: z.prettifyError(asked.error) } }
  if ('volume' in asked.data)
    return bringFormerBack({ place, name }, { backend, restores }, asked.data)
  if (!snapshots) return { status: 409, body: { code: 'none-here' } }
  if ('keep' in asked.data)
    return { status: 200, body: { snapshots: await snapshots.keep(asked.data), restore: null } }
  const { snapshot, path, label } = asked.data
  const homeThen = () => snapshots.home(snapshot)
  return restores.begin(place, { homeThen, path: pathOf(path), label })
}

/** Only of the same seat: one volume's files come into no other's. */
async function bringFormerBack(
  { place, name }: { place: VolumePlace; name: string },
  { backend, restores }: { backend: Pick<Backend, 'place'>; restores: Restores },
  { volume, path, label }: Extract<RestoreWish, { volume: string }>,
): Promise<Answer> {
  if (volume === name || seatOf(volume) !== seatOf(name))
    return { status: 400, body: { error: 'It is not of the same seat.' } }
  const homeThen = async () => (await backend.place(volume))?.home
  return restores.begin(place, { homeThen, path: pathOf(path), label })
}

const seatOf = (volume: string): string => volume.replace(/-g\d+$/, '')
