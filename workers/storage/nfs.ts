/**
 * Backend `nfs`: a folder for each volume on an XFS that counts projects, exported to the nodes of a pool; its project's
 * limit is the volume's. The agent runs where the disk is. What is noted first is its project: a number is never two
 * volumes'. Each step may be the last one before a power cut: whatever is found is gone on with.
 */
import { mkdir, readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Backend,
  type Ensured,
  MIB,
  type Recreated,
  type Recreation,
  type VolumeSight,
} from './backend.ts'
import { together } from '../together.ts'
import { filesFor, holdCommand, limitCommand, run } from './command.ts'
import { isGone, syncFolder } from './local-file.ts'
import {
  beginNote,
  exists,
  finishNote,
  makeFolders,
  notedNames,
  type Place,
  placeOf,
  purge,
  readNote,
} from './nfs-folder.ts'
import { type Projects, projectsIn } from './projects.ts'
import { nfsAnswers } from './nfs-call.ts'
import { type RootMark, rootMark } from './root-mark.ts'
import { turnsFor } from './turns.ts'

type Means = {
  /** Bytes that each volume is held to, once it is held to as many files, too. */
  held: Map<string, number>
  mountPoint(): string
  projects: Projects
  mark: RootMark
  syncNotes(): Promise<void>
}

export function nfsBackend({ root }: { root: string }): Backend {
  let mount = ''
  const projects = projectsIn(join(root, 'projects.json'))
  const inTurn = turnsFor((name) => placeOf(root, name))
  const syncNotes = together(() => syncFolder(join(root, 'notes')))
  const mark = rootMark(root)
  const means: Means = { held: new Map(), mountPoint: () => mount, projects, mark, syncNotes }
  return {
    kind: 'nfs',
    async start() {
      mount = await countingMount(root)
      await mkdir(join(root, 'notes'), { recursive: true, mode: 0o700 })
      await mkdir(join(root, 'purging'), { recursive: true, mode: 0o700 })
      await mkdir(join(root, 'volumes'), { recursive: true, mode: 0o711 })
      await mark.start(['notes', 'volumes'])
      const noted: number[] = []
      for (const name of await notedNames(root))
        noted.push((await readNote(placeOf(root, name)))?.project ?? 0)
      await projects.start(noted)
    },
    async list() {
      const sights: VolumeSight[] = []
      for (const name of await notedNames(root)) {
        const seen = await inTurn(name, async (place) =>
          (await readNote(place))?.isMade ? heldSight(place, means) : undefined,
        )
        if (seen) sights.push(seen)
      }
      return sights
    },
    ensure: (wish) => inTurn(wish.name, (place) => ensure(place, wish, means)),
    recreate: (wish) => inTurn(wish.name, (place) => recreate(place, wish, means)),
    purge: (name, how) => inTurn(name, (place) => purge(place, { mount, ...how })),
    place: (name) =>
      inTurn(name, async (place) => {
        if ((await sight(place)).state !== 'ready') return undefined
        return { home: place.home, uploads: place.uploads, sight: () => inTurn(name, sight) }
      }),
    async freeBytes() {
      const { bavail, bsize } = await statfs(root)
      return bavail * bsize
    },
    async trouble() {
      await statfs(root)
      const trouble = await mark.trouble()
      if (trouble !== undefined) return trouble
      return (await nfsAnswers('127.0.0.1')) ? undefined : 'its NFS server does not answer'
    },
    isUnused: mark.isUnused,
  }
}

/** Without it every limit is void, and nothing says so. */
async function countingMount(root: string): Promise<string> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  const mounts = lines.map((line) => line.split(' ')).filter(([, at = '']) => isBelow(root, at))
  const [, at = '', type, options = ''] = mounts.toSorted(
    (a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0),
  )[0] ?? ['']
  if (type !== 'xfs' || !/(^|,)(prjquota|pquota)(,|$)/.test(options))
    throw new Error(
      `${root} is not on an XFS that is mounted with "prjquota": volumes would have no limit.`,
    )
  return at
}

const isBelow = (path: string, at: string): boolean =>
  at === '/' || path === at || path.startsWith(`${at}/`)

/** What a program in it sees, too: XFS says of a project's folder what the project may take. */
async function sight(place: Place): Promise<VolumeSight> {
  const nothing = { name: place.name, limitBytes: null, usedBytes: null }
  if (!(await exists(place.folder))) return { ...nothing, state: 'missing' }
  if (!(await exists(place.home)))
    return { ...nothing, state: 'damaged', problem: 'there is no home in it' }
  const { blocks, bfree, bsize, files, ffree } = await statfs(place.home)
  return {
    ...{ name: place.name, state: 'ready' },
    ...{ limitBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize },
    files: { limit: files, used: files - ffree },
  }
}

/** One that was made when only bytes were counted is held to its files at the first look. */
async function heldSight(place: Place, { held, mountPoint }: Means): Promise<VolumeSight> {
  const seen = await sight(place)
  const { limitBytes } = seen
  if (limitBytes === null || held.get(place.name) === limitBytes) return seen
  const limitMb = Math.round(limitBytes / MIB)
  const isHeld = (one: VolumeSight): boolean => one.files?.limit === filesFor(limitMb)
  const note = isHeld(seen) ? undefined : await readNote(place)
  // It ends well whatever became of it; where it does not, all else is as before, and the next look tries again.
  if (note) await run(limitCommand(mountPoint(), note.project, limitMb)).catch(() => {})
  const now = note ? await sight(place) : seen
  if (isHeld(now)) held.set(place.name, limitBytes)
  return now
}

async function ensure(
  place: Place,
  { limitMb, isNew }: { limitMb: number; isNew: boolean },
  means: Means,
): Promise<Ensured> {
  if (await exists(place.purging)) throw new Error(`${place.name} is being purged.`)
  const note = await readNote(place)
  if (!note?.isMade) {
    if (!isNew) return refusal('missing', place)
    await make(place, limitMb, note?.project, means)
  }
  const before = await sight(place)
  if (before.state !== 'ready') return { ok: false, code: before.state, volume: before }
  if (before.limitBytes === limitMb * MIB) return { ok: true, volume: before }
  if (note?.isMade && (before.usedBytes ?? 0) > limitMb * MIB)
    return { ok: false, code: 'below-use', volume: before }
  const { project } = (await readNote(place))!
  await run(limitCommand(means.mountPoint(), project, limitMb))
  const volume = await sight(place)
  // xfs_quota ends well whatever became of what it was told.
  if (volume.limitBytes !== limitMb * MIB)
    throw new Error(`${place.name} is held to ${volume.limitBytes} bytes, not ${limitMb} MiB.`)
  return { ok: true, volume }
}

/** Under the number of before, if that is known: whatever ends it, it is only begun until its home is there. */
async function recreate(
  place: Place,
  { limitMb, isBegun, begin }: Recreation,
  means: Means,
): Promise<Recreated> {
  if (await exists(place.purging)) throw new Error(`${place.name} is being purged.`)
  if (!isBegun && !(await isGone(place.folder))) return { ok: false, code: 'there' }
  await begin()
  const note = await readNote(place)
  if (note) await beginNote(place, note.project)
  await make(place, limitMb, note?.project, means)
  return { ok: true }
}

const refusal = (code: 'missing', { name }: Place): Ensured => ({
  ...{ ok: false, code },
  volume: { name, state: code, limitBytes: null, usedBytes: null },
})

/** The limit stands before there is a home that could be written to. */
async function make(
  place: Place,
  limitMb: number,
  begun: number | undefined,
  { mountPoint, projects, mark, syncNotes }: Means,
): Promise<void> {
  await mark.use()
  const project = begun ?? (await projects.next())
  if (begun === undefined) await beginNote(place, project)
  await mkdir(place.folder, { recursive: true, mode: 0o711 })
  await run(holdCommand(mountPoint(), { folder: place.folder, project, limitMb }))
  await makeFolders(place)
  await finishNote(place, project, syncNotes)
}
