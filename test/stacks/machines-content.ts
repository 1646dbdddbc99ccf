/** A pool of a cloud as content of its stacks, for tests. */
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import type { BaseContent, NodesContent } from '../../stacks/content.ts'

export const cloud: BlueprintCloud = {
  regions: [
    {
      name: 'north',
      image: 'labplan-node',
      externalNetwork: 'public',
      subnet: '10.64.0.0/20',
      availabilityZones: ['hall-a', 'hall-b'],
    },
  ],
  manager: '10.1.2.5:2377',
  managers: { count: 2, flavour: 'm1.small' },
  gateways: ['10.1.2.0/24'],
  dns: ['10.1.0.53'],
  sshKey: null,
  engineVolumeGb: null,
  insecureRegistries: [],
  flavours: [
    { key: 'm-large', name: 'm1.large', region: 'north', gpu: null },
    { key: 'g-a100', name: 'g1.a100', region: 'north', gpu: { kind: 'a100', count: 4 } },
  ],
}

const owner = { installation: 'k3x9q2ab', pool: 'cloud' }

export const baseOf = (more: Partial<BlueprintCloud> = {}): BaseContent => ({
  ...owner,
  kind: 'base',
  key: 'base-cloud',
  cloud: { ...cloud, ...more },
})

export const nodesOf = (
  nodes: NodesContent['nodes'],
  more: Partial<BlueprintCloud> = {},
): NodesContent => ({
  ...owner,
  kind: 'nodes',
  key: 'nodes-cloud',
  // Managers are the base's.
  cloud: { ...cloud, managers: null, ...more },
  nodes,
})
