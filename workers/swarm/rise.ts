/**
 * A seat on its way up: from the task that Swarm makes for it to its open doors. The Swarm is asked until a task runs,
 * then the seat itself: who it is, once, and each required port until it has answered once.
 */
import type { Logger } from 'pino'
import type { Pool } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { markHomeless } from '../../api/data/pools/live-demand.ts'
import { markFailed } from '../../api/data/seats/seat-life.ts'
import { identityKey } from '../../api/data/seats/seat-secret.ts'
import type { Seat, SeatPort } from '../../api/data/seats/seat.ts'
import type { Pace } from '../pace.ts'
import { awaitPorts, type PortsAwaited } from './await-ports.ts'
import type { TaskFeed } from './feed.ts'
import type { Doors, Reach, findDoors, portAnswers } from './probe.ts'
import type { SeatNotes } from './seat-notes.ts'
import { serviceOf } from './service.ts'
import {
  failureOf,
  preparingTask,
  publishedPorts,
  runningTask,
  type Task,
  waitsForNode,
} from './task.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

export type RiseMeans = {
  pool: Pool
  ring: KeyRing
  log: Logger
  now: () => Date
  feed: TaskFeed
  notes: SeatNotes
  pace: Pace
  probe: Probe
  isStopped: () => boolean
}

/** How a seat is asked whether it is there. */
export type Probe = { findDoors: typeof findDoors; portAnswers: typeof portAnswers }

export type Way = {
  /** Out of the seats whose containers are being started: its node is done with that. */
  leaveWave(): void
  /** The driver saw the seat's row ask for something else since. */
  isOff(): boolean
  /** How many seats are being started, this one among them. */
  company(): number
  /** It saw that what keeps the seat's files does not answer. */
  isAway(): boolean
}

const START_LIMIT_MS = 90_000
// A node that fetches a large image is at work: the limit above counts from when it has it.
const PULL_LIMIT_MS = 20 * 60_000
// No node has room: one that was ordered boots in minutes, and the Swarm starts the seat on it by itself.
export const NODE_LIMIT_MS = 5 * 60_000
// The Swarm takes a moment to place any task; it is a lack of room only when it lasts.
const PLACED_WITHIN_MS = 2_000
// Who fetches, or waits for a node, longer than this takes no turn from seats that could start meanwhile.
const WAVE_LIMIT_MS = 10_000
const RETRY_STEP_MS = 5_000
const RETRY_MOST_MS = 60_000
// The first looks for something are close together, since somebody may wait; then they grow apart, since each takes
// processor time from what it waits for.
const POLL_FIRST_MS = 20
const POLL_GROWTH = 1.15
const POLL_MOST_MS = 120
// Among others that start at the same moment it is in no hurry: all of them share the nodes.
const POLL_OF_EACH_MS = 10
// So often the Swarm is asked whether the task still runs.
const RECHECK_MS = 250

/** Follows the seat from its task to its open doors. Gives way as soon as the seat is wanted otherwise. */
export async function bringUp(means: RiseMeans, seat: Seat, way: Way): Promise<void> {
  const ports = await means.notes.ports(seat.id)
  const key = keyOf(means, seat)
  if ('lost' in key) return fail(means, seat, startFailed(key.lost))
  const begun = means.pace.elapsedMs()
  const attempt: Attempt = {
    key: key.known,
    required: ports.filter((port) => port.required),
    failure: undefined,
    pulling: '',
    pullingUntil: begun,
    homelessFrom: undefined,
    homelessUntil: begun,
    awayUntil: begun,
    isHomeless: seat.homeless_at !== null,
    checkedAt: begun,
    looks: 0,
  }
  const end = await poll(
    means,
    () => {
      const least = Math.max(POLL_FIRST_MS, way.company() * POLL_OF_EACH_MS)
      return Math.min(least * POLL_GROWTH ** attempt.looks++, POLL_MOST_MS)
    },
    async () => {
      if (means.isStopped() || way.isOff()) return 'given up' as const
      if (way.isAway()) attempt.awayUntil = means.pace.elapsedMs()
      await checkTask(means, seat, attempt)
      const doors = await look(means, seat, attempt)
      const { pullingUntil, homelessUntil, awayUntil } = attempt
      const waited = Math.max(pullingUntil, homelessUntil, awayUntil) - begun
      if (attempt.up || waited > WAVE_LIMIT_MS) way.leaveWave()
      return doors
    },
    () => {
      const placed = Math.min(attempt.homelessUntil, begun + NODE_LIMIT_MS)
      const atWork = Math.max(attempt.pullingUntil, placed)
      const limit = Math.min(atWork + START_LIMIT_MS, begun + PULL_LIMIT_MS)
      // For as long as its files cannot be reached nobody gives up on it.
      return Math.max(limit, attempt.awayUntil + START_LIMIT_MS)
    },
  )
  if (end === 'given up') return
  if (end) return means.notes.ready({ id: seat.id, ...end })
  await giveUp(means, seat, attempt)
}

/** What it proves itself with: without it nobody ever knows that it is there. */
function keyOf({ ring }: RiseMeans, seat: Seat): { known: Buffer } | { lost: string } {
  try {
    return { known: identityKey(ring, seat) }
  } catch (error) {
    return { lost: whyOf(error) }
  }
}

type Attempt = {
  key: Buffer
  required: SeatPort[]
  failure: ReturnType<typeof failureOf>
  /** The first task that was seen fetching its image, and when it last was: a later one means that it failed. */
  pulling: string
  pullingUntil: number
  /** Since when no node is seen to have room for it. */
  homelessFrom: number | undefined
  /** When no node was last seen to have room for it. */
  homelessUntil: number
  /** When its files were last seen out of reach. */
  awayUntil: number
  /** As written down last. */
  isHomeless: boolean
  /** When the task was last compared with what is done here. */
  checkedAt: number
  /** Since the last thing was found. */
  looks: number
  /** The task that runs, and what it has shown so far. */
  up?: { reach: Reach; doors?: Doors | undefined; ports: PortsAwaited } | undefined
}

/** Every so often: does its task still run? */
async function checkTask(means: RiseMeans, seat: Seat, attempt: Attempt): Promise<void> {
  const now = means.pace.elapsedMs()
  if (!attempt.up || now - attempt.checkedAt < RECHECK_MS) return
  attempt.checkedAt = now
  if (!(await stillRuns(means, seat, attempt.up.reach.task))) attempt.up = undefined
}

async function stillRuns(means: RiseMeans, seat: Seat, task: string): Promise<boolean> {
  const tasks = await means.feed.tasksOf(serviceOf(seat))
  return runningTask(tasks, serviceOf(seat))?.ID === task
}

async function look(means: RiseMeans, seat: Seat, attempt: Attempt) {
  attempt.up ??= await findRunning(means, seat, attempt)
  if (!attempt.up) return undefined
  const { reach } = attempt.up
  const doors = await openDoors(means.probe, attempt.up, attempt.required)
  return doors && { taskId: reach.task, nodeAddress: reach.address, ...doors }
}

async function findRunning(
  means: RiseMeans,
  seat: Seat,
  attempt: Attempt,
): Promise<Attempt['up'] | undefined> {
  const service = serviceOf(seat)
  const tasks = await means.feed.tasksOf(service)
  attempt.failure = failureOf(tasks, service)
  const preparing = preparingTask(tasks, service)?.ID
  if (preparing) attempt.pulling ||= preparing
  if (preparing && preparing === attempt.pulling) attempt.pullingUntil = means.pace.elapsedMs()
  await noteRoom(means, seat, attempt, waitsForNode(tasks, service))
  const running = runningTask(tasks, service)
  const reach = running && (await reachOf(means, running, attempt.key))
  if (!reach) return undefined
  const at = { taskId: reach.task, nodeAddress: reach.address, nodeId: running.NodeID ?? '' }
  await means.notes.running({ id: seat.id, ...at })
  attempt.looks = 0
  return { reach, ports: awaitPorts(means.probe.portAnswers, means.pace) }
}

/** Whether a node has room for it is written down when that changes for longer than a moment: more may be bought for who waits. */
async function noteRoom(
  means: RiseMeans,
  seat: Seat,
  attempt: Attempt,
  isHomeless: boolean,
): Promise<void> {
  const at = means.pace.elapsedMs()
  if (isHomeless) attempt.homelessUntil = at
  attempt.homelessFrom = isHomeless ? (attempt.homelessFrom ?? at) : undefined
  const waitedMs = at - (attempt.homelessFrom ?? at)
  if (isHomeless === attempt.isHomeless || (isHomeless && waitedMs < PLACED_WITHIN_MS)) return
  attempt.isHomeless = isHomeless
  const since = isHomeless ? new Date(means.now().getTime() - waitedMs) : null
  await markHomeless(means.pool, { id: seat.id, since })
}

async function reachOf(means: RiseMeans, running: Task, key: Buffer): Promise<Reach | undefined> {
  const address = await means.feed.addressOf(running.NodeID ?? '')
  return address
    ? { address, published: publishedPorts(running), task: running.ID, key }
    : undefined
}

/** Undefined until every required port has answered. What was shown once is not asked for again. */
async function openDoors(
  probe: Probe,
  up: NonNullable<Attempt['up']>,
  required: SeatPort[],
): Promise<Doors | undefined> {
  up.doors ??= await probe.findDoors(up.reach)
  const { doors } = up
  if (!doors) return undefined
  const asked = required.flatMap(({ kind, container_port: containerPort }) => {
    const published = doors.ports.get(containerPort)
    return published === undefined ? [] : { kind, containerPort, published }
  })
  await up.ports.ask(up.reach.address, asked)
  return required.every((port) => up.ports.answered.has(port.container_port)) ? doors : undefined
}

async function giveUp(means: RiseMeans, seat: Seat, attempt: Attempt): Promise<void> {
  const { up } = attempt
  if (!up) return fail(means, seat, startFailed(await reasonOf(means, attempt)))
  // For who reads the log: was it not who it should be, or which of its ports said nothing?
  const asked = attempt.required.map((port) => port.container_port)
  const seen = {
    ...{ task: up.reach.task, isProved: up.doors !== undefined },
    silent: asked.filter((port) => !up.ports.answered.has(port)),
  }
  return fail(means, seat, { code: 'seat.check_failed' }, seen)
}

type Message = Parameters<typeof markFailed>[1]['message']

const startFailed = (reason: string): Message => ({ code: 'seat.start_failed', params: { reason } })

async function fail(
  means: RiseMeans,
  seat: Seat,
  message: Message,
  seen: object = {},
): Promise<void> {
  const retryAt = retryAfter(seat, means.now())
  means.log.warn({ seat: seat.id, ...message, ...seen }, 'a seat did not come up')
  await markFailed(means.pool, { id: seat.id, retryAt, message, now: means.now() })
}

/** What a node lacks is said with its address: of others the same seat may well start. */
async function reasonOf(means: RiseMeans, { failure }: Attempt): Promise<string> {
  if (!failure) return ''
  const address = failure.nodeId && (await means.feed.addressOf(failure.nodeId))
  return address && OF_NODE.test(failure.reason) ? `${address}: ${failure.reason}` : failure.reason
}

/** As Docker's driver `local` says that it could not mount. */
const OF_NODE = /mount local volume|mounting volume/i

/** Each failure in a row waits longer. */
export function retryAfter({ start_failures: failures }: Seat, now: Date): Date {
  return new Date(now.getTime() + Math.min(RETRY_STEP_MS * 2 ** failures, RETRY_MOST_MS))
}

/** Asks until there is an answer, at most until `limit`, which may move; START_LIMIT_MS unless given. */
export async function poll<T>(
  { pace }: Pick<RiseMeans, 'pace'>,
  everyMs: () => number,
  ask: () => Promise<T | undefined>,
  limit?: () => number,
): Promise<T | undefined> {
  const end = pace.elapsedMs() + START_LIMIT_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined || pace.elapsedMs() > (limit?.() ?? end)) return answer
    await pace.sleep(everyMs())
  }
}
