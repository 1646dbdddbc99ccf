/** A storage agent's folder of a test's own, gone with all that was mounted in it, also after a run that was killed. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type StorageAgent, storageAgent } from '../../../api/storage/storage-agent.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { serveAgent } from '../../../workers/storage/server.ts'
import { unmountBelow } from '../../../scripts/steps/mounts.ts'
import { foldersOfDead } from '../../dead-runs.ts'

const PREFIX = 'labplan-test-storage-'

export type StorageScene = { root: string; end(): void }

export function storageScene(): StorageScene {
  for (const folder of foldersOfDead(PREFIX)) remove(folder)
  const root = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  // A student's process has to pass.
  chmodSync(root, 0o711)
  return { root, end: () => remove(root) }
}

export const silent = { info: () => {}, warn: () => {}, error: console.error }

/** A folder with a real agent of this process on it, whose volumes are files (backend `local`). */
export type AgentScene = {
  root: string
  agent: StorageAgent
  /** It answers nothing until `comeBack`. */
  goAway(): Promise<void>
  comeBack(): Promise<void>
  end(): Promise<void>
}

/** @param socket where it listens, such as a website's `config.storage.socket` */
export async function agentScene(socket: string): Promise<AgentScene> {
  const { root, end } = storageScene()
  const backend = localBackend({ root })
  await backend.start()
  mkdirSync(dirname(socket), { recursive: true })
  const serve = () => serveAgent(backend, { socket, root, log: silent })
  let served = await serve()
  return {
    ...{ root, agent: storageAgent({ socket }) },
    goAway: () => served.close(),
    async comeBack() {
      served = await serve()
    },
    async end() {
      await served.close()
      end()
    },
  }
}

function remove(folder: string): void {
  unmountBelow(folder)
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

/** Loop devices whose file is below a folder: never two for one. */
export function loopFiles(folder: string): string[] {
  const listed = execFileSync('losetup', ['--noheadings', '--output', 'BACK-FILE', '--list'])
  return listed
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter((file) => file.startsWith(`${folder}/`))
}
