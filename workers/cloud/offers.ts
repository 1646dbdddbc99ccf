/**
 * What a cloud offers to the project of a pool, by its own interfaces: sizes, images, availability zones and how much of the
 * quota is in use. Terraform's plan of a machine looks at none of these but the image.
 */
import { z } from 'zod'
import type { Quota } from '../../stacks/rules/early-machines.ts'
import { type Cloud, CloudError } from './client.ts'

/** Of a machine of this size. */
export type Size = { id: string; name: string; cores: number; memoryMb: number }

const PAGE = 500
const flavor = z.looseObject({
  id: z.string(),
  name: z.string(),
  vcpus: z.number(),
  /** MB. */
  ram: z.number(),
})

/** Those that the project may use. */
export async function listSizes(cloud: Cloud, region: string): Promise<Size[]> {
  const all: Size[] = []
  for (;;) {
    const last = all.at(-1)
    const query = { limit: String(PAGE), ...(last && { marker: last.id }) }
    const answer = await cloud.call('compute', 'GET', '/flavors/detail', { region, query })
    const { flavors } = z.looseObject({ flavors: z.array(flavor) }).parse(answer)
    for (const { id, name, vcpus, ram } of flavors)
      all.push({ id, name, cores: vcpus, memoryMb: ram })
    // A cloud may list fewer at once than were asked for, so only an empty page is the last.
    if (flavors.length === 0) return all
  }
}

export async function hasImage(cloud: Cloud, region: string, name: string): Promise<boolean> {
  const query = { name, limit: '1' }
  const answer = await cloud.call('image', 'GET', '/v2/images', { region, query })
  return z.looseObject({ images: z.array(z.unknown()) }).parse(answer).images.length > 0
}

const zones = z.looseObject({
  availabilityZoneInfo: z.array(
    z.looseObject({ zoneName: z.string(), zoneState: z.looseObject({ available: z.boolean() }) }),
  ),
})

/** Names of those that take machines. */
export async function listZones(cloud: Cloud, region: string): Promise<string[]> {
  const answer = await cloud.call('compute', 'GET', '/os-availability-zone', { region })
  return zones
    .parse(answer)
    .availabilityZoneInfo.filter(({ zoneState }) => zoneState.available)
    .map(({ zoneName }) => zoneName)
}

const computeLimits = absolute({
  maxTotalInstances: z.number(),
  totalInstancesUsed: z.number(),
  maxTotalCores: z.number(),
  totalCoresUsed: z.number(),
  maxTotalRAMSize: z.number(),
  totalRAMUsed: z.number(),
})
const diskLimits = absolute({
  maxTotalVolumes: z.number(),
  totalVolumesUsed: z.number(),
  maxTotalVolumeGigabytes: z.number(),
  totalGigabytesUsed: z.number(),
})

function absolute<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.looseObject({ limits: z.looseObject({ absolute: z.looseObject(shape) }) })
}

/** Of machines: how many, their cores and their memory. */
export async function computeQuotas(cloud: Cloud, region: string): Promise<Quota[]> {
  const { limits } = computeLimits.parse(await cloud.call('compute', 'GET', '/limits', { region }))
  const { absolute: of } = limits
  return [
    { resource: 'instances', used: of.totalInstancesUsed, limit: of.maxTotalInstances },
    { resource: 'cores', used: of.totalCoresUsed, limit: of.maxTotalCores },
    { resource: 'ram', used: of.totalRAMUsed, limit: of.maxTotalRAMSize },
  ]
}

/** Of disks: how many, and how large together. */
export async function diskQuotas(cloud: Cloud, region: string): Promise<Quota[]> {
  const { absolute: of } = diskLimits.parse(await askDisks(cloud, region)).limits
  return [
    { resource: 'volumes', used: of.totalVolumesUsed, limit: of.maxTotalVolumes },
    { resource: 'gigabytes', used: of.totalGigabytesUsed, limit: of.maxTotalVolumeGigabytes },
  ]
}

/** Catalogues have the project in the address of block storage, or leave it to the path. */
async function askDisks(cloud: Cloud, region: string): Promise<unknown> {
  try {
    return await cloud.call('block-storage', 'GET', '/limits', { region })
  } catch (error) {
    if (!(error instanceof CloudError) || ![400, 404].includes(error.status)) throw error
    return cloud.call('block-storage', 'GET', `/${await cloud.project()}/limits`, { region })
  }
}
