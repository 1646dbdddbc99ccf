/**
 * The seat driver: compares the rows of seats with the tasks of the Swarm, and starts what each seat
 * needs next. Level-triggered: a notice only makes it look sooner. One worker drives at a time.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { identityKey } from '../../api/data/seat-secret.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import {
  markCold,
  markFailed,
  markReady,
  markRunning,
  markStarting,
  markStopping,
  settleStopped,
} from '../../api/data/seat-life.ts'
import {
  type Seat,
  type SeatPort,
  beginGeneration,
  isStillWanted,
  livingSeats,
  seatPorts,
} from '../../api/data/seat.ts'
import { decide, type Step } from './decide.ts'
import type { Engine } from './engine.ts'
import { type Pace, realPace } from '../pace.ts'
import { findDoors, portAnswers, type Reach } from './probe.ts'
import { setReplicas } from './service.ts'
import {
  failureOf,
  isAlive,
  listTasks,
  preparingTask,
  nodeAddresses,
  publishedPorts,
  runningTask,
  type Task,
} from './task.ts'

export type Driver = {
  /** Looks once and starts what is due; the started work goes on after it returns. */
  tick(): Promise<void>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  /** Leaves seats as they are, on their way or not: the next driver goes on from what it sees. */
  stop(): Promise<void>
}

type Means = {
  pool: Pool
  engine: Engine
  ring: KeyRing
  installation: string
  log: Logger
  now: () => Date
  /** Seats coming up at once: about what the nodes can start containers. */
  waveSize?: number
  pace: Pace
  probe: Probe
  isStopped: () => boolean
}

/** How a seat is asked whether it is there. */
export type Probe = { findDoors: typeof findDoors; portAnswers: typeof portAnswers }

type Options = Omit<Means, 'isStopped' | 'pace' | 'probe'> & { pace?: Pace; probe?: Probe }

const START_LIMIT_MS = 90_000
// A node that fetches a large image is at work: the limit above counts from when it has it.
const PULL_LIMIT_MS = 20 * 60_000
// Who fetches longer than this takes no turn from seats that could start meanwhile.
const PULL_SLOT_MS = 10_000
const RETRY_STEP_MS = 5_000
const RETRY_MOST_MS = 60_000
// Nobody waits for more than this after a container runs: the first look is at once, the next ones soon.
const POLL_FAST_MS = 20
const POLL_CROWD_MS = 120
// Every so many looks the seat's row is read again: a stop asked for meanwhile is obeyed at once.
const WANTED_EVERY = 5

export function seatDriver(options: Options): Driver {
  let stopped = false
  const means: Means = {
    pace: realPace,
    probe: { findDoors, portAnswers },
    ...options,
    isStopped: () => stopped,
  }
  const busy = new Map<string, Promise<void>>()
  const rising = new Set<string>()
  const waveSize = means.waveSize ?? 6

  const tick = async (): Promise<void> => {
    const seats = await livingSeats(means.pool)
    if (seats.length === 0) return
    await settleStopped(means.pool, means.now())
    const tasks = await listTasks(means.engine, means)
    for (const seat of inOrder(seats)) {
      if (busy.has(seat.id)) continue
      const step = decide(seat, seenOf(seat, tasks), means.now())
      if (step === 'none') continue
      const rises = step === 'scale up' || step === 'bring up'
      if (rises && rising.size >= waveSize) continue
      if (rises) rising.add(seat.id)
      const wave = { size: () => rising.size, leave: () => rising.delete(seat.id) }
      const work = perform(means, seat, step, wave)
        .catch((error: unknown) =>
          means.log.error({ err: error, seat: seat.id, step }, 'a seat could not be driven'),
        )
        .finally(() => {
          busy.delete(seat.id)
          rising.delete(seat.id)
        })
      busy.set(seat.id, work)
    }
  }
  const settled = async (): Promise<void> => void (await Promise.all(busy.values()))
  const stop = (): Promise<void> => {
    stopped = true
    return settled()
  }
  return { tick, settled, stop }
}

/** Seats with a holder first: somebody waits for them. Then by course and number. */
function inOrder(seats: Seat[]): Seat[] {
  return seats.toSorted((a, b) => Number(b.taken) - Number(a.taken))
}

function seenOf(seat: Seat, tasks: Task[]) {
  const id = seat.service_id ?? ''
  return { runningTaskId: runningTask(tasks, id)?.ID, alive: isAlive(tasks, id) }
}

/** Seats that come up at once, this one among them until it leaves. */
type Wave = { size(): number; leave(): void }

async function perform(means: Means, seat: Seat, step: Step, wave: Wave): Promise<void> {
  const tx = <T>(work: Parameters<typeof withTransaction<T>>[1]) =>
    withTransaction(means.pool, work)
  const now = means.now
  switch (step) {
    case 'scale up':
      await setReplicas(means.engine, serviceOf(seat), { replicas: 1, pidsLimit: seat.pids_limit })
      await tx((db) => markStarting(db, { id: seat.id, started: seat.wanted_start, now: now() }))
      return bringUp(means, seat, wave)
    case 'bring up':
      if (seat.state === 'ready')
        await tx((db) => markStarting(db, { id: seat.id, started: seat.started, now: now() }))
      return bringUp(means, seat, wave)
    case 'scale down':
      // The door is closed before the container goes: no new connection can reach whoever gets its port next.
      await tx((db) => markStopping(db, { id: seat.id, now: now() }))
      await setReplicas(means.engine, serviceOf(seat), { replicas: 0, pidsLimit: 0 })
      return goDown(means, seat)
    case 'mark cold':
      return tx((db) => markCold(db, { id: seat.id, now: now() }))
    case 'next generation':
      return tx((db) => beginGeneration(db, { id: seat.id }))
    case 'none':
  }
}

function serviceOf(seat: Seat): string {
  if (!seat.service_id)
    throw new Error(`Seat ${seat.course_code}/${seat.number} is ${seat.state} but has no service.`)
  return seat.service_id
}

async function goDown(means: Means, seat: Seat): Promise<void> {
  const isDown = await poll(
    means,
    () => POLL_CROWD_MS,
    async () => {
      const tasks = await listTasks(means.engine, { ...means, serviceIds: [serviceOf(seat)] })
      return isAlive(tasks, serviceOf(seat)) ? undefined : true
    },
  )
  // Still alive after the limit: the next tick looks again, and the place stays taken until it is gone.
  if (isDown)
    await withTransaction(means.pool, (tx) => markCold(tx, { id: seat.id, now: means.now() }))
}

/** Follows the seat from its task to its open doors. Gives way as soon as the seat is wanted otherwise. */
async function bringUp(means: Means, seat: Seat, wave: Wave): Promise<void> {
  const ports = await seatPorts(means.pool, [seat.id])
  const begin = means.pace.elapsedMs()
  const attempt: Attempt = {
    ...{ key: identityKey(means.ring, seat), ports, task: '', failure: '' },
    ...{ pulling: '', pullingUntil: begin },
  }
  let looks = 0
  const end = await poll(
    means,
    () => (wave.size() <= 2 ? POLL_FAST_MS : POLL_CROWD_MS),
    async () => {
      if (means.isStopped()) return 'given up' as const
      if (++looks % WANTED_EVERY === 0 && !(await isStillWanted(means.pool, seat)))
        return 'given up' as const
      const found = await look(means, seat, attempt)
      if (attempt.pullingUntil - begin > PULL_SLOT_MS) wave.leave()
      return found
    },
    () => Math.min(attempt.pullingUntil + START_LIMIT_MS, begin + PULL_LIMIT_MS),
  )
  if (end === 'given up') return
  if (end)
    return withTransaction(means.pool, (tx) =>
      markReady(tx, { id: seat.id, ...end, now: means.now() }),
    )
  const reason = attempt.failure
  await giveUp(
    means,
    seat,
    attempt.task
      ? { code: 'seat.check_failed' }
      : { code: 'seat.start_failed', params: { reason } },
  )
}

type Attempt = {
  key: Buffer
  ports: SeatPort[]
  task: string
  failure: string
  /** The first task that was seen fetching its image, and when it last was: a later one means that it failed. */
  pulling: string
  pullingUntil: number
}

async function look(means: Means, seat: Seat, attempt: Attempt) {
  const tasks = await listTasks(means.engine, { ...means, serviceIds: [serviceOf(seat)] })
  attempt.failure = failureOf(tasks, serviceOf(seat)) ?? ''
  const preparing = preparingTask(tasks, serviceOf(seat))?.ID
  if (preparing) attempt.pulling ||= preparing
  if (preparing && preparing === attempt.pulling) attempt.pullingUntil = means.pace.elapsedMs()
  const running = runningTask(tasks, serviceOf(seat))
  const reach = running && (await reachOf(means, running, attempt.key))
  if (!reach) return undefined
  const at = { taskId: reach.task, nodeAddress: reach.address }
  if (attempt.task !== reach.task) {
    attempt.task = reach.task
    await withTransaction(means.pool, (tx) =>
      markRunning(tx, { id: seat.id, ...at, now: means.now() }),
    )
  }
  const doors = await openDoors(means.probe, reach, attempt.ports)
  return doors && { ...at, ...doors }
}

async function reachOf(means: Means, running: Task, key: Buffer): Promise<Reach | undefined> {
  const addresses = await nodeAddresses(means.engine)
  const address = addresses.get(running.NodeID ?? '')
  return address
    ? { address, published: publishedPorts(running), task: running.ID, key }
    : undefined
}

async function openDoors(probe: Probe, reach: Reach, ports: SeatPort[]) {
  const doors = await probe.findDoors(reach)
  if (!doors) return undefined
  for (const port of ports.filter((p) => p.required)) {
    const published = doors.ports.get(port.container_port)
    if (published === undefined || !(await probe.portAnswers(port.kind, reach.address, published)))
      return undefined
  }
  return doors
}

async function giveUp(
  means: Means,
  seat: Seat,
  message: { code: string; params?: Record<string, string | number> },
): Promise<void> {
  const wait = Math.min(RETRY_STEP_MS * 2 ** seat.start_failures, RETRY_MOST_MS)
  const retryAt = new Date(means.now().getTime() + wait)
  means.log.warn({ seat: seat.id, ...message }, 'a seat did not come up')
  await withTransaction(means.pool, (tx) =>
    markFailed(tx, { id: seat.id, retryAt, message, now: means.now() }),
  )
}

/** Asks until there is an answer, at most until `limit`, which may move; START_LIMIT_MS unless given. */
async function poll<T>(
  { pace }: Pick<Means, 'pace'>,
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
