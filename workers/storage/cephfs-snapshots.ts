/**
 * Snapshots of one volume of the cephfs backend. Ceph's manager takes and removes them, since the key of a volume may do neither;
 * they are looked into through the volume's own mount (docs.ceph.com/en/pacific/dev/cephfs-snapshots).
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isSnapshotId, type Snapshot } from './backend.ts'
import type { CephSnapshots } from './ceph-keeper.ts'
import { answerOf } from './client-answer.ts'
import { attributeOf, exists, type Place, snapFolderOf } from './cephfs-volume.ts'

/** Those that others took, by hand or by a schedule of Ceph's, are left alone until the volume is purged. */
const PREFIX = 'labplan-'
/** Clocks of nodes may differ by so much, and Ceph sums up changes some seconds late. */
const MARGIN_MS = 60_000

const nameOf = (id: string): string => `${PREFIX}${id}`

export async function listSnapshots(place: Place): Promise<Snapshot[]> {
  return [...(await foldersOf(place)).keys()].toSorted().map((id) => ({ id, at: instantOf(id) }))
}

/** `20261126T143000Z` → `2026-11-26T14:30:00Z` */
const instantOf = (id: string): string =>
  id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')

/** By id, where it is: they are of the folder above the mount, so Ceph adds that one's number to their names. */
const foldersOf = (place: Place): Promise<Map<string, string>> =>
  answerOf(place.mount, () => foldersIn(place))

async function foldersIn(place: Place): Promise<Map<string, string>> {
  const hidden = join(place.mount, await snapFolderOf(place))
  // A client that an earlier version started has Ceph's own name for it.
  const folder = (await exists(hidden)) ? hidden : join(place.mount, '.snap')
  const own = (await readdir(folder)).flatMap((name) => {
    const id = new RegExp(`^_${PREFIX}(.+)_\\d+$`).exec(name)?.[1]
    return id !== undefined && isSnapshotId(id) ? [[id, join(folder, name)] as const] : []
  })
  return new Map(own)
}

export async function snapshotHome(place: Place, id: string): Promise<string | undefined> {
  const folder = (await foldersOf(place)).get(id)
  if (folder === undefined) return undefined
  const home = join(folder, 'home')
  return (await answerOf(place.mount, () => exists(home))) ? home : undefined
}

/** Cut anywhere, it is begun again: one of this name that is there counts, and what is too many goes the next time. */
export async function keepSnapshots(
  of: CephSnapshots,
  place: Place,
  { keep, take }: { keep: number; take: string | null },
): Promise<Snapshot[]> {
  const there = await listSnapshots(place)
  const isWanted = take !== null && keep > 0 && (await isWorthTaking(place, there.at(-1)))
  if (isWanted) await of.take(place.name, nameOf(take))
  const ids = new Set([...there.map(({ id }) => id), ...(isWanted ? [take] : [])])
  const sorted = [...ids].toSorted()
  const tooMany = sorted.slice(0, Math.max(0, sorted.length - keep))
  for (const id of tooMany) await of.drop(place.name, nameOf(id))
  return sorted.slice(tooMany.length).map((id) => ({ id, at: instantOf(id) }))
}

function isWorthTaking(place: Place, newest: Snapshot | undefined): Promise<boolean> {
  return answerOf(place.mount, async () => {
    if (!newest) return (await readdir(place.home)).length > 0
    const changedMs = (await attributeOf(place.home, 'ceph.dir.rctime')) * 1000
    return changedMs > Date.parse(newest.at) - MARGIN_MS
  })
}
