/** A pool's base in a region of its cloud: a network with its way out and who may talk on it; the Swarm's managers. */
import type { Construct } from 'constructs'
import type { BlueprintCloud } from './blueprint.ts'
import { type BaseContent, managersOf } from './content.ts'
import { addMachine, joinVariable } from './parts/cloud-machine.ts'
import { CloudStack } from './parts/labplan-stack.ts'
import { baseName, cloudTags, regionId } from './parts/names.ts'
import { data, resource } from './parts/openstack.ts'

type Region = BlueprintCloud['regions'][number]

/** Where engines publish ports of seats: Linux's own range of dynamic ports. */
const SEAT_PORTS = [32_768, 60_999] as const
/** Between nodes only (Docker's list): managers, gossip, overlay traffic. */
const SWARM_PORTS = [
  ['tcp', 2377],
  ['tcp', 7946],
  ['udp', 7946],
  ['udp', 4789],
] as const

export class BaseStack extends CloudStack {
  constructor(content: BaseContent, scope?: Construct) {
    super(content.key, scope)
    const { cloud } = content
    const managers = managersOf(content)
    if (managers.length > 0) joinVariable(this)
    for (const [i, region] of cloud.regions.entries()) {
      const home = addNetwork(this, content, region)
      const nodes = addGroups(this, content, region)
      const group = resource(
        this,
        'openstack_compute_servergroup_v2',
        `${regionId(region.name)}-spread`,
        { region: region.name, name: baseName(content), policies: ['soft-anti-affinity'] },
      )
      if (i > 0 || cloud.managers === null) continue
      for (const [before, key] of managers.entries())
        addMachine(this, content, {
          ...{ key, role: 'manager', region, number: before + 1, gpu: null },
          ...{ flavour: cloud.managers.flavour, ...home, securityGroup: nodes, group },
        })
    }
  }
}

/** Answers network and subnet: a machine's port has its address from there. */
function addNetwork(stack: CloudStack, content: BaseContent, { name: region, ...of }: Region) {
  const id = regionId(region)
  const common = { region, name: baseName(content), tags: cloudTags(content) }
  const network = resource(stack, 'openstack_networking_network_v2', id, {
    ...common,
    admin_state_up: true,
  })
  const { dns } = content.cloud
  const subnet = resource(stack, 'openstack_networking_subnet_v2', id, {
    ...{ ...common, network_id: network, cidr: of.subnet, ip_version: 4 as const },
    ...(dns.length > 0 && { dns_nameservers: dns }),
  })
  const outside = data(stack, 'openstack_networking_network_v2', `${id}-outside`, {
    ...{ region, name: of.externalNetwork, external: true as const },
  })
  const router = resource(stack, 'openstack_networking_router_v2', id, {
    ...{ ...common, admin_state_up: true, external_network_id: outside },
  })
  resource(stack, 'openstack_networking_router_interface_v2', id, {
    ...{ region, router_id: router, subnet_id: subnet },
  })
  const { sshKey } = content.cloud
  if (sshKey !== null)
    resource(stack, 'openstack_compute_keypair_v2', id, {
      ...{ region, name: baseName(content), public_key: sshKey },
    })
  return { network, subnet }
}

/** Nodes talk with nodes; gateways reach ports of seats; nobody else reaches anything. */
function addGroups(stack: CloudStack, content: BaseContent, { name: region }: Region): string {
  const id = regionId(region)
  const group = resource(stack, 'openstack_networking_secgroup_v2', id, {
    ...{ region, name: baseName(content), tags: cloudTags(content) },
    description: 'Nodes of a Labplan pool',
  })
  const rule = (name: string, protocol: 'tcp' | 'udp', ports: readonly [number, number]) => ({
    id: `${id}-${name}`,
    rule: {
      ...{ region, direction: 'ingress' as const, ethertype: 'IPv4' as const, protocol },
      ...{ port_range_min: ports[0], port_range_max: ports[1], security_group_id: group },
    },
  })
  const add = (of: ReturnType<typeof rule>, from: object) =>
    resource(stack, 'openstack_networking_secgroup_rule_v2', of.id, { ...of.rule, ...from })
  for (const [protocol, port] of SWARM_PORTS)
    add(rule(`swarm-${protocol}-${port}`, protocol, [port, port]), { remote_group_id: group })
  for (const gateway of content.cloud.gateways) {
    const from = gateway.replaceAll(/[./]/g, '-')
    add(rule(`seats-from-${from}`, 'tcp', SEAT_PORTS), { remote_ip_prefix: gateway })
    if (content.cloud.sshKey !== null)
      add(rule(`ssh-from-${from}`, 'tcp', [22, 22]), { remote_ip_prefix: gateway })
    // Managers call each other, and the one that was there before is not among nodes.
    if (managersOf(content).length > 0)
      add(rule(`managers-from-${from}`, 'tcp', [2377, 2377]), { remote_ip_prefix: gateway })
  }
  return group
}
