/** How often each API of a cloud was asked: serve.py writes a line for each request. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CloudRecord } from './place.ts'

/** By service, since the cloud was started. What services ask each other counts too. */
export function countCalls({ folder }: Pick<CloudRecord, 'folder'>): Record<string, number> {
  const calls = join(folder, 'calls')
  return Object.fromEntries(
    readdirSync(calls).map((name) => [
      name,
      readFileSync(join(calls, name), 'utf8').split('\n').length - 1,
    ]),
  )
}
