/**
 * The few OpenStack resources we use, typed by hand: the bindings that `cdktf get` makes are 4.6 MB, in a
 * syntax that Node's type stripping refuses. `test/stacks/openstack.real.test.ts` has the real provider
 * check what is made of them, so a new version of it cannot drift away unseen.
 */
import {
  TerraformDataSource,
  type TerraformElement,
  TerraformResource,
  type TerraformResourceLifecycle,
  type TerraformStack,
} from 'cdktf'

/** Of every networking resource. */
type Common = { region: string; tags?: string[] }

interface Resources {
  openstack_networking_network_v2: Common & { name: string; admin_state_up: boolean }
  openstack_networking_subnet_v2: Common & {
    name: string
    network_id: string
    cidr: string
    ip_version: 4
    dns_nameservers?: string[]
  }
  openstack_networking_router_v2: Common & {
    name: string
    admin_state_up: boolean
    external_network_id: string
  }
  openstack_networking_router_interface_v2: Common & { router_id: string; subnet_id: string }
  openstack_networking_secgroup_v2: Common & { name: string; description: string }
  openstack_networking_secgroup_rule_v2: {
    region: string
    direction: 'ingress'
    ethertype: 'IPv4'
    protocol: 'tcp' | 'udp'
    port_range_min: number
    port_range_max: number
    security_group_id: string
    remote_group_id?: string
    remote_ip_prefix?: string
    description?: string
  }
  openstack_networking_port_v2: Common & {
    name: string
    network_id: string
    admin_state_up: boolean
    security_group_ids: string[]
    fixed_ip: { subnet_id: string }[]
  }
  openstack_sharedfilesystem_share_v2: {
    region: string
    name: string
    share_proto: 'CEPHFS'
    share_type: string
    /** GiB. */
    size: number
    metadata: Record<string, string>
  }
  openstack_compute_keypair_v2: { region: string; name: string; public_key: string }
  openstack_compute_servergroup_v2: { region: string; name: string; policies: string[] }
  openstack_compute_instance_v2: Common & {
    name: string
    flavor_name: string
    image_id?: string
    key_pair?: string
    availability_zone?: string
    config_drive: boolean
    metadata: Record<string, string>
    user_data: string
    network: { port: string }[]
    scheduler_hints: { group: string }[]
    block_device?: {
      source_type: 'image' | 'blank'
      destination_type: 'local' | 'volume'
      uuid?: string
      volume_size?: number
      boot_index: number
      delete_on_termination: true
    }[]
  }
}

interface Data {
  openstack_images_image_v2: { region: string; name: string; most_recent: true }
  openstack_networking_network_v2: { region: string; name: string; external?: true }
  openstack_networking_subnet_v2: { region: string; name: string }
  openstack_networking_secgroup_v2: { region: string; name: string }
  openstack_compute_servergroup_v2: { region: string; name: string }
}

const generator = { providerName: 'openstack' }

class Resource extends TerraformResource {
  readonly #attributes: object

  constructor(
    scope: TerraformStack,
    id: string,
    type: string,
    attributes: object,
    lifecycle?: TerraformResourceLifecycle,
  ) {
    super(scope, `${type}.${id}`, {
      terraformResourceType: type,
      terraformGeneratorMetadata: generator,
      ...(lifecycle && { lifecycle }),
    })
    this.#attributes = attributes
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { ...this.#attributes }
  }
}

class DataSource extends TerraformDataSource {
  readonly #attributes: object

  constructor(scope: TerraformStack, id: string, type: string, attributes: object) {
    super(scope, `data.${type}.${id}`, {
      terraformResourceType: type,
      terraformGeneratorMetadata: generator,
    })
    this.#attributes = attributes
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { ...this.#attributes }
  }
}

/** Adds the resource under a stable address; answers the reference to its id. */
export function resource<Type extends keyof Resources>(
  stack: TerraformStack,
  type: Type,
  id: string,
  attributes: Resources[Type],
  lifecycle?: TerraformResourceLifecycle,
): string {
  named(new Resource(stack, id, type, attributes, lifecycle), id)
  return `\${${type}.${id}.id}`
}

/** Adds the data source; answers the reference to its id. */
export function data<Type extends keyof Data>(
  stack: TerraformStack,
  type: Type,
  id: string,
  attributes: Data[Type],
): string {
  named(new DataSource(stack, id, type, attributes), id)
  return `\${data.${type}.${id}.id}`
}

function named(element: TerraformElement, id: string): void {
  element.overrideLogicalId(id)
}
