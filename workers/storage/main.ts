/**
 * The storage agent: makes, mounts and measures the volumes of this machine as it is told. It knows no database and no
 * Swarm, so that it may run where students' containers do; it deletes nothing but what it is told to purge.
 */
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readStorageConfig } from '../../api/config.ts'
import { openLog } from '../../api/log.ts'
import type { Backend } from './backend.ts'
import { cephBackend, cephfsBackend } from './cephfs.ts'
import { localBackend } from './local.ts'
import { manilaSource } from './manila-keeper.ts'
import { nfsBackend } from './nfs.ts'
import { serveAgent } from './server.ts'

const FOLLOW_MS = 10_000
/** Somebody waits for their files in a seat that runs. */
const SLOTS_MS = 300

const { root, socket, leastFreeMb, backend: kind, logLevel, cluster, shares } = readStorageConfig()
if (kind === 'none') throw new Error('LABPLAN_STORAGE_BACKEND says that there is no agent here.')
const log = openLog('storage', logLevel)
await ownAlone(root)
const makers: Record<Backend['kind'], () => Backend> = {
  local: () => localBackend({ root }),
  nfs: () => nfsBackend({ root }),
  cephfs: () => cephfsBackend({ root, cluster }),
  manila: () => cephBackend(root, manilaSource({ root, ...cluster, ...shares! })),
}
const backend = makers[kind]()
await backend.start()
mkdirSync(dirname(socket), { recursive: true, mode: 0o700 })
const served = await serveAgent(backend, { socket, root, log, leastFreeMb })
log.info({ root, kind }, 'the storage agent runs')
if (backend.follow) void followOn(backend.follow, FOLLOW_MS)
if (served.followSlots) void followOn(served.followSlots, SLOTS_MS)

/** For as long as it runs; what others make is there within seconds. */
async function followOn(follow: () => Promise<void>, everyMs: number): Promise<void> {
  let isSilent = false
  for (;;) {
    await sleep(everyMs)
    await follow().then(
      () => (isSilent = false),
      (error: unknown) => {
        // Said once for each time that it goes wrong, not at each look.
        if (!isSilent) log.warn({ err: error }, 'what there is could not be looked at')
        isSilent = true
      },
    )
  }
}

const stop = (): void => {
  served.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)

/** Two agents on the same files would format and grow them at once. The kernel lets go of this name with the process. */
function ownAlone(folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const lock = createServer()
    lock.once('error', (cause) =>
      reject(new Error(`Another storage agent keeps the volumes in ${folder}.`, { cause })),
    )
    lock.listen(`\0labplan-storage:${folder}`, () => resolve())
  })
}
