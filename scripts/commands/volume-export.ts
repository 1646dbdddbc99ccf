import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { storageAgent } from '../../api/storage/storage-agent.ts'
import type { Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { readSettings } from '../steps/settings.ts'
import { socketOf } from '../steps/storage.ts'

export const command: Command = {
  summary: 'Write a volume to a tar file, with owners, links and holes',
  usage: 'NAME FILE',
  help: `
NAME is a volume's, as labplan volume list --json has it. Run it on the machine that
keeps the volume, as who runs the storage agent; it needs no running Labplan beside
the agent. Students may go on working: a file that changes meanwhile is in it as it
was read. FILE is whole or not there.`,
  async run({ args, env, json, print }) {
    const [name, file] = args
    if (!name || !file || args.length > 2) throw usedWrongly('The name of a volume, and of a file.')
    const agent = storageAgent({ socket: socketOf(readSettings(env)) })
    const backup = await agent.backup(name).catch((cause: unknown) => {
      throw new CommandFailure(`The storage agent does not answer: ${String(cause)}`, 3)
    })
    if (!backup) throw new CommandFailure(`There is no volume ${name} here, or it is not mounted.`)
    const begun = `${file}.part`
    try {
      const to = createWriteStream(begun, { mode: 0o600, flush: true })
      await pipeline(backup.stream, to)
      await rename(begun, file)
      print(
        json
          ? JSON.stringify({ volume: name, file, bytes: to.bytesWritten })
          : `${file}: ${to.bytesWritten} bytes`,
      )
    } catch (cause) {
      await rm(begun, { force: true })
      throw new CommandFailure(`${name} could not be read to its end: ${String(cause)}`)
    }
    return 0
  },
}
