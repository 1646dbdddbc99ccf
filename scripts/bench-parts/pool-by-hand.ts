/** The same nodes as somebody would write them by hand: one Terraform configuration, one `apply`. */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CloudBed, Tenant } from '../../test/beds/openstack.ts'
import { terraformTools } from '../../test/terraform-tools.ts'

const LIMIT_MS = 900_000

export type PoolByHand = {
  /** Makes them; answers how long `init` and `apply` took. */
  make(): Promise<number>
  /** Answers how long `destroy` took. */
  takeAway(): Promise<number>
}

/** In a tenant of their own. */
export function poolByHand(of: {
  cloud: CloudBed
  tenant: Tenant
  folder: string
  nodes: number
  manager: string
}): PoolByHand {
  const { folder, nodes, manager } = of
  const { terraformBinary, providerMirror } = terraformTools()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'main.tf'), configuration(nodes, manager))
  const mirror = `filesystem_mirror {\n    path    = ${JSON.stringify(providerMirror)}\n    include = ["*/*/*"]\n  }`
  writeFileSync(join(folder, 'cli.tfrc'), `provider_installation {\n  ${mirror}\n}\n`)
  const env = environment(of)
  const terraform = async (...commands: string[][]): Promise<number> => {
    const began = performance.now()
    // It ends with a bench that is killed.
    for (const args of commands)
      await promisify(execFile)('setpriv', ['--pdeathsig', 'TERM', terraformBinary, ...args], {
        ...{ cwd: folder, env, timeout: LIMIT_MS, maxBuffer: 2 ** 26 },
      })
    return performance.now() - began
  }
  const yes = ['-auto-approve', '-input=false']
  return {
    make: () => terraform(['init', '-input=false'], ['apply', ...yes]),
    takeAway: () => terraform(['destroy', ...yes]),
  }
}

function environment(of: { cloud: CloudBed; tenant: Tenant; folder: string }) {
  const { access } = of.tenant
  if (!('password' in access)) throw new Error('Tenants of the bed enter with a password.')
  return {
    ...{ PATH: terraformTools().searchPath, HOME: of.folder, CHECKPOINT_DISABLE: '1' },
    ...{ TF_CLI_CONFIG_FILE: 'cli.tfrc', OS_REGION_NAME: of.cloud.region },
    ...{ OS_AUTH_URL: of.cloud.authUrl, OS_PROJECT_NAME: access.projectName },
    ...{ OS_USERNAME: access.username, OS_PASSWORD: access.password },
    ...{ OS_USER_DOMAIN_NAME: 'Default', OS_PROJECT_DOMAIN_NAME: 'Default' },
  }
}

const configuration = (nodes: number, manager: string): string => `
terraform {
  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = "3.4.0"
    }
  }
}

variable "nodes" { default = ${nodes} }

data "openstack_images_image_v2" "node" {
  name        = "labplan-node"
  most_recent = true
}

data "openstack_networking_network_v2" "outside" {
  name     = "public"
  external = true
}

resource "openstack_networking_network_v2" "class" {
  name = "class"
}

resource "openstack_networking_subnet_v2" "class" {
  name       = "class"
  network_id = openstack_networking_network_v2.class.id
  cidr       = "10.64.0.0/20"
}

resource "openstack_networking_router_v2" "class" {
  name                = "class"
  external_network_id = data.openstack_networking_network_v2.outside.id
}

resource "openstack_networking_router_interface_v2" "class" {
  router_id = openstack_networking_router_v2.class.id
  subnet_id = openstack_networking_subnet_v2.class.id
}

resource "openstack_networking_secgroup_v2" "class" {
  name        = "class"
  description = "Nodes of the class"
}

resource "openstack_networking_secgroup_rule_v2" "swarm" {
  for_each          = { "tcp-2377" = ["tcp", 2377], "tcp-7946" = ["tcp", 7946], "udp-7946" = ["udp", 7946], "udp-4789" = ["udp", 4789] }
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = each.value[0]
  port_range_min    = each.value[1]
  port_range_max    = each.value[1]
  remote_group_id   = openstack_networking_secgroup_v2.class.id
  security_group_id = openstack_networking_secgroup_v2.class.id
}

resource "openstack_networking_secgroup_rule_v2" "seats" {
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 32768
  port_range_max    = 60999
  remote_ip_prefix  = "10.1.2.0/24"
  security_group_id = openstack_networking_secgroup_v2.class.id
}

resource "openstack_compute_servergroup_v2" "class" {
  name     = "class"
  policies = ["soft-anti-affinity"]
}

resource "openstack_networking_port_v2" "node" {
  count              = var.nodes
  name               = "node-\${count.index + 1}"
  network_id         = openstack_networking_network_v2.class.id
  security_group_ids = [openstack_networking_secgroup_v2.class.id]
  fixed_ip {
    subnet_id = openstack_networking_subnet_v2.class.id
  }
}

resource "openstack_compute_instance_v2" "node" {
  count        = var.nodes
  name         = "node-\${count.index + 1}"
  flavor_name  = "m1.large"
  image_id     = data.openstack_images_image_v2.node.id
  config_drive = true
  metadata     = { class = "networks" }
  user_data    = <<-EOT
    #cloud-config
    packages: [docker.io]
    runcmd:
      - docker swarm join --token SWMTKN-1-written-by-hand ${manager}
  EOT
  network {
    port = openstack_networking_port_v2.node[count.index].id
  }
  scheduler_hints {
    group = openstack_compute_servergroup_v2.class.id
  }
}
`
