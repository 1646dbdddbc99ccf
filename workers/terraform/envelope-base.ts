/** What a pool's base must be, said without the renderer: networks, who may talk on them, and managers. Pure. */
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import { type BaseContent, managersOf } from '../../stacks/content.ts'
import { baseName, regionId } from '../../stacks/parts/names.ts'
import { facets } from './facets.ts'
import { machineMust, type Must, portOf } from './machine-must.ts'

/** Where engines publish ports of seats, and what the Swarm's machines say to each other. */
const SEAT_PORTS = [32_768, 60_999]
const SWARM_PORTS: [string, number][] = [
  ...([
    ['tcp', 2377],
    ['tcp', 7946],
    ['udp', 7946],
    ['udp', 4789],
  ] as [string, number][]),
]

/** Managers are in the first region, of the size that the approved plan names. */
function managerMusts(content: BaseContent, join: Record<string, string>): [string, Must][] {
  const { regions, managers } = content.cloud
  const [region] = regions
  if (!region || !managers) return []
  return managersOf(content).flatMap((key): [string, Must][] => {
    const machine = { key, role: 'manager' as const, gpu: null }
    return [
      [
        `openstack_compute_instance_v2.${key}`,
        machineMust(machine, content, { region, flavour: managers.flavour, join }),
      ],
      [`openstack_networking_port_v2.${key}`, portOf(content, key, region.name)],
    ]
  })
}

/** By Terraform address. */
export function baseMusts(content: BaseContent, join: Record<string, string>): Map<string, Must> {
  const musts = new Map<string, Must>(managerMusts(content, join))
  for (const region of content.cloud.regions)
    for (const [address, must] of Object.entries(regionMusts(content, region)))
      musts.set(address, { always: facets(must), made: {} })
  return musts
}

function regionMusts(
  content: BaseContent,
  { name: region, subnet }: BlueprintCloud['regions'][number],
): Record<string, Record<string, unknown>> {
  const { dns, sshKey, gateways } = content.cloud
  const id = regionId(region)
  const common = { region, name: baseName(content) }
  const rule = (name: string, protocol: string, ports: number[], from: string | null) => ({
    [`openstack_networking_secgroup_rule_v2.${id}-${name}`]: {
      ...{ region, way: ['ingress', 'IPv4', protocol], ports, from },
    },
  })
  const rules = [
    ...SWARM_PORTS.map(([protocol, at]) =>
      rule(`swarm-${protocol}-${at}`, protocol, [at, at], null),
    ),
    ...gateways.flatMap((gateway) => {
      const from = gateway.replaceAll(/[./]/g, '-')
      const ssh = sshKey === null ? [] : [rule(`ssh-from-${from}`, 'tcp', [22, 22], gateway)]
      const managers =
        managersOf(content).length === 0
          ? []
          : [rule(`managers-from-${from}`, 'tcp', [2377, 2377], gateway)]
      return [rule(`seats-from-${from}`, 'tcp', SEAT_PORTS, gateway), ...ssh, ...managers]
    }),
  ]
  return {
    [`openstack_networking_network_v2.${id}`]: common,
    [`openstack_networking_subnet_v2.${id}`]: { ...common, range: subnet, names: dns },
    [`openstack_networking_router_v2.${id}`]: common,
    [`openstack_networking_router_interface_v2.${id}`]: { region },
    ...(sshKey !== null && {
      [`openstack_compute_keypair_v2.${id}`]: { ...common, public: sshKey.trim() },
    }),
    [`openstack_networking_secgroup_v2.${id}`]: common,
    [`openstack_compute_servergroup_v2.${id}-spread`]: {
      ...common,
      policies: ['soft-anti-affinity'],
    },
    ...Object.assign({}, ...rules),
  }
}
