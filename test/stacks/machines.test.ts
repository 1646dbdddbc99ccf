/** Base and nodes of a pool in a cloud: the Terraform that is made of them, and what a machine does at its first start. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contentDigest } from '../../stacks/content.ts'
import { machinesContent, stackIn } from '../../stacks/rules/machine-stacks.ts'
import { userData } from '../../stacks/parts/user-data.ts'
import { renderStack } from '../../stacks/render.ts'
import { baseOf, cloud, nodesOf } from './machines-content.ts'

const LARGE = { key: 'm-large-1', flavour: 'm-large' }
const SECOND = { key: 'm-large-2', flavour: 'm-large' }
const GPU = { key: 'g-a100-1', flavour: 'g-a100' }

/** The text that a machine starts with is on a page of its own. */
const readable = (text: string) => text.replaceAll(/"user_data": ".*"/g, '"user_data": "…"')

it('renders a base with two managers as reviewed, each in its availability zone', async () => {
  await expect(readable(renderStack(baseOf()))).toMatchFileSnapshot('expected/base.tf.json')
})

it('renders two nodes as reviewed, each in its availability zone', async () => {
  const text = renderStack(nodesOf([LARGE, SECOND]))
  await expect(readable(text)).toMatchFileSnapshot('expected/nodes.tf.json')
})

it('starts a machine as reviewed: engine, firewall of seats, then the Swarm', async () => {
  const machine = {
    installation: 'k3x9q2ab',
    pool: 'cloud',
    key: 'g-a100-1',
    gpu: { kind: 'a100', count: 4 },
    otherRegion: null,
    cloud,
  }
  const text = userData({ ...machine, role: 'node' }, 'var.join["g-a100-1"]')
  const lines = text.replaceAll(String.raw`\n`, '\n    ')
  await expect(lines).toMatchFileSnapshot('expected/user-data.txt')
})

it('makes only its own machine when a node is added, and touches no other', () => {
  const one = JSON.parse(renderStack(nodesOf([LARGE]))).resource
  const two = JSON.parse(renderStack(nodesOf([GPU, LARGE]))).resource
  for (const type of Object.keys(one))
    expect(two[type]).toEqual({ ...one[type], 'g-a100-1': expect.anything() })
})

it('gives the same bytes whatever the order, and other bytes only for other machines', () => {
  const some = fc.subarray([LARGE, SECOND, GPU])
  fc.assert(
    fc.property(some, some, (mine, others) => {
      const same = mine.length === others.length && mine.every((one) => others.includes(one))
      expect(renderStack(nodesOf(mine.toReversed()))).toBe(renderStack(nodesOf(mine)))
      expect(contentDigest(nodesOf(mine)) === contentDigest(nodesOf(others))).toBe(same)
    }),
    { numRuns: 30 },
  )
})

it('keeps how a machine joins out of everything that is stored', () => {
  for (const text of [renderStack(nodesOf([LARGE])), renderStack(baseOf())]) {
    expect(JSON.parse(text).variable.join).toMatchObject({ sensitive: true })
    expect(text).not.toMatch(/SWMTKN|default/)
  }
  const { resource } = JSON.parse(renderStack(nodesOf([LARGE])))
  const [node] = Object.values<{ lifecycle: object }>(resource.openstack_compute_instance_v2)
  // A new token must not make a new machine of one that joined long ago.
  expect(node?.lifecycle).toEqual({ ignore_changes: expect.arrayContaining(['user_data']) })
})

it('lets nobody but gateways in, and nobody at all where none is named', () => {
  const open = (gateways: string[]) =>
    Object.values<{ remote_group_id?: string; remote_ip_prefix?: string }>(
      JSON.parse(renderStack(baseOf({ gateways }))).resource.openstack_networking_secgroup_rule_v2,
    ).filter((rule) => rule.remote_group_id === undefined)
  expect(open([])).toEqual([])
  expect(open(['10.1.2.0/24']).map((rule) => rule.remote_ip_prefix)).toEqual([
    '10.1.2.0/24',
    '10.1.2.0/24',
  ])
})

it('starts a manager without seats, by what lets a node in', () => {
  const { resource } = JSON.parse(renderStack(baseOf()))
  const { user_data: text } = resource.openstack_compute_instance_v2['manager-2']
  expect(text).toContain('docker swarm join --availability drain --advertise-addr')
  expect(text).toContain('${base64encode(var.join["manager-2"])}')
  expect(renderStack(nodesOf([LARGE]))).not.toContain('--availability')
})

it('makes no manager where there is one already', () => {
  const { resource, variable } = JSON.parse(
    renderStack(baseOf({ managers: null, manager: '10.0.0.2:2377' })),
  )
  expect(resource).not.toHaveProperty('openstack_compute_instance_v2')
  expect(variable).toBeUndefined()
})

it('has the engine keep its things on a volume of its own where that is asked', () => {
  const text = renderStack(nodesOf([LARGE], { engineVolumeGb: 40 }))
  const { resource } = JSON.parse(text)
  const node = resource.openstack_compute_instance_v2['m-large-1']
  expect(node.block_device[1]).toMatchObject({ source_type: 'blank', volume_size: 40 })
  expect(node.user_data).toContain('/var/lib/docker')
})

it('gives another region names and labels of its own, and has the first of its pool as before', () => {
  const [north] = cloud.regions
  const south = { ...north!, name: '2-south', availabilityZones: [] }
  const flavours = [...cloud.flavours, { ...cloud.flavours[0]!, key: 's-large', region: '2-south' }]
  const pool = { ...cloud, managers: null, regions: [north!, south], flavours }
  const at = (kind: 'base' | 'nodes', region: string, nodes: (typeof LARGE)[] = []) => {
    const stack = stackIn(pool, { kind, pool: 'cloud', region, until: null })
    return JSON.parse(renderStack(machinesContent({ ...stack, nodes }, 'k3x9q2ab'))).resource
  }
  const first = JSON.parse(renderStack(baseOf({ managers: null }))).resource
  expect(at('base', 'north')).toEqual(first)
  const { openstack_networking_network_v2: networks } = at('base', '2-south')
  expect(networks).toMatchObject({
    'r-2-south': {
      ...{ name: 'lp-k3x9q2ab-cloud_2-south', region: '2-south' },
      tags: ['labplan.installation=k3x9q2ab', 'labplan.stack=base-cloud_2-south'],
    },
  })
  const far = { key: 's-large-1', flavour: 's-large' }
  const node = at('nodes', '2-south', [far]).openstack_compute_instance_v2['s-large-1']
  expect(node).toMatchObject({ region: '2-south', name: 'lp-k3x9q2ab-cloud-s-large-1' })
  expect(node.availability_zone).toBeUndefined()
  expect(node.user_data).toContain(String.raw`labplan.region=2-south`)
  expect(() => at('nodes', 'north', [far])).toThrow('flavour s-large')
})

it('says which flavour a pool does not have', () => {
  expect(() => renderStack(nodesOf([{ key: 'x-1', flavour: 'x' }]))).toThrow('flavour x')
})
