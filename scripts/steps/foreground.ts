/** scripts/up in the foreground: shows what the supervisor says, and stops everything at Ctrl-C. */
import { openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from './settings.ts'
import { findSupervisor, stopEverything } from './supervised.ts'

const LOOK_MS = 500

export async function follow({ home }: Settings): Promise<void> {
  const asked = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => asked.abort())
  await copyNewLines(join(home, 'log', 'supervisor.log'), () => {
    // `scripts/up --stop` from elsewhere ends this one too.
    return asked.signal.aborted || !findSupervisor(home)
  })
  if (!asked.signal.aborted) return void process.stdout.write('Stopped.\n')
  process.stdout.write('\nStopping…\n')
  await stopEverything(home)
}

async function copyNewLines(file: string, isOver: () => boolean): Promise<void> {
  const descriptor = openSync(file, 'r')
  let position = statSync(file).size
  while (!isOver()) {
    await sleep(LOOK_MS)
    const chunk = Buffer.alloc(65_536)
    const length = readSync(descriptor, chunk, 0, chunk.length, position)
    position += length
    process.stdout.write(chunk.subarray(0, length))
  }
}
