/** The board of the agents of an installation in its Ceph (slot-board.ts), and of what is being purged: a subvolume with a key of its own, that no seat sees. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { answerOf } from './client-answer.ts'
import { type Endings, exists, mountVolume, placeOf, type Source } from './cephfs-volume.ts'

const SIZE_MB = 64

export type CephBoard = {
  /** @param names of all subvolumes that Ceph has for the installation */
  learn(names: string[]): void
  /** Where it is mounted; undefined while there is none. `make`: there is one from now on. */
  open(make: boolean): Promise<string | undefined>
  /** As `open(false)`, and Ceph is asked where none was learnt of. */
  find(): Promise<string | undefined>
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
  const open = async (make: boolean): Promise<string | undefined> => {
    if (make && !isThere) await keeper.make(place.name, SIZE_MB)
    isThere ||= make
    if (!isThere) return undefined
    mounting ??= mount().finally(() => (mounting = undefined))
    await mounting
    return place.mount
  }
  return {
    learn(names) {
      isThere ||= names.includes(place.name)
    },
    open,
    async find() {
      isThere ||= (await keeper.find(place.name)) !== undefined
      return open(false)
    },
  }
}

/** A file for each, on the board. */
export function endingsOn(board: CephBoard): Endings {
  const fileIn = (folder: string, name: string): string => join(folder, `ending-${name}`)
  return {
    async has(name) {
      const at = await board.find()
      return at !== undefined && answerOf(at, () => exists(fileIn(at, name)))
    },
    async begin(name) {
      const at = (await board.open(true))!
      await answerOf(at, () => writeFile(fileIn(at, name), '', { mode: 0o600, flush: true }))
    },
    async end(name) {
      const at = await board.open(false)
      if (at !== undefined) await answerOf(at, () => rm(fileIn(at, name), { force: true }))
    },
  }
}
