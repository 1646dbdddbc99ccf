/** Which plans of machines are what was approved: sizes, counts, prices, and what a base is made of. Each alters one thing. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { startOf } from '../../../stacks/parts/user-data.ts'
import {
  type ApprovedMachines,
  type MachinesEnvelope,
  outsideMachines,
} from '../../../workers/terraform/envelope-machines.ts'
import { readPlan } from '../../../workers/terraform/plan.ts'
import { baseOf, nodesOf } from '../../stacks/machines-content.ts'

const JOIN = 'SWMTKN-a-token 10.0.0.2:2377'
const content = nodesOf(
  [
    { key: 'm-large-1', flavour: 'm-large' },
    { key: 'm-large-2', flavour: 'm-large' },
  ],
  {
    sshKey: 'ssh-ed25519 AAAA admin',
    engineVolumeGb: 10,
    managers: null,
    manager: '10.0.0.2:2377',
  },
)
const large = (number: number) => ({ key: `m-large-${number}`, flavour: 'm-large' })
const approved: ApprovedMachines = {
  ...{ now: [large(1), large(2)], ever: [large(1), large(2), large(3)] },
  ...{ prices: { 'm-large': 0.4, 'g-a100': 3.2 }, currency: 'EUR' },
}
const envelope: MachinesEnvelope = {
  ...{ content, approved },
  join: { 'm-large-1': JOIN, 'm-large-2': JOIN },
}

type After = Record<string, unknown>

const serverOf = (key: string): After => ({
  ...{ name: `lp-k3x9q2ab-cloud-${key}`, region: 'north', flavor_name: 'm1.large' },
  ...{ availability_zone: key.endsWith('1') ? 'hall-a' : 'hall-b', key_pair: 'lp-k3x9q2ab-cloud' },
  user_data: createHash('sha1')
    .update(startOf({ ...content, key, role: 'node', gpu: null, otherRegion: null }, JOIN))
    .digest('hex'),
  block_device: [
    { source_type: 'image', destination_type: 'local', volume_size: null },
    { source_type: 'blank', destination_type: 'volume', volume_size: 10 },
  ],
  ...{ network: [{}], personality: [] },
})

/** What Terraform's plan of these says, read as a run reads it. */
const planned = (type: string, key: string, after: After | null, actions = ['create']) =>
  readPlan(
    JSON.stringify({
      resource_changes: [
        {
          address: `${type}.${key}`,
          mode: 'managed',
          type,
          change: { actions, before: null, after },
        },
      ],
    }),
  )
const server = (key: string, more: After = {}, actions?: string[]) =>
  planned('openstack_compute_instance_v2', key, { ...serverOf(key), ...more }, actions)
const words = (changes: ReturnType<typeof planned>, of: MachinesEnvelope = envelope) =>
  outsideMachines(changes, of).map(({ code, detail }) => `${code}: ${detail}`)

describe('machines', () => {
  it('are made as they were approved, and go', () => {
    expect(words([...server('m-large-1'), ...server('m-large-2')])).toEqual([])
    expect(words(planned('openstack_compute_instance_v2', 'm-large-3', null, ['delete']))).toEqual(
      [],
    )
    const port = { name: 'lp-k3x9q2ab-cloud-m-large-1', region: 'north', security_group_ids: ['g'] }
    expect(words(planned('openstack_networking_port_v2', 'm-large-1', port))).toEqual([])
  })

  it.each<[string, After, string]>([
    [
      'a dearer size',
      { flavor_name: 'g1.a100' },
      'would_cost_more: g-a100 at 3.2 EUR an hour, approved is m-large at 0.4',
    ],
    [
      'a size that nobody priced',
      { flavor_name: 'x9.huge' },
      'would_cost_more: a size that the pool does not have at an unknown price EUR an hour, approved is m-large at 0.4',
    ],
    [
      'another program at its start',
      { user_data: 'f'.repeat(40) },
      'not_as_approved: another start',
    ],
    ['somebody’s key', { key_pair: 'mine' }, 'not_as_approved: another key'],
    ['another region', { region: 'south' }, 'not_as_approved: another region'],
    ['another hall', { availability_zone: 'hall-b' }, 'not_as_approved: another zone'],
    ['a larger disk', { block_device: [{ volume_size: 900 }] }, 'not_as_approved: another disks'],
    ['a second network', { network: [{}, {}] }, 'not_as_approved: another networks'],
    ['files put into it', { personality: [{ file: '/x' }] }, 'not_as_approved: another files'],
  ])('are not made with %s', (_what, more, why) => {
    expect(words(server('m-large-1', more))).toEqual([why])
  })

  it('are never more, nor dearer together, than what is approved for now', () => {
    const why =
      'not_approved: create of what nobody approved: 0.4 EUR an hour more than the 0.8 of 2 machines that are approved for now'
    // Approved for another day; and written into the rows of machines, so that the content has it, too.
    const rows = nodesOf([...content.nodes, large(3)], content.cloud)
    expect(words(server('m-large-3'), { ...envelope, content: rows })).toEqual([why])
    // It stands already, as of a class that is over, and is touched as little as it may be.
    expect(words(server('m-large-3', {}, ['update']), { ...envelope, content: rows })).toEqual([])
    const dear = server('m-large-3', { flavor_name: 'g1.a100' }, ['update'])
    expect(words(dear, { ...envelope, content: rows })).toEqual([
      'would_cost_more: g-a100 at 3.2 EUR an hour, approved is m-large at 0.4',
    ])
  })

  it('that are wanted do not go, whatever the plan says', () => {
    expect(words(planned('openstack_compute_instance_v2', 'm-large-1', null, ['delete']))).toEqual([
      'still_approved: delete of what is approved to be there',
    ])
  })

  it('have no port that opens more', () => {
    const port = { name: 'lp-k3x9q2ab-cloud-m-large-1', region: 'north', security_group_ids: [] }
    expect(words(planned('openstack_networking_port_v2', 'm-large-1', port))).toEqual([
      'not_as_approved: another groups',
    ])
  })
})

describe('managers', () => {
  const own = baseOf({ sshKey: 'ssh-ed25519 AAAA admin', engineVolumeGb: 10 })
  const base = { ...envelope, content: own, join: { 'manager-1': JOIN, 'manager-2': JOIN } }
  const made = (key: string, more: After = {}, actions?: string[]) => {
    const start = startOf({ ...own, key, role: 'manager', gpu: null, otherRegion: null }, JOIN)
    const user_data = createHash('sha1').update(start).digest('hex')
    return server(key, { flavor_name: 'm1.small', user_data, ...more }, actions)
  }

  it('are made as they were approved, as many, and made anew', () => {
    expect(words([...made('manager-1'), ...made('manager-2')], base)).toEqual([])
    expect(words(made('manager-2', {}, ['delete', 'create']), base)).toEqual([])
    expect(words(made('manager-3'), base)).toEqual(['not_approved: create of what nobody approved'])
  })

  it.each<[string, After, string]>([
    ['another size', { flavor_name: 'g1.a100' }, 'another flavour'],
    ['the start of a node', { user_data: serverOf('manager-1')['user_data'] }, 'another start'],
    ['another hall', { availability_zone: 'hall-b' }, 'another zone'],
  ])('are not made with %s', (_what, more, why) => {
    expect(words(made('manager-1', more), base)).toEqual([`not_as_approved: ${why}`])
  })

  it('that are wanted do not go, and those of before do', () => {
    const gone = (key: string) =>
      words(planned('openstack_compute_instance_v2', key, null, ['delete']), base)
    expect(gone('manager-1')).toEqual(['still_approved: delete of what is approved to be there'])
    expect(gone('manager-3')).toEqual([])
  })
})

describe('a base', () => {
  const base = { ...envelope, content: baseOf({ managers: null, manager: '10.0.0.2:2377' }) }
  const rule = (more: After = {}) => ({
    ...{ region: 'north', direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp' },
    ...{ port_range_min: 32_768, port_range_max: 60_999, remote_ip_prefix: '10.1.2.0/24', ...more },
  })
  const RULE = 'openstack_networking_secgroup_rule_v2'
  const NAME = 'r-north-seats-from-10-1-2-0-24'

  it('is made as it was approved', () => {
    expect(words(planned(RULE, NAME, rule()), base)).toEqual([])
    const subnet = { name: 'lp-k3x9q2ab-cloud', region: 'north', cidr: '10.64.0.0/20' }
    const more = { ...subnet, dns_nameservers: ['10.1.0.53'] }
    expect(words(planned('openstack_networking_subnet_v2', 'r-north', more), base)).toEqual([])
  })

  it.each<[string, ReturnType<typeof planned>, string]>([
    ['all the world', planned(RULE, NAME, rule({ remote_ip_prefix: '0.0.0.0/0' })), 'another from'],
    ['all ports', planned(RULE, NAME, rule({ port_range_min: 1 })), 'another ports'],
    ['another protocol', planned(RULE, NAME, rule({ protocol: 'udp' })), 'another way'],
    ['a rule of nobody’s', planned(RULE, 'r-north-mine', rule()), 'create of what nobody approved'],
    [
      'another range',
      planned('openstack_networking_subnet_v2', 'r-north', {
        ...{ name: 'lp-k3x9q2ab-cloud', region: 'north', cidr: '10.0.0.0/8' },
        dns_nameservers: ['10.1.0.53'],
      }),
      'another range',
    ],
    ['a rule that goes', planned(RULE, NAME, null, ['delete']), 'delete of what is approved'],
  ])('is not made with %s', (_what, changes, why) => {
    expect(words(changes, base)).toEqual([expect.stringContaining(why)])
  })
})
