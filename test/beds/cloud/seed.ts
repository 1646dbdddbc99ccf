/** What a fresh cloud offers its tenants, asked for by the administrator through the APIs, as anywhere. */
import { z } from 'zod'
import { type Cloud, connectCloud } from '../../../workers/cloud/client.ts'
import { REGION } from './place.ts'
import { PASSWORD, PORTS } from './settings.ts'

export const IMAGE = 'labplan-node'
export const OUTSIDE = 'public'
/** name → [cores, MB of memory] */
const FLAVOURS = { 'm1.small': [1, 2048], 'm1.large': [4, 8192], 'g1.a100': [8, 16_384] } as const

export const authUrlOf = (address: string): string => `http://${address}:${PORTS.identity}/v3`

export function administrator(address: string): Cloud {
  const access = {
    ...{ authUrl: authUrlOf(address), username: 'admin', password: PASSWORD, projectName: 'admin' },
    ...{ userDomainName: 'Default', projectDomainName: 'Default' },
  }
  return connectCloud(access, () => new Date())
}

const withId = z.looseObject({ id: z.string() })

async function create(
  cloud: Cloud,
  service: Parameters<Cloud['call']>[0],
  path: string,
  kind: string,
  value: object,
) {
  const body = { [kind]: value }
  const answer = await cloud.call(service, 'POST', path, { region: REGION, body })
  return z.record(z.string(), withId).parse(answer)[kind]!.id
}

/** The user of the services, and where they are. Only the identity service runs. */
export async function seedIdentity(address: string): Promise<void> {
  const cloud = administrator(address)
  const project = await create(cloud, 'identity', '/projects', 'project', {
    name: 'service',
    domain_id: 'default',
  })
  const user = await create(cloud, 'identity', '/users', 'user', {
    ...{ name: 'svc', password: PASSWORD, domain_id: 'default', default_project_id: project },
  })
  const roles = await roleIds(cloud)
  for (const role of ['admin', 'service'])
    await grant(cloud, { project, user, role: roles.get(role)! })
  const endpoints = {
    compute: `http://${address}:${PORTS.compute}/v2.1`,
    'block-storage': `http://${address}:${PORTS['block-storage']}/v3`,
    image: `http://${address}:${PORTS.image}`,
    network: `http://${address}:${PORTS.network}`,
    placement: `http://${address}:${PORTS.placement}`,
  }
  for (const [type, url] of Object.entries(endpoints)) {
    const service = await create(cloud, 'identity', '/services', 'service', { type, name: type })
    for (const side of ['public', 'internal', 'admin'])
      await create(cloud, 'identity', '/endpoints', 'endpoint', {
        ...{ service_id: service, interface: side, url, region_id: REGION },
      })
  }
}

export async function roleIds(cloud: Cloud): Promise<Map<string, string>> {
  const answer = await cloud.call('identity', 'GET', '/roles', { region: REGION })
  const { roles } = z
    .looseObject({ roles: z.array(z.looseObject({ id: z.string(), name: z.string() })) })
    .parse(answer)
  return new Map(roles.map(({ id, name }) => [name, id]))
}

export async function grant(
  cloud: Cloud,
  of: { project: string; user: string; role: string },
): Promise<void> {
  const path = `/projects/${of.project}/users/${of.user}/roles/${of.role}`
  await cloud.call('identity', 'PUT', path, { region: REGION })
}

/** Flavours, an image of nothing, the way out, a kind of volumes. Every API runs. */
export async function seedResources(address: string): Promise<void> {
  const cloud = administrator(address)
  for (const [name, [vcpus, ram]] of Object.entries(FLAVOURS))
    await create(cloud, 'compute', '/flavors', 'flavor', { name, vcpus, ram, disk: 20 })
  await create(cloud, 'block-storage', '/types', 'volume_type', { name: 'bed' })
  const network = await create(cloud, 'network', '/networks', 'network', {
    ...{ name: OUTSIDE, 'router:external': true, shared: false },
    ...{ 'provider:network_type': 'flat', 'provider:physical_network': 'public' },
  })
  await create(cloud, 'network', '/subnets', 'subnet', {
    ...{ network_id: network, ip_version: 4, cidr: '203.0.113.0/24', enable_dhcp: false },
  })
  await addImage(cloud, address)
}

async function addImage(cloud: Cloud, address: string): Promise<void> {
  const answer = await cloud.call('image', 'POST', '/v2/images', {
    region: REGION,
    body: { name: IMAGE, disk_format: 'raw', container_format: 'bare', visibility: 'public' },
  })
  const { id } = withId.parse(answer)
  // The one call that is not JSON.
  const response = await fetch(`http://${address}:${PORTS.image}/v2/images/${id}/file`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'x-auth-token': await cloud.token() },
    body: new Uint8Array(65_536),
  })
  if (!response.ok) throw new Error(`The image was not taken: ${response.status}`)
}
