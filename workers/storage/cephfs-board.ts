/** The board of the agents of an installation in its Ceph (slot-board.ts): a subvolume with a key of its own, that no seat sees. */
import { mountVolume, placeOf, type Source } from './cephfs-volume.ts'

const SIZE_MB = 64

export type CephBoard = {
  /** @param names of all subvolumes that Ceph has for the installation */
  learn(names: string[]): void
  /** Where it is mounted; undefined while there is none. `make`: there is one from now on. */
  open(make: boolean): Promise<string | undefined>
}

export function cephBoard(root: string, source: Source): CephBoard {
  const { keeper } = source
  const place = placeOf(root, keeper.board)
  let isThere = false
  let mounting: Promise<void> | undefined
  const mount = async (): Promise<void> => {
    try {
      await mountVolume(source, place)
    } catch (error) {
      // Should somebody have taken it away, it is made once more.
      isThere = (await keeper.find(place.name)) !== undefined
      throw error
    }
  }
  return {
    learn(names) {
      isThere ||= names.includes(place.name)
    },
    async open(make) {
      if (make && !isThere) await keeper.make(place.name, SIZE_MB)
      isThere ||= make
      if (!isThere) return undefined
      mounting ??= mount().finally(() => (mounting = undefined))
      await mounting
      return place.mount
    },
  }
}
