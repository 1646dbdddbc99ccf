import { execFile } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { erasedAt, ledgerFile, readLedger } from '../../api/data/erasure-ledger.ts'
import { readKeyRing } from '../../api/data/key-ring.ts'
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
lost. All of the file comes in, or nothing: one that does not fit leaves it empty, and
nothing comes in when somebody began to work in it meanwhile.
Files of somebody who was erased since are not brought back: exit code 1.
Run it on the machine that keeps the volume, as who runs the storage agent.`,
  async run({ args, env, json, print }) {
    const [name, file] = args
    if (!name || !file || args.length > 2) throw usedWrongly('The name of a volume, and of a file.')
    if (!existsSync(file)) throw usedWrongly(`There is no file ${file}.`)
    await refuseErased(file, env)
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

/** By the label that labplan volume export gives; a file from before there was one has none. */
async function refuseErased(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const settings = readSettings(env)
  const lines = await readLedger(ledgerFile(settings))
  if (lines.length === 0) return
  const told = { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } }
  const { stdout } = await promisify(execFile)('tar', ['--test-label', '--file', file], told).catch(
    () => ({ stdout: '' }),
  )
  const ring = readKeyRing(env['LABPLAN_KEY_FILE'] ?? join(settings.home, 'keys.json'))
  const at = erasedAt(lines, ring, 'volume', stdout.trim())
  if (at)
    throw new CommandFailure(
      `The files in ${file} are of somebody who was erased on ${at.slice(0, 10)}: they are not brought back. Delete the file.`,
    )
}

const WHY = {
  'not-empty': (name: string) => `${name} has files in it, and nothing is written over.`,
  'not-a-backup': (name: string) =>
    `The file could not be unpacked, and ${name} is empty as before`,
  sealed: (name: string) =>
    `${name} is a version of a course's data that was published: nothing comes into it again.`,
  busy: (name: string) =>
    `${name} is being filled already: wait until that is done, then look with labplan volume list.`,
  'was-cut': (name: string) =>
    `An import into ${name} had been cut, and the rest of its files was moved in now. Nothing was read of this file.`,
  'not-there': (name: string) => `There is no volume ${name} here, or it is not mounted.`,
}
