/** A pool's nodes that are on, on the networks of its base, which they find by its names. */
import type { Construct } from 'constructs'
import type { BlueprintCloud } from './blueprint.ts'
import { inOrder, type NodesContent } from './content.ts'
import { addMachine, joinVariable } from './parts/cloud-machine.ts'
import { CloudStack } from './parts/labplan-stack.ts'
import { baseName, regionId } from './parts/names.ts'
import { data } from './parts/openstack.ts'

export class NodesStack extends CloudStack {
  constructor(content: NodesContent, scope?: Construct) {
    super(content.key, scope)
    const { nodes, cloud } = inOrder(content)
    if (nodes.length === 0) return
    joinVariable(this)
    const homes = new Map<string, ReturnType<typeof findBase>>()
    for (const node of nodes) {
      const { flavour, region } = sizeOf(cloud, node)
      const home = homes.get(region.name) ?? findBase(this, content, region.name)
      homes.set(region.name, home)
      addMachine(this, content, {
        ...{ key: node.key, role: 'node', region, number: numberOf(node.key), ...home },
        ...{ flavour: flavour.name, gpu: flavour.gpu },
      })
    }
  }
}

function sizeOf(cloud: BlueprintCloud, node: NodesContent['nodes'][number]) {
  const flavour = cloud.flavours.find((one) => one.key === node.flavour)
  const region = cloud.regions.find((one) => one.name === flavour?.region)
  if (!flavour || !region)
    throw new Error(`Node ${node.key} is of flavour ${node.flavour}, which its pool does not have.`)
  return { flavour, region }
}

/** `m-large-12` → 12: by which zones are taken in turn, whoever else is on. */
const numberOf = (key: string): number => Number(/\d+$/.exec(key)?.[0] ?? 1)

function findBase(stack: CloudStack, content: NodesContent, region: string) {
  const id = regionId(region)
  const named = { region, name: baseName(content) }
  return {
    network: data(stack, 'openstack_networking_network_v2', id, named),
    subnet: data(stack, 'openstack_networking_subnet_v2', id, named),
    securityGroup: data(stack, 'openstack_networking_secgroup_v2', id, named),
    group: data(stack, 'openstack_compute_servergroup_v2', `${id}-spread`, named),
  }
}
