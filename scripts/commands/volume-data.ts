import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { storageAgent } from '../../api/storage/storage-agent.ts'
import type { Call, Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { readSettings } from '../steps/settings.ts'
import { socketOf } from '../steps/storage.ts'
import { table } from '../table.ts'

type Version = {
  version: number
  name: string
  state: string
  size_mb: number
  files: number | null
  bytes: number | null
  published_at: string | null
  seats: number
}
type Data = { path: string | null; version: number | null; versions: Version[] }

const MIB = 1024 * 1024

export const command: Command = {
  summary: 'List, publish or go back to versions of what all workspaces of a course read',
  usage: 'COURSE [FOLDER --size-mb N | --use VERSION]',
  help: `
Without more it lists the versions. With FOLDER its files become the next version, at
most N megabytes, which is then in force: run it on the machine of the storage agent,
as who runs it. Each workspace gets it when it starts the next time after it was
stopped. A change of the course that needs a review waits for it, like any other.

--size-mb N     how large the version may be
--use VERSION   put a version in force that was published before`,
  options: { 'size-mb': { type: 'string' }, use: { type: 'string' } },
  async run(call) {
    const { api, args, json, options, print } = call
    const [course, folder] = args
    if (!course || args.length > 2) throw usedWrongly('A course, and at most one folder.')
    const path = `/api/courses/${encodeURIComponent(course)}/data`
    const use = options['use']
    if (folder !== undefined && use !== undefined) throw usedWrongly('A folder, or --use.')
    if (folder !== undefined) return publish(call, path, folder)
    if (use !== undefined) {
      if (!/^\d+$/.test(String(use))) throw usedWrongly('--use takes the number of a version.')
      const done = await api.post<{ change: string | null }>(`${path}/${String(use)}`, {
        act: 'use',
      })
      return void print(json ? JSON.stringify(done) : `Version ${String(use)} ${fate(done)}.`)
    }
    const data = await api.get<Data>(path)
    if (json) return void print(JSON.stringify(data))
    if (data.versions.length === 0) return void print('Nothing was published yet.')
    const heads = ['VERSION', 'STATE', 'FILES', 'SIZE', 'PUBLISHED (UTC)', 'SEATS', '']
    print(
      table(
        heads,
        data.versions.map((one) => lineOf(one, data)),
      ),
    )
  },
}

const fate = ({ change }: { change: string | null }) =>
  change === null ? 'was in force already' : `is proposed: labplan change show ${change}`

function lineOf(one: Version, data: Data): (string | number)[] {
  const { version, state, files, bytes, published_at: at, seats } = one
  return [
    ...[version, state, files ?? '-', bytes === null ? '-' : `${Math.ceil(bytes / MIB)} MB`],
    ...[at?.slice(0, 16).replace('T', ' ') ?? '-', seats],
    version === data.version ? `in force, in ${data.path}` : '',
  ]
}

async function publish(
  { api, env, json, options, print }: Call,
  path: string,
  folder: string,
): Promise<undefined> {
  const sizeMb = Number(options['size-mb'])
  if (!Number.isSafeInteger(sizeMb) || sizeMb < 1) throw usedWrongly('--size-mb takes a number.')
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw usedWrongly(`There is no folder ${folder}.`)
  const { version, name } = await api.post<{ version: number; name: string }>(path, { sizeMb })
  const tar = spawn('tar', ['--create', '--owner=0', '--group=0', '--directory', folder, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  })
  const ended = new Promise<number>((resolve) => tar.once('close', (code) => resolve(code ?? -1)))
  const filled = await storageAgent({ socket: socketOf(readSettings(env)) }).restore(
    name,
    tar.stdout,
  )
  if (!filled.ok || (await ended) !== 0)
    throw new CommandFailure(
      `Version ${version} could not be filled${filled.ok ? '' : `: ${filled.says ?? filled.code}`}; it stays a draft.`,
    )
  const done = await api.post<{ change: string | null }>(`${path}/${version}`, { act: 'publish' })
  print(
    json ? JSON.stringify({ version, ...done }) : `Version ${version} is published, ${fate(done)}.`,
  )
}
