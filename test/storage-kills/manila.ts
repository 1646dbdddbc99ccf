/** Volumes that are shares of a cloud's Manila, on a Ceph that nodes know by what Manila says of it alone. */
import { join } from 'node:path'
import { boardName } from '../../stacks/parts/names.ts'
import type { Share } from '../../workers/cloud/shares.ts'
import type { CephBed } from '../beds/ceph.ts'
import { agentEnv, type ManilaPool, manilaPool } from '../beds/manila-pool.ts'
import { quotaOf, serverKillers, worldOnCeph } from './on-ceph.ts'
import type { Ground, KeptVolume, World } from './world.ts'

export async function manilaWorld(ground: Ground): Promise<World> {
  const pool = manilaPool()
  try {
    const { ceph, manila } = await pool.beds
    return await worldOnCeph(ground, {
      backend: 'manila',
      furnishing: pool.means,
      nodeEnv: (inst, home) => ({
        ...{ ...agentEnv(inst), LABPLAN_CEPH_CONF: join(home, 'no-ceph.conf') },
      }),
      kept: ({ id }) => keptIn(pool, id),
      killers: [...serverKillers(() => ceph), () => manila.killApi()],
      close: pool.down,
    })
  } catch (error) {
    await pool.down()
    throw error
  }
}

/**
 * As the tenant sees them, each with its subvolume, which is called as nobody but Manila knows (its place says it), and with its user
 * in Ceph, who is called as the volume is.
 */
async function keptIn(pool: ManilaPool, installation: string): Promise<KeptVolume[]> {
  const { ceph } = await pool.beds
  const shares = await pool.sharesOf(installation)
  const all = (await shares.list()).map((share) => ({ ...share, name: share.name ?? share.id }))
  const placed = await Promise.all(
    all.map(async (share) => ({ ...share, path: pathIn(await shares.location(share.id)) })),
  )
  const { subvolumes, users } = await inCeph(ceph)
  const names = new Set(all.map(({ name }) => name))
  const keysOfNothing = users.filter((name) => !names.has(name))
  const known = new Set(placed.flatMap(({ path }) => path?.split('/')[3] ?? []))
  const unplaced = placed.filter(({ path }) => path === undefined).length
  const strangers = subvolumes.filter((one) => !known.has(one))
  // One that is being made, or was not made in time for Manila, is in Ceph without Manila saying where.
  if (keysOfNothing.length > 0 || strangers.length > unplaced)
    throw new Error(`keys of nothing: ${keysOfNothing.join()}; of no share: ${strangers.join()}`)
  // What agents tell each other is no volume.
  // Of what Manila could neither make nor take away an operator is to be told, and nobody else has a use for it.
  const volumes = placed.filter(
    ({ name, status, path }) =>
      name !== boardName(installation) && !(status === 'error_deleting' && path === undefined),
  )
  return Promise.all(
    volumes.map(async (share) => {
      const { name, path } = share
      const folder = path && subvolumes.includes(path.split('/')[3]!) ? ceph.root + path : undefined
      const limitBytes = folder === undefined ? 0 : await quotaOf(folder)
      const wrong = wrongWith(share, { hasKey: users.includes(name), limitBytes, folder })
      return { name, limitBytes, ...(folder && { folder }), ...(wrong && { wrong }) }
    }),
  )
}

/** Empty when nothing is. */
function wrongWith(
  { status, size }: Share,
  of: { hasKey: boolean; limitBytes: number; folder: string | undefined },
): string {
  return [
    status === 'available' ? '' : `is ${status}`,
    of.hasKey ? '' : 'has no key',
    of.folder === undefined ? 'is not in Ceph' : '',
    of.limitBytes === size * 2 ** 30 ? '' : `has ${size} GiB for Manila, ${of.limitBytes} for Ceph`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** `10.0.0.2:6789:/volumes/_nogroup/SUBVOLUME/PART`: the path. */
const pathIn = (location: string | undefined): string | undefined =>
  location?.replace(/^.*?:\//, '/')

/** Subvolumes that are in no group, as Manila makes them, and volumes of which somebody has a key. */
async function inCeph(ceph: CephBed): Promise<{ subvolumes: string[]; users: string[] }> {
  const [listed, users] = await Promise.all([
    ceph.run('ceph', 'fs', 'subvolume', 'ls', 'cephfs', '--format', 'json'),
    ceph.run('ceph', 'auth', 'ls'),
  ])
  return {
    subvolumes: (JSON.parse(listed) as { name: string }[]).map(({ name }) => name),
    users: (users.match(/^client\.lp-\S+/gm) ?? []).map((user) => user.replace('client.', '')),
  }
}
