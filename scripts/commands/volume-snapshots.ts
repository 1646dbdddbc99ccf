import { storageAgent } from '../../api/storage/storage-agent.ts'
import type { Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { readSettings } from '../steps/settings.ts'
import { socketOf } from '../steps/storage.ts'

export const command: Command = {
  summary: 'List the snapshots that are kept of a volume',
  usage: 'NAME',
  help: `
NAME is a volume's, as labplan volume list --json has it. Run it on the machine that
keeps the volume, as who runs the storage agent. Only pools with storage: { backend:
cephfs } have snapshots; how many are kept, the policy or the course says
(snapshots: { keep: 7 }). Students bring back what they lost from their files' page.`,
  async run({ args, env, json, print }) {
    const [name] = args
    if (!name || args.length > 1) throw usedWrongly('The name of one volume.')
    const agent = storageAgent({ socket: socketOf(readSettings(env)) })
    const found = await agent.snapshots(name).catch((cause: unknown) => {
      throw new CommandFailure(`The storage agent does not answer: ${String(cause)}`, 3)
    })
    if (!found) throw new CommandFailure(`There is no volume ${name} here, or it is not mounted.`)
    const { snapshots } = found
    if (json) return void print(JSON.stringify({ volume: name, snapshots }))
    if (!snapshots) return void print('What keeps this volume has no snapshots.')
    if (snapshots.length === 0) return void print('None is kept yet.')
    for (const { at } of snapshots) print(at)
  },
}
