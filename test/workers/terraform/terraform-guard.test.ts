import { expect, it } from 'vitest'
import { type GuardInput, refusals, refusalText } from '../../../workers/terraform/guard.ts'
import {
  type Change,
  isEmpty,
  readPlan,
  summarise,
  writesOver,
} from '../../../workers/terraform/plan.ts'

const own = { 'labplan.installation': 'k3x9q2ab', 'labplan.stack': 'seats-a-0' }

const change = (of: Partial<Change>): Change => ({
  address: 'docker_service.s001',
  type: 'docker_service',
  action: 'create',
  isImport: false,
  id: null,
  labelsBefore: null,
  labelsAfter: own,
  changed: [],
  ...of,
})
const input = (changes: Change[], more: Partial<GuardInput> = {}): GuardInput => ({
  changes,
  kind: 'seats',
  installation: 'k3x9q2ab',
  stackKey: 'seats-a-0',
  replicas: new Map([
    ['cold', 0],
    ['warm', 1],
  ]),
  limits: {},
  ...more,
})
const codes = (of: GuardInput) => refusals(of).map((refusal) => refusal.code)
const existing = { labelsBefore: own }

it.each<[string, Change, string[]]>([
  ['creates a seat', change({}), []],
  ['leaves a running seat alone', change({ ...existing, action: 'none', id: 'warm' }), []],
  ['updates a cold seat', change({ ...existing, action: 'update', id: 'cold' }), []],
  [
    'updates a running seat',
    change({ ...existing, action: 'update', id: 'warm' }),
    ['seat_is_running'],
  ],
  ['replaces a cold seat', change({ ...existing, action: 'replace', id: 'cold' }), []],
  [
    'replaces a running seat',
    change({ ...existing, action: 'replace', id: 'warm' }),
    ['seat_is_running'],
  ],
  [
    'deletes a cold seat',
    change({ ...existing, labelsAfter: null, action: 'delete', id: 'cold' }),
    [],
  ],
  [
    'deletes a running seat',
    change({ ...existing, labelsAfter: null, action: 'delete', id: 'warm' }),
    ['seat_is_running'],
  ],
  [
    'deletes what is gone',
    change({ ...existing, labelsAfter: null, action: 'delete', id: 'gone' }),
    [],
  ],
  [
    'updates what is gone',
    change({ ...existing, action: 'update', id: 'gone' }),
    ['seat_is_unknown'],
  ],
  [
    'adopts a running seat as it is',
    change({ ...existing, action: 'none', isImport: true, id: 'warm' }),
    [],
  ],
  [
    'adopts and changes a running seat',
    change({ ...existing, action: 'update', isImport: true, id: 'warm' }),
    ['seat_is_running'],
  ],
  [
    'forgets a running seat',
    change({ ...existing, action: 'forget', id: 'warm' }),
    ['seat_is_running'],
  ],
  [
    'touches a service of another stack',
    change({
      labelsBefore: { ...own, 'labplan.stack': 'seats-b-0' },
      action: 'delete',
      id: 'cold',
    }),
    ['not_labelled_ours'],
  ],
  [
    'touches a service of another installation',
    change({
      labelsBefore: { ...own, 'labplan.installation': 'other000' },
      action: 'update',
      id: 'cold',
    }),
    ['not_labelled_ours'],
  ],
  ['makes something without labels', change({ labelsAfter: {} }), ['not_labelled_ours']],
  ['makes another kind of thing', change({ type: 'docker_container' }), ['type_not_ours']],
  ['touches a volume from a seats stack', change({ type: 'docker_volume' }), ['type_not_ours']],
])('%s', (_, one, expected) => {
  expect(codes(input([one]))).toEqual(expected)
})

it.each<[Change['action'], string[]]>([
  ['create', []],
  ['none', []],
  ['update', ['volume_would_be_lost']],
  ['replace', ['volume_would_be_lost']],
  ['delete', ['volume_would_be_lost']],
  ['forget', ['volume_would_be_lost']],
])('of a volume: %s', (action, expected) => {
  const one = change({ ...existing, type: 'docker_volume', action, isImport: action === 'none' })
  expect(codes(input([one], { kind: 'volumes' }))).toEqual(expected)
})

it('keeps to the approved numbers', () => {
  const plan = [
    change({}),
    change({}),
    change({ ...existing, action: 'delete', labelsAfter: null, id: 'cold' }),
  ]
  expect(codes(input(plan, { limits: { create: 2, delete: 1, update: 0 } }))).toEqual([])
  expect(codes(input(plan, { limits: { create: 1, delete: 0 } }))).toEqual(['too_many', 'too_many'])
  const replaced = [change({ ...existing, action: 'replace', id: 'cold' })]
  expect(codes(input(replaced, { limits: { delete: 0 } }))).toEqual(['too_many'])
})

it('says the first refusal and how many more', () => {
  const one = change({ ...existing, action: 'update', id: 'warm' })
  expect(refusalText(refusals(input([one, one, one])))).toBe(
    'Held: docker_service.s001: seat_is_running (update with 1 replicas) and 2 more.',
  )
})

it('reads a plan down to what may be kept', () => {
  const resource = (actions: string[], before: unknown, after: unknown, importing?: object) => ({
    address: 'docker_service.s001',
    mode: 'managed',
    type: 'docker_service',
    change: { actions, before, after, importing },
  })
  const seat = (env: string) => ({
    id: 'abc',
    labels: [{ label: 'labplan.stack', value: 'seats-a-0' }],
    task_spec: [{ env }],
  })
  const changes = readPlan(
    JSON.stringify({
      variables: { secret: { value: 'top-secret' } },
      resource_changes: [
        resource(['update'], seat('top-secret'), seat('other')),
        resource(['delete', 'create'], seat('a'), seat('b')),
        resource(['no-op'], seat('a'), seat('a'), { id: 'abc' }),
        { ...resource(['read'], null, null), mode: 'data' },
      ],
    }),
  )
  expect(
    changes.map(({ action, isImport, id, changed }) => [action, isImport, id, changed]),
  ).toEqual([
    ['update', false, 'abc', ['task_spec']],
    ['replace', false, 'abc', ['task_spec']],
    ['none', true, 'abc', []],
  ])
  expect(JSON.stringify(changes)).not.toContain('top-secret')
  expect(summarise(changes)).toEqual({
    create: 0,
    update: 1,
    replace: 1,
    delete: 0,
    import: 1,
    changes: [
      { address: 'docker_service.s001', action: 'update', changed: ['task_spec'] },
      { address: 'docker_service.s001', action: 'replace' },
      { address: 'docker_service.s001', action: 'import' },
    ],
  })
  expect([isEmpty(changes), writesOver(changes)]).toEqual([false, true])
  expect([isEmpty([]), isEmpty([changes[2]!]), writesOver([changes[2]!])]).toEqual([
    true,
    false,
    false,
  ])
})

it('stops at an action it does not know', () => {
  const text = JSON.stringify({
    resource_changes: [
      {
        address: 'docker_service.s001',
        mode: 'managed',
        type: 'docker_service',
        change: { actions: ['teleport'], before: null, after: null },
      },
    ],
  })
  expect(() => readPlan(text)).toThrow('teleport')
})

const machine = (of: Partial<Change>): Change =>
  change({
    ...{ address: 'openstack_compute_instance_v2.m-1', type: 'openstack_compute_instance_v2' },
    ...{ id: 'srv', labelsBefore: ofNodes, labelsAfter: ofNodes },
    ...of,
  })
const ofNodes = { 'labplan.installation': 'k3x9q2ab', 'labplan.stack': 'nodes-cloud' }
const network = {
  type: 'openstack_networking_network_v2',
  address: 'openstack_networking_network_v2.r-north',
}

it.each<[string, 'base' | 'nodes', Change, number, boolean, string[]]>([
  ['makes a machine', 'nodes', machine({ action: 'create', labelsBefore: null }), 0, false, []],
  ['destroys an empty one', 'nodes', machine({ action: 'delete' }), 0, false, []],
  [
    'keeps one with seats on it',
    'nodes',
    machine({ action: 'delete' }),
    2,
    false,
    ['node_is_in_use'],
  ],
  ['replaces no busy one', 'nodes', machine({ action: 'replace' }), 1, false, ['node_is_in_use']],
  [
    'makes no network among nodes',
    'nodes',
    machine({ ...network, action: 'create' }),
    0,
    false,
    ['type_not_ours'],
  ],
  [
    'keeps the network',
    'base',
    machine({ ...network, action: 'replace', labelsBefore: ofNodes }),
    0,
    false,
    ['base_would_be_lost'],
  ],
  [
    'lets go of what it once had in another region',
    'base',
    machine({
      ...{ ...network, action: 'delete', labelsBefore: ofNodes },
      address: 'openstack_networking_network_v2.r-south',
    }),
    ...([0, false, []] as [number, boolean, string[]]),
  ],
  ['lets it go at the end', 'base', machine({ ...network, action: 'delete' }), 0, true, []],
  [
    'touches no machine of others',
    'nodes',
    machine({ action: 'delete', labelsBefore: { ...ofNodes, 'labplan.installation': 'other' } }),
    0,
    false,
    ['not_labelled_ours'],
  ],
])('%s', (_, kind, of, seats, isTeardown, expected) => {
  const more = {
    kind,
    isTeardown,
    region: 'north',
    stackKey: 'nodes-cloud',
    replicas: new Map([['srv', seats]]),
  }
  expect(codes(input([of], more))).toEqual(expected)
})

it('knows what was just imported from a cloud by what the cloud has, not by what is configured', () => {
  const importing = { id: 'srv' }
  const shown = (type: string, before: object) => ({
    ...{ address: `${type}.m-1`, mode: 'managed', type },
    change: { actions: ['update'], before: { id: 'srv', ...before }, after: null, importing },
  })
  const tags = Object.entries(ofNodes).map(([name, value]) => `${name}=${value}`)
  const changes = readPlan(
    JSON.stringify({
      resource_changes: [
        shown('openstack_compute_instance_v2', { metadata: null, all_metadata: ofNodes }),
        shown('openstack_networking_port_v2', { tags: [], all_tags: tags }),
      ],
    }),
  )
  expect(changes.map(({ labelsBefore }) => labelsBefore)).toEqual([ofNodes, ofNodes])
})
