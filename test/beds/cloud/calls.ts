/** How often each API of a cloud was asked, and how often it may be: serve.py writes a line for each request. */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CloudRecord } from './place.ts'

/** Of all that is asked: how much by those who use the cloud, and how much by its services, of each other. */
export type CallCount = { byClients: number; byServices: number }

/** A line as serve.py writes it, whose program is one of OpenStack's own. */
const BY_SERVICE = /^\S+ \S+ \S+ .*(python-\w+client|keystoneauth1|openstacksdk)/

/** Since the cloud was started. */
export function countCalls({ folder }: Pick<CloudRecord, 'folder'>): CallCount {
  const calls = join(folder, 'calls')
  const lines = readdirSync(calls)
    .flatMap((name) => readFileSync(join(calls, name), 'utf8').split('\n'))
    .filter(Boolean)
  const byServices = lines.filter((line) => BY_SERVICE.test(line)).length
  return { byClients: lines.length - byServices, byServices }
}

/** More requests in a minute than that are refused from now on, whoever asks; undefined: none is. */
export function limitCalls(
  { folder }: Pick<CloudRecord, 'folder'>,
  api: string,
  aMinute: number | undefined,
): void {
  const file = join(folder, 'limits', api)
  mkdirSync(join(folder, 'limits'), { recursive: true })
  if (aMinute === undefined) return rmSync(file, { force: true })
  writeFileSync(`${file}.new`, String(aMinute))
  renameSync(`${file}.new`, file)
}
