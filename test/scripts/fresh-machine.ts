/**
 * A machine of a test's own inside this one: own network, processes and /run, so no Docker socket, no port in use
 * and no way out. It shares the disk and its caches. Everything in it ends with the test, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Ran, run } from '../../scripts/steps/shell.ts'
import { foldersOfDead } from '../dead-runs.ts'

const PREFIX = 'labplan-test-machine-'

export type FreshMachine = {
  /** A folder for LABPLAN_HOME and what else the test keeps. */
  folder: string
  run(argv: string[], env?: Record<string, string>): Promise<Ran>
  /** Names of the programs that run there, without the ones of the bed. */
  processes(): Promise<string[]>
  end(): Promise<void>
}

export async function freshMachine(): Promise<FreshMachine> {
  // The processes of a killed run ended with it; its folders did not.
  for (const dead of foldersOfDead(PREFIX)) rmSync(dead, { recursive: true, force: true })
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const outer = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...namespaces, 'sh', '-c', boot], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: outer.stdout })) if (line === 'ready') break
  const init = firstChildOf(outer)
  const enter = ['nsenter', '--target', init, '--net', '--mount', '--pid', '--']
  return {
    folder,
    run: (argv, env = {}) =>
      run([...enter, ...argv], { env: { ...cleanEnvironment(), ...env }, timeoutMs: 300_000 }),
    async processes() {
      const { output } = await run([...enter, 'ps', '-eo', 'pid=,stat=,comm='])
      const rows = output.split('\n').map((row) => row.trim().split(/\s+/))
      // 1 is the bed's own; a zombie waits for an init that does not reap; ps is who asks.
      const alive = rows.filter(([pid, stat]) => pid !== '1' && !stat?.startsWith('Z'))
      return alive.flatMap(([, , name]) => (name && name !== 'ps' ? [name] : []))
    },
    async end() {
      outer.kill('SIGKILL')
      if (outer.exitCode === null && outer.signalCode === null) await once(outer, 'exit')
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 })
    },
  }
}

// --kill-child: who ends `unshare` ends its first process, and the kernel everything else in the namespace.
const namespaces = 'unshare --net --mount --pid --fork --kill-child --mount-proc'.split(' ')
const boot = 'mount -t tmpfs tmpfs /run && ip link set lo up && echo ready && exec sleep infinity'

function firstChildOf({ pid }: ChildProcess): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
}

/** What the person who runs the tests has set for their own Labplan must not reach this one. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(LABPLAN_(?!CACHE)|DATABASE_URL$|DOCKER_HOST$|LMS_|VITEST|NODE_)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}
