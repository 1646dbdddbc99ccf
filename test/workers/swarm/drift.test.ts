/** What exists beside what should: every kind of difference, what is done about it, and what is left alone. */
import { afterAll, describe, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import {
  type NewFinding,
  askForReconcile,
  openFindings,
  resolvedFindings,
  saveFindings,
} from '../../../api/data/runs/finding.ts'
import type { InventoryRecord, SeatFacts, StackFacts } from '../../../api/data/runs/inventory.ts'
import { hasMessage } from '../../../api/locale.ts'
import { driftOf } from '../../../workers/watch/drift.ts'
import type { Seen, SeenService } from '../../../workers/watch/swarm.ts'
import { newId } from '../../../api/data/ids.ts'
import { testDatabase } from '../../postgres.ts'
import { template } from '../../stacks/seats-content.ts'

const place = { installation: 'k3x9q2ab', registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' }
const STACK = 'seats-networks-101-0'
const NAME = 'lp-k3x9q2ab-netw0rks'

const labelsOf = (number: number, stack = STACK) => ({
  'labplan.installation': place.installation,
  'labplan.stack': stack,
  'labplan.seat': `netw0rks/00${number}`,
})

/** A seat's service as Terraform makes it of the template. */
function service(number: number, more: Partial<SeenService> = {}): SeenService {
  const name = `${NAME}-s00${number}`
  return {
    ...{ id: `id-${number}`, name, labels: labelsOf(number), replicas: 0 },
    spec: {
      Name: name,
      Labels: {},
      Mode: {},
      TaskTemplate: {
        ContainerSpec: {
          Image: `127.0.0.1:7083/${template.image}`,
          Mounts: [{ Type: 'volume', Source: `${name}-g1`, Target: template.volume!.mountPath }],
          Secrets: [{ SecretID: `secret-${number}` }],
          CapabilityAdd: template.capabilities.map((one) => `CAP_${one}`),
          CapabilityDrop: ['ALL'],
        },
        Resources: {
          Limits: {
            NanoCPUs: template.cpuMillis * 1e6,
            MemoryBytes: template.memoryMb * 1024 * 1024,
          },
        },
        Networks: [{ Target: 'net' }],
      },
    },
    ...more,
  }
}

/** The service with one part of its container changed by hand. */
function changed(number: number, container: object, task: object = {}): SeenService {
  const made = service(number)
  const { TaskTemplate } = made.spec
  const ContainerSpec = { ...TaskTemplate.ContainerSpec!, ...container }
  return {
    ...made,
    spec: { ...made.spec, TaskTemplate: { ...TaskTemplate, ...task, ContainerSpec } },
  }
}

const secret = (number: number, generation = 1) => ({
  id: `secret-${number}${generation > 1 ? `-g${generation}` : ''}`,
  name: `labplan-k3x9q2ab-netw0rks-s00${number}-g${generation}`,
  labels: labelsOf(number),
})
const volume = (number: number) => {
  const { 'labplan.stack': _, ...labels } = labelsOf(number)
  return { id: `${NAME}-s00${number}-g1`, name: `${NAME}-s00${number}-g1`, labels }
}
/** Of a version of the course's data: each node makes its own object of it. */
const data = (version: number) => ({
  ...{ id: `${NAME}-data-g${version}`, name: `${NAME}-data-g${version}` },
  labels: { 'labplan.installation': place.installation },
})
const slot = (number: number) => {
  const name = `${NAME}-s00${number}-slot`
  return { ...volume(number), id: name, name }
}
const seat = (number: number, more: Partial<SeatFacts> = {}): SeatFacts => ({
  ...{ course8: 'netw0rks', number, generation: 1, appliedGeneration: 1, state: 'cold' },
  ...{ held: false, serviceId: `id-${number}`, template },
  ...more,
})
const seatsStack = (more: Partial<StackFacts> = {}): StackFacts => ({
  ...{ key: STACK, kind: 'seats', isSettled: true },
  recorded: new Map([
    ['id-1', 'docker_service.s001'],
    ['id-2', 'docker_service.s002'],
  ]),
  ...more,
})
const volumesStack: StackFacts = {
  ...{ key: 'volumes-networks-101', kind: 'volumes', isSettled: true },
  recorded: new Map([1, 2].map((number) => [volume(number).name, `docker_volume.s00${number}-g1`])),
}

const healthy: Seen = {
  services: [service(1), service(2)],
  secrets: [secret(1), secret(2)],
  volumes: [volume(1), volume(2)],
  networks: [{ id: 'net', name: 'lp-k3x9q2ab-seats', labels: {} }],
  containers: [],
  tasksRunning: 0,
}
const record: InventoryRecord = {
  stacks: [seatsStack(), volumesStack],
  seats: [seat(1), seat(2), seat(3, { state: 'absent', appliedGeneration: null, serviceId: null })],
  purgedData: new Set(),
  unread: [],
}

const drift = (seen: Partial<Seen>, of: Partial<InventoryRecord> = {}) =>
  driftOf({ ...healthy, ...seen }, { ...record, ...of }, place).map(
    ({ kind, name, code, repair, params }) =>
      [kind, name, code, ...Object.values(params ?? {}), repair].join(' '),
  )
const with1 = (other: SeenService) => ({ services: [other, service(2)] })

describe('compares', () => {
  it('finds nothing where all is as it should be', () => {
    expect(drift({})).toEqual([])
  })

  it.each<[string, Partial<Seen>, Partial<InventoryRecord>, string[]]>([
    [
      'runs the stack of a cold service that no state knows',
      { services: [...healthy.services, service(3)] },
      {},
      [`leaked ${NAME}-s003 in-no-state run`],
    ],
    [
      'keeps one that runs: somebody may be in it',
      { services: [...healthy.services, service(3, { replicas: 1 })] },
      {},
      [`strange ${NAME}-s003 runs-in-no-state none`],
    ],
    [
      'removes one of a stack that is not in the record',
      { services: [...healthy.services, service(3, { labels: labelsOf(3, 'seats-gone-0') })] },
      {},
      [`leaked ${NAME}-s003 in-no-state remove`],
    ],
    [
      'runs the stack whose service is gone, secret left or not',
      { services: [service(1)], secrets: [secret(1)] },
      {},
      [`missing ${NAME}-s002 not-there run`],
    ],
    [
      'takes another service of the same name for what it is',
      with1(service(1, { id: 'by-hand' })),
      {},
      [`leaked ${NAME}-s001 in-no-state run`, `missing ${NAME}-s001 not-there run`],
    ],
    [
      'sees another image',
      with1(changed(1, { Image: 'elsewhere/image:latest' })),
      {},
      [`altered ${NAME}-s001 differs image run`],
    ],
    [
      'sees other limits and mounts, and waits while the seat runs',
      with1({
        ...changed(
          1,
          { Mounts: [{ Type: 'bind', Source: '/etc', Target: '/etc' }] },
          { Resources: { Limits: {} } },
        ),
        replicas: 1,
      }),
      { seats: [seat(1, { state: 'ready' }), seat(2)] },
      [`altered ${NAME}-s001 differs limits, mounts wait`],
    ],
    [
      'sees capabilities and networks it was not given',
      with1(changed(1, { CapabilityAdd: ['CAP_SYS_ADMIN'] }, { Networks: [{ Target: 'host' }] })),
      {},
      [`altered ${NAME}-s001 differs capabilities, network run`],
    ],
    [
      'sees a held seat turned on, and one in use turned off',
      { services: [service(1, { replicas: 1 }), service(2)] },
      { seats: [seat(1, { held: true, state: 'starting' }), seat(2, { state: 'ready' })] },
      [`altered ${NAME}-s001 should-be-off driver`, `altered ${NAME}-s002 should-be-on driver`],
    ],
    [
      'drops a secret of an earlier generation, and of a seat that has none',
      { secrets: [...healthy.secrets, secret(1, 2), secret(3)] },
      {},
      [
        `leaked labplan-k3x9q2ab-netw0rks-s001-g2 used-by-nobody run`,
        `leaked labplan-k3x9q2ab-netw0rks-s003-g1 used-by-nobody run`,
      ],
    ],
    [
      'says of a volume that is gone, and of one that no seat has, and touches neither',
      { volumes: [volume(1), volume(7)] },
      {},
      [
        `strange ${NAME}-s007-g1 volume-of-no-seat none`,
        `missing ${NAME}-s002-g1 volume-not-there none`,
      ],
    ],
    [
      'knows what a node has mounted of a seat’s slot on a server, and whose it is',
      { volumes: [...healthy.volumes, slot(1), slot(7), { ...slot(2), labels: labelsOf(1) }] },
      {},
      [
        `strange ${NAME}-s007-slot volume-of-no-seat none`,
        `strange ${NAME}-s002-slot not-as-we-name none`,
      ],
    ],
    [
      'lets go of what Docker keeps of a course’s data once its files are purged, and of no other',
      { volumes: [...healthy.volumes, data(1), data(2), { ...data(3), labels: {} }] },
      { purgedData: new Set([data(1).name, data(3).name]) },
      [`leaked ${NAME}-data-g1 data-purged remove`],
    ],
    [
      'says that the network of seats is gone',
      { networks: [] },
      {},
      ['missing lp-k3x9q2ab-seats network-not-there none'],
    ],
    [
      'keeps what has our name or label but not as we write them',
      {
        services: [
          ...healthy.services,
          service(3, { labels: {} }),
          service(4, { name: 'web', labels: labelsOf(4) }),
        ],
        secrets: [...healthy.secrets, { ...secret(3), name: 'labplan-k3x9q2ab-mine' }],
        volumes: [...healthy.volumes, { ...volume(1), id: 'backup', name: 'backup' }],
        containers: [{ id: 'c', name: 'try', labels: {} }],
      },
      {},
      [
        `strange ${NAME}-s003 not-as-we-name none`,
        `strange web not-as-we-name none`,
        `strange labplan-k3x9q2ab-mine not-as-we-name none`,
        `strange backup not-as-we-name none`,
        `strange try container-by-hand none`,
      ],
    ],
    [
      'finds nothing in a stack that is being changed',
      { services: [service(3), changed(2, { Image: 'new' })], secrets: [secret(1, 2)] },
      { stacks: [seatsStack({ isSettled: false }), volumesStack] },
      [],
    ],
  ])('%s', (_, seen, of, expected) => {
    expect(drift(seen, of)).toEqual(expected)
  })

  it('has a sentence for each', () => {
    const broken: Partial<Seen> = {
      services: [service(3), service(4, { replicas: 1 }), service(5, { labels: {} })],
      secrets: [secret(9)],
      volumes: [volume(7), data(1)],
      networks: [],
      containers: [{ id: 'c', name: 'c', labels: {} }],
    }
    const found = driftOf(
      { ...healthy, ...broken },
      { ...record, purgedData: new Set([data(1).name]) },
      place,
    )
    expect(found.length).toBeGreaterThan(8)
    const codes = found.flatMap(({ code, repair, kind }) => [
      `finding.${code}`,
      `repair.${repair}`,
      `finding.kind.${kind}`,
    ])
    expect(codes.filter((code) => !hasMessage(code))).toEqual([])
  })
})

describe('in the record', async () => {
  const database = await testDatabase()
  afterAll(() => database.drop())
  const { pool } = database
  const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 9, minute))
  const found = (name: string, more: Partial<NewFinding> = {}): NewFinding => ({
    ...{ kind: 'leaked', object: 'service', name, objectId: name, stackKey: STACK },
    ...{ code: 'in-no-state', repair: 'run' },
    ...more,
  })
  const look = (minute: number, ...findings: NewFinding[]) =>
    withTransaction(pool, (tx) => saveFindings(tx, { findings, now: at(minute) }))
  const open = async () => (await openFindings(pool)).map(({ name }) => name)

  it('is a finding what two looks see, and it resolves itself', async () => {
    await look(0, found('a'), found('b'))
    expect(await open()).toEqual([])
    await look(1, found('b', { repair: 'wait', params: { what: 'image' } }))
    expect(await openFindings(pool)).toMatchObject([
      { name: 'b', firstSeenAt: at(0), seenAt: at(1), repair: 'wait', params: { what: 'image' } },
    ])
    await look(2)
    expect(await open()).toEqual([])
    expect(await resolvedFindings(pool, 5)).toMatchObject([{ name: 'b', resolvedAt: at(2) }])
    // Seen again it is another finding, and again needs two looks.
    await look(3, found('b'))
    expect(await open()).toEqual([])
  })

  it('runs a stack again that is in nobody’s hands, once, and never one of volumes', async () => {
    const zone = await one<{ id: string }>(pool, sql`select id from zone`)
    const poolId = newId()
    await execute(
      pool,
      sql`insert into pool (id, zone_id, key, created_at) values (${poolId}, ${zone.id}, 'main', ${at(0)})`,
    )
    for (const [key, kind, leaseUntil] of [
      ['free', 'seats', null],
      ['busy', 'seats', at(9)],
      ['files', 'volumes', null],
    ])
      await execute(
        pool,
        sql`insert into stack (id, key, kind, pool_id, state, state_at, lease_until)
            values (${newId()}, ${key}, ${kind}, ${poolId}, 'applied', ${at(0)}, ${leaseUntil})`,
      )
    const ask = (key: string) =>
      withTransaction(pool, (tx) => askForReconcile(tx, { key, message: 'leaked a', now: at(4) }))
    expect([await ask('free'), await ask('free'), await ask('busy'), await ask('files')]).toEqual([
      ...[true, false, false, false],
    ])
    const audits = await many(pool, sql`select action, subject_id from audit`)
    expect(audits).toEqual([{ action: 'stack.reconcile', subject_id: 'free' }])
  })
})
