/** One volume of the cephfs backend on this machine: its key, where it is mounted, and how it is taken away. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Purged } from './backend.ts'
import { attributeCommand, CLIENT, mountCommand, STILL_HELD } from './ceph-command.ts'
import type { CephKeeper, Way } from './ceph-keeper.ts'
import { answerOf, SilentError } from './client-answer.ts'
import { CommandError, run, unmountCommand } from './command.ts'
import { exists, writeWhole } from './local-file.ts'

export { exists }

export type Place = ReturnType<typeof placeOf>

export function placeOf(root: string, name: string) {
  const mount = join(root, 'mounts', name)
  return {
    name,
    mount,
    /** What the seat sees. Only there while the volume is mounted. */
    home: join(mount, 'home'),
    /** Outside what the seat sees, and within its limit. */
    uploads: join(mount, 'uploads'),
    /** Its own user's: opens this volume and nothing else. */
    keyring: join(root, 'keys', `${name}.keyring`),
    /** Held by the client that keeps it mounted. */
    lock: join(root, 'keys', `${name}.lock`),
    /** Where in Ceph it is; written last, so that who finds it has the key, too. */
    note: join(root, 'keys', `${name}.json`),
  }
}

const MOUNT_MS = 15_000
const LOOK_MS = 50
const DEAD = new Set(['ENOTCONN', 'ESHUTDOWN', 'ESTALE', 'ECONNABORTED', 'ETIMEDOUT', 'EACCES'])

/**
 * dead: its client ended, or Ceph let go of it; whoever has it open has to open it anew. silent: its client waits, for a Ceph that is
 * away or for good.
 */
export async function mountState(
  place: Place,
  patientMs?: number,
): Promise<'mounted' | 'dead' | 'silent' | 'none'> {
  try {
    const above = await stat(dirname(place.mount))
    const own = await answerOf(place.mount, () => stat(place.mount), patientMs)
    return own.dev === above.dev ? 'none' : 'mounted'
  } catch (error) {
    if (error instanceof SilentError) return 'silent'
    const code = (error as NodeJS.ErrnoException).code ?? ''
    // Either there is no such folder, or what is mounted on it was removed in Ceph.
    if (code === 'ENOENT') return (await isInTable(place.mount)) ? 'dead' : 'none'
    if (DEAD.has(code)) return 'dead'
    throw error
  }
}

/** Long where there are many: looked at only when the folder does not say. */
async function isInTable(folder: string): Promise<boolean> {
  const table = await readFile('/proc/self/mounts', 'utf8')
  return table.split('\n').some((line) => line.split(' ')[1] === folder)
}

/** Who keeps them, and the configuration of Ceph that clients of this machine read. */
export type Source = { keeper: CephKeeper; configFile: string; endings?: Endings }

/**
 * Volumes whose purge has begun, as agents of all machines know it. Ceph makes a key anew for whoever asks, also between the end of a
 * volume's key and of its files; once its files are gone only Ceph's administrator can take that key away.
 */
export type Endings = {
  has(name: string): Promise<boolean>
  /** Twice does no harm, as with `end`. */
  begin(name: string): Promise<void>
  end(name: string): Promise<void>
}

/** Mounted with its own key, which is asked for where it was never mounted on this machine. */
export async function mountVolume(of: Source, place: Place, patientMs?: number): Promise<void> {
  const state = await mountState(place, patientMs)
  if (state === 'mounted') return
  if (state === 'silent') await endSilent(of, place)
  if (state === 'silent' || state === 'dead') await letGoDead(place)
  await mkdir(place.mount, { recursive: true, mode: 0o711 })
  const noted = await notedWay(place)
  const mountAs = (way: Way) => mountAt(of, place, way, patientMs)
  if (noted === undefined) return mountAs(await fetchKey(of, place))
  // One that was purged and made anew has another key, elsewhere.
  await mountAs(noted).catch(async () => mountAs(await fetchKey(of, place)))
}

/** While a client of before is on its way, since who asked for it has ended, or ends: until it is there, or gone. */
async function mountAt(
  of: Source,
  place: Place,
  way: Way,
  patientMs: number | undefined,
): Promise<void> {
  const { name, keyring, lock, mount: folder } = place
  for (let waited = 0; (await mountState(place, patientMs)) !== 'mounted'; waited += LOOK_MS) {
    try {
      const snapFolder = await snapFolderOf(place)
      await run(mountCommand(of, { name, keyring, lock, folder, snapFolder, ...way }))
      return
    } catch (error) {
      const isHeld = error instanceof CommandError && error.code === STILL_HELD
      if (!isHeld || waited > MOUNT_MS) throw error
      await sleep(LOOK_MS)
    }
  }
}

/**
 * Known to who has the volume's key alone: a seat cannot come to its snapshots by itself. A client that is asked to look into one and to
 * remove it at the same time shows for a while what is there now.
 */
export async function snapFolderOf({ keyring }: Place): Promise<string> {
  const text = await readFile(keyring)
  return `.${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
}

/** Programs that have it open still hold its client: the next is another's, with a lock of its own. */
async function letGoDead(place: Place): Promise<void> {
  await run(['umount', '--lazy', place.mount])
  await rm(place.lock, { force: true })
}

/**
 * Ends a client that does not answer, where there is nothing left to wait for. Throws SilentError otherwise: who waits for a Ceph that is
 * away goes on once it is back.
 */
async function endSilent(of: Source, place: Place): Promise<void> {
  const isOver =
    (await of.endings?.has(place.name)) ||
    !(await of.keeper.find(place.name)) ||
    (await isOfBefore(of, place))
  if (!isOver) throw new SilentError(place.mount)
  endClients(place.mount)
}

/** It was purged and made anew: what is mounted is the one of before. */
async function isOfBefore({ keeper }: Source, place: Place): Promise<boolean> {
  const noted = await notedWay(place)
  return noted !== undefined && (await keeper.open(place.name)).way.path !== noted.path
}

/**
 * Of a volume that is no more: one that was put out may wait on for good, also when nothing is mounted any more. Looked for without the
 * threads of this process, which may all be waiting for such clients.
 */
export function endClients(mount: string): void {
  for (const pid of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    const words = wordsOf(pid)
    if (words[0] === CLIENT && words.includes(mount)) endNow(Number(pid))
  }
}

/** Of its command line; none of a process that has ended meanwhile. */
function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Unless it has ended. */
function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const noteSchema = z.object({
  path: z.string(),
  fileSystem: z.string(),
  monitors: z.string().optional(),
})

/** Undefined where it was never mounted, or by an agent that wrote less down: then its key is asked for once more. */
export async function notedWay(place: Pick<Place, 'note'>): Promise<Way | undefined> {
  const text = await readFile(place.note, 'utf8').catch(() => '')
  return text === '' ? undefined : noteSchema.safeParse(JSON.parse(text)).data
}

/** Kept where root alone reads it, and told to nobody. */
async function fetchKey({ keeper, endings }: Source, place: Place): Promise<Way> {
  if (await endings?.has(place.name)) throw new Error(`${place.name} is being purged.`)
  const { key, way } = await keeper.open(place.name)
  await writeWhole(place.keyring, `[client.${place.name}]\n\tkey = ${key}\n`)
  await writeWhole(place.note, JSON.stringify(way))
  return way
}

/** Also of one that others have taken away: then there is nothing to open any more. */
export async function letGo(
  of: Source,
  place: Place,
  patientMs?: number,
): Promise<'let-go' | 'in-use'> {
  const state = await mountState(place, patientMs)
  if (state === 'silent') await endSilent(of, place)
  if (state === 'silent' || state === 'dead') await letGoDead(place)
  if (state === 'mounted') {
    try {
      await run(unmountCommand(place.mount))
    } catch (error) {
      if (error instanceof CommandError && /busy/i.test(error.message)) return 'in-use'
      throw error
    }
  }
  for (const file of [place.note, place.keyring, place.lock])
    for (const one of [file, `${file}.new`]) await rm(one, { force: true })
  await rmdir(place.mount).catch(ifMissing)
  return 'let-go'
}

/** Of the mounted volume, as its client knows it: `ceph.quota.max_bytes`, `ceph.dir.rbytes`. */
export async function attribute(place: Place, name: string): Promise<number> {
  return attributeOf(place.mount, name)
}

/** `ceph.dir.rctime` is in seconds, with a fraction. */
export async function attributeOf(folder: string, name: string): Promise<number> {
  return Number(await run(attributeCommand(folder, name)))
}

/**
 * Its key ends before its files do: whoever holds it, here or on another node, is put out, finds nothing with it again, and asks for no
 * other. Cut anywhere, it is begun again.
 */
export async function purge(of: Source, place: Place): Promise<Purged> {
  const { keeper, endings } = of
  const before = await keeper.find(place.name)
  // Who has it mounted hears of its use sooner than the manager.
  const isMounted = (await mountState(place)) === 'mounted'
  const seen = isMounted ? (await answerOf(place.mount, () => stat(place.mount))).size : 0
  if ((await letGo(of, place)) === 'in-use') return { ok: false, code: 'in-use' }
  const snapshots = (before && (await keeper.snapshots?.names(place.name))) ?? []
  if (before) {
    await endings?.begin(place.name)
    await keeper.remove(place.name)
  }
  await endings?.end(place.name)
  endClients(place.mount)
  const bytes = Math.max(before?.usedBytes ?? 0, seen)
  return {
    ok: true,
    before: before ? { bytes, diskBytes: bytes, snapshots: snapshots.length } : null,
    after: {
      file: (await keeper.find(place.name)) !== undefined,
      mounted: (await mountState(place)) !== 'none',
      listed: await exists(place.keyring),
      snapshots: ((await keeper.snapshots?.names(place.name)) ?? []).length > 0,
    },
  }
}

function ifMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
