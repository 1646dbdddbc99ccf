/** What every backend of the storage agent can do. A volume is named as its Docker volume is. */

export type VolumeSight = {
  name: string
  /** missing: it was made here, and is not here; damaged: it is, and cannot be mounted. */
  state: 'ready' | 'missing' | 'damaged'
  limitBytes: number | null
  usedBytes: number | null
  /** How many files and folders it may hold, and holds; absent where nobody counts them. */
  files?: { limit: number; used: number }
  /** What is wrong, in the words of the program that said so. */
  problem?: string
}

export type Ensured =
  | { ok: true; volume: VolumeSight }
  /** below-use: more is in it than it shall hold; in-use: it can only grow while no seat has it. */
  | { ok: false; code: 'below-use' | 'in-use'; volume: VolumeSight }
  | { ok: false; code: 'missing' | 'damaged'; volume: VolumeSight }

export type Recreation = {
  name: string
  limitMb: number
  isBegun: boolean
  begin(): Promise<void>
}

/** there: it is not missing; in-use: its files are gone by name alone, and open; not-ours: others make it. */
export type Recreated = { ok: true } | { ok: false; code: 'there' | 'in-use' | 'not-ours' }

/** `before` is null when there was nothing any more. */
export type Purged =
  | {
      ok: true
      /** `snapshots`: how many went with it, where there are any. */
      before: { bytes: number; diskBytes: number; snapshots?: number } | null
      after: { file: boolean; mounted: boolean; listed: boolean; snapshots?: boolean }
    }
  | { ok: false; code: 'in-use' | 'not-there' }

/** Folders of this machine. What is uploaded lies in the same file system as the home, and outside it. */
export type VolumePlace = {
  home: string
  uploads: string
  sight(): Promise<VolumeSight>
  /** Absent where nothing can be looked at as it was before. */
  snapshots?: Snapshots
}

/** `id` is the instant it was asked for, in UTC to the second: `20261126T143000Z`. */
export type Snapshot = { id: string; at: string }

export type Snapshots = {
  /** Oldest first. */
  list(): Promise<Snapshot[]>
  /** Takes one called `take`, unless nothing was changed since the newest or there is nothing; then lets go of all but the newest `keep`. */
  keep(wish: { keep: number; take: string | null }): Promise<Snapshot[]>
  /** The home as it was then, which nobody can change; undefined when there is no such snapshot. */
  home(id: string): Promise<string | undefined>
}

export const isSnapshotId = (id: string): boolean => /^\d{8}T\d{6}Z$/.test(id)

export type Backend = {
  /** As pools name it. */
  kind: 'local' | 'nfs' | 'cephfs' | 'manila'
  /** Mounts all that was made here: after a restart of the machine nobody has to ask for it. */
  start(): Promise<void>
  list(): Promise<VolumeSight[]>
  /** Makes, mounts and sizes a volume. One that is not new is never made: an empty home is not its files. */
  ensure(wish: { name: string; limitMb: number; isNew: boolean }): Promise<Ensured>
  /**
   * Makes one that is missing anew, empty. Only on an operator's word; `isBegun`: it was given before, and what is there is gone on
   * with. `begin`: waited for once it was looked at, and before anything of it is made.
   */
  recreate(wish: Recreation): Promise<Recreated>
  /**
   * Takes a volume away for good; in-use: something of this machine holds it open. Twice does no harm. `hasToBe`: refused as not-there
   * where nothing is of it, neither itself nor a purge that was cut: its disk may be away. What Ceph has Ceph says.
   */
  purge(name: string, how?: { hasToBe: boolean }): Promise<Purged>
  /** Where its files and what is being uploaded are; undefined when it is not ready. */
  place(name: string): Promise<VolumePlace | undefined>
  /** Free bytes where volumes are. */
  freeBytes(): Promise<number>
  /** Why who has a volume open cannot read or write now; undefined when they can. Does not answer while its disk does not. */
  trouble(): Promise<string | undefined>
  /** No volume was ever made in what is here now: the first start, or a disk that is not mounted; where volumes are on a disk. */
  isUnused?(): Promise<boolean>
  /** Mounts what agents of other machines made, and lets go of what they purged; where volumes are every machine's. */
  follow?(): Promise<void>
  /** A folder that all of them have mounted, and no seat; undefined while there is none. `make`: there is one from now on. */
  board?(make: boolean): Promise<string | undefined>
  /** Lets go of persons' volumes but these, unless it is this agent that measures all. */
  keepOnly?(shown: Set<string>): Promise<void>
}

/** `lp-<installation>-<course8>-s017-g1`, or `…-data-g2` for a version of a course's data, and so the name of a file and of a folder. */
export const isVolumeName = (name: string): boolean =>
  /^lp-[a-z0-9]{8}-[a-z0-9]{8}-(s\d{3,}|data)-g\d+$/.test(name)

export const MIB = 1024 * 1024
