/** Which plans of machines may be applied with nobody looking. Pure. What guard.ts asks of seats, for what they run on. */
import { regionId } from '../../stacks/parts/names.ts'
import { type GuardInput, type Refusal, type RefusalCode, strangeLabels } from './refusal.ts'
import type { Change } from './plan.ts'

const SERVER = 'openstack_compute_instance_v2'
const TYPES = {
  nodes: [SERVER, 'openstack_networking_port_v2'],
  base: [
    ...[SERVER, 'openstack_networking_port_v2', 'openstack_networking_network_v2'],
    ...['openstack_networking_subnet_v2', 'openstack_networking_router_v2'],
    ...['openstack_networking_router_interface_v2', 'openstack_networking_secgroup_v2'],
    ...['openstack_networking_secgroup_rule_v2', 'openstack_compute_servergroup_v2'],
    'openstack_compute_keypair_v2',
  ],
}
/** Of a base, what may come and go while nodes stand on it; managers, too: they are out of the Swarm by then. */
const REPLACEABLE = ['openstack_networking_secgroup_rule_v2', 'openstack_compute_keypair_v2']
const MANAGERS = [SERVER, 'openstack_networking_port_v2']
/** They carry neither metadata nor tags. */
const UNLABELLED = [
  ...REPLACEABLE,
  'openstack_networking_router_interface_v2',
  'openstack_compute_servergroup_v2',
]

export function refusalsOfMachine(change: Change, input: GuardInput): Refusal[] {
  const refuse = (code: RefusalCode, detail: string) => [{ code, address: change.address, detail }]
  const kind = input.kind === 'base' ? 'base' : 'nodes'
  if (!TYPES[kind].includes(change.type))
    return refuse('type_not_ours', `${change.type} in a ${kind} stack`)
  const stranger = UNLABELLED.includes(change.type) ? undefined : strangeLabels(change, input)
  if (stranger) return refuse('not_labelled_ours', stranger)
  if (change.action !== 'delete' && change.action !== 'replace') return []
  const seats = change.type === SERVER ? (input.replicas.get(change.id ?? '') ?? 0) : 0
  if (seats > 0) return refuse('node_is_in_use', `${change.action} with ${seats} seats on it`)
  const mayGo = [...REPLACEABLE, ...MANAGERS].includes(change.type)
  const isKept = kind === 'base' && input.isTeardown !== true && !mayGo
  return isKept && !isElsewhere(change.address, input.region)
    ? refuse('base_would_be_lost', `${change.action} of what nodes stand on`)
    : []
}

/** Of another region than the base's own: what nodes stand on there is in a stack of its own, and nobody stands on this. */
function isElsewhere(address: string, region: string | undefined): boolean {
  const name = address.slice(address.indexOf('.') + 1)
  const id = region === undefined ? '' : regionId(region)
  return region !== undefined && name !== id && !name.startsWith(`${id}-`) && name.startsWith('r-')
}
