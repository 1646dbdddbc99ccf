/**
 * Slots: for each seat that may show its holder's own volume, a folder in which nobody can write, onto which that volume is mounted
 * while the seat runs. A mount made here appears in containers that run already (`rslave`, mount_namespaces(7)). What is
 * mounted where is asked of the kernel alone, so that after a kill nothing has to be remembered.
 */
import { chown, mkdir, readdir, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError, run, unmountCommand } from './command.ts'
import { type MountLine, mountTable } from './mount-table.ts'

/** `volume` is null when nothing is mounted there, and empty when it is nothing that can be read. */
export type SlotSight = {
  name: string
  volume: string | null
  /** Every machine on which the seat may run shows the same. */
  isEverywhere: boolean
}

/**
 * in-use: programs of its seat have what is mounted there open; not-ready: the volume is not there; spreading: done here, and not
 * on every machine yet.
 */
export type SlotSet = { ok: true } | { ok: false; code: 'in-use' | 'not-ready' | 'spreading' }

export type Slots = {
  /** Also after a restart of the machine; what is mounted already stays. */
  start(): Promise<void>
  list(): Promise<SlotSight[]>
  /** Whether any slot shows it. */
  isShown(volume: string): Promise<boolean>
  /** Makes the slot if it is new, and has it show this volume, or nothing. */
  set(name: string, volume: string | null): Promise<SlotSet>
  remove(name: string): Promise<SlotSet>
}

/** `lp-<installation>-<course8>-s017`: the name of the seat's service. */
export const isSlotName = (name: string): boolean =>
  /^lp-[a-z0-9]{8}-[a-z0-9]{8}-s\d{3,}$/.test(name)

/** Of the student in every environment (scripts/images/seat/login.go). */
const STUDENT = 1000

/** @param homeOf a volume's home; undefined while it is not ready */
export function slotsIn(
  root: string,
  homeOf: (volume: string) => Promise<string | undefined>,
): Slots {
  const places = placesIn(root)
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(name) ?? Promise.resolve()).then(work)
    turns.set(
      name,
      turn.catch(() => {}),
    )
    return turn
  }
  let begun: Promise<void> | undefined
  const begin = (): Promise<void> => {
    begun ??= showSlots(places).catch((error: unknown) => {
      begun = undefined
      throw error
    })
    return begun
  }
  return {
    async start() {
      if ((await slotNames(places)).length > 0) await begin()
    },
    list: () => listSlots(places),
    async isShown(volume) {
      return (await listSlots(places)).some((slot) => slot.volume === volume)
    },
    set: (name, volume) =>
      inTurn(name, async () => {
        // With the first slot: an agent that has none mounts nothing for them.
        await begin()
        return setSlot(places, { name, volume, homeOf })
      }),
    remove: (name) =>
      inTurn(name, async () => {
        if (!(await clear(places, name))) return { ok: false, code: 'in-use' }
        await rmdir(join(places.folders, name)).catch(unlessMissing)
        return { ok: true }
      }),
  }
}

type Places = ReturnType<typeof placesIn>

const placesIn = (root: string) => ({
  volumes: join(root, 'mounts/'),
  folders: join(root, 'slot-folders'),
  view: join(root, 'slot-view'),
  /** What seats' services name. */
  shown: join(root, 'slots'),
})

async function listSlots(places: Places): Promise<SlotSight[]> {
  const [mounts, names] = await Promise.all([mountsIn(places), slotNames(places)])
  const volumes = new Map(mounts.map(({ at, volume }) => [at, volume]))
  return names.map((name) => {
    const volume = volumes.get(join(places.shown, name)) ?? null
    return { name, volume, isEverywhere: true }
  })
}

async function setSlot(
  places: Places,
  of: {
    name: string
    volume: string | null
    homeOf: (volume: string) => Promise<string | undefined>
  },
): Promise<SlotSet> {
  const { name, volume } = of
  await mkdir(join(places.folders, name), { recursive: true, mode: 0o755 })
  const at = join(places.shown, name)
  const here = (await mountsIn(places)).filter((mount) => mount.at === at)
  const isOnly = here.length === 1 && here[0]?.volume === volume
  if (volume === null ? here.length === 0 : isOnly) return { ok: true }
  const home = volume === null ? undefined : await of.homeOf(volume)
  if (volume !== null && home === undefined) return { ok: false, code: 'not-ready' }
  if (!(await clear(places, name))) return { ok: false, code: 'in-use' }
  if (home === undefined) return { ok: true }
  await giveToStudent(home)
  await run(['mount', '--bind', home, at])
  return { ok: true }
}

/** There are two only when one was cut while it mounted. False while a program has it open. */
async function clear(places: Places, name: string): Promise<boolean> {
  const at = join(places.shown, name)
  while ((await mountsIn(places)).some((mount) => mount.at === at))
    if (!(await letGo(at))) return false
  return true
}

/** Seats of every user pass through these folders, and may not list them. */
async function showSlots(places: Places): Promise<void> {
  const { folders, view, shown } = places
  for (const one of [folders, view, shown]) await mkdir(one, { recursive: true, mode: 0o711 })
  const isShown = (await mountsIn(places)).some((mount) => mount.at === shown)
  if (!isShown) await showReadOnly({ folders, view, shown })
  await run(['mount', '--make-shared', shown])
  await endView(view)
}

/** Left by who was killed while it showed them. */
export async function endView(view: string): Promise<void> {
  while ((await mountTable()).some((mount) => mount.at === view)) await run(unmountCommand(view))
}

/**
 * Made read-only before anybody sees it: the flag of a mount does not follow it to other namespaces later. Else what a student's
 * programs write before their volume is there would be on the machine's disk, without limit, and gone.
 */
export async function showReadOnly(of: {
  folders: string
  view: string
  shown: string
}): Promise<void> {
  await run(['mount', '--bind', of.folders, of.view])
  // Where the root's own mount is shared, what is mounted on a slot would be mounted in these folders, too.
  await run(['mount', '--make-private', of.view])
  await run(['mount', '-o', 'remount,bind,ro,nosuid,nodev', of.view])
  await run(['mount', '--bind', of.view, of.shown])
}

/** Once: afterwards it is the student's, who may give it whatever rights. */
export async function giveToStudent(home: string): Promise<void> {
  if ((await stat(home)).uid === 0) await chown(home, STUDENT, STUDENT)
}

async function letGo(folder: string): Promise<boolean> {
  try {
    await run(unmountCommand(folder))
    return true
  } catch (error) {
    if (!(error instanceof CommandError) || !/busy/i.test(error.message)) throw error
    if (!(await isDead(folder))) return false
    // Whoever has it open gets errors, whatever is done: the seat shall have what is there.
    await run(['umount', '--lazy', folder])
    return true
  }
}

/** Of a file system whose client ended or was put out: nobody can read it any more. */
const DEAD = new Set(['ENOTCONN', 'ESHUTDOWN', 'ESTALE'])

async function isDead(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => false,
    (error: NodeJS.ErrnoException) => DEAD.has(error.code ?? ''),
  )
}

/** `volume`: of whose file system it is a part; empty for another. */
type Mount = MountLine & { volume: string }

/** The kernel's table, in which a volume's folder elsewhere is told by its device. */
async function mountsIn({ volumes }: Places): Promise<Mount[]> {
  const all = await mountTable()
  const volumeOf = new Map(
    all.flatMap(({ at, device }) =>
      at.startsWith(volumes) ? [[device, at.slice(volumes.length)] as const] : [],
    ),
  )
  return all.map((one) => ({ ...one, volume: volumeOf.get(one.device) ?? '' }))
}

export async function slotNames({ folders }: { folders: string }): Promise<string[]> {
  const names = await readdir(folders).catch(unlessMissing)
  return (names ?? []).filter(isSlotName).toSorted()
}

export function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
