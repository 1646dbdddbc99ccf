/**
 * A file that tells the folder on a disk from the empty one that is left when the disk is not mounted. It is written before the first
 * volume is made, and never removed: who finds a folder without it has either never used it, or has another one before them.
 */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from './local-file.ts'

export const ROOT_MARK = 'labplan-volumes'
const AWAY = 'its folder is not the one that volumes were made in: is its disk mounted?'

export type RootMark = {
  /** Where an earlier version made volumes, it is written now. `folders`: below the root, of what is noted of volumes. */
  start(folders: string[]): Promise<void>
  /** Before something is made. Throws when what was here when the agent began is not. */
  use(): Promise<void>
  /** Nothing was ever made in what is here now. */
  isUnused(): Promise<boolean>
  trouble(): Promise<string | undefined>
}

export function rootMark(root: string): RootMark {
  const file = join(root, ROOT_MARK)
  let wasSeen = false
  const isThere = async (): Promise<boolean> => {
    if (!(await exists(file))) return false
    wasSeen = true
    return true
  }
  return {
    async start(folders) {
      if (await isThere()) return
      const found = await Promise.all(folders.map((one) => readdir(join(root, one))))
      if (found.flat().length > 0) await write(root, file)
      await isThere()
    },
    async use() {
      if (await isThere()) return
      if (wasSeen) throw new Error(AWAY)
      await write(root, file)
      wasSeen = true
    },
    isUnused: async () => !(await isThere()),
    trouble: async () => (!(await isThere()) && wasSeen ? AWAY : undefined),
  }
}

async function write(root: string, file: string): Promise<void> {
  const made = await open(file, 'a', 0o600)
  await made.sync().finally(() => made.close())
  const folder = await open(root, 'r')
  await folder.sync().finally(() => folder.close())
}
