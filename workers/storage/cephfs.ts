/**
 * Backend `cephfs`: a subvolume of a Ceph for each volume, its quota the limit, mounted with a key of its own. What there is,
 * Ceph says: an agent on each node of a pool mounts it all, and the one that the worker tells makes, sizes and purges.
 * Each step may be the last one before a power cut: whatever is found is gone on with.
 */
import { mkdir, readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isPersonalName } from '../../stacks/parts/names.ts'
import { type Backend, type Ensured, isVolumeName, MIB, type VolumeSight } from './backend.ts'
import {
  type Cluster,
  fileSystemsCommand,
  healthCommand,
  listCommand,
  makeCommand,
  makeGroupCommand,
  resizeCommand,
  usageCommand,
} from './ceph-command.ts'
import { cephBoard } from './cephfs-board.ts'
import {
  attribute,
  exists,
  findSubvolume,
  letGo,
  mountVolume,
  type Place,
  placeOf,
  purge,
} from './cephfs-volume.ts'
import { keepSnapshots, listSnapshots, snapshotHome } from './cephfs-snapshots.ts'
import { run } from './command.ts'
import { turnsFor } from './turns.ts'

type Means = {
  cluster: Cluster
  /** All that were seen in Ceph. */
  names: Set<string>
  /** Their quotas in bytes, as read last. */
  limits: Map<string, number>
}
const FREE_MS = 60_000

export function cephfsBackend({ root, cluster }: { root: string; cluster: Cluster }): Backend {
  const means: Means = { cluster, names: new Set(), limits: new Map() }
  const free = freeSpace(cluster)
  const inTurn = turnsFor((name) => placeOf(root, name))
  const see = (name: string) => inTurn(name, (place) => sight(place, means))
  const board = cephBoard(root, cluster)
  /** By the worker: it is told of each how much is in it. */
  let isAsked = false
  /** Names of volumes. */
  const look = async (): Promise<string[]> => {
    const all = await listed(cluster)
    board.learn(all)
    return all.filter(isVolumeName)
  }
  return {
    kind: 'cephfs',
    async start() {
      await mkdir(join(root, 'keys'), { recursive: true, mode: 0o700 })
      // Seats of every user pass through this folder, and may not list it.
      await mkdir(join(root, 'mounts'), { recursive: true, mode: 0o711 })
      await run(makeGroupCommand(cluster))
      for (const name of await look()) {
        means.names.add(name)
        if (!isPersonalName(name)) await see(name)
      }
    },
    async list() {
      isAsked = true
      const sights: VolumeSight[] = []
      for (const name of [...means.names].toSorted()) sights.push(await see(name))
      return sights
    },
    ensure: (wish) => inTurn(wish.name, (place) => ensure(place, wish, means)),
    purge: (name) =>
      inTurn(name, async (place) => {
        const purged = await purge(cluster, place)
        if (purged.ok) means.names.delete(name)
        return purged
      }),
    place: (name) =>
      inTurn(name, async (place) => {
        if ((await sight(place, means)).state !== 'ready') return undefined
        return {
          ...{ home: place.home, uploads: place.uploads, sight: () => see(name) },
          snapshots: {
            list: () => inTurn(name, listSnapshots),
            keep: (wish) => inTurn(name, () => keepSnapshots(cluster, place, wish)),
            home: (id) => inTurn(name, () => snapshotHome(place, id)),
          },
        }
      }),
    freeBytes: free,
    trouble: () => troubleOf(cluster),
    async keepOnly(shown) {
      if (isAsked) return
      const there = (await readdir(join(root, 'mounts'))).filter(isPersonalName)
      for (const name of there.filter((one) => !shown.has(one)))
        await inTurn(name, (place) => letGo(place))
    },
    board: board.open,
    async follow() {
      const there = new Set(await look())
      for (const name of there) {
        means.names.add(name)
        // One of a person only where a seat shows it: they are many, and each has a client.
        if (isAsked || !isPersonalName(name)) await see(name)
      }
      for (const name of [...means.names].filter((one) => !there.has(one)))
        await inTurn(name, async (place) => {
          if (await findSubvolume(cluster, name)) return
          if ((await letGo(place)) === 'let-go') means.names.delete(name)
        })
    },
  }
}

const listSchema = z.array(z.object({ name: z.string() }))

async function listed(cluster: Cluster): Promise<string[]> {
  return listSchema
    .parse(JSON.parse(await run(listCommand(cluster))))
    .map(({ name }) => name)
    .toSorted()
}

/** How a volume is now; mounted if it was not. */
async function sight(place: Place, { cluster, limits }: Means): Promise<VolumeSight> {
  const nothing = { name: place.name, limitBytes: null, usedBytes: null }
  try {
    await mountVolume(cluster, place)
    if (!(await exists(place.home)))
      return { ...nothing, state: 'damaged', problem: 'there is no home in it' }
    const limitBytes = await limitOf(place, limits)
    // Ceph says of a folder how much is below it.
    const { size: usedBytes } = await stat(place.mount)
    return { name: place.name, state: 'ready', limitBytes, usedBytes }
  } catch (error) {
    if (!(await findSubvolume(cluster, place.name))) return { ...nothing, state: 'missing' }
    const problem = error instanceof Error ? error.message : String(error)
    return { ...nothing, state: 'damaged', problem }
  }
}

/** Asked for again when what `df` shows, which is in whole parts, is of another. */
async function limitOf(place: Place, limits: Map<string, number>): Promise<number> {
  const { blocks, bsize } = await statfs(place.mount)
  const known = limits.get(place.name)
  if (known !== undefined && Math.floor(known / bsize) === blocks) return known
  const limit = await attribute(place, 'ceph.quota.max_bytes')
  limits.set(place.name, limit)
  return limit
}

async function ensure(
  place: Place,
  { limitMb, isNew }: { limitMb: number; isNew: boolean },
  means: Means,
): Promise<Ensured> {
  const { cluster, names } = means
  if (isNew) await make(place, limitMb, cluster)
  else if (!names.has(place.name) && !(await findSubvolume(cluster, place.name)))
    return {
      ...{ ok: false, code: 'missing' },
      volume: { name: place.name, state: 'missing', limitBytes: null, usedBytes: null },
    }
  names.add(place.name)
  const before = await sight(place, means)
  if (before.state !== 'ready') return { ok: false, code: before.state, volume: before }
  if (before.limitBytes === limitMb * MIB) return { ok: true, volume: before }
  return resize(place, limitMb, before, means)
}

/** Once more does no harm: one that is there keeps its files. */
async function make(place: Place, limitMb: number, cluster: Cluster): Promise<void> {
  await run(makeCommand(cluster, place.name, limitMb))
  await mountVolume(cluster, place)
  await mkdir(place.uploads, { recursive: true, mode: 0o700 })
  // Last: when its home is there, it is whole.
  await mkdir(place.home, { recursive: true, mode: 0o755 })
}

/** By what Ceph itself has counted; what its clients hold back unwritten is little. */
async function resize(
  place: Place,
  limitMb: number,
  before: VolumeSight,
  { cluster, limits }: Means,
): Promise<Ensured> {
  const there = await findSubvolume(cluster, place.name)
  const usedBytes = Math.max(there?.usedBytes ?? 0, before.usedBytes ?? 0)
  const limitBytes = there?.limitBytes ?? before.limitBytes
  if (usedBytes > limitMb * MIB)
    return { ok: false, code: 'below-use', volume: { ...before, usedBytes, limitBytes } }
  if (limitBytes !== limitMb * MIB) await run(resizeCommand(cluster, place.name, limitMb))
  limits.set(place.name, limitMb * MIB)
  return { ok: true, volume: { ...before, usedBytes, limitBytes: limitMb * MIB } }
}

const healthSchema = z.object({
  checks: z.record(z.string(), z.object({ summary: z.object({ message: z.string() }) })),
})
/** With these, who reads or writes waits: docs.ceph.com/en/pacific/rados/operations/health-checks and cephfs/health-messages. */
const STANDS_STILL = ['MDS_ALL_DOWN', 'FS_DEGRADED', 'FS_WITH_FAILED_MDS', 'PG_AVAILABILITY']
const HEALTH_MS = 8_000

/** As its monitors see it. Their silence is the answer, too. */
async function troubleOf(cluster: Cluster): Promise<string | undefined> {
  try {
    const { checks } = healthSchema.parse(
      JSON.parse(await run(healthCommand(cluster), { limitMs: HEALTH_MS })),
    )
    const found = STANDS_STILL.find((check) => checks[check])
    return found && checks[found]?.summary.message
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

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
