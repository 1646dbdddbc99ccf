import { expect, it } from 'vitest'
import { firstError, readEvent } from '../../../workers/terraform/events.ts'
import {
  type Found,
  readState,
  type Recorded,
  survey,
  untainted,
  withoutIds,
} from '../../../workers/terraform/survey.ts'
import { seatsOf } from '../../stacks/seats-content.ts'

const found = (number: number, more: Partial<Found> = {}): Found => ({
  id: `id-${number}`,
  name: `lp-k3x9q2ab-netw0rks-s00${number}`,
  labels: {},
  replicas: 0,
  ...more,
})
const recorded = (number: number, more: Partial<Recorded> = {}): Recorded => ({
  address: `docker_service.s00${number}`,
  id: `id-${number}`,
  isTainted: false,
  ...more,
})
const nothing = { adopt: [], orphans: [], drifted: [], tainted: [], broken: [] }

it.each<[string, Found[], Recorded[], object]>([
  [
    'sees nothing to do where all is as recorded',
    [found(1), found(2)],
    [recorded(1), recorded(2)],
    {},
  ],
  [
    'adopts what is wanted, there, and in no state',
    [found(1), found(2)],
    [recorded(1)],
    { adopt: [{ address: 'docker_service.s002', id: 'id-2' }] },
  ],
  ['calls orphan what nobody wants and no state knows', [found(9)], [], { orphans: [found(9)] }],
  ['leaves to Terraform what nobody wants and the state knows', [found(9)], [recorded(9)], {}],
  [
    'has Terraform look where an object is gone',
    [],
    [recorded(1)],
    { drifted: ['docker_service.s001'] },
  ],
  [
    'has Terraform look where another object took the name',
    [found(1, { id: 'new' })],
    [recorded(1)],
    { drifted: ['docker_service.s001'] },
  ],
  [
    'sees whole what the state calls half made',
    [found(1)],
    [recorded(1, { isTainted: true })],
    { tainted: ['docker_service.s001'] },
  ],
  [
    'leaves half made what is not there',
    [],
    [recorded(1, { isTainted: true })],
    { drifted: ['docker_service.s001'] },
  ],
])('%s', (_, there, known, expected) => {
  expect(survey(seatsOf([1, 2]), there, known)).toEqual({
    ...nothing,
    found: there,
    recorded: known,
    ...expected,
  })
})

it('reads a state, and takes a mark off it', () => {
  const instance = (id: string, more: object = {}) => ({ attributes: { id }, ...more })
  const bytes = Buffer.from(
    JSON.stringify({
      serial: 3,
      resources: [
        {
          mode: 'managed',
          type: 'docker_service',
          name: 's001',
          instances: [instance('a', { status: 'tainted' })],
        },
        {
          mode: 'managed',
          type: 'docker_service',
          name: 's002',
          instances: [instance('b'), instance('old', { deposed: 'x' })],
        },
        { mode: 'data', type: 'docker_network', name: 'seats', instances: [instance('n')] },
      ],
    }),
  )
  expect(readState(undefined)).toEqual([])
  expect(readState(bytes)).toEqual([
    { address: 'docker_service.s001', id: 'a', isTainted: true },
    { address: 'docker_service.s002', id: 'b', isTainted: false },
  ])
  const clean = untainted(bytes, ['docker_service.s001'])
  expect(readState(clean).map((record) => record.isTainted)).toEqual([false, false])
  expect(JSON.parse(clean.toString())).toMatchObject({ serial: 4 })
  const rest = withoutIds(bytes, ['a', 'z'])!
  expect(readState(rest).map(({ id }) => id)).toEqual(['b'])
  expect(JSON.parse(rest.toString())).toMatchObject({ serial: 4 })
  expect(withoutIds(bytes, ['z'])).toBeUndefined()
})

const at = '2026-11-23T08:00:00.000000+01:00'

it('reads what Terraform says, line by line', () => {
  const hook = { resource: { addr: 'docker_service.s001' }, action: 'create' }
  const say = (message: object) => readEvent(JSON.stringify({ '@timestamp': at, ...message }))
  expect(say({ type: 'apply_start', hook })).toEqual({
    at: new Date(at),
    kind: 'start',
    address: 'docker_service.s001',
    action: 'create',
  })
  expect(
    say({
      type: 'apply_complete',
      hook: { ...hook, id_key: 'id', id_value: 'abc', elapsed_seconds: 2 },
    }),
  ).toMatchObject({ kind: 'end', objectId: 'abc', elapsedSeconds: 2 })
  expect(say({ type: 'apply_errored', hook })).toMatchObject({ kind: 'error' })
  const trouble = say({
    type: 'diagnostic',
    diagnostic: { severity: 'error', summary: 'No such image', detail: 'x'.repeat(5000) },
  })
  expect(trouble).toMatchObject({ kind: 'diagnostic' })
  expect(trouble?.message).toHaveLength(2000)
  expect(firstError([trouble!])).toMatch(/^No such image: x+$/)
  expect(firstError([])).toBeUndefined()
  expect([say({ type: 'apply_progress', hook }), readEvent('Killed'), readEvent('')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
