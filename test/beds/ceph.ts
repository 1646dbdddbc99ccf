/** A real Ceph for one test: README.md beside. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { processesOf } from './cluster/place.ts'

const execute = promisify(execFile)
const DOWN_LIMIT_MS = 60_000
const CALL_MS = 60_000

const recordSchema = z.object({ folder: z.string(), configFile: z.string(), group: z.string() })
export type CephRecord = z.infer<typeof recordSchema>

export type CephBed = CephRecord & {
  /** What a storage agent of it is told. */
  env: Record<string, string>
  /** Its file system, whole, as its administrator sees it. */
  root: string
  /** Runs one of its programs as its administrator; answers what it printed. */
  run(program: 'ceph' | 'rados', ...words: string[]): Promise<string>
  /** What is in it of volumes: subvolumes, and users with a key. Sorted. */
  kept(): Promise<{ subvolumes: string[]; users: string[] }>
  /** Ends one of its servers as a power cut does; it is started again. */
  kill(server: CephServer): void
  /** All its servers stand still, as when the way to them is cut: who asks waits. */
  freeze(): void
  /** They go on from where they were; resolves once all that is in it can be read, or nothing more is done for that. */
  thaw(): Promise<void>
  down(): Promise<void>
}
const SERVERS = ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph-mds'] as const
export type CephServer = (typeof SERVERS)[number]

/** Half a minute. Gone when `down` is called or this process ends. Throws with its servers' words when one does not start. */
export async function cephBed(): Promise<CephBed> {
  const keeper = startCephKeeper('to this process')
  const record = await cephOf(keeper)
  const { configFile, group } = record
  const run: CephBed['run'] = async (program, ...words) => {
    const argv = ['--conf', configFile, ...words]
    return (await execute(program, argv, { timeout: CALL_MS })).stdout.trim()
  }
  const signalAll = (signal: 'SIGSTOP' | 'SIGCONT') => {
    for (const server of SERVERS)
      for (const pid of processesOf(record.folder, server)) process.kill(pid, signal)
  }
  return {
    ...record,
    env: {
      ...{ LABPLAN_STORAGE_BACKEND: 'cephfs', LABPLAN_CEPH_CONF: configFile },
      LABPLAN_CEPH_GROUP: group,
    },
    root: join(record.folder, 'root'),
    run,
    async kept() {
      const [listed, users] = await Promise.all([
        run(
          ...(['ceph', 'fs', 'subvolume', 'ls', 'cephfs', '--group_name', group] as const),
          ...['--format', 'json'],
        ),
        run('ceph', 'auth', 'ls'),
      ])
      const subvolumes = (JSON.parse(listed) as { name: string }[])
        .map(({ name }) => name)
        // The board of its agents is no volume.
        .filter((name) => name.startsWith('lp-'))
      return {
        subvolumes: subvolumes.toSorted(),
        users: (users.match(/^client\.lp-\S+/gm) ?? []).toSorted(),
      }
    },
    kill(server) {
      for (const pid of processesOf(record.folder, server)) process.kill(pid, 'SIGKILL')
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw() {
      signalAll('SIGCONT')
      return new Promise((resolve) => void wakeGroups(run, resolve).finally(resolve))
    },
    down: () => {
      signalAll('SIGCONT')
      return down(keeper)
    },
  }
}

const LOOKS = { everyMs: 2_500, most: 12 }

/**
 * Its one disk stood still for longer than it may read without asking: now and then a placement group then stays `laggy` for good, since
 * nothing looks at it again before who keeps it changes (ceph/ceph-container#1682, ceph/ceph#71663). Said to be down, the disk says that it
 * is not, and all of its groups begin anew. `onAwake`: none was found twice in a row.
 */
async function wakeGroups(run: CephBed['run'], onAwake: () => void): Promise<void> {
  for (let looks = 0, laggy = 0, calm = 0; looks < LOOKS.most; looks++) {
    await sleep(LOOKS.everyMs, undefined, { ref: false })
    // Its monitor may still be on its way, or the bed gone.
    const found = await laggyGroups(run).catch(() => undefined)
    if (found === undefined) continue
    laggy = found === 0 ? 0 : laggy + 1
    calm = found === 0 ? calm + 1 : 0
    if (calm === 2) onAwake()
    if (laggy < 2) continue
    await run('ceph', 'osd', 'down', '0').catch(() => {})
    laggy = 0
  }
}

async function laggyGroups(run: CephBed['run']): Promise<number> {
  const listed = await run('ceph', 'pg', 'ls', 'laggy', '--format', 'json')
  return laggySchema.parse(JSON.parse(listed)).pg_stats.length
}

// Not named where there is none.
const laggySchema = z.object({ pg_stats: z.array(z.unknown()).default([]) })

export function startCephKeeper(tie: 'to this process' | 'by hand'): ChildProcess {
  const program = join(import.meta.dirname, 'cluster', 'keeper.ts')
  return spawn(process.execPath, [program, '127.0.0.1', tie], {
    stdio: [tie === 'by hand' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
}

export async function cephOf(keeper: ChildProcess): Promise<CephRecord> {
  const complaints: string[] = []
  keeper.stderr?.on('data', (part: Buffer) => complaints.push(part.toString()))
  if (keeper.stdout === null) throw new Error('A keeper is started with its stdout piped')
  for await (const line of createInterface({ input: keeper.stdout }))
    return recordSchema.parse(JSON.parse(line))
  throw new Error(`No Ceph could be started:\n${complaints.join('').trim()}`)
}

async function down(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null) return
  const ended = once(keeper, 'exit', { signal: AbortSignal.timeout(DOWN_LIMIT_MS) })
  keeper.stdin?.end()
  const [code] = await ended
  if (code !== 0) throw new Error('A Ceph was not removed; run test/beds/ceph reset')
}
