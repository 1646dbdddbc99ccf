/** The life of a machine, one look after the other: no cloud and no Swarm here, only what is decided from what they say. */
import { expect, it } from 'vitest'
import type { NodeRow, NodeState } from '../../../api/data/pools/node.ts'
import {
  availabilityFor,
  joinLimitMs,
  type NodeSight,
  nextStep,
} from '../../../workers/jobs/node-life.ts'

const began = new Date('2026-11-24T08:00:00Z')
const later = (seconds: number): Date => new Date(began.getTime() + seconds * 1000)

const row = (state: NodeState, more: Partial<NodeRow> = {}): NodeRow => ({
  ...{ id: '1', pool_id: '2', pool_key: 'cloud', key: 'm-large-1', flavour: 'm-large' },
  ...{ state, state_at: began, server_id: 'srv', swarm_id: null, address: null },
  ...{
    tries: 0,
    replace: false,
    message: null,
    why: null,
    course_key: null,
    unused_at: null,
    region: null,
  },
  ...more,
})
const active: NodeSight = { server: { id: 'srv', status: 'ACTIVE' }, swarm: null, awayMs: 0 }
const up = { id: 'n1', isUp: true, isOpen: true, seats: 0 }

const step = (state: NodeState, sight: Partial<NodeSight>, seconds = 10) =>
  nextStep(
    row(state, ['booted', 'creating', 'wanted'].includes(state) ? {} : { swarm_id: 'n1' }),
    { ...active, ...sight },
    { now: later(seconds), joinLimitMs: 600_000 },
  )

it.each<[string, NodeState, Partial<NodeSight>, number, unknown]>([
  ['waits for it to join', 'booted', {}, 500, undefined],
  ['sees it join', 'booted', { swarm: up }, 60, { do: 'join', swarmId: 'n1' }],
  ['gives up on it in time', 'booted', {}, 601, { do: 'replace', why: 'never-joined' }],
  ['tries it out', 'joined', { swarm: up, probe: 'none' }, 1, { do: 'probe' }],
  ['waits for the container', 'joined', { swarm: up, probe: 'waiting' }, 9, undefined],
  ['takes it in use', 'joined', { swarm: up, probe: 'ran' }, 9, { do: 'move', to: 'ready' }],
  ['leaves it alone', 'ready', { swarm: up }, 9999, undefined],
  ['sees its machine gone', 'ready', { server: null }, 9, { do: 'replace', why: 'server-gone' }],
  [
    'sees its machine fail',
    'booted',
    { server: { id: 'srv', status: 'ERROR' } },
    9,
    { do: 'replace', why: 'server-error' },
  ],
  ['bears a short absence', 'ready', { awayMs: 60_000 }, 9999, undefined],
  ['gives up on a long one', 'ready', { awayMs: 91_000 }, 9999, { do: 'replace', why: 'lost' }],
  ['waits until it is closed', 'draining', { swarm: up }, 1, undefined],
  [
    'waits for its last seat',
    'draining',
    { swarm: { ...up, isOpen: false, seats: 1 } },
    1,
    undefined,
  ],
  [
    'lets it go when it is empty',
    'draining',
    { swarm: { ...up, isOpen: false } },
    1,
    { do: 'move', to: 'drained' },
  ],
  ['lets it go when it has died', 'draining', { awayMs: 91_000 }, 1, { do: 'move', to: 'drained' }],
  ['leaves what a run makes to the run', 'creating', { server: null }, 9999, undefined],
])('%s', (_, state, sight, seconds, expected) => {
  expect(step(state, sight, seconds)).toEqual(expected)
})

it('learns how long joining takes, within reason', () => {
  expect(joinLimitMs([60, 80])).toBe(600_000)
  expect(joinLimitMs([100, 200, 300])).toBe(600_000)
  expect(joinLimitMs([10, 20, 30])).toBe(180_000)
  expect(joinLimitMs([2000, 2000, 2000])).toBe(1_800_000)
})

const open = { availability: 'active', isHeld: false, closed: null, isGoing: false } as const

it.each<[string, Partial<Parameters<typeof availabilityFor>[0]>, string | undefined]>([
  ['leaves a node of an open pool alone', {}, undefined],
  ['closes one of a closed pool', { closed: 'closed' }, 'pause'],
  ['empties one of a pool that is emptied', { closed: 'drained' }, 'drain'],
  ['closes one that goes', { isGoing: true }, 'pause'],
  ['opens what it has closed', { availability: 'drain', isHeld: true }, 'active'],
  ['leaves what was closed by hand', { availability: 'drain' }, undefined],
  ['leaves it also in a closed pool', { availability: 'drain', closed: 'closed' }, undefined],
  [
    'closes what it had emptied',
    { availability: 'drain', isHeld: true, closed: 'closed' },
    'pause',
  ],
])('%s', (_, node, expected) => {
  expect(availabilityFor({ ...open, ...node })).toBe(expected)
})
