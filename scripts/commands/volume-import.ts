import { execFile } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { erasedAt, ledgerFile, readLedger } from '../../api/data/people/erasure-ledger.ts'
import { readKeyRing } from '../../api/data/key-ring.ts'
import { type StorageAgent, storageAgent } from '../../api/storage/storage-agent.ts'
import type { Api } from '../api-client.ts'
import type { Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { readSettings } from '../steps/settings.ts'
import { socketOf } from '../steps/storage.ts'

export const command: Command = {
  summary: 'Fill an empty volume from a file that labplan volume export wrote',
  usage: 'NAME FILE [--recreate]',
  help: `
The volume has to be there and empty, such as that of a seat that was reset. All of
the file comes in, or nothing: one that does not fit leaves it empty, and nothing comes
in when somebody began to work in it meanwhile.
Files of somebody who was erased since are not brought back: exit code 1.
Run it on the machine that keeps the volume, as who runs the storage agent.

--recreate  the volume is missing (labplan volume list --full) and does not come back:
            make it anew first. See before that its disk is mounted. Nobody sees it
            until it is filled; then its seat starts. It is in the audit log.`,
  options: { recreate: { type: 'boolean' } },
  async run({ api, args, env, json, options, print }) {
    const [name, file] = args
    if (!name || !file || args.length > 2) throw usedWrongly('The name of a volume, and of a file.')
    if (!existsSync(file)) throw usedWrongly(`There is no file ${file}.`)
    await refuseErased(file, env)
    const agent = storageAgent({ socket: socketOf(readSettings(env)) })
    const isAnew = options['recreate'] === true
    if (isAnew) await makeAnew(name, { api, agent })
    const done = await agent.restore(name, createReadStream(file)).catch((cause: unknown) => {
      throw new CommandFailure(`The storage agent does not answer: ${String(cause)}`, 3)
    })
    if (!done.ok)
      throw new CommandFailure(
        `${WHY[done.code](name)}${done.says ? ` (${done.says})` : ''}${isAnew ? STAYS : ''}`,
      )
    print(json ? JSON.stringify({ volume: name, file }) : `${name} has the files of ${file}.`)
    return 0
  },
}

/** The record says first that it is missing, and has it in the audit log; then the agent looks itself. */
async function makeAnew(
  name: string,
  { api, agent }: { api: Api; agent: StorageAgent },
): Promise<void> {
  const path = `/api/volumes/${encodeURIComponent(name)}/recreation`
  const { limitMb } = await api.post<{ limitMb: number }>(path, {})
  const refused = await agent.recreate(name, limitMb).catch((cause: unknown) => {
    throw new CommandFailure(`The storage agent could not make ${name} anew: ${String(cause)}`)
  })
  if (refused !== undefined) throw new CommandFailure(NOT_ANEW[refused](name))
}

const STAYS = '. Until files are in it, it is missing as before: try again with another file.'

const NOT_ANEW = {
  there: (name: string) =>
    `${name} is there again, and stays as it is: labplan volume list says so within half a minute.`,
  'in-use': (name: string) =>
    `The file of ${name} was removed, and it is still mounted: copy what is in mounts/${name}/home of the agent’s folder, unmount it, and try again.`,
  'disk-away': (name: string) =>
    `Nothing was ever made in the folder that the agent has before it, so ${name} was not made anew there: mount its disk. Where that is lost for good, say that the new one counts (touch labplan-volumes in the agent’s folder), and try again.`,
  'not-ours': (name: string) =>
    `${name} is a share that Terraform makes: reset its seat, and fill the volume that it gets.`,
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
