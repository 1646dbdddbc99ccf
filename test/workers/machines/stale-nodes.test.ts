import { expect, it } from 'vitest'
import type { SwarmNode } from '../../../workers/swarm/node.ts'
import { staleNodes } from '../../../workers/swarm/stale-nodes.ts'

const node = (id: string, with_: Partial<SwarmNode> = {}): SwarmNode => ({
  ...{ id, version: 1, hostname: 'm-1', address: '10.0.0.2', installation: 'test0000' },
  ...{ pool: 'hall', key: 'm-1', region: null, isManager: false, vote: null, isUp: false },
  ...{ availability: 'active', isHeld: false, cores: 2, memoryMb: 2048, gpus: 0 },
  ...{ engineLabels: {}, labels: {} },
  ...with_,
})
const nobody = {
  living: new Set<string | null>(),
  busy: new Set<string>(),
  homes: new Set<string>(),
}
const idsOf = (own: SwarmNode[], seen: Partial<typeof nobody>) =>
  staleNodes(own, { ...nobody, ...seen }).map(({ id }) => id)

it('forgets a machine that is down, without seats, and in no row', () => {
  expect(idsOf([node('old')], {})).toEqual(['old'])
  expect(idsOf([node('old', { isUp: true })], {})).toEqual([])
  expect(idsOf([node('old')], { living: new Set(['old']) })).toEqual([])
})

it('keeps one that is down with seats: it may be running them', () => {
  expect(idsOf([node('old')], { busy: new Set(['old']) })).toEqual([])
})

it('forgets one with seats once another is up in its place', () => {
  const busy = new Set(['old'])
  expect(idsOf([node('old'), node('new', { isUp: true })], { busy })).toEqual(['old'])
  expect(idsOf([node('old'), node('new')], { busy })).toEqual(['new'])
  for (const elsewhere of [{ key: 'm-2' }, { pool: 'lab' }, { region: 'two' }])
    expect(idsOf([node('old'), node('new', { isUp: true, ...elsewhere })], { busy })).toEqual([])
})

it('keeps one whose disk has files that are not home yet', () => {
  const seen = { busy: new Set(['old']), homes: new Set(['old']) }
  expect(idsOf([node('old'), node('new', { isUp: true })], seen)).toEqual([])
})

it('leaves managers, and machines that nobody named', () => {
  expect(idsOf([node('old', { isManager: true }), node('by-hand', { key: null })], {})).toEqual([])
})
