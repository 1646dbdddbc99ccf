import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { runEvents } from '../../../api/data/runs/run.ts'
import { findState } from '../../../api/data/runs/state.ts'
import { contentDigest } from '../../../stacks/content.ts'
import { setReplicas } from '../../../workers/swarm/service.ts'
import {
  applyStack,
  destroyStack,
  type StackRequest,
} from '../../../workers/terraform/run-stack.ts'
import {
  filesUnder,
  liveServices,
  makeSecrets,
  runningTask,
  runRows,
  SEATS,
  secretText,
  serviceOf,
  stackRow,
  type TerraformBed,
  terraformBed,
  VOLUMES,
} from './terraform-bed.ts'

let bed: TerraformBed
beforeAll(async () => {
  bed = await terraformBed()
})
afterAll(() => bed?.down())

const nothing = { create: 0, update: 0, replace: 0, delete: 0, import: 0, changes: [] }

it('makes seats at 0 replicas, and then finds nothing to do', async () => {
  const content = bed.seats([1, 2, 3])
  const begun: AbortSignal[] = []
  // What never comes to its end holds up nothing.
  const beside: StackRequest['beside'] = ({ over }) => {
    begun.push(over)
    return new Promise(() => {})
  }
  const first = await applyStack(bed.services, bed.request(content, { beside }))
  expect(first).toMatchObject({
    ok: true,
    summary: { ...nothing, create: 3, changes: [{}, {}, {}] },
  })
  expect(begun.map((over) => over.aborted)).toEqual([true])
  const live = await liveServices(bed.docker)
  expect(live.map(({ Spec }) => [Spec.Name, Spec.Mode.Replicated.Replicas])).toEqual([
    ['lp-test0000-netw0rks-s001', 0],
    ['lp-test0000-netw0rks-s002', 0],
    ['lp-test0000-netw0rks-s003', 0],
  ])
  expect(await stackRow(bed.database, SEATS)).toEqual({
    state: 'applied',
    applied_digest: contentDigest(content),
    lease_owner: null,
    message: null,
  })

  const second = await applyStack(bed.services, bed.request(content))
  expect(second).toMatchObject({ ok: true, summary: nothing })
})

it('gives each service what a seat is promised', async () => {
  const { Spec } = await serviceOf(bed.docker, 1)
  const [run] = await runRows(bed.database)
  expect(Spec.Labels).toEqual({
    'labplan.installation': 'test0000',
    'labplan.stack': SEATS,
    'labplan.seat': 'netw0rks/001',
    'labplan.run': run!.id,
  })
  const share = { NanoCPUs: 20_000_000, MemoryBytes: 16 * 1024 * 1024 }
  expect(Spec.TaskTemplate).toMatchObject({
    ContainerSpec: {
      // The provider keeps no order: any update may restart the container, so only cold seats get one.
      Env: expect.arrayContaining([
        'LABPLAN_SEAT=netw0rks/001',
        'LABPLAN_TASK={{.Task.ID}}',
        'LESSON=one',
      ]),
      CapabilityAdd: ['CAP_CHOWN', 'CAP_SETUID'],
      CapabilityDrop: ['ALL'],
      Mounts: [{ Type: 'volume', Source: 'lp-test0000-netw0rks-s001-g1', Target: '/home' }],
      Secrets: [
        { File: { Name: 'labplan', Mode: 0o400 }, SecretName: 'labplan-test0000-netw0rks-s001-g1' },
      ],
      Labels: { 'labplan.seat': 'netw0rks/001' },
    },
    Resources: { Limits: share, Reservations: share },
    RestartPolicy: { Condition: 'any', Delay: 5_000_000_000, MaxAttempts: 0 },
  })
  expect(Spec.EndpointSpec).toMatchObject({
    Mode: 'dnsrr',
    Ports: [22, 1907, 8080].map((port) => ({ TargetPort: port, PublishMode: 'host' })),
  })
})

it('keeps who runs as they are while a seat is added and another removed', async () => {
  const { ID } = await serviceOf(bed.docker, 1)
  await setReplicas(bed.docker, ID, { replicas: 1, pidsLimit: 32 })
  const task = await runningTask(bed.docker, ID)

  const added = await applyStack(bed.services, bed.request(bed.seats([1, 2, 3, 4])))
  expect(added).toMatchObject({ ok: true, summary: { ...nothing, create: 1, changes: [{}] } })
  const removed = await applyStack(bed.services, bed.request(bed.seats([1, 2, 3])))
  expect(removed).toMatchObject({ ok: true, summary: { ...nothing, delete: 1, changes: [{}] } })

  expect(await runningTask(bed.docker, ID)).toBe(task)
  expect((await serviceOf(bed.docker, 1)).Spec).toMatchObject({
    Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: { Resources: { Limits: { Pids: 32 } } },
  })
  expect((await serviceOf(bed.docker, 1)).Spec.TaskTemplate).toMatchObject({
    ContainerSpec: { StopGracePeriod: 10_000_000_000 },
  })
})

it('refuses to change or remove a seat that runs, and does both once it is cold', async () => {
  const { ID } = await serviceOf(bed.docker, 1)
  const task = await runningTask(bed.docker, ID)
  const changed = bed.seats([1, 2, 3], { ...bed.template, env: { LESSON: 'two' } })

  const held = await applyStack(bed.services, bed.request(changed))
  expect(held).toMatchObject({ ok: false, reason: 'held', retry: true })
  expect(held).toHaveProperty(
    'message',
    expect.stringContaining('docker_service.s001: seat_is_running'),
  )
  const without = await applyStack(bed.services, bed.request(bed.seats([2, 3])))
  expect(without).toMatchObject({ ok: false, reason: 'held' })
  expect(await runningTask(bed.docker, ID)).toBe(task)
  expect(await stackRow(bed.database, SEATS)).toMatchObject({
    applied_digest: contentDigest(bed.seats([1, 2, 3])),
  })

  await setReplicas(bed.docker, ID, { replicas: 0, pidsLimit: 32 })
  const cold = await applyStack(bed.services, bed.request(changed))
  expect(cold).toMatchObject({
    ok: true,
    summary: { ...nothing, update: 3, changes: [{}, {}, {}] },
  })
  const { Spec } = await serviceOf(bed.docker, 1)
  expect(Spec.TaskTemplate).toMatchObject({
    ContainerSpec: { Env: expect.arrayContaining(['LESSON=two']) },
  })
})

it('plans what goes while it is still on its way down, and removes it only then', async () => {
  const template = { ...bed.template, env: { LESSON: 'two' } }
  const content = bed.seats([1, 2, 3, 4], template)
  expect(await applyStack(bed.services, bed.request(content))).toMatchObject({ ok: true })
  const { ID } = await serviceOf(bed.docker, 4)
  await setReplicas(bed.docker, ID, { replicas: 1, pidsLimit: 32 })
  const stopped = Promise.withResolvers<void>()
  const removal = applyStack(bed.services, {
    ...bed.request(bed.seats([1, 2, 3], template)),
    before: async () => ({ ...(await makeSecrets(bed.docker, content)), cold: stopped.promise }),
  })
  const planned = sql`select 1 as yes from run_step step join run on run.id = step.run_id
      where run.state = 'planned' and step.name = 'cool' and step.ended_at is null`
  await expect.poll(() => many(bed.database.pool, planned), { timeout: 60_000 }).toHaveLength(1)
  expect((await serviceOf(bed.docker, 4)).Spec.Mode.Replicated.Replicas).toBe(1)

  await setReplicas(bed.docker, ID, { replicas: 0, pidsLimit: 0 })
  stopped.resolve()
  expect(await removal).toMatchObject({ ok: true, summary: { delete: 1 } })
})

it('keeps the run that made a seat in its label, whichever run changes it', async () => {
  const [first] = await runRows(bed.database)
  expect((await serviceOf(bed.docker, 1)).Spec.Labels['labplan.run']).toBe(first!.id)
})

it('records each step, each phase and each resource with its time', async () => {
  const [first] = await runRows(bed.database)
  const steps = await many<{ name: string; outcome: string }>(
    bed.database.pool,
    sql`select name, outcome from run_step where run_id = ${first!.id} order by number`,
  )
  expect(steps.map((step) => step.name)).toEqual([
    'recover',
    'survey',
    'before',
    'prepare',
    'plan',
    'cool',
    'guard',
    'apply',
    'verify',
  ])
  const phases = await many<{ state: string }>(
    bed.database.pool,
    sql`select state from run_phase where run_id = ${first!.id} order by started_at`,
  )
  expect(phases.map((phase) => phase.state)).toEqual([
    'preparing',
    'planning',
    'planned',
    'applying',
    'applied',
  ])
  const ends = (await runEvents(bed.database.pool, first!.id)).filter(
    (event) => event.kind === 'end',
  )
  expect(ends.map((event) => [event.address, event.action]).toSorted()).toEqual([
    ['docker_service.s001', 'create'],
    ['docker_service.s002', 'create'],
    ['docker_service.s003', 'create'],
  ])
  expect(ends[0]).toMatchObject({
    objectId: expect.stringMatching(/^\w{25}$/),
    at: expect.any(Date),
  })
})

it('takes up the volume a seat has made itself, and never deletes one', async () => {
  const made = await applyStack(bed.services, bed.request(bed.volumes([1, 2])))
  expect(made).toMatchObject({ ok: true, summary: { create: 1, import: 1, update: 0, replace: 0 } })
  const smaller = await applyStack(bed.services, bed.request(bed.volumes([1])))
  expect(smaller).toMatchObject({ ok: false, reason: 'held' })
  const destroyed = await destroyStack(bed.services, bed.request(bed.volumes([1, 2])))
  expect(destroyed).toMatchObject({ ok: false, reason: 'held' })
  const { Volumes } = (await bed.docker.call('GET', '/volumes')) as { Volumes: { Name: string }[] }
  expect(Volumes.map((volume) => volume.Name)).toEqual(
    expect.arrayContaining(['lp-test0000-netw0rks-s001-g1', 'lp-test0000-netw0rks-s002-g1']),
  )
  expect(await stackRow(bed.database, VOLUMES)).toMatchObject({
    applied_digest: contentDigest(bed.volumes([1, 2])),
  })
})

it('keeps every state it ever had, sealed, and no secret anywhere', async () => {
  const versions = await many<{ serial: number; content: Buffer; stack_id: string }>(
    bed.database.pool,
    sql`select serial, content, stack_id from state_version order by stack_id, serial`,
  )
  const stack = await one<{ id: string }>(
    bed.database.pool,
    sql`select id from stack where key = ${SEATS}`,
  )
  const seats = versions.filter((version) => version.stack_id === stack.id)
  expect(seats.length).toBeGreaterThanOrEqual(4)
  expect(new Set(seats.map((version) => version.serial)).size).toBe(seats.length)
  for (const { content } of versions)
    expect(content.toString('latin1')).not.toContain('docker_service')

  const state = await findState(bed.database.pool, bed.services.keyRing, stack.id)
  const plain = state!.bytes.toString()
  expect(plain).toContain('lp-test0000-netw0rks-s001')
  const secret = secretText('labplan-test0000-netw0rks-s001-g1')
  const kept = [
    plain,
    ...filesUnder(bed.services.config.home),
    JSON.stringify(await runRows(bed.database)),
  ]
  for (const text of kept) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 24))
  }
})

it('destroys what is cold, and leaves no folder behind', async () => {
  const gone = await destroyStack(bed.services, bed.request(bed.seats([1, 2, 3])))
  expect(gone).toMatchObject({ ok: true, summary: { delete: 3 } })
  expect(await liveServices(bed.docker)).toEqual([])
  expect(await stackRow(bed.database, SEATS)).toMatchObject({
    state: 'absent',
    applied_digest: null,
  })
  const again = await destroyStack(bed.services, bed.request(bed.seats([1, 2, 3])))
  expect(again).toMatchObject({ ok: true, summary: nothing })
})
