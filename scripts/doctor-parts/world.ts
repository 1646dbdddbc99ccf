/** What the doctor asks the machine itself. A test gives other answers where it cannot make the machine sick. */
import { statfs } from 'node:fs/promises'
import { firewallStands } from '../steps/firewall.ts'

export type World = {
  now(): Date
  freeBytes(folder: string): Promise<number>
  firewallStands(installation: string): Promise<boolean>
}

export const thisMachine: World = {
  now: () => new Date(),
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
  firewallStands: (installation) => firewallStands({ installation }),
}
