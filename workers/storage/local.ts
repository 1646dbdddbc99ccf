/**
 * Backend `local`: a file system in a file for each volume, mounted through a loop device. Its size is the limit, on any
 * kernel. Each step may be the last one before a power cut: whatever is found is gone on with, and nothing is
 * ever formatted that has a name.
 */
import { mkdir, readdir, rm, stat, statfs, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Backend,
  type Ensured,
  isVolumeName,
  MIB,
  type Recreated,
  type Recreation,
  type VolumeSight,
} from './backend.ts'
import {
  BLOCK,
  CommandError,
  growCommand,
  lengthenCommand,
  reserveCommand,
  run,
  unmountCommand,
} from './command.ts'
import { purge } from './local-purge.ts'
import {
  exists,
  fileSystemBytes,
  isGone,
  isLetGo,
  keepFewBlocks,
  measure,
  mountImage,
  mountedDevice,
  type Place,
  placeOf,
  readNote,
  repair,
  syncFolder,
  writeNote,
} from './local-file.ts'
import { type Images, imagesIn } from './local-image.ts'
import { together } from '../together.ts'
import { type RootMark, rootMark } from './root-mark.ts'
import { turnsFor } from './turns.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

/** What a volume may be above its limit, and still be right. */
const EXACT_BYTES = MIB / 2
/** What is aimed at lies in the middle: a file in pieces takes a few blocks more than its length. */
const AIM_BYTES = EXACT_BYTES / 2
const ROUNDS = 8

type Means = { images: Images; syncNames(): Promise<void>; mark: RootMark }

export function localBackend({ root }: { root: string }): Backend {
  const images = imagesIn(root)
  /** The names of images are what must not be lost once somebody was told that they are there. */
  const syncNames = together(() => syncFolder(join(root, 'images')))
  const mark = rootMark(root)
  const means = { images, syncNames, mark }
  const inTurn = turnsFor((name) => placeOf(root, name))
  return {
    kind: 'local',
    async start() {
      await mkdir(join(root, 'images'), { recursive: true, mode: 0o700 })
      await mark.start(['images'])
      await images.start()
      // Seats of every user pass through these folders, and may list neither.
      await mkdir(join(root, 'mounts'), { recursive: true, mode: 0o711 })
      for (const name of await madeNames(root)) await inTurn(name, (place) => sight(place))
    },
    async list() {
      const sights: VolumeSight[] = []
      for (const name of await madeNames(root))
        sights.push(await inTurn(name, (place) => sight(place)))
      return sights
    },
    ensure: (wish) => inTurn(wish.name, (place) => ensure(place, wish, means)),
    recreate: (wish) => inTurn(wish.name, (place) => recreate(place, wish, means)),
    purge: (name, how) => inTurn(name, (place) => purge(place, how)),
    place: (name) =>
      inTurn(name, async (place) => {
        if ((await sight(place)).state !== 'ready') return undefined
        return {
          home: place.home,
          uploads: place.uploads,
          sight: () => inTurn(name, (one) => sight(one)),
        }
      }),
    async freeBytes() {
      const { bavail, bsize } = await statfs(root)
      return bavail * bsize
    },
    async trouble() {
      await statfs(root)
      return mark.trouble()
    },
    isUnused: mark.isUnused,
  }
}

/** Everything whose image was whole once. What was only begun is in no list, and begun again. */
async function madeNames(root: string): Promise<string[]> {
  const files = await readdir(join(root, 'images'))
  return files
    .flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -5)] : []))
    .filter(isVolumeName)
    .toSorted()
}

/** How a volume is now; mounted if it was not. `isMade`: just now, and mounted. */
async function sight(place: Place, isMade = false): Promise<VolumeSight> {
  const nothing = { name: place.name, limitBytes: null, usedBytes: null }
  if (!isMade && !(await exists(place.image))) return { ...nothing, state: 'missing' }
  try {
    if (!isMade) await mountImage(place)
    if (!(await exists(place.home)))
      return { ...nothing, state: 'damaged', problem: 'there is no home in it' }
    const { capacity, used, files } = await measure(place)
    return { name: place.name, state: 'ready', limitBytes: capacity, usedBytes: used, files }
  } catch (error) {
    return {
      ...nothing,
      state: 'damaged',
      problem: whyOf(error),
    }
  }
}

async function ensure(
  place: Place,
  { limitMb, isNew }: { limitMb: number; isNew: boolean },
  means: Means,
): Promise<Ensured> {
  if (await exists(place.purging)) throw new Error(`${place.name} is being purged.`)
  const note = await readNote(place)
  if (!note && !isNew && !(await exists(place.image)))
    return {
      ok: false,
      code: 'missing',
      volume: { name: place.name, state: 'missing', limitBytes: null, usedBytes: null },
    }
  if (!note) await make(place, limitMb, means)
  const before = await sight(place, !note)
  if (before.state !== 'ready') return { ok: false, code: before.state, volume: before }
  if (isExact(before, limitMb)) return { ok: true, volume: before }
  const refused = await fit(place, limitMb * MIB)
  if (!refused) await writeNote(place, { limitMb })
  const volume = await sight(place)
  return refused ? { ok: false, code: refused, volume } : { ok: true, volume }
}

/** Once its image is there, that is it. */
async function make(
  place: Place,
  limitMb: number,
  { images, syncNames, mark }: Means,
): Promise<void> {
  await mark.use()
  const isFresh = await isGone(place.image)
  if (isFresh) await images.make(place, limitMb)
  await mountImage(place, isFresh)
  await writeNote(place, { limitMb })
  await syncNames()
}

async function recreate(
  place: Place,
  { limitMb, isBegun, begin }: Recreation,
  means: Means,
): Promise<Recreated> {
  if (await exists(place.purging)) throw new Error(`${place.name} is being purged.`)
  const isThere = !(await isGone(place.image))
  if (isThere && !isBegun) return { ok: false, code: 'there' }
  // Its name was removed, and what is mounted has its files.
  if (!isThere && (await mountedDevice(place))) return { ok: false, code: 'in-use' }
  await begin()
  await make(place, limitMb, means)
  return { ok: true }
}

const isExact = ({ limitBytes }: VolumeSight, limitMb: number): boolean =>
  limitBytes !== null && limitBytes >= limitMb * MIB && limitBytes <= limitMb * MIB + EXACT_BYTES

/** Brings what it can hold to what it shall, while it is in use; answers why not. */
async function fit(place: Place, want: number): Promise<'below-use' | 'in-use' | undefined> {
  for (let round = 0; round < ROUNDS; round++) {
    const { capacity, used, ballast } = await measure(place)
    const over = capacity - want
    if (over >= 0 && over <= EXACT_BYTES) return undefined
    if (over > 0) {
      if (used > want) return 'below-use'
      await run(reserveCommand(place.ballast, ballast + over - AIM_BYTES))
    } else if (ballast > 0) {
      await lighten(place, Math.max(0, ballast + over - AIM_BYTES))
    } else if (!(await grow(place, -over))) return 'in-use'
  }
  throw new Error(`${place.name} did not come to ${want} bytes in ${ROUNDS} steps.`)
}

async function lighten(place: Place, bytes: number): Promise<void> {
  if (bytes === 0) await rm(place.ballast)
  else await truncate(place.ballast, bytes)
}

/** Lengthens file, device and file system; false when that must wait until no seat has it. */
async function grow(place: Place, missing: number): Promise<boolean> {
  const device = await mountedDevice(place)
  if (!device) return false
  // From what the file system is, not the file: one that could not follow yet is not lengthened at each try.
  const goal = (await fileSystemBytes(device)) + missing * 1.07 + 64 * 1024
  const { size } = await stat(place.image)
  if (size < goal) await truncate(place.image, Math.ceil(goal / BLOCK) * BLOCK)
  await run(lengthenCommand(device))
  try {
    await run(growCommand(device))
  } catch (error) {
    if (!(error instanceof CommandError) || !/permission denied/i.test(error.message)) throw error
    if (!(await growUnmounted(place))) return false
  }
  await keepFewBlocks(device)
  return true
}

/** Without the right to grow it online: for the moment it takes, and only while nobody has it. */
async function growUnmounted(place: Place): Promise<boolean> {
  await run(unmountCommand(place.mount))
  try {
    if (!(await isLetGo(place))) return false
    await repair(place.image)
    await run(growCommand(place.image))
    return true
  } finally {
    await mountImage(place)
  }
}
