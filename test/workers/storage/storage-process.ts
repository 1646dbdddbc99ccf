/** A storage agent as a process of its own, to be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { storageAgent, type StorageAgent } from '../../../api/storage/storage-agent.ts'

const START_MS = 20_000
const program = join(import.meta.dirname, '../../../workers/storage/main.ts')

export type StorageProcess = {
  agent: StorageAgent
  /** Where it keeps what it is told. */
  disk: string
  start(): Promise<void>
  kill(): Promise<void>
}

/**
 * @param root a folder of the test's own
 * @param more what it is told besides, for another backend
 */
export function storageProcess(root: string, more: Record<string, string> = {}): StorageProcess {
  const home = join(root, 'agent')
  const disk = join(root, 'disk')
  mkdirSync(join(home, 'run'), { recursive: true })
  const agent = storageAgent({ socket: join(home, 'run', 'storage.sock') })
  const env = {
    ...process.env,
    ...{ LABPLAN_HOME: home, LABPLAN_STORAGE_ROOT: disk, LABPLAN_INSTALLATION: 'test0000' },
    ...{ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', LABPLAN_LOG_LEVEL: 'warn' },
    ...more,
  }
  let running: ChildProcess | undefined
  return {
    ...{ agent, disk },
    async start() {
      const started = spawn(process.execPath, [program], { env, stdio: 'inherit' })
      running = started
      const end = performance.now() + START_MS
      while (!(await answers(agent))) {
        if (started.exitCode !== null || performance.now() > end)
          throw new Error('The storage agent did not start.')
        await sleep(20)
      }
    },
    async kill() {
      if (!running || running.exitCode !== null || running.signalCode !== null) return
      const ended = once(running, 'exit')
      running.kill('SIGKILL')
      await ended
    },
  }
}

const answers = (agent: StorageAgent): Promise<boolean> =>
  agent.look().then(
    () => true,
    () => false,
  )
