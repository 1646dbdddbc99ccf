/**
 * The seat driver: compares the rows of seats with the tasks of the Swarm, and starts what each seat
 * needs next. Level-triggered: a notice only makes it look sooner. One worker drives at a time.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { markCold, markStarting, markStopping, settleStopped } from '../../api/data/seat-life.ts'
import { type Seat, beginGeneration, livingSeats } from '../../api/data/seat.ts'
import { type Pace, realPace } from '../pace.ts'
import { decide, type Step } from './decide.ts'
import type { Engine } from './engine.ts'
import { taskFeed } from './feed.ts'
import { findDoors, portAnswers } from './probe.ts'
import { type Probe, type RiseMeans, type Wave, bringUp, poll } from './rise.ts'
import { serviceOf, setReplicas } from './service.ts'
import { isAlive, listTasks, runningTask, type Task } from './task.ts'

export type Driver = {
  /** Looks once and starts what is due; the started work goes on after it returns. */
  tick(): Promise<void>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  /** Leaves seats as they are, on their way or not: the next driver goes on from what it sees. */
  stop(): Promise<void>
}

type Options = {
  pool: Pool
  engine: Engine
  ring: KeyRing
  installation: string
  log: Logger
  now: () => Date
  pace?: Pace
  probe?: Probe
  /** Called when seats that had to wait could start now. */
  wake?: () => void
}

type Means = RiseMeans & Pick<Options, 'engine' | 'installation'>

/** Containers being started at once: what keeps the nodes busy, and no more, so that the first are there first. */
const WAVE_SIZE = 6
const DOWN_POLL_MS = 120

export function seatDriver(options: Options): Driver {
  let stopped = false
  const means: Means = {
    pace: realPace,
    probe: { findDoors, portAnswers },
    ...options,
    feed: taskFeed(options),
    isStopped: () => stopped,
  }
  const busy = new Map<string, Promise<void>>()
  const rising = new Set<string>()
  let othersWait = false
  const leaveWave = (seatId: string): void => {
    if (rising.delete(seatId) && othersWait) options.wake?.()
  }

  const tick = async (): Promise<void> => {
    const seats = await livingSeats(means.pool)
    if (seats.length === 0) return
    await settleStopped(means.pool, means.now())
    const tasks = await listTasks(means.engine, means)
    othersWait = false
    for (const seat of inOrder(seats)) {
      if (busy.has(seat.id)) continue
      const step = decide(seat, seenOf(seat, tasks), means.now())
      if (step === 'none') continue
      const rises = step === 'scale up' || step === 'bring up'
      if (rises && rising.size >= WAVE_SIZE) {
        othersWait = true
        continue
      }
      if (rises) rising.add(seat.id)
      const work = perform(means, seat, step, { leave: () => leaveWave(seat.id) })
        .catch((error: unknown) =>
          means.log.error({ err: error, seat: seat.id, step }, 'a seat could not be driven'),
        )
        .finally(() => {
          busy.delete(seat.id)
          leaveWave(seat.id)
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

async function goDown(means: Means, seat: Seat): Promise<void> {
  const isDown = await poll(
    means,
    () => DOWN_POLL_MS,
    async () => {
      const tasks = await means.feed.tasksOf(serviceOf(seat))
      return isAlive(tasks, serviceOf(seat)) ? undefined : true
    },
  )
  // Still alive after the limit: the next tick looks again, and the place stays taken until it is gone.
  if (isDown)
    await withTransaction(means.pool, (tx) => markCold(tx, { id: seat.id, now: means.now() }))
}
