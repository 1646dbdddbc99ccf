/** A storage agent of this machine, whose folders are a round's. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchAgent, Round } from './volume-backends.ts'

/** Where its volumes are. */
export const agentRoot = ({ folder }: Pick<Round, 'folder'>): string => join(folder, 'disk')

/** @param own of its environment, what its backend asks for */
export async function agentHere(round: Round, own: Record<string, string>): Promise<BenchAgent> {
  const home = join(round.folder, 'agent')
  mkdirSync(join(home, 'run'), { recursive: true })
  const env = {
    ...{ ...process.env, ...own, LABPLAN_HOME: home },
    ...{ LABPLAN_STORAGE_ROOT: agentRoot(round), LABPLAN_LOG_LEVEL: 'warn' },
  }
  const program = join(import.meta.dirname, '../../workers/storage/main.ts')
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  // Before what it mounted is unmounted: it would mount it anew.
  const kill = () => void child.kill('SIGKILL')
  process.prependOnceListener('exit', kill)
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  return { socket: join(home, 'run', 'storage.sock'), stop }
}
