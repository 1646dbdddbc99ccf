/**
 * Slots on an NFS server, in which nothing is mounted on any node: a slot is a folder of the server that its seat has mounted,
 * read-only; a person's volume is bound into it here, and exported by a number of its own. Clients find another file system there
 * and mount it by themselves, inside containers that run too (RFC 7530 §7.7). To take it out, its number is withdrawn: whatever a
 * client still has open is of no use from then on, and the number is never another's.
 */
import { mkdir, rmdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { SLOT_FILES } from '../../stacks/parts/names.ts'
import { CommandError, run, unmountCommand } from './command.ts'
import {
  type Export,
  exportBelow,
  exportsMark,
  exportsNow,
  isSameExport,
  isSameNumber,
  offer,
  withdraw,
  writeExports,
} from './exports.ts'
import { type MountLine, mountTable } from './mount-table.ts'
import { type Projects, projectsIn } from './projects.ts'
import { type Note, type Notes, notesIn } from './slot-notes.ts'
import {
  endView,
  giveToStudent,
  showReadOnly,
  type Slots,
  type SlotSet,
  type SlotSight,
  slotNames,
  unlessMissing,
} from './slots.ts'

/** `fsid`s of exports(5), out of the way of what an administrator would number by hand. */
const FIRST_NUMBER = 0x4c500000

export type ServedSlots = Slots & {
  /** Exports again what is not exported any more. Cheap while nothing changed. */
  follow(): Promise<void>
}

type Home = (volume: string) => Promise<string | undefined>

/** @param homeOf a volume's home; undefined while it is not ready */
export function servedSlots(root: string, homeOf: Home): ServedSlots {
  const places = placesIn(root)
  const notes = notesIn(join(root, 'slot-notes'))
  const means = { places, notes, numbers: projectsIn(join(root, 'slot-numbers.json')), homeOf }
  const begin = once(() => beginSlots(means))
  /** One after the other: exportfs has one table. */
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
  const begunInTurn = <T>(work: () => Promise<T>): Promise<T> => inTurn(() => begin().then(work))
  let mark = ''
  return {
    async start() {
      if ((await slotNames(places)).length > 0) await inTurn(begin)
    },
    async follow() {
      const seen = await exportsMark()
      if (seen === mark || (await slotNames(places)).length === 0) return
      await begunInTurn(() => bringExports(places, notes))
      mark = seen
    },
    list: () => listSlots(places, notes),
    async isShown(volume) {
      const isNoted = [...notes.all().values()].some((note) => note.volume === volume)
      return isNoted || (await shownMounts(places)).some((mount) => volumeIn(mount) === volume)
    },
    set: (name, volume) => begunInTurn(() => setSlot(means, name, volume)),
    remove: (name) =>
      begunInTurn(async () => {
        await clear(places, notes, name)
        await rmdir(join(places.folders, name)).catch(unlessMissing)
        return { ok: true }
      }),
  }
}

type Means = { places: Places; notes: Notes; numbers: Projects; homeOf: Home }

async function setSlot(
  { places, notes, numbers, homeOf }: Means,
  name: string,
  volume: string | null,
): Promise<SlotSet> {
  await mkdir(join(places.folders, name), { recursive: true, mode: 0o755 })
  const isNoted = volume !== null && notes.all().get(name)?.volume === volume
  if (!isNoted) await clear(places, notes, name)
  if (volume === null) return { ok: true }
  const home = await homeOf(volume)
  if (home === undefined) return { ok: false, code: 'not-ready' }
  await bind(places, name, home)
  if (!isNoted) await notes.set(name, { volume, number: FIRST_NUMBER + (await numbers.next()) })
  await bringExports(places, notes)
  const isOut = (await exportsNow()).some(({ path }) => path === filesIn(places, name))
  return isOut ? { ok: true } : { ok: false, code: 'not-ready' }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined
      throw error
    })
    return done
  }
}

type Places = ReturnType<typeof placesIn>

const placesIn = (root: string) => ({
  volumes: join(root, 'volumes'),
  folders: join(root, 'slot-folders'),
  view: join(root, 'slot-view'),
  /** The folders as nodes find them. */
  shown: join(root, 'volumes', 'slots'),
})
const filesIn = ({ shown }: Places, name: string): string => join(shown, name, SLOT_FILES)

/** Also after a restart of the machine. What is noted was shown; what is not was about to go. */
async function beginSlots({ places, notes, numbers, homeOf }: Means): Promise<void> {
  const { folders, view, shown } = places
  for (const one of [folders, view, shown]) await mkdir(one, { recursive: true, mode: 0o711 })
  if (!(await mountTable()).some((mount) => mount.at === shown)) await showReadOnly(places)
  // What is mounted in one of these two would else be in the other, too.
  await run(['mount', '--make-private', shown])
  await endView(view)
  const names = await slotNames(places)
  await notes.start(names)
  const noted = notes.all()
  await numbers.start([...noted.values()].map(({ number }) => number - FIRST_NUMBER))
  for (const name of names) {
    const note = noted.get(name)
    const home = note && (await homeOf(note.volume))
    if (home) await bind(places, name, home)
    if (!note) await clear(places, notes, name)
  }
  await bringExports(places, notes)
  // Who was killed may have exported one without saying so to clients.
  await lookAgain(places, noted.keys())
}

async function listSlots(places: Places, of: Notes): Promise<SlotSight[]> {
  const notes = of.all()
  const [mounts, exports, names] = await Promise.all([
    shownMounts(places),
    exportsNow(),
    slotNames(places),
  ])
  const wanted = wantedExports(places, { notes, mounts, exports })
  return names.map((name) => {
    const at = filesIn(places, name)
    const isThere = wanted.some(
      (one) => one.path === at && exports.some((other) => isSameNumber(one, other)),
    )
    const isEmpty = !notes.has(name) && [...mounts, ...exports].every((one) => placeOf(one) !== at)
    const volume = isThere ? (notes.get(name)?.volume ?? '') : isEmpty ? null : ''
    return { name, volume, isEverywhere: true }
  })
}

const placeOf = (one: MountLine | Export): string => ('at' in one ? one.at : one.path)

const shownMounts = async ({ shown }: Places): Promise<MountLine[]> =>
  (await mountTable()).filter(({ at }) => at.startsWith(`${shown}/`))

/** Of a mount; undefined when it is the home of no volume, or of one that is being purged. */
const volumeIn = ({ root }: MountLine): string | undefined =>
  /\/volumes\/([^/]+)\/home$/.exec(root)?.[1]

/** There are two only when one was cut while it mounted. */
async function bind(places: Places, name: string, home: string): Promise<void> {
  await mkdir(join(places.folders, name, SLOT_FILES), { recursive: true, mode: 0o755 })
  await giveToStudent(home)
  const at = filesIn(places, name)
  const here = (await shownMounts(places)).filter((mount) => mount.at === at)
  if (here.length === 1 && home.endsWith(`/volumes/${volumeIn(here[0]!)}/home`)) return
  await unmount(places, name)
  await run(['mount', '--bind', home, at])
}

/** Withdrawn first. What the server still has open for a client keeps a mount: it goes out of the tree all the same. */
async function unmount(places: Places, name: string): Promise<void> {
  const at = filesIn(places, name)
  while ((await mountTable()).some((mount) => mount.at === at))
    await run(unmountCommand(at)).catch(async (error: unknown) => {
      if (!(error instanceof CommandError) || !/busy/i.test(error.message)) throw error
      await run(['umount', '--lazy', at])
    })
}

/** The note goes first: killed after that, the rest is done at the next start. */
async function clear(places: Places, notes: Notes, name: string): Promise<void> {
  if (notes.all().has(name)) await notes.remove(name)
  await bringExports(places, notes)
  await unmount(places, name)
  await rmdir(join(places.folders, name, SLOT_FILES)).catch(unlessMissing)
}

/** To whom all volumes are exported: of slots, what is mounted there and noted. */
function wantedExports(
  { volumes, shown }: Places,
  of: { notes: ReadonlyMap<string, Note>; mounts: MountLine[]; exports: Export[] },
): Export[] {
  const bound = new Map(of.mounts.map((mount) => [mount.at, volumeIn(mount)]))
  const ready = [...of.notes].flatMap(([name, { volume, number }]) => {
    const path = join(shown, name, SLOT_FILES)
    return bound.get(path) === volume ? [{ path, number, isReadOnly: false }] : []
  })
  const all = [{ path: shown, number: FIRST_NUMBER, isReadOnly: true }, ...ready]
  const whole = of.exports.filter(({ path }) => path === volumes)
  return whole.flatMap((one) => all.map((each) => exportBelow(one, each)))
}

/** What is to go goes first. */
async function bringExports(places: Places, notes: Notes): Promise<void> {
  const { shown } = places
  const [mounts, exports] = await Promise.all([shownMounts(places), exportsNow()])
  const wanted = wantedExports(places, { notes: notes.all(), mounts, exports })
  const there = exports.filter(({ path }) => path === shown || path.startsWith(`${shown}/`))
  const gone = there.filter((one) => !wanted.some((other) => isSameNumber(one, other)))
  const missing = wanted.filter((one) => !there.some((other) => isSameExport(one, other)))
  if (gone.length + missing.length === 0) return
  await writeExports(wanted)
  for (const one of gone) await withdraw(one)
  for (const one of missing) await offer(one)
  const names = missing.map(({ path }) => path.slice(shown.length + 1, -SLOT_FILES.length - 1))
  await lookAgain(places, new Set(names.filter(Boolean)))
}

/** Clients look up again what is in a folder that changed, and a mount changes none. */
async function lookAgain({ folders }: Places, names: Iterable<string>): Promise<void> {
  for (const name of names) await utimes(join(folders, name), new Date(), new Date())
}
