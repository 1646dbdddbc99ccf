import { expect, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { machinesAt } from '../../stacks/rules/machine-stacks.ts'
import { wantedAt } from '../../stacks/rules/wanted.ts'
import type { Running } from '../../stacks/rules/wanted.ts'
import { inputOf } from './story.ts'

const pools = `
apiVersion: labplan/v1
kind: Pool
key: own
title: Own
nodes: [{ key: pc-1, cpu: 64, memoryMb: 262144 }]
`
const course = (rest: string) => `---
apiVersion: labplan/v1
kind: Course
key: networks
title: Networks
environment: terminal
pool: own
seat: { cpu: 0.1, memoryMb: 256, volumeQuotaMb: 100 }
${rest}
`
const monday =
  'sessions: [{ start: 2026-11-23T08:00, minutes: 120 }, { start: 2026-11-30T08:00, minutes: 120 }]'
const blueprint = (rest: string) => compile(inputOf(pools + course(rest), {})).blueprint
const inClass = '2026-11-23T08:00:00Z'
const afternoon = '2026-11-23T14:00:00Z'
const night = '2026-11-24T02:00:00Z'
const seatsAt = (plan: ReturnType<typeof blueprint>, now: string, running: Running = {}) =>
  wantedAt(plan, now, running)
    .stacks.filter((one) => one.kind === 'seats')
    .map((one) => [one.key, one.seats])

test('seats come in blocks of a hundred numbers', () => {
  const stacks = wantedAt(blueprint(`students: 250\n${monday}`), inClass).stacks
  expect(stacks.map((one) => [one.key, one.seats.length])).toEqual([
    ['seats-networks-0', 100],
    ['seats-networks-1', 100],
    ['seats-networks-2', 50],
    ['volumes-networks', 250],
  ])
})

test('a seat exists as long as there is a reason: class, people at work, headroom', () => {
  const plan = blueprint(`students: 30\n${monday}`)
  expect(seatsAt(plan, inClass)[0]?.[1]).toHaveLength(30)
  expect(seatsAt(plan, afternoon)).toEqual([['seats-networks-0', [1, 2, 3]]])
  const working: Running = { reasons: [{ course: 'networks', seat: 17, why: 'working' }] }
  expect(seatsAt(plan, afternoon, working)).toEqual([['seats-networks-0', [1, 2, 3, 17]]])
  expect(seatsAt(plan, night, working)).toEqual([['seats-networks-0', [17]]])
  expect(seatsAt(plan, night)).toEqual([])
  const over: Running = {
    reasons: [{ course: 'networks', seat: 17, why: 'working', until: '2026-11-24T01:00:00Z' }],
  }
  expect(seatsAt(plan, night, over)).toEqual([])
})

test('named headroom seats come before free ones, and seats at work are not counted', () => {
  const plan = blueprint(`students: 30\n${monday}`)
  const reasons: Running['reasons'] = [
    { course: 'networks', seat: 1, why: 'working' },
    { course: 'networks', seat: 9, why: 'headroom' },
  ]
  expect(seatsAt(plan, afternoon, { reasons })).toEqual([['seats-networks-0', [1, 2, 3, 9]]])
})

test('who came before is warmed first, and no more than run at once', () => {
  const plan = blueprint(`students: 30\natOnce: 4\n${monday}`)
  const [warm] = wantedAt(plan, inClass, { taken: { networks: [7, 21] } }).warm
  expect(warm?.seats).toEqual([1, 2, 7, 21])
})

test('the same instant gives the same digests, another number another one', () => {
  const [a, b] = [blueprint(`students: 30\n${monday}`), blueprint(`students: 31\n${monday}`)]
  const digests = (plan: typeof a) => wantedAt(plan, inClass).stacks.map((one) => one.contentDigest)
  expect(digests(a)).toEqual(digests(blueprint(`students: 30\n${monday}`)))
  expect(digests(a)).not.toEqual(digests(b))
})

test('from the lead to the end of the grace, and not a minute longer', () => {
  const plan = blueprint(`students: 2\nheadroom: { seats: 0 }\n${monday}`)
  const at = (now: string) => seatsAt(plan, now).length
  expect([at('2026-11-23T06:14:00Z'), at('2026-11-23T06:15:00Z')]).toEqual([0, 1])
  expect([at('2026-11-23T09:09:00Z'), at('2026-11-23T09:10:00Z')]).toEqual([1, 0])
})

test('a course in two pools has one stack in each', () => {
  const two = `${pools}---${pools.replace('key: own', 'key: other')}`
  const rest =
    'students: 4\ngroups: [{ key: a, students: 2 }, { key: b, students: 2 }]\n' +
    'sessions: [{ start: 2026-11-23T08:00, minutes: 120, group: a }, { start: 2026-11-23T08:00, minutes: 120, group: b, pool: other }]'
  const plan = compile(inputOf(two + course(rest), {})).blueprint
  expect(seatsAt(plan, inClass)).toEqual([
    ['seats-networks-0', [1, 2]],
    ['seats-networks_other-0', [3, 4]],
  ])
})

test('who works when a session opens in another pool keeps their service', () => {
  const two = `${pools}---${pools.replace('key: own', 'key: other')}`
  const rest = 'students: 3\nsessions: [{ start: 2026-11-23T08:00, minutes: 120, pool: other }]'
  const plan = compile(inputOf(two + course(rest), {})).blueprint
  const at = (pool?: string) =>
    seatsAt(plan, inClass, {
      reasons: [{ course: 'networks', seat: 2, why: 'working', ...(pool && { pool }) }],
    })
  expect(at()).toEqual([
    ['seats-networks-0', [2]],
    ['seats-networks_other-0', [1, 3]],
  ])
  expect(at('other')).toEqual([['seats-networks_other-0', [1, 2, 3]]])
})

test('bought nodes are wanted from their order to their end, always-on ones always', () => {
  const cloud = pools.replace(
    /^nodes:.*$/m,
    'flavours: [{ key: m8, cpu: 8, memoryMb: 32768, pricePerHour: 0.2, bootMinutes: 5 }]\nminimumIdle: 1',
  )
  const plan = compile(inputOf(cloud + course(`students: 100\n${monday}`), {})).blueprint
  const keys = (now: string) => wantedAt(plan, now).nodes.map((node) => node.key)
  expect(keys('2026-11-23T06:09:00Z')).toEqual(['m8-1'])
  expect(keys('2026-11-23T06:10:00Z')).toEqual(['m8-1', 'm8-2'])
  expect(keys(night)).toEqual(['m8-1'])
})

const cloudPool = (more: string) => `
apiVersion: labplan/v1
kind: Pool
key: cloud
title: Cloud
flavours:
  - { key: m-large, cpu: 8, memoryMb: 32768, pricePerHour: 0.4, bootMinutes: 4 }
openstack:
  regions: [{ name: north, image: debian-12, externalNetwork: public }]
  manager: 10.0.0.2:2377
  managers: { flavour: m1.small }
${more}
---
apiVersion: labplan/v1
kind: Course
key: networks
title: Networks
environment: terminal
pool: cloud
seat: { cpu: 0.5, memoryMb: 1024 }
students: 30
${monday}
`
const machines = (more: string, now: string) =>
  machinesAt(compile(inputOf(cloudPool(more), {})).blueprint, now).map((one) => [
    one.key,
    one.nodes.map((node) => node.key),
    one.until,
  ])

test('a base lasts from before the first node to after the last, nodes as long as they are planned', () => {
  const lastEnd = '2026-11-30T09:10:00Z'
  expect(machines('', '2026-11-22T12:00:00Z')).toEqual([])
  expect(machines('', '2026-11-23T08:00:00Z')).toEqual([
    ['base-cloud', [], lastEnd],
    ['nodes-cloud', ['m-large-1', 'm-large-2'], '2026-11-23T09:10:00Z'],
  ])
  expect(machines('', '2026-11-25T12:00:00Z')).toEqual([['base-cloud', [], lastEnd]])
  expect(machines('', '2026-12-01T12:00:00Z')).toEqual([])
})

test('where a node is always on, the base is too', () => {
  expect(machines('minimumIdle: 1', '2026-12-24T12:00:00Z')).toEqual([
    ['base-cloud', [], null],
    ['nodes-cloud', ['m-large-1'], null],
  ])
})

test('each region has a base and nodes of its own, while something of it is planned', () => {
  const two = cloudPool('')
    .replace('  - { key: m-large,', '  - { key: m-large, quota: 1,')
    .replace(
      'openstack:',
      '  - { key: s-large, region: south, cpu: 8, memoryMb: 32768, pricePerHour: 0.5, bootMinutes: 4 }\nopenstack:',
    )
    .replace('}]', '}, { name: south, image: debian-12, externalNetwork: out }]')
  const { blueprint } = compile(inputOf(two, {}))
  const stacks = machinesAt(blueprint, '2026-11-23T08:00:00Z')
  expect(
    stacks.map(({ key, region, nodes }) => [key, region, nodes.map((node) => node.key)]),
  ).toEqual([
    ['base-cloud', 'north', []],
    ['base-cloud_south', 'south', []],
    ['nodes-cloud', 'north', ['m-large-1']],
    ['nodes-cloud_south', 'south', ['s-large-1']],
  ])
  for (const { region, cloud } of stacks)
    expect(
      new Set([
        ...cloud.regions.map(({ name }) => name),
        ...cloud.flavours.map((one) => one.region),
      ]),
    ).toEqual(new Set([region]))
  // Managers are in the first region, for all of them.
  expect(stacks.map(({ cloud }) => cloud.managers?.count ?? 0)).toEqual([2, 0, 0, 0])
})

test('flavours that are only planned make no stack', () => {
  const text = cloudPool('').replace(/openstack:\n(  .*\n)+/, '')
  expect(machinesAt(compile(inputOf(text, {})).blueprint, inClass)).toEqual([])
})

test('a bought node is ordered as late as the learned leads of what runs on it allow', () => {
  const own = compile(inputOf(cloudPool(''), {})).blueprint
  const [first] = own.courses[0]!.sessions
  const readyAt = Date.parse(first!.readyAt)
  const at = (ms: number) => new Date(ms).toISOString()
  const on = (now: string, leads: Record<string, number>) => ({
    nodes: wantedAt(own, now, { leads }).nodes.map((node) => node.key),
    stacks: machinesAt(own, now, leads).flatMap((one) => one.nodes.map((node) => node.key)),
  })
  const both = { nodes: ['m-large-1', 'm-large-2'], stacks: ['m-large-1', 'm-large-2'] }
  const none = { nodes: [], stacks: [] }
  const planned = Date.parse(own.pools[0]!.nodes[0]!.from)
  expect(on(at(planned), {})).toEqual(both)
  // Ten minutes are enough, and four to boot.
  const leads = { [first!.key]: 600 }
  expect(on(at(planned), leads)).toEqual(none)
  expect(on(at(readyAt - 14 * 60_000 - 1000), leads)).toEqual(none)
  expect(on(at(readyAt - 14 * 60_000), leads)).toEqual(both)
  // What history asks for beyond the policy's lead reserves nothing earlier.
  expect(on(at(planned - 60_000), { [first!.key]: 36_000 })).toEqual(none)
  expect(on(at(planned), { [first!.key]: 36_000 })).toEqual(both)
})

test('seats of a pool in a cloud run on its machines, and no others do', () => {
  const local = `
apiVersion: labplan/v1
kind: Pool
key: hall
title: Hall
nodes: [{ key: node-1, cpu: 32, memoryMb: 65536 }]
---
apiVersion: labplan/v1
kind: Course
key: systems
title: Systems
environment: terminal
pool: hall
seat: { cpu: 0.5, memoryMb: 1024 }
students: 10
${monday}
`
  const constraints = (documents: string) =>
    wantedAt(compile(inputOf(documents, {})).blueprint, '2026-11-23T08:00:00Z')
      .stacks.filter(({ kind }) => kind === 'seats')
      .map(({ pool, template }) => [pool, template.constraints])
  expect(constraints(local)).toEqual([['hall', []]])
  expect(constraints(`${cloudPool('')}---${local}`)).toEqual([
    ['cloud', ['engine.labels.labplan.pool==cloud']],
    ['hall', ['engine.labels.labplan.pool!=cloud']],
  ])
})

test('a larger volume is a change of the volumes alone: no service of a seat is made anew for it', () => {
  const stacksWith = (quotaMb: number) => {
    const document = pools + course(`students: 3\n${monday}`)
    const text = document.replace('volumeQuotaMb: 100', `volumeQuotaMb: ${quotaMb}`)
    return wantedAt(compile(inputOf(text, {})).blueprint, inClass).stacks
  }
  const [before, after] = [stacksWith(100), stacksWith(120)]
  const changed = before.filter((one, i) => one.contentDigest !== after[i]!.contentDigest)
  expect(changed.map((one) => one.key)).toEqual(['volumes-networks'])
  expect(after.map((one) => one.templateDigest)).toEqual(before.map((one) => one.templateDigest))
})
