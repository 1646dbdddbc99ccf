/** One decision for the timeline and for who waits: they never fight, never go beyond what was approved, and what is unused goes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Blueprint, BlueprintLive, BlueprintPool } from '../../stacks/blueprint.ts'
import {
  type DecidedNode,
  decideNodes,
  type LiveDemand,
  type NodeNow,
  type Situation,
} from '../../stacks/rules/decide-nodes.ts'
import { approvedLive } from '../../stacks/rules/live-limits.ts'
import type { Need } from '../../stacks/rules/live-room.ts'
import { cloud } from './machines-content.ts'

const MINUTE = 60_000
const clock = (text: string): number => Date.parse(`2026-11-24T${text}:00Z`)
const iso = (text: string): string => `2026-11-24T${text}:00.000Z`

const live: BlueprintLive = {
  ...{ maximum: 3, maximumInAll: 4, budgetPerHour: 2, graceMinutes: 15 },
  sizes: [
    {
      flavour: 'g-a100',
      cpuMillis: 8000,
      memoryMb: 16_384,
      gpu: { kind: 'a100', count: 2 },
      pricePerHour: 1.5,
      quota: 2,
    },
    { flavour: 'm-large', cpuMillis: 4000, memoryMb: 8192, gpu: null, pricePerHour: 0.4, quota: 3 },
  ],
}
const small: Need = { cpuMillis: 1000, memoryMb: 512, gpu: null }
const withGpu: Need = { ...small, gpu: { kind: 'a100', count: 1 } }

/** One class from 10:00 to 12:00 with six seats of one core on two machines; its machines are ordered at 9:20. */
const blueprint = (more: Partial<BlueprintPool> = {}): Blueprint =>
  ({
    ...{ apiVersion: 'labplan/v1', kind: 'Blueprint' },
    courses: [
      {
        ...{ key: 'networks', pool: 'cloud', template: small, headroom: null },
        sessions: [
          {
            ...{ key: 'networks/1', pool: 'cloud', leadStartsAt: iso('09:25') },
            ...{ startsAt: iso('10:00'), readyAt: iso('09:35'), graceEndsAt: iso('12:10') },
            placements: [
              { node: 'm-large-1', seats: 4 },
              { node: 'm-large-2', seats: 2 },
            ],
          },
        ],
      },
    ],
    pools: [
      {
        ...{ key: 'cloud', zone: 'default', cloud, fixed: [], idle: [], live },
        nodes: ['m-large-1', 'm-large-2'].map((key) => ({
          ...{ key, flavour: 'm-large', from: iso('09:20'), until: iso('12:10') },
        })),
        ...more,
      },
    ],
  }) as unknown as Blueprint

const situation = (at: string | number, more: Partial<Situation> = {}): Situation => ({
  ...{ nodes: [], demands: [], leads: {}, closed: [], refusing: [] },
  now: typeof at === 'number' ? at : clock(at),
  ...more,
})
const waits = (seats: number, more: Partial<LiveDemand> = {}): LiveDemand => ({
  ...{ pool: 'cloud', course: 'project', why: 'queue', seats, need: small, isRefused: true },
  ...more,
})
const size = (flavour: string) => live.sizes.find((one) => one.flavour === flavour)!
const node = (key: string, more: Partial<NodeNow> = {}): NodeNow => {
  const flavour = key.replace(/-x?\d+$/, '')
  const { cpuMillis, memoryMb, gpu } = size(flavour)
  return {
    ...{ pool: 'cloud', key, flavour, stage: 'there', seats: 0, why: 'queue', unusedSince: null },
    room: { cpuMillis, memoryMb, gpu },
    ...more,
  }
}
const told = (nodes: DecidedNode[]): string[] => nodes.map(({ key, why }) => `${key} ${why}`)
const decide = (at: string | number, more: Partial<Situation> = {}, pool = {}): string[] =>
  told(decideNodes(blueprint(pool), situation(at, more)))

const CLASS = ['m-large-1 class', 'm-large-2 class']

it('has the machines of the timeline on, and no others, while nobody waits', () => {
  expect(decide('09:00')).toEqual([])
  expect(decide('09:20')).toEqual(CLASS)
  expect(decide('12:10', { nodes: [node('m-large-1', { why: 'class' })] })).toEqual([])
})

it('buys for who waits, the size that costs least', () => {
  expect(decide('08:00', { demands: [waits(3)] })).toEqual(['m-large-x1 queue'])
  expect(decide('08:00', { demands: [waits(6)] })).toEqual(['m-large-x1 queue', 'm-large-x2 queue'])
  expect(decide('08:00', { demands: [waits(1, { need: withGpu })] })).toEqual(['g-a100-x1 queue'])
})

it('buys nothing where no plan allows it, nor in a pool that a person closed', () => {
  expect(decide('08:00', { demands: [waits(3)] }, { live: undefined })).toEqual([])
  expect(decide('08:00', { demands: [waits(3)], closed: ['cloud'] })).toEqual([])
})

it('buys a size that can be had while the cheapest cannot, but no GPU for who needs none', () => {
  const [north] = cloud.regions
  const far = { key: 's-large', name: 'm1.large', region: 'south', gpu: null }
  const [large, gpu] = cloud.flavours
  const regions = [north!, { ...north!, name: 'south' }]
  const farSize = { ...size('m-large'), flavour: 's-large', pricePerHour: 0.5 }
  const pool = {
    cloud: { ...cloud, regions, flavours: [large!, { ...gpu!, region: 'south' }, far] },
    live: { ...live, sizes: [...live.sizes, farSize] },
  }
  const demands = [waits(3)]
  const refusing = (...names: string[]) => names.map((region) => ({ pool: 'cloud', region }))
  const bought = (...names: string[]) =>
    decide('08:00', { demands, refusing: refusing(...names) }, pool)
  expect(bought()).toEqual(['m-large-x1 queue'])
  expect(bought('north')).toEqual(['s-large-x1 queue'])
  expect(bought('north', 'south')).toEqual(['m-large-x1 queue'])
  const plain = { ...pool, live }
  expect(decide('08:00', { demands, refusing: refusing('north') }, plain)).toEqual([
    'm-large-x1 queue',
  ])
})

it('waits for what was ordered already, instead of ordering it twice', () => {
  const ordered = { nodes: [node('m-large-x1', { stage: 'coming', room: null })] }
  expect(decide('08:00', { ...ordered, demands: [waits(4)] })).toEqual(['m-large-x1 queue'])
  expect(decide('08:00', { ...ordered, demands: [waits(5)] })).toHaveLength(2)
})

it('counts a class that waits for its own machines as served by them', () => {
  const own = waits(6, { course: 'networks' })
  expect(decide('09:30', { demands: [own] })).toEqual(CLASS)
  const one = [
    node('m-large-1', { why: 'class', seats: 4, room: { ...size('m-large'), cpuMillis: 0 } }),
  ]
  const rest = { nodes: one, demands: [waits(2, { course: 'networks' })] }
  expect(decide('09:30', rest)).toEqual(CLASS)
})

it('gives others what a class leaves of its machines, and not what it needs', () => {
  // The second machine has four cores, the class two seats there.
  expect(decide('09:30', { demands: [waits(2)] })).toEqual(CLASS)
  expect(decide('09:30', { demands: [waits(3)] })).toEqual([...CLASS, 'm-large-x1 queue'])
})

it('believes the Swarm that a machine which looks free has no room, and not who is between two tries', () => {
  const nodes = [node('m-large-x1')]
  expect(decide('08:00', { nodes, demands: [waits(1)] })).toContain('m-large-x2 queue')
  const between = [waits(1, { isRefused: false })]
  expect(decide('08:00', { nodes, demands: between })).toEqual(['m-large-x1 queue'])
})

it('keeps room for who comes next, and buys it only when there is none', () => {
  const next = [waits(2, { why: 'headroom', isRefused: false })]
  expect(decide('08:00', { demands: next })).toEqual(['m-large-x1 headroom'])
  const full = node('m-large-x1', { seats: 3, room: { ...size('m-large'), cpuMillis: 1000 } })
  expect(decide('08:00', { nodes: [full], demands: next })).toEqual([
    ...['m-large-x1 work', 'm-large-x2 headroom'],
  ])
  expect(decide('08:00', { nodes: [node('m-large-x1')], demands: next })).toEqual([
    'm-large-x1 headroom',
  ])
})

it('keeps to the maximum, the quota, the budget, and to what the timeline leaves of the pool', () => {
  expect(decide('08:00', { demands: [waits(40)] })).toHaveLength(3)
  expect(decide('10:30', { demands: [waits(40)] })).toEqual([...CLASS, 'm-large-x1 queue'])
  const gpus = decide('08:00', { demands: [waits(4, { need: withGpu })] })
  expect(gpus).toEqual(['g-a100-x1 queue'])
  const rich = { live: { ...live, budgetPerHour: null } }
  expect(decide('08:00', { demands: [waits(9, { need: withGpu })] }, rich)).toHaveLength(2)
})

it('keeps a machine of the timeline after its class where somebody works on, and takes it up for who waits', () => {
  const at = '12:10'
  const busy = node('m-large-1', { why: 'class', seats: 1 })
  const idle = node('m-large-2', { why: 'class' })
  expect(decide(at, { nodes: [busy, idle] })).toEqual(['m-large-1 work'])
  const leaving = node('m-large-2', { why: null, stage: 'leaving' })
  expect(decide(at, { nodes: [leaving], demands: [waits(2)] })).toEqual(['m-large-2 queue'])
})

it('lets go of what is unused after the grace, and not while somebody is there', () => {
  const at = clock('08:00')
  const [first] = decideNodes(blueprint(), situation(at, { nodes: [node('m-large-x1')] }))
  expect(first).toMatchObject({ why: 'unused', unusedSince: at })
  const unused = [node('m-large-x1', { why: 'unused', unusedSince: at })]
  expect(decide(at + 14 * MINUTE, { nodes: unused })).toEqual(['m-large-x1 unused'])
  expect(decide(at + 15 * MINUTE, { nodes: unused })).toEqual([])
  const back = [node('m-large-x1', { why: 'unused', unusedSince: at, seats: 1 })]
  expect(decideNodes(blueprint(), situation(at + 30 * MINUTE, { nodes: back }))).toMatchObject([
    { why: 'work', unusedSince: null },
  ])
})

it('gives an unused machine up at once for one that is needed', () => {
  const nodes = ['m-large-x1', 'm-large-x2', 'm-large-x3'].map((key) =>
    node(key, { why: 'unused', unusedSince: clock('08:00') }),
  )
  const rich = { live: { ...live, budgetPerHour: null } }
  const wanted = decide('08:05', { nodes, demands: [waits(1, { need: withGpu })] }, rich)
  expect(wanted).toHaveLength(3)
  expect(wanted[0]).toBe('g-a100-x1 queue')
})

it('approves rows of such machines only as far as the plan does', () => {
  const [pool] = blueprint().pools
  const rows = ['m-large-x1', 'm-large-x2', 'm-large-x3', 'm-large-x4', 'other-1'].map((key) => ({
    ...{ key, flavour: 'm-large' },
  }))
  const allowed = (now: { key: string; flavour: string }[], of = pool!) =>
    approvedLive(of, { nodes: rows, now }).map(({ key }) => key)
  expect(allowed([])).toEqual(['m-large-x1', 'm-large-x2', 'm-large-x3'])
  expect(allowed(pool!.nodes)).toEqual(['m-large-x1'])
  expect(allowed([], { ...pool!, live: undefined })).toEqual([])
})

/** What becomes of machines until the next look: those that come are there, those that go are gone when empty. */
function next(nodes: NodeNow[], decided: DecidedNode[], seats: number[]): NodeNow[] {
  const kept = decided.map((one, i): NodeNow => {
    const known = nodes.find(({ key }) => key === one.key)
    const used = known?.stage === 'there' ? Math.min(4, seats[i % seats.length] ?? 0) : 0
    const room = { ...size(one.flavour), cpuMillis: size(one.flavour).cpuMillis - used * 1000 }
    return { ...node(one.key), ...one, stage: known ? 'there' : 'coming', seats: used, room }
  })
  const leaving = nodes
    .filter(({ key, seats: some }) => some > 0 && !decided.some((one) => one.key === key))
    .map((one): NodeNow => ({ ...one, stage: 'leaving', why: null, unusedSince: null }))
  return [...kept, ...leaving]
}

const demand = fc.record({
  seats: fc.nat(12),
  why: fc.constantFrom('queue' as const, 'headroom' as const),
  isRefused: fc.boolean(),
  need: fc.constantFrom(small, withGpu),
})
const looks = fc.array(
  fc.record({
    minutes: fc.integer({ min: 1, max: 40 }),
    demands: fc.array(demand, { maxLength: 3 }),
    seats: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 2, maxLength: 14 },
)

it('never fights with itself, through any day', () => {
  const law = fc.property(looks, (day) => {
    const document = blueprint()
    let now = clock('08:50')
    let nodes: NodeNow[] = []
    for (const look of day) {
      now += look.minutes * MINUTE
      const demands = look.demands.map((one, i) => waits(one.seats, { ...one, course: `c${i}` }))
      const facts = situation(now, { nodes, demands })
      const decided = decideNodes(document, facts)
      const timeline = decideNodes(blueprint({ live: undefined }), facts)
      const keys = decided.map(({ key }) => key)
      // The timeline's are on, whatever else is.
      expect(decided).toEqual(expect.arrayContaining(timeline))
      expect(new Set(keys).size).toBe(keys.length)
      const beyond = decided.filter(({ key }) => !timeline.some((one) => one.key === key))
      const price = beyond.reduce((sum, { flavour }) => sum + size(flavour).pricePerHour, 0)
      expect(beyond.length).toBeLessThanOrEqual(live.maximum)
      expect(price).toBeLessThanOrEqual(live.budgetPerHour! + 1e-6)
      expect(beyond.length === 0 || decided.length <= live.maximumInAll).toBe(true)
      // Asked again before anything has changed but the orders, it orders nothing else and gives nothing up.
      const ordered = decided
        .filter(({ key }) => !nodes.some((one) => one.key === key))
        .map((one): NodeNow => ({ ...node(one.key), ...one, stage: 'coming', room: null }))
      const same = nodes.map((one): NodeNow => {
        const stays = decided.find(({ key }) => key === one.key)
        if (!stays) return { ...one, stage: 'leaving', why: null }
        return { ...one, ...stays, stage: one.stage === 'leaving' ? 'coming' : one.stage }
      })
      const again = decideNodes(document, { ...facts, nodes: [...same, ...ordered] })
      expect(again.map(({ key }) => key)).toEqual(keys)
      nodes = next(nodes, decided, look.seats)
    }
    // When everybody has left, all of it goes in two graces.
    for (const minutes of [300, 16, 16]) {
      now += minutes * MINUTE
      const empty = nodes.map((one) => ({ ...one, seats: 0 }))
      nodes = next(empty, decideNodes(document, situation(now, { nodes: empty })), [0])
    }
    expect(nodes).toEqual([])
  })
  const wait = (seats: number, isRefused: boolean, need: Need) => ({
    ...{ why: 'queue' as const, seats, isRefused, need },
  })
  // Who found room on a machine with GPUs keeps it when another is ordered for somebody else.
  const found = [
    { minutes: 1, demands: [wait(1, false, withGpu)], seats: [0] },
    { minutes: 1, demands: [], seats: [0] },
    { minutes: 1, demands: [wait(1, false, small), wait(4, true, small)], seats: [0] },
  ]
  fc.assert(law, { numRuns: 200, seed: 20261126, examples: [[found]] })
})
