/** Where machines are made while a region refuses: elsewhere if their size may, never twice, and nothing moves back. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Blueprint, BlueprintCloud } from '../../stacks/blueprint.ts'
import { contentDigest } from '../../stacks/content.ts'
import { chooseRegions } from '../../stacks/rules/choose-region.ts'
import type { DecidedNode, NodeNow } from '../../stacks/rules/decide-nodes.ts'
import { machinesContent, stackIn } from '../../stacks/rules/machine-stacks.ts'
import { regionOf, regionsFor } from '../../stacks/rules/regions.ts'
import { baseOf, cloud as oneRegion, nodesOf } from './machines-content.ts'

const [north] = oneRegion.regions
const cloud: BlueprintCloud = {
  ...oneRegion,
  regions: [north!, { ...north!, name: 'south' }, { ...north!, name: 'west' }],
  flavours: [
    { key: 'm', name: 'm1', region: 'north', gpu: null, elsewhere: ['south', 'west'] },
    { key: 'n', name: 'm1', region: 'north', gpu: null },
    { key: 's', name: 'm1', region: 'south', gpu: null },
  ],
}
const blueprint = { pools: [{ key: 'cloud', cloud }] } as unknown as Blueprint

const wish = (key: string): DecidedNode => ({
  ...{ pool: 'cloud', key, flavour: key.split('-')[0]!, why: 'class', course: null },
  unusedSince: null,
})
const there = (key: string, more: Partial<NodeNow> = {}): NodeNow => ({
  ...{ pool: 'cloud', key, flavour: key.split('-')[0]!, stage: 'coming', seats: 0, room: null },
  ...{ why: 'class', unusedSince: null, region: null, isMade: false },
  ...more,
})
const down = (...regions: string[]) => regions.map((region) => ({ pool: 'cloud', region }))

/** `key region` of each. */
const chosen = (keys: string[], nodes: NodeNow[], refusing: { pool: string; region: string }[]) =>
  chooseRegions(blueprint, keys.map(wish), { nodes, refusing }).map(
    (node) => `${node.key} ${regionOf(cloud, node)}`,
  )

it('makes machines in the next region that does not refuse, and those bound to one wait for it', () => {
  const keys = ['m-1', 'n-1', 's-1']
  expect(chosen(keys, [], [])).toEqual(['m-1 north', 'n-1 north', 's-1 south'])
  expect(chosen(keys, [], down('north'))).toEqual(['m-1 south', 'n-1 north', 's-1 south'])
  expect(chosen(keys, [], down('north', 'south'))).toEqual(['m-1 west', 'n-1 north', 's-1 south'])
  expect(chosen(['m-1'], [], down('north', 'south', 'west'))).toEqual(['m-1 north'])
})

it('leaves what is there where it is, and what is under way too, also when the first is well again', () => {
  const nodes = [there('m-1', { isMade: true }), there('m-2'), there('m-3', { region: 'south' })]
  const keys = ['m-1', 'm-2', 'm-3', 'm-4']
  expect(chosen(keys, nodes, down('north'))).toEqual([
    ...['m-1 north', 'm-2 south', 'm-3 south', 'm-4 south'],
  ])
  expect(chosen(keys, nodes, [])).toEqual(['m-1 north', 'm-2 north', 'm-3 south', 'm-4 north'])
  expect(chosen(['m-3'], nodes, down('north', 'south'))).toEqual(['m-3 west'])
})

it('says nothing of regions in a pool that has one', () => {
  const one = { pools: [{ key: 'cloud', cloud: { ...cloud, regions: [north!] } }] }
  const nodes = chooseRegions(one as unknown as Blueprint, [wish('m-1')], {
    ...{ nodes: [], refusing: down('north') },
  })
  expect(nodes).toEqual([wish('m-1')])
})

const names = ['m-1', 'm-2', 'n-1', 's-1']
const region = fc.constantFrom(null, 'north', 'south', 'west', 'gone')
const node = fc
  .record({ key: fc.constantFrom(...names), region, isMade: fc.boolean() })
  .map(({ key, ...more }) => there(key, more))
const nodes = fc.uniqueArray(node, { selector: ({ key }) => key })
const refusing = fc.subarray(['north', 'south', 'west']).map((some) => down(...some))

it('holds whatever is there and whatever refuses', () => {
  fc.assert(
    fc.property(fc.subarray(names), nodes, refusing, (keys, known, refused) => {
      const decided = keys.map(wish)
      const made = chooseRegions(blueprint, decided, { nodes: known, refusing: refused })
      // The same machines, whichever region they are in.
      expect(made.map(({ region: _region, ...rest }) => rest)).toEqual(decided)
      const isMade = (key: string) => known.some((one) => one.key === key && one.isMade)
      const after = made.map(({ key, region: at = null }) =>
        there(key, { region: at, isMade: isMade(key) }),
      )
      for (const one of made) {
        const may = regionsFor(cloud, one.flavour)
        const at = regionOf(cloud, one)
        const was = known.find(({ key, isMade: isThere }) => key === one.key && isThere)
        const isOpen = (name: string) => !refused.some(({ region: other }) => other === name)
        const isRight = was ? at === regionOf(cloud, was) : isOpen(at) || !may.some(isOpen)
        expect([may.includes(at), isRight]).toEqual([true, true])
      }
      // Asked again it says the same, and nothing goes back when all is well.
      for (const now of [refused, []])
        expect(chooseRegions(blueprint, decided, { nodes: after, refusing: now })).toEqual(made)
    }),
  )
})

it('has the same content as before where a pool has one region', () => {
  const stack = (kind: 'base' | 'nodes') =>
    stackIn(oneRegion, { kind, pool: 'cloud', region: 'north', until: null })
  const some = [{ key: 'm-large-1', flavour: 'm-large' }]
  const content = { ...stack('nodes'), nodes: some }
  expect(machinesContent(stack('base'), 'k3x9q2ab')).toEqual(baseOf())
  expect(contentDigest(machinesContent(content, 'k3x9q2ab'))).toBe(contentDigest(nodesOf(some)))
})
