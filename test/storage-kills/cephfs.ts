/** Volumes in a Ceph, as docs/storage-backends.md lays it out. */
import { join } from 'node:path'
import { type CephBed, cephBed } from '../beds/ceph.ts'
import { quotaOf, serverKillers, worldOnCeph } from './on-ceph.ts'
import type { Ground, KeptVolume, World } from './world.ts'

export async function cephfsWorld(ground: Ground): Promise<World> {
  const ceph = await cephBed()
  return worldOnCeph(ground, {
    backend: 'cephfs',
    furnishing: { env: ceph.env, poolStorage: '{ backend: cephfs }' },
    nodeEnv: () => ({ ...ceph.env, LABPLAN_CEPH_CLIENT: 'labplan-node' }),
    kept: () => keptIn(ceph),
    killers: serverKillers(() => ceph),
    close: ceph.down,
  })
}

async function keptIn(ceph: CephBed): Promise<KeptVolume[]> {
  const { subvolumes, users } = await ceph.kept()
  const keyless = subvolumes.filter((name) => !users.includes(`client.${name}`))
  const orphans = users.filter((user) => !subvolumes.includes(user.replace('client.', '')))
  if (keyless.length + orphans.length > 0)
    throw new Error(`without key: ${keyless.join()}; keys of nothing: ${orphans.join()}`)
  const sized = subvolumes.map(async (name) => {
    const folder = join(ceph.root, 'volumes', ceph.group, name, '*')
    return { name, folder, limitBytes: await quotaOf(`${folder}/`) }
  })
  return Promise.all(sized)
}
