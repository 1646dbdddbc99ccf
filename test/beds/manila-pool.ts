/**
 * What a pool needs whose volumes are shares of a cloud: a real Ceph, a real OpenStack with Manila on it and a tenant there, with a
 * credential for Terraform and one for storage agents, as docs/storage-backends.md has it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Shares, sharesOf } from '../../workers/cloud/shares.ts'
import type { Installation } from '../installation.ts'
import type { PracticeMeans } from '../practice-class.ts'
import { type CephBed, cephBed } from './ceph.ts'
import { REGION } from './cloud/place.ts'
import { addShares, SHARE_TYPE, type SharesBed } from './cloud/shares.ts'
import { type CloudBed, cloudBed, type Tenant } from './openstack.ts'

export type ManilaBeds = { ceph: CephBed; cloud: CloudBed; manila: SharesBed; tenant: Tenant }

export type ManilaPool = {
  /** They come up beside the Swarm; whoever needs them waits. */
  beds: Promise<ManilaBeds>
  /** For `practiceClass`, whose pool keeps its volumes there. */
  means: Required<Pick<PracticeMeans, 'env' | 'poolStorage' | 'furnish' | 'beforeCourse'>>
  /** What there is of an installation, as the tenant sees it. */
  sharesOf(installation: string): Promise<Shares>
  /** Also of what came up when the rest did not. */
  down(): Promise<void>
}

export function manilaPool(): ManilaPool {
  const up: { down(): Promise<void> }[] = []
  const beds = startBeds((bed) => {
    up.push(bed)
    return bed
  })
  // Told by whoever waits for it.
  beds.catch(() => {})
  return {
    beds,
    means: {
      env: { LABPLAN_STORAGE_BACKEND: 'manila', LABPLAN_SHARE_TYPE: SHARE_TYPE },
      poolStorage: `{ backend: manila, region: ${REGION}, shareType: ${SHARE_TYPE} }`,
      async furnish({ inst }) {
        const { ceph, tenant } = await beds
        const options = { mode: 0o600 }
        writeFileSync(credentialFile(inst), JSON.stringify(tenant.access), options)
        const own = { ...openrcOf(tenant), ...agentEnv(inst), LABPLAN_CEPH_CONF: ceph.configFile }
        Object.assign(inst.env, own)
        return {}
      },
      beforeCourse: (inst) => inst.labplan('pool', 'credential', 'local'),
    },
    async sharesOf(installation) {
      const { tenant } = await beds
      return sharesOf(tenant.cloud, { region: REGION, installation })
    },
    async down() {
      await beds.catch(() => {})
      for (const bed of up.splice(0).toReversed()) await bed.down()
    },
  }
}

async function startBeds(
  keep: <T extends { down(): Promise<void> }>(bed: T) => T,
): Promise<ManilaBeds> {
  // None is left to itself when the other does not come up.
  const both = await Promise.allSettled([cephBed().then(keep), cloudBed('identity').then(keep)])
  const [ceph, cloud] = both.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  }) as [CephBed, CloudBed]
  const [manila, tenant] = await Promise.all([addShares(cloud, ceph).then(keep), cloud.tenant()])
  return { ceph, cloud, manila, tenant }
}

export const credentialFile = ({ home }: Pick<Installation, 'home'>): string =>
  join(home, 'cloud.json')

/** Of any machine's agent: Manila says the rest. */
export const agentEnv = (inst: Pick<Installation, 'home' | 'id'>): Record<string, string> => ({
  ...{ LABPLAN_STORAGE_BACKEND: 'manila', LABPLAN_SHARE_TYPE: SHARE_TYPE },
  ...{ LABPLAN_CLOUD_FILE: credentialFile(inst), LABPLAN_CLOUD_REGION: REGION },
  LABPLAN_INSTALLATION: inst.id,
})

/** As who sources an openrc file has them. */
export const openrcOf = ({ access }: Tenant): Record<string, string> =>
  Object.fromEntries(
    Object.entries(access).map(([name, value]) => [
      `OS_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
      value,
    ]),
  )
