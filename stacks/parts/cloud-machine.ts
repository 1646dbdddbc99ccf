/** A machine of a cloud with its port: a manager of the base, or a node. */
import type { BlueprintCloud } from '../blueprint.ts'
import type { MachinesContent } from '../content.ts'
import type { CloudStack } from './labplan-stack.ts'
import { baseName, cloudTags, machineLabels, machineName, otherRegion, regionId } from './names.ts'
import { data, resource } from './openstack.ts'
import { type Machine, userData } from './user-data.ts'

export type CloudMachine = {
  key: string
  role: Machine['role']
  region: BlueprintCloud['regions'][number]
  /** By which availability zones are taken in turn. */
  number: number
  /** The cloud's name of its size. */
  flavour: string
  gpu: Machine['gpu']
  /** References to what the base made. */
  network: string
  subnet: string
  securityGroup: string
  group: string
}

/**
 * A machine is never changed in place: a new image, or another way to start, is for the next one made. The last two are
 * not told of one that is imported, and would have it made anew.
 */
const NOT_OURS = [
  ...['user_data', 'image_id', 'block_device', 'scheduler_hints'],
  ...['network', 'config_drive'],
]

/** By machine key, how it joins its Swarm: given by the run, used once, in no plan that is kept and no state. */
export function joinVariable(stack: CloudStack): void {
  stack.variable('join', 'map(string)', 'How each machine joins the Swarm, by its key', {
    sensitive: true,
  })
}

export function addMachine(
  stack: CloudStack,
  content: MachinesContent,
  machine: CloudMachine,
): void {
  const { region, key } = machine
  const { cloud } = content
  const name = machineName(content, key)
  const port = resource(stack, 'openstack_networking_port_v2', key, {
    ...{ region: region.name, name, network_id: machine.network, admin_state_up: true },
    fixed_ip: [{ subnet_id: machine.subnet }],
    ...{ security_group_ids: [machine.securityGroup], tags: cloudTags(content) },
  })
  const zones = region.availabilityZones
  const zone = zones[(machine.number - 1) % zones.length]
  resource(
    stack,
    'openstack_compute_instance_v2',
    key,
    {
      ...{ region: region.name, name, flavor_name: machine.flavour, config_drive: true },
      ...disks(imageOf(stack, region), cloud.engineVolumeGb),
      ...(cloud.sshKey !== null && { key_pair: baseName(content) }),
      ...(zone !== undefined && { availability_zone: zone }),
      metadata: machineLabels(content, key),
      tags: cloudTags(content),
      user_data: userData(
        { ...content, ...machine, otherRegion: otherRegion(content.key) },
        `var.join["${key}"]`,
      ),
      network: [{ port }],
      scheduler_hints: [{ group: machine.group }],
    },
    { ignoreChanges: NOT_OURS },
  )
}

/** One look at the image per region and stack. */
function imageOf(stack: CloudStack, region: CloudMachine['region']): string {
  const id = `${regionId(region.name)}-image`
  const known = stack.node.tryFindChild(`data.openstack_images_image_v2.${id}`)
  if (known) return `\${data.openstack_images_image_v2.${id}.id}`
  return data(stack, 'openstack_images_image_v2', id, {
    ...{ region: region.name, name: region.image, most_recent: true as const },
  })
}

/** A volume of its own for the engine comes and goes with its machine: nothing of a student's is on it. */
function disks(image: string, engineVolumeGb: number | null) {
  if (engineVolumeGb === null) return { image_id: image }
  return {
    // Named beside the disk that is made of it: the provider asks for it where that disk is local.
    image_id: image,
    block_device: [
      {
        ...{ source_type: 'image' as const, destination_type: 'local' as const, uuid: image },
        ...{ boot_index: 0, delete_on_termination: true as const },
      },
      {
        ...{ source_type: 'blank' as const, destination_type: 'volume' as const },
        ...{ volume_size: engineVolumeGb, boot_index: -1, delete_on_termination: true as const },
      },
    ],
  }
}
