/**
 * More regions of a test cloud: names in its catalogue that lead to the same services, as an operator has them while a region
 * gets another name. One is down when its name leads to a port where nobody listens. What is in one is in all of them.
 */
import { z } from 'zod'
import { type Cloud, CloudError } from '../../../workers/cloud/client.ts'
import { type CloudRecord, REGION } from './place.ts'
import { administrator } from './seed.ts'

export type BedRegions = {
  stop(region: string): Promise<void>
  start(region: string): Promise<void>
}

const TYPES = ['compute', 'network', 'image', 'block-storage']
/** Of the cloud's own address: nobody listens there. */
const CLOSED_PORT = 65_000

const withId = z.looseObject({ id: z.string() })
const endpointsSchema = z.looseObject({
  endpoints: z.array(
    withId.extend({ service_id: z.string(), region_id: z.string().nullish(), url: z.string() }),
  ),
})

export async function addRegions(record: CloudRecord, names: string[]): Promise<BedRegions> {
  const admin = administrator(record.address)
  const known = await endpointsOf(admin)
  const types = new Map(
    z
      .looseObject({ services: z.array(withId.extend({ type: z.string() })) })
      .parse(await ask(admin, 'GET', '/services'))
      .services.map(({ id, type }) => [id, type]),
  )
  const own = known.filter(
    ({ region_id, service_id }) => region_id === REGION && TYPES.includes(types.get(service_id)!),
  )
  const urls = new Map(own.map(({ service_id, url }) => [service_id, url]))
  const lead = async (region: string, to: (url: string) => string) => {
    for (const { id, service_id, region_id } of await endpointsOf(admin))
      if (region_id === region)
        await ask(admin, 'PATCH', `/endpoints/${id}`, {
          endpoint: { url: to(urls.get(service_id)!) },
        })
  }
  for (const name of names.filter((one) => !known.some(({ region_id }) => region_id === one))) {
    await ask(admin, 'POST', '/regions', { region: { id: name } }).catch(unlessThere)
    for (const [service_id, url] of urls)
      await ask(admin, 'POST', '/endpoints', {
        endpoint: { service_id, interface: 'public', url, region_id: name },
      })
  }
  return {
    stop: (region) => lead(region, () => `http://${record.address}:${CLOSED_PORT}`),
    start: (region) => lead(region, (url) => url),
  }
}

const endpointsOf = async (admin: Cloud) =>
  endpointsSchema.parse(await ask(admin, 'GET', '/endpoints')).endpoints

const ask = (admin: Cloud, method: string, path: string, body?: object) =>
  admin.call('identity', method, path, { region: REGION, ...(body && { body }) })

/** In a cloud that was started by hand. */
function unlessThere(error: unknown): void {
  if (!(error instanceof CloudError) || error.status !== 409) throw error
}
