import { createReadStream, existsSync } from 'node:fs'
import { storageAgent } from '../../api/storage-agent.ts'
import type { Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { readSettings } from '../steps/settings.ts'
import { socketOf } from '../steps/storage.ts'

export const command: Command = {
  summary: 'Fill an empty volume from a file that labplan volume export wrote',
  usage: 'NAME FILE',
  help: `
The volume has to be there and empty: a seat that was reset, or one whose files were
lost. All of the file comes in, or nothing: one that does not fit leaves it empty.
Run it on the machine that keeps the volume, as who runs the storage agent.`,
  async run({ args, env, json, print }) {
    const [name, file] = args
    if (!name || !file || args.length > 2) throw usedWrongly('The name of a volume, and of a file.')
    if (!existsSync(file)) throw usedWrongly(`There is no file ${file}.`)
    const agent = storageAgent({ socket: socketOf(readSettings(env)) })
    const done = await agent.restore(name, createReadStream(file)).catch((cause: unknown) => {
      throw new CommandFailure(`The storage agent does not answer: ${String(cause)}`, 3)
    })
    if (!done.ok)
      throw new CommandFailure(`${WHY[done.code](name)}${done.says ? ` (${done.says})` : ''}`)
    print(json ? JSON.stringify({ volume: name, file }) : `${name} has the files of ${file}.`)
    return 0
  },
}

const WHY = {
  'not-empty': (name: string) => `${name} has files in it, and nothing is written over.`,
  'not-a-backup': (name: string) =>
    `The file could not be unpacked, and ${name} is empty as before`,
  'not-there': (name: string) => `There is no volume ${name} here, or it is not mounted.`,
}
