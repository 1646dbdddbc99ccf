/**
 * Backend `cephfs`: a subvolume of a Ceph for each volume, its quota the limit, mounted with a key of its own. What there is,
 * Ceph says: an agent on each node of a pool mounts it all, and the one that the worker tells makes, sizes and purges.
 * Each step may be the last one before a power cut: whatever is found is gone on with.
 */
import { mkdir, readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isPersonalName } from '../../stacks/parts/names.ts'
import {
  type Backend,
  type Ensured,
  isVolumeName,
  MIB,
  type Recreated,
  type Recreation,
  type VolumeSight,
} from './backend.ts'
import type { Cluster } from './ceph-command.ts'
import { cephItself } from './ceph-keeper.ts'
import { answerOf, SHORT_MS, SilentError } from './client-answer.ts'
import { type CephBoard, cephBoard, endingsOn } from './cephfs-board.ts'
import {
  attribute,
  endClients,
  exists,
  letGo,
  mountVolume,
  type Place,
  placeOf,
  purge,
  type Source,
} from './cephfs-volume.ts'
import { keepSnapshots, listSnapshots, snapshotHome } from './cephfs-snapshots.ts'
import { turnsFor } from './turns.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

type Means = {
  source: Source
  /** All that were seen in Ceph. */
  names: Set<string>
  /** Their quotas in bytes, as read last. */
  limits: Map<string, number>
}

export function cephfsBackend({ root, cluster }: { root: string; cluster: Cluster }): Backend {
  const source = { keeper: cephItself(cluster), configFile: cluster.configFile }
  const board = cephBoard(root, source)
  return cephBackend(root, { ...source, endings: endingsOn(board) }, board)
}

/** Of whoever makes its subvolumes. */
export function cephBackend(
  root: string,
  source: Source,
  board: CephBoard = cephBoard(root, source),
): Backend {
  const { keeper } = source
  const means: Means = { source, names: new Set(), limits: new Map() }
  const inTurn = turnsFor((name) => placeOf(root, name))
  const see = (name: string, patientMs?: number) =>
    inTurn(name, (place) => sight(place, means, patientMs))
  /** By the worker: it is told of each how much is in it. */
  let isAsked = false
  /** Names of volumes. */
  const look = async (): Promise<string[]> => {
    const all = (await keeper.names()).toSorted()
    board.learn(all)
    return all.filter(isVolumeName)
  }
  return {
    kind: keeper.kind,
    async start() {
      await mkdir(join(root, 'keys'), { recursive: true, mode: 0o700 })
      // Seats of every user pass through this folder, and may not list it.
      await mkdir(join(root, 'mounts'), { recursive: true, mode: 0o711 })
      await keeper.prepare()
      for (const name of await look()) {
        means.names.add(name)
        if (!isPersonalName(name)) await see(name, SHORT_MS)
      }
    },
    async list() {
      isAsked = true
      const sights: VolumeSight[] = []
      for (const name of [...means.names].toSorted()) sights.push(await see(name))
      return sights
    },
    ensure: (wish) => inTurn(wish.name, (place) => ensure(place, wish, means)),
    recreate: (wish) => inTurn(wish.name, (place) => recreate(place, wish, means)),
    purge: (name) =>
      inTurn(name, async (place) => {
        const purged = await purge(source, place)
        if (purged.ok) means.names.delete(name)
        return purged
      }),
    place: (name) =>
      inTurn(name, async (place) => {
        if ((await sight(place, means)).state !== 'ready') return undefined
        const seen = { home: place.home, uploads: place.uploads, sight: () => see(name) }
        const { snapshots } = keeper
        if (!snapshots) return seen
        return {
          ...seen,
          snapshots: {
            list: () => inTurn(name, listSnapshots),
            keep: (wish) => inTurn(name, () => keepSnapshots(snapshots, place, wish)),
            home: (id) => inTurn(name, () => snapshotHome(place, id)),
          },
        }
      }),
    freeBytes: () => keeper.freeBytes(),
    trouble: () => keeper.trouble(),
    async keepOnly(shown) {
      if (isAsked) return
      const there = (await readdir(join(root, 'mounts'))).filter(isPersonalName)
      for (const name of there.filter((one) => !shown.has(one)))
        await inTurn(name, (place) => letGo(source, place, SHORT_MS)).catch(unlessSilent)
    },
    board: board.open,
    async follow() {
      const there = new Set(await look())
      for (const name of there) {
        means.names.add(name)
        // One of a person only where a seat shows it: they are many, and each has a client.
        if (isAsked || !isPersonalName(name)) await see(name, SHORT_MS)
      }
      for (const name of [...means.names].filter((one) => !there.has(one)))
        await inTurn(name, async (place) => {
          if (await keeper.find(name)) return
          if ((await letGo(source, place, SHORT_MS)) === 'in-use') return
          endClients(place.mount)
          means.names.delete(name)
        })
    },
  }
}

/** It is tried again, and keeps no other waiting. */
function unlessSilent(error: unknown): void {
  if (!(error instanceof SilentError)) throw error
}

/** How a volume is now; mounted if it was not. Its client is waited for `patientMs` at each of what it is asked. */
async function sight(
  place: Place,
  { source, limits }: Means,
  patientMs?: number,
): Promise<VolumeSight> {
  const nothing = { name: place.name, limitBytes: null, usedBytes: null }
  try {
    await mountVolume(source, place, patientMs)
    const seen = await answerOf(place.mount, () => measured(place, limits), patientMs)
    if (seen) return { name: place.name, state: 'ready', ...seen }
    // Its client has what is left of one that was removed in Ceph for as long as it lives.
    if (!(await source.keeper.find(place.name))) return { ...nothing, state: 'missing' }
    return { ...nothing, state: 'damaged', problem: 'there is no home in it' }
  } catch (error) {
    if (!(await source.keeper.find(place.name))) return { ...nothing, state: 'missing' }
    const problem = whyOf(error)
    return { ...nothing, state: 'damaged', problem }
  }
}

/** Undefined where it has no home. */
async function measured(place: Place, limits: Means['limits']) {
  if (!(await exists(place.home))) return undefined
  const limitBytes = await limitOf(place, limits)
  // Ceph says of a folder how much is below it.
  const { size: usedBytes } = await stat(place.mount)
  return { limitBytes, usedBytes }
}

/** Asked for again when what `df` shows, which is in whole parts, is of another. */
async function limitOf(place: Place, limits: Map<string, number>): Promise<number> {
  const { blocks, bsize } = await statfs(place.mount)
  const known = limits.get(place.name)
  if (known !== undefined && Math.floor(known / bsize) === blocks) return known
  const limit = await attribute(place, 'ceph.quota.max_bytes')
  limits.set(place.name, limit)
  return limit
}

async function ensure(
  place: Place,
  { limitMb, isNew }: { limitMb: number; isNew: boolean },
  means: Means,
): Promise<Ensured> {
  const { source, names } = means
  const isThere = isNew
    ? await make(place, limitMb, source)
    : names.has(place.name) || (await source.keeper.find(place.name)) !== undefined
  if (!isThere)
    return {
      ...{ ok: false, code: 'missing' },
      volume: { name: place.name, state: 'missing', limitBytes: null, usedBytes: null },
    }
  names.add(place.name)
  const before = await sight(place, means)
  if (before.state !== 'ready') return { ok: false, code: before.state, volume: before }
  const wholeMb = source.keeper.wholeMb(limitMb)
  if (before.limitBytes === wholeMb * MIB) return { ok: true, volume: before }
  return resize(place, wholeMb, before, means)
}

/** Ceph may have a folder of it still, without its home, where this was cut. */
async function recreate(
  place: Place,
  { limitMb, isBegun, begin }: Recreation,
  means: Means,
): Promise<Recreated> {
  const { source, names, limits } = means
  if (!isBegun && (await source.keeper.find(place.name))) return { ok: false, code: 'there' }
  // What is left of the one before opens nothing any more.
  if ((await letGo(source, place)) === 'in-use') return { ok: false, code: 'in-use' }
  limits.delete(place.name)
  await begin()
  if (!(await make(place, limitMb, source))) return { ok: false, code: 'not-ours' }
  names.add(place.name)
  return { ok: true }
}

/** Once more does no harm: one that is there keeps its files. */
async function make(
  place: Place,
  limitMb: number,
  { endings, ...source }: Source,
): Promise<boolean> {
  if (!(await source.keeper.make(place.name, limitMb))) return false
  // Wanted anew: a purge of this name that was cut is over.
  await endings?.end(place.name)
  await mountVolume(source, place)
  await answerOf(place.mount, async () => {
    await mkdir(place.uploads, { recursive: true, mode: 0o700 })
    // Last: when its home is there, it is whole.
    await mkdir(place.home, { recursive: true, mode: 0o755 })
  })
  return true
}

/** By what Ceph itself has counted; what its clients hold back unwritten is little. */
async function resize(
  place: Place,
  limitMb: number,
  before: VolumeSight,
  { source: { keeper }, limits }: Means,
): Promise<Ensured> {
  const there = await keeper.find(place.name)
  const usedBytes = Math.max(there?.usedBytes ?? 0, before.usedBytes ?? 0)
  const limitBytes = there?.limitBytes ?? before.limitBytes
  if (usedBytes > limitMb * MIB)
    return { ok: false, code: 'below-use', volume: { ...before, usedBytes, limitBytes } }
  if (limitBytes !== limitMb * MIB) await keeper.resize(place.name, limitMb)
  limits.set(place.name, limitMb * MIB)
  return { ok: true, volume: { ...before, usedBytes, limitBytes: limitMb * MIB } }
}
