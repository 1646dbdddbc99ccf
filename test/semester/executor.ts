/**
 * In the place of Terraform: the same contract as workers/terraform/run-stack.ts (lease, run, `before`, apply, `after`,
 * record) with the real rows, but what a provider would do is done to the virtual Swarm, in recorded time.
 */
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { newToken, tokenHash } from '../../api/data/ids.ts'
import { beginRun, moveRun, type RunState } from '../../api/data/runs/run.ts'
import {
  type Lease,
  moveStack,
  recordApplied,
  releaseLease,
  renewLease,
  takeLease,
} from '../../api/data/runs/stack.ts'
import { type CourseStack, findStack, isOfCourse } from '../../api/data/runs/stack-wish.ts'
import {
  contentDigest,
  emptied,
  isOfMachines,
  type SeatsContent,
  type StackContent,
} from '../../stacks/content.ts'
import { serviceName, volumeName } from '../../stacks/parts/names.ts'
import type { Terraform } from '../../workers/jobs/apply-means.ts'
import type { Pace } from '../../workers/pace.ts'
import { leaseUntil } from '../../workers/terraform/lease.ts'
import type { RunResult, StackRequest } from '../../workers/terraform/run-stack.ts'
import type { VirtualClock } from './clock.ts'
import type { Latencies, RunShape } from './latencies.ts'
import type { Service, VirtualSwarm } from './swarm.ts'

export type World = {
  pool: Pool
  clock: VirtualClock
  swarm: VirtualSwarm
  latencies: Latencies
  /** Rows of stacks, of which nothing that is asked here changes. */
  stacks: Map<string, CourseStack>
  /** Every volume that was made. Nothing may take one away. */
  volumes: Set<string>
  /** Says that something happened that no promise allows. */
  onWrong(what: string): void
}

/** What a fault may do to a run: end it after a share of its changes. */
export type RunFate = { failsAfter: number | undefined }

const BEAT_MS = 5_000
const NO_SUMMARY = { create: 0, update: 0, replace: 0, delete: 0, import: 0, changes: [] }

export function virtualTerraform(
  world: World,
  worker: { name: string; pace: Pace; fate: (key: string) => RunFate },
): Terraform {
  return {
    apply: (request) => runOnce(world, worker, request, 'apply'),
    destroy: (request) => runOnce(world, worker, request, 'destroy'),
  }
}

type Worker = Parameters<typeof virtualTerraform>[1]

async function runOnce(
  world: World,
  worker: Worker,
  request: StackRequest,
  kind: 'apply' | 'destroy',
): Promise<RunResult> {
  const { pool, clock } = world
  const stack =
    world.stacks.get(request.content.key) ?? (await findStack(pool, request.content.key))
  if (!stack) throw new Error(`There is no stack ${request.content.key}.`)
  if (!isOfCourse(stack)) throw new Error('The virtual campus has no cloud.')
  world.stacks.set(stack.key, stack)
  const hash = tokenHash(newToken())
  const taken = await takeLease(pool, {
    ...{ key: request.content.key, worker: worker.name, tokenHash: hash },
    ...{ until: leaseUntil(clock.now()), now: clock.now() },
  })
  if (!taken) return { ok: false, reason: 'busy', message: 'in other hands', retry: true }
  const lease: Lease = { stackId: taken.id, tokenHash: hash }
  const content = kind === 'destroy' ? emptied(request.content) : request.content
  if (isOfMachines(content)) throw new Error('The virtual campus has no cloud.')
  const runId = await beginRun(pool, lease, {
    ...{ kind, worker: worker.name, now: clock.now() },
    blueprintDigest: request.blueprintDigest ?? null,
    contentDigest: contentDigest(content),
  })
  if (runId === undefined)
    return { ok: false, reason: 'lost', message: 'in other hands', retry: true }
  const heart = beating(world, worker, lease)
  const turn: Turn = { world, worker, stack, request, content, lease, runId, kind, heart }
  let isOutdated = false
  const outdated = () => void (isOutdated = true)
  const failure = await steps(turn, outdated).catch((error: unknown) => String(error))
  heart.stop()
  await request.after?.({ runId, ok: failure === undefined, said: failure ?? '' })
  await settle(turn, failure)
  if (failure === undefined) return { ok: true, runId, summary: NO_SUMMARY }
  const reason = isOutdated ? 'outdated' : 'failed'
  return { ok: false, reason, message: failure, retry: true, runId }
}

type Turn = {
  world: World
  worker: Worker
  stack: CourseStack
  request: StackRequest
  content: StackContent
  lease: Lease
  runId: string
  kind: 'apply' | 'destroy'
  heart: Heart
}

/** Answers why it failed, if it did. */
async function steps(turn: Turn, outdated: () => void): Promise<string | undefined> {
  const { world, worker, request, content, runId, kind } = turn
  const before = request.before?.({ runId, stop: new AbortController().signal })
  const made = await before
  if (made?.outdated) {
    outdated()
    return made.outdated
  }
  // It may fail while the plan is made: whoever waits for it then hears of it.
  made?.cold?.catch(() => {})
  const changes = changesOf(world, turn)
  const shape: RunShape = { stack: content.kind, kind, resources: changes.length }
  await move(turn, 'planning')
  await lasting(turn, world.latencies.plan(shape))
  // What only goes cools down while the plan is made: the real run's step `cool`.
  await made?.cold
  await move(turn, 'planned')
  if (changes.length === 0) return undefined
  await move(turn, 'applying')
  const { failsAfter } = worker.fate(content.key)
  await lasting(turn, world.latencies.apply(shape) * (failsAfter ?? 1))
  const done = failsAfter === undefined ? changes : changes.slice(0, changes.length * failsAfter)
  for (const change of done) change()
  return failsAfter === undefined ? undefined : 'the provider gave an error'
}

async function move(turn: Turn, to: Exclude<RunState, 'preparing'>): Promise<void> {
  const { world, lease, runId } = turn
  await moveRun(world.pool, lease, { id: runId, to, now: world.clock.now() })
}

async function lasting({ worker, heart }: Turn, seconds: number): Promise<void> {
  await worker.pace.sleep(seconds * 1000)
  heart.assertHeld()
}

type Heart = { assertHeld(): void; stop(): void }

/** As keepLease of workers/terraform/lease.ts: one heart for the whole run. A worker that died sleeps for ever, and its heart with it. */
function beating({ pool, clock }: World, { pace }: Worker, lease: Lease): Heart {
  const heart = { isOver: false, isLost: false }
  const beat = async (): Promise<void> => {
    for (;;) {
      await pace.sleep(BEAT_MS)
      if (heart.isOver || heart.isLost) return
      heart.isLost = !(await renewLease(pool, { ...lease, until: leaseUntil(clock.now()) }))
    }
  }
  void beat()
  return {
    assertHeld() {
      if (heart.isLost) throw new Error('The lease went to another worker.')
    },
    stop: () => void (heart.isOver = true),
  }
}

function changesOf(world: World, turn: Turn): (() => void)[] {
  return turn.content.kind === 'seats'
    ? seatChanges(world, turn, turn.content)
    : volumeChanges(world, turn.content)
}

function volumeChanges(
  world: World,
  content: Extract<StackContent, { kind: 'volumes' }>,
): (() => void)[] {
  const wanted = new Set(
    content.volumes.map(({ seat, generation }) =>
      volumeName({ ...content, number: seat, generation }),
    ),
  )
  const prefix = serviceName({ ...content, number: 1 }).slice(0, -3)
  for (const volume of world.volumes)
    if (volume.startsWith(prefix) && !wanted.has(volume)) world.onWrong(`volume lost: ${volume}`)
  return [...wanted.difference(world.volumes)].map((name) => () => void world.volumes.add(name))
}

function seatChanges(world: World, turn: Turn, content: SeatsContent): (() => void)[] {
  const { swarm } = world
  const own = [...swarm.services.values()].filter((one) => one.stack === content.key)
  const wanted = new Map(content.seats.map((seat) => [seat.number, seat]))
  const changes: (() => void)[] = []
  for (const service of own) {
    const seat = wanted.get(service.number)
    if (seat && isMadeOf(service, seat)) wanted.delete(service.number)
    else changes.push(() => removeService(world, service))
  }
  for (const seat of wanted.values())
    changes.push(() => swarm.put(serviceFor(world, turn, content, seat)))
  return changes
}

/** The guard's rule: a service that runs is neither changed nor removed. */
function removeService(world: World, service: Service): void {
  if (service.spec.Mode.Replicated.Replicas > 0)
    return world.onWrong(`a running seat would be removed: ${service.name}`)
  world.swarm.remove(service.id)
}

type Seat = SeatsContent['seats'][number]

const isMadeOf = (service: Service, { generation, template }: Seat): boolean =>
  service.generation === generation && service.template === JSON.stringify(template)

function serviceFor(world: World, turn: Turn, content: SeatsContent, seat: Seat): Service {
  const { template, number, generation } = seat
  const name = serviceName({ ...content, number })
  const twin = [...world.swarm.services.values()].find((one) => one.name === name)
  if (twin) world.onWrong(`a second service of one seat: ${name}`)
  return {
    ...{ id: world.swarm.id('service'), name, stack: content.key, number, generation, version: 1 },
    ...{ pool: turn.stack.pool_id, course: turn.stack.course_id, tasks: [] },
    template: JSON.stringify(template),
    volume: template.volume ? volumeName({ ...content, number, generation }) : undefined,
    image: template.image,
    cpuMillis: template.cpuMillis,
    gpus: template.gpu?.count ?? 0,
    spec: {
      Name: name,
      Mode: { Replicated: { Replicas: 0 } },
      TaskTemplate: { ContainerSpec: {}, Resources: { Limits: {} } },
    },
  }
}

async function settle(turn: Turn, failure: string | undefined): Promise<void> {
  const { world, lease, runId, kind, request } = turn
  const now = world.clock.now()
  await withTransaction(world.pool, async (tx) => {
    const to = failure === undefined ? 'applied' : 'failed'
    const message = failure === undefined ? {} : { message: failure }
    const digest = kind === 'destroy' ? null : contentDigest(request.content)
    await Promise.all([
      moveRun(tx, lease, { id: runId, to, now, ...message }),
      failure === undefined
        ? recordApplied(tx, lease, { digest, now })
        : moveStack(tx, lease, { state: 'failed', message: failure, now }),
      releaseLease(tx, lease),
    ])
  })
}
