/** Who makes subvolumes of a Ceph, holds them to a size and gives keys to them: Ceph's own module `volumes`, or a cloud's Manila. */
import { z } from 'zod'
import type { Backend } from './backend.ts'
import {
  type Cluster,
  describeCommand,
  dropSnapshotCommand,
  endKeyCommand,
  evictCommand,
  fileSystemsCommand,
  healthCommand,
  keyCommand,
  listCommand,
  listSnapshotsCommand,
  makeCommand,
  makeGroupCommand,
  NOT_THERE,
  pathCommand,
  removeCommand,
  resizeCommand,
  takeSnapshotCommand,
  usageCommand,
} from './ceph-command.ts'
import { type Argv, CommandError, run } from './command.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

/** `usedBytes` is 0 where nobody has counted but who has it mounted. */
export type Subvolume = { usedBytes: number; limitBytes: number | null }

/** Where in Ceph it is; `monitors` where no configuration of the machine says who they are. */
export type Way = { path: string; fileSystem: string; monitors?: string | undefined }

export type CephKeeper = {
  kind: Extract<Backend['kind'], 'cephfs' | 'manila'>
  /** Name of what agents write on for each other; undefined where it is not known whose they are. */
  board: string
  /** Once, before anything else. */
  prepare(): Promise<void>
  /** Of all that there are, boards included. */
  names(): Promise<string[]>
  find(name: string): Promise<Subvolume | undefined>
  /** Twice does no harm. False where there is none, and it is not this agent's to make. */
  make(name: string, limitMb: number): Promise<boolean>
  resize(name: string, limitMb: number): Promise<void>
  /** To what it can hold one that is to hold so much. */
  wholeMb(limitMb: number): number
  /** Its own user's, who is called as it is. */
  open(name: string): Promise<{ key: string; way: Way }>
  /**
   * Its key first: whoever holds it, here or elsewhere, finds nothing with it again. Then its snapshots, and its files. No agent may
   * ask for its key meanwhile.
   */
  remove(name: string): Promise<void>
  /** Absent where it takes none. */
  snapshots?: CephSnapshots
  freeBytes(): Promise<number>
  /** Why who has files open waits; undefined when nobody does. */
  trouble(): Promise<string | undefined>
}

/** Of the volume `name`, by names of their own. */
export type CephSnapshots = {
  /** All that there are, whoever took them; none of a volume that is not there. */
  names(name: string): Promise<string[]>
  /** Twice does no harm, as with `drop`. */
  take(name: string, snapshot: string): Promise<void>
  drop(name: string, snapshot: string): Promise<void>
}

const listSchema = z.array(z.object({ name: z.string() }))
const infoSchema = z.object({
  bytes_used: z.number(),
  /** `infinite` where somebody took it away by hand. */
  bytes_quota: z.union([z.number(), z.literal('infinite')]),
})

export function cephItself(cluster: Cluster): CephKeeper {
  const snapshots = snapshotsOf(cluster)
  return {
    kind: 'cephfs',
    // No volume's name, so that nothing that is asked of volumes reaches it.
    board: `${cluster.group}-board`,
    prepare: async () => void (await run(makeGroupCommand(cluster))),
    names: async () =>
      listSchema.parse(JSON.parse(await run(listCommand(cluster)))).map(({ name }) => name),
    async find(name) {
      const text = await unlessMissing(describeCommand(cluster, name))
      if (text === undefined) return undefined
      const info = infoSchema.parse(JSON.parse(text))
      return {
        usedBytes: info.bytes_used,
        limitBytes: info.bytes_quota === 'infinite' ? null : info.bytes_quota,
      }
    },
    async make(name, limitMb) {
      await run(makeCommand(cluster, name, limitMb))
      return true
    },
    resize: async (name, limitMb) => void (await run(resizeCommand(cluster, name, limitMb))),
    wholeMb: (limitMb) => limitMb,
    async open(name) {
      const [key, path] = await Promise.all([
        run(keyCommand(cluster, name)),
        run(pathCommand(cluster, name)),
      ])
      return { key: key.trim(), way: { path: path.trim(), fileSystem: cluster.fileSystem } }
    },
    async remove(name) {
      await unlessMissing(endKeyCommand(cluster, name))
      await unlessMissing(evictCommand(cluster, name))
      for (const one of await snapshots.names(name)) await snapshots.drop(name, one)
      // Once more: who had asked for it just before they could know of the purge has been answered by now.
      await unlessMissing(endKeyCommand(cluster, name))
      await unlessMissing(removeCommand(cluster, name))
    },
    snapshots,
    freeBytes: freeSpace(cluster),
    trouble: () => troubleSaid(healthCommand(cluster)),
  }
}

function snapshotsOf(cluster: Cluster): CephSnapshots {
  return {
    async names(name) {
      const text = await unlessMissing(listSnapshotsCommand(cluster, name))
      return text === undefined ? [] : listSchema.parse(JSON.parse(text)).map((one) => one.name)
    },
    take: async (name, one) => void (await run(takeSnapshotCommand(cluster, name, one))),
    drop: async (name, one) => void (await unlessMissing(dropSnapshotCommand(cluster, name, one))),
  }
}

async function unlessMissing(argv: Argv): Promise<string | undefined> {
  try {
    return await run(argv)
  } catch (error) {
    if (error instanceof CommandError && error.code === NOT_THERE) return undefined
    throw error
  }
}

const healthSchema = z.object({
  checks: z.record(z.string(), z.object({ summary: z.object({ message: z.string() }) })),
})
/** With these, who reads or writes waits: docs.ceph.com/en/pacific/rados/operations/health-checks and cephfs/health-messages. */
const STANDS_STILL = ['MDS_ALL_DOWN', 'FS_DEGRADED', 'FS_WITH_FAILED_MDS', 'PG_AVAILABILITY']
const HEALTH_MS = 8_000

/** As its monitors see it. Their silence is the answer, too. */
export async function troubleSaid(command: Argv): Promise<string | undefined> {
  try {
    const { checks } = healthSchema.parse(JSON.parse(await run(command, { limitMs: HEALTH_MS })))
    const found = STANDS_STILL.find((check) => checks[check])
    return found && checks[found]?.summary.message
  } catch (error) {
    return whyOf(error)
  }
}

const FREE_MS = 60_000
const usageSchema = z.object({
  pools: z.array(z.object({ name: z.string(), stats: z.object({ max_avail: z.number() }) })),
})
const fileSystemsSchema = z.array(z.object({ name: z.string(), data_pools: z.array(z.string()) }))

/** What its pool has left for files, copies counted off; a minute old at most. */
function freeSpace(cluster: Cluster): () => Promise<number> {
  let seen: { bytes: number; atMs: number } | undefined
  return async () => {
    if (seen && performance.now() - seen.atMs < FREE_MS) return seen.bytes
    const [usage, all] = await Promise.all([
      run(usageCommand(cluster)),
      run(fileSystemsCommand(cluster)),
    ])
    const own = fileSystemsSchema
      .parse(JSON.parse(all))
      .find(({ name }) => name === cluster.fileSystem)
    const pool = usageSchema
      .parse(JSON.parse(usage))
      .pools.find(({ name }) => name === own?.data_pools[0])
    if (!pool) throw new Error(`Ceph has no file system ${cluster.fileSystem}.`)
    seen = { bytes: pool.stats.max_avail, atMs: performance.now() }
    return seen.bytes
  }
}
