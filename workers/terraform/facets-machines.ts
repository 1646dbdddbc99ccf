/** What matters of what a cloud is asked for, cut out of `terraform show -json` as facets.ts does for Docker's objects. */
import { z } from 'zod'
import { type Facets, facets } from './facets.ts'

const list = z.array(z.looseObject({})).nullish()
const said = z.looseObject({ name: z.string().nullish(), region: z.string().nullish() })
const server = said.extend({
  flavor_name: z.string().nullish(),
  availability_zone: z.string().nullish(),
  key_pair: z.string().nullish(),
  user_data: z.string().nullish(),
  block_device: list,
  network: list,
  personality: list,
})
const port = said.extend({ security_group_ids: z.array(z.string()).nullish() })
const subnet = said.extend({
  cidr: z.string().nullish(),
  dns_nameservers: z.array(z.string()).nullish(),
})
const rule = said.extend({
  direction: z.string().nullish(),
  ethertype: z.string().nullish(),
  protocol: z.string().nullish(),
  port_range_min: z.number().nullish(),
  port_range_max: z.number().nullish(),
  remote_ip_prefix: z.string().nullish(),
})
const keypair = said.extend({ public_key: z.string().nullish() })
const share = said.extend({
  share_proto: z.string().nullish(),
  share_type: z.string().nullish(),
  size: z.number().nullish(),
  is_public: z.boolean().nullish(),
  snapshot_id: z.string().nullish(),
})
const group = said.extend({ policies: z.array(z.string()).nullish() })

/** Undefined for an object that is none of a cloud's, or of no form that we know. */
export function machineFacetsOf(type: string, after: unknown): Facets | undefined {
  const common = said.safeParse(after).data
  if (!type.startsWith('openstack_') || !common) return undefined
  const read = readers[type]
  return { ...facets({ name: common.name, region: common.region }), ...read?.(after) }
}

const reader =
  <Shape>(shape: z.ZodType<Shape>, cut: (of: Shape) => Record<string, unknown>) =>
  (after: unknown): Facets => {
    const { data } = shape.safeParse(after)
    return data === undefined ? {} : facets(cut(data))
  }

const readers: Record<string, (after: unknown) => Facets> = {
  openstack_compute_instance_v2: reader(server, (of) => ({
    ...{ flavour: of.flavor_name, zone: of.availability_zone, key: of.key_pair || null },
    // The provider keeps its SHA-1: it holds what lets a machine into its Swarm.
    ...{ start: of.user_data, disks: (of.block_device ?? []).map(diskOf) },
    ...{ networks: of.network?.length ?? 0, files: of.personality?.length ?? 0 },
  })),
  openstack_networking_port_v2: reader(port, (of) => ({
    groups: of.security_group_ids?.length ?? 0,
  })),
  openstack_networking_subnet_v2: reader(subnet, (of) => ({
    ...{ range: of.cidr, names: of.dns_nameservers ?? [] },
  })),
  openstack_networking_secgroup_rule_v2: reader(rule, (of) => ({
    ...{ way: [of.direction, of.ethertype, of.protocol] },
    ...{ ports: [of.port_range_min, of.port_range_max], from: of.remote_ip_prefix || null },
  })),
  openstack_compute_keypair_v2: reader(keypair, (of) => ({ public: of.public_key?.trim() })),
  openstack_sharedfilesystem_share_v2: reader(share, (of) => ({
    ...{ protocol: of.share_proto, type: of.share_type, size: of.size },
    ...{ isPublic: of.is_public === true, from: of.snapshot_id || null },
  })),
  openstack_compute_servergroup_v2: reader(group, (of) => ({ policies: of.policies })),
}

const diskOf = (of: Record<string, unknown>): unknown[] => [
  ...[of['source_type'], of['destination_type'], of['volume_size'] || null],
]
