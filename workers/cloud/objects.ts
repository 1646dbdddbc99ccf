/**
 * What of a stack of machines is really there, told by tags and metadata, beside what its content wants. A name is
 * `<Terraform type> <region> <name in the cloud>`: names alone are shared by a network, its router and its groups.
 */
import { z } from 'zod'
import type { MachinesContent } from '../../stacks/content.ts'
import { baseName, cloudTags, machineLabels } from '../../stacks/parts/names.ts'
import { renderStack } from '../../stacks/render.ts'
import type { Found } from '../terraform/survey.ts'
import type { Cloud } from './client.ts'

const TYPES = {
  server: 'openstack_compute_instance_v2',
  port: 'openstack_networking_port_v2',
  way: 'openstack_networking_router_interface_v2',
  router: 'openstack_networking_router_v2',
  subnet: 'openstack_networking_subnet_v2',
  network: 'openstack_networking_network_v2',
  rule: 'openstack_networking_secgroup_rule_v2',
  group: 'openstack_networking_secgroup_v2',
  spread: 'openstack_compute_servergroup_v2',
  key: 'openstack_compute_keypair_v2',
} as const
type Kind = keyof typeof TYPES
/** The order in which they can be taken away. */
export const KINDS = Object.keys(TYPES) as Kind[]

export const objectName = (kind: Kind, region: string, name: string): string =>
  `${TYPES[kind]} ${region} ${name}`

/** Server tags, and filters by them, are there since 2.26; `tags` in a server's details too. */
const WITH_TAGS = '2.26'

const rendered = z.looseObject({
  resource: z
    .record(
      z.string(),
      z.record(z.string(), z.looseObject({ region: z.string(), name: z.string().optional() })),
    )
    .default({}),
})

/** Terraform address → name, of all that the content wants. */
export function wantedInCloud(content: MachinesContent): Map<string, string> {
  const { resource } = rendered.parse(JSON.parse(renderStack(content)))
  const wanted = new Map<string, string>()
  for (const kind of KINDS)
    for (const [id, attributes] of Object.entries(resource[TYPES[kind]] ?? {})) {
      const name = kind === 'rule' ? ruleName(attributes) : (attributes.name ?? baseName(content))
      wanted.set(`${TYPES[kind]}.${id}`, objectName(kind, attributes.region, name))
    }
  return wanted
}

const ruleFields = z.looseObject({
  protocol: z.string().nullish(),
  port_range_min: z.number().nullish(),
  port_range_max: z.number().nullish(),
  remote_ip_prefix: z.string().nullish(),
})

/** Rules have no names: what they let in, and from where. */
function ruleName(rule: unknown): string {
  const { protocol, port_range_min, port_range_max, remote_ip_prefix } = ruleFields.parse(rule)
  return `${protocol} ${port_range_min}-${port_range_max} from ${remote_ip_prefix ?? 'nodes'}`
}

const object = z.looseObject({ id: z.string(), name: z.string().default('') })
const server = object.extend({
  status: z.string(),
  /** Why it is in ERROR: Terraform's provider does not tell. */
  fault: z.looseObject({ message: z.string() }).optional(),
  metadata: z.record(z.string(), z.string()).default({}),
  /** Its size; named by its id alone up to 2.46. */
  flavor: z.looseObject({ id: z.string().optional() }).optional(),
  /** By network. */
  addresses: z
    .record(z.string(), z.array(z.looseObject({ addr: z.string(), version: z.number() })))
    .default({}),
})
const rule = ruleFields.extend({ id: z.string() })
const keypair = z.looseObject({ keypair: z.looseObject({ name: z.string() }) })

export type CloudServer = z.infer<typeof server> & { region: string }

/** Where it is on the pool's network, its only one. */
export const addressOf = ({ addresses }: Pick<CloudServer, 'addresses'>): string | null =>
  Object.values(addresses)
    .flat()
    .find(({ version }) => version === 4)?.addr ?? null

/**
 * Everything of the stack, in each of its regions.
 * @param seatsOn by machine key, how many seats run on it now
 */
export async function listInCloud(
  cloud: Cloud,
  content: MachinesContent,
  seatsOn: Map<string, number>,
): Promise<Found[]> {
  const found: Found[] = []
  for (const { name: region } of content.cloud.regions) {
    const servers = await listServers(cloud, content, region)
    found.push(...servers.map((one) => foundServer(one, seatsOn)))
    found.push(...(await listTagged(cloud, content, region, 'port')))
    if (content.kind === 'base') found.push(...(await listBase(cloud, content, region)))
  }
  return found
}

/** The stack's machines in one region, whatever state they are in. */
export async function listServers(
  cloud: Cloud,
  content: MachinesContent,
  region: string,
): Promise<CloudServer[]> {
  const answer = await cloud.call('compute', 'GET', '/servers/detail', {
    ...{ region, microversion: WITH_TAGS, query: { tags: cloudTags(content).join(',') } },
  })
  const { servers } = z.looseObject({ servers: z.array(server) }).parse(answer)
  return servers.map((one) => ({ ...one, region }))
}

/** Terraform's SDK (retry.UnexpectedStateError), of a server that it made. */
const MADE_IN_VAIN = /unexpected state 'ERROR', wanted target 'ACTIVE'/

/**
 * Why machines came to nothing, as the cloud says. A run that failed otherwise made none: what stands in ERROR is left from one
 * before, and its fault would hide why this one failed.
 * @param said why, as far as Terraform knows
 */
export function faultsToTell(
  said: string,
  servers: Pick<CloudServer, 'status' | 'fault' | 'metadata'>[],
): string | undefined {
  const faults = servers
    .filter(({ status, fault }) => status === 'ERROR' && fault)
    .map(({ fault, metadata }) => `${metadata['labplan.node']}: ${fault!.message.slice(0, 300)}`)
  if (faults.length === 0 || !MADE_IN_VAIN.test(said)) return undefined
  return `The cloud says of ${faults.slice(0, 3).join('; ')}`
}

function foundServer(one: CloudServer, seatsOn: Map<string, number>): Found {
  return {
    id: one.id,
    name: objectName('server', one.region, one.name),
    labels: one.metadata,
    replicas: seatsOn.get(one.metadata['labplan.node'] ?? '') ?? 0,
    isBroken: one.status === 'ERROR',
  }
}

const COLLECTIONS = {
  port: ['ports', '/ports'],
  router: ['routers', '/routers'],
  subnet: ['subnets', '/subnets'],
  network: ['networks', '/networks'],
  group: ['security_groups', '/security-groups'],
} as const

async function listTagged(
  cloud: Cloud,
  content: MachinesContent,
  region: string,
  kind: keyof typeof COLLECTIONS,
): Promise<Found[]> {
  const [field, path] = COLLECTIONS[kind]
  const query = { tags: cloudTags(content).join(',') }
  const those = await list(cloud, region, { path, field, query }, object)
  return those.map(({ id, name }) => plain(kind, region, id, name))
}

const plain = (kind: Kind, region: string, id: string, name: string): Found => ({
  ...{ id, name: objectName(kind, region, name), labels: {}, replicas: 0 },
})

async function listBase(cloud: Cloud, content: MachinesContent, region: string): Promise<Found[]> {
  const found: Found[] = []
  for (const kind of ['router', 'subnet', 'network', 'group'] as const)
    found.push(...(await listTagged(cloud, content, region, kind)))
  const own = baseName(content)
  for (const router of found.filter(({ name }) => name.startsWith(TYPES.router))) {
    const query = { device_id: router.id, device_owner: 'network:router_interface' }
    const ways = await list(cloud, region, { path: '/ports', field: 'ports', query }, object)
    found.push(...ways.map(({ id }) => plain('way', region, id, own)))
  }
  for (const group of found.filter(({ name }) => name.startsWith(`${TYPES.group} `))) {
    const query = { security_group_id: group.id, direction: 'ingress' }
    const at = { path: '/security-group-rules', field: 'security_group_rules', query }
    const rules = await list(cloud, region, at, rule)
    found.push(...rules.map((one) => plain('rule', region, one.id, ruleName(one))))
  }
  return [...found, ...(await listNamed(cloud, own, region))]
}

/** Server groups and key pairs carry no tags: their whole name is ours. */
async function listNamed(cloud: Cloud, own: string, region: string): Promise<Found[]> {
  const groups = z
    .looseObject({ server_groups: z.array(object) })
    .parse(await cloud.call('compute', 'GET', '/os-server-groups', { region })).server_groups
  const keys = z
    .looseObject({ keypairs: z.array(keypair) })
    .parse(await cloud.call('compute', 'GET', '/os-keypairs', { region })).keypairs
  return [
    ...groups.filter(({ name }) => name === own).map(({ id }) => plain('spread', region, id, own)),
    ...keys.filter((one) => one.keypair.name === own).map(() => plain('key', region, own, own)),
  ]
}

async function list<Of>(
  cloud: Cloud,
  region: string,
  at: { path: string; field: string; query: Record<string, string> },
  schema: z.ZodType<Of>,
): Promise<Of[]> {
  const answer = await cloud.call('network', 'GET', at.path, { region, query: at.query })
  return z.record(z.string(), z.array(schema)).parse(only(answer, at.field))[at.field] ?? []
}

/** A list's answer may have links beside it. */
const only = (answer: unknown, field: string): unknown =>
  typeof answer === 'object' && answer !== null ? { [field]: Reflect.get(answer, field) } : {}

/** Whether it carries the labels of this stack: checked again before anything is removed. */
export function isOwnServer(found: Found, content: MachinesContent): boolean {
  const own = machineLabels(content, found.labels['labplan.node'] ?? '')
  return Object.entries(own).every(([name, value]) => found.labels[name] === value)
}
