/**
 * The seat driver: compares the rows of seats with the tasks of the Swarm, and starts what each seat
 * needs next. Level-triggered: a notice only makes it look sooner. One worker drives at a time.
 */
import type { Logger } from 'pino'
import { inOneBreath, type Pool, withTransaction } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { movingSeats, restingSeats } from '../../api/data/seats/seat-rest.ts'
import { type Seat, beginGeneration } from '../../api/data/seats/seat.ts'
import { type Pace, realPace } from '../pace.ts'
import { decide, type Step } from './decide.ts'
import { devicesFor, followDevices, lookAtDevices, needsDevices, unpin } from './devices.ts'
import type { Engine } from './engine.ts'
import { taskFeed } from './feed.ts'
import { listNodes, type SwarmNode } from './node.ts'
import { findDoors, portAnswers } from './probe.ts'
import { type Probe, type RiseMeans, type Way, bringUp, poll } from './rise.ts'
import { seatNotes } from './seat-notes.ts'
import { serviceOf, setReplicas } from './service.ts'
import { disturbed, seenOf, tasksFor } from './seat-tasks.ts'
import { isAlive } from './task.ts'

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
  /** Called when seats that had to wait could start now, or one gave way to what is wanted of it by now. */
  wake?: () => void
}

type Means = RiseMeans & Pick<Options, 'engine' | 'installation'>

/** A seat something is done with, as its row was when that began. */
type Journey = {
  seat: Seat
  rises: boolean
  isInWave: boolean
  isOff: boolean
  isAway: boolean
  work: Promise<void>
}

/**
 * Containers being started at once: what keeps the nodes busy, and no more, so that the first are there first. Each
 * node starts about as many at a time as it has cores, a small one some that wait for its disk; a large one's engine
 * gets no faster by more.
 */
const LEAST_WAVE = 6
const LEAST_OF_NODE = 3
const MOST_OF_NODE = 16
/** Nodes come and go in minutes. */
const NODES_MS = 5_000
/** So often those at rest are looked at. In between a look is for who starts or stops: a class that comes up asks for many. */
const REST_MS = 900
/** Less often where that takes long: a manager that is busy starting containers has no time for it. */
const REST_SHARE = 1 / 20
const REST_MOST_MS = 4_000
const DOWN_POLL_MS = 120

export function seatDriver(options: Options): Driver {
  let stopped = false
  const means: Means = {
    pace: realPace,
    probe: { findDoors, portAnswers },
    ...options,
    feed: taskFeed({ pace: realPace, ...options }),
    notes: seatNotes(options),
    isStopped: () => stopped,
  }
  const journeys = new Map<string, Journey>()
  let othersWait = false
  let restDueAt = -Infinity
  // Some may be left from before a restart, and of seats that are no more.
  let hasDevices = true
  let crew = { most: LEAST_WAVE, seenAt: -Infinity }
  const mostAtOnce = async (): Promise<number> => {
    const seenAt = means.pace.elapsedMs()
    if (seenAt - crew.seenAt > NODES_MS)
      crew = { most: wavesOf(await listNodes(means.engine)), seenAt }
    return crew.most
  }
  const waveSize = (): number => [...journeys.values()].filter((one) => one.isInWave).length
  const leaveWave = (journey: Journey): void => {
    const wasIn = journey.isInWave
    journey.isInWave = false
    if (wasIn && othersWait) options.wake?.()
  }
  const begin = (seat: Seat, step: Step): void => {
    const rises = isRising(step)
    const journey: Journey = {
      ...{
        seat,
        rises,
        isInWave: rises,
        isOff: false,
        isAway: seat.storage_away,
        work: Promise.resolve(),
      },
    }
    const way = {
      leaveWave: () => leaveWave(journey),
      isOff: () => journey.isOff,
      isAway: () => journey.isAway,
      company: waveSize,
    }
    journeys.set(seat.id, journey)
    journey.work = perform(means, seat, step, way)
      .catch((error: unknown) =>
        means.log.error({ err: error, seat: seat.id, step }, 'a seat could not be driven'),
      )
      .finally(() => {
        journeys.delete(seat.id)
        leaveWave(journey)
        if (journey.isOff) options.wake?.()
      })
  }

  const tick = async (): Promise<void> => {
    const begunAt = means.pace.elapsedMs()
    const looksAtRest = begunAt >= restDueAt
    if (looksAtRest) restDueAt = begunAt + REST_MS
    const [moving, resting] = await inOneBreath(means.pool, (db) =>
      Promise.all([movingSeats(db, [...journeys.keys()]), looksAtRest ? restingSeats(db) : []]),
    )
    callBack(journeys, moving)
    if (moving.length + resting.length === 0 && !hasDevices) return
    const hasGpus = hasDevices || moving.some(needsDevices)
    const tasks = await tasksFor(means, {
      ...{ moving: moving.filter((seat) => !journeys.has(seat.id)), resting, hasGpus },
    })
    if (hasGpus) {
      const rising = new Set([...journeys].flatMap(([id, { rises }]) => (rises ? [id] : [])))
      const { lost, held } = await lookAtDevices(means, { seats: moving, rising, tasks })
      hasDevices = held > 0
      for (const id of lost) journeys.get(id)!.isOff = true
    }
    if (looksAtRest) {
      const tookMs = means.pace.elapsedMs() - begunAt
      restDueAt = begunAt + Math.min(Math.max(REST_MS, tookMs / REST_SHARE), REST_MOST_MS)
    }
    const seats = [...moving, ...(await disturbed(means, { moving, resting, tasks }))]
    const due = inOrder(seats)
      .filter((seat) => !journeys.has(seat.id))
      .map((seat) => ({ seat, step: decide(seat, seenOf(seat, tasks), means.now()) }))
    const rising = due.filter(({ step }) => isRising(step)).length
    const most = waveSize() + rising > LEAST_WAVE ? await mostAtOnce() : LEAST_WAVE
    othersWait = false
    for (const { seat, step } of due) {
      if (step === 'none' || journeys.has(seat.id)) continue
      if (isRising(step) && waveSize() >= most) othersWait = true
      else begin(seat, step)
    }
  }
  const settled = async (): Promise<void> =>
    void (await Promise.all([...journeys.values()].map(({ work }) => work)))
  const stop = (): Promise<void> => {
    stopped = true
    return settled()
  }
  return { tick, settled, stop }
}

function wavesOf(nodes: SwarmNode[]): number {
  const each = nodes
    .filter((node) => node.isUp && node.availability === 'active')
    .map((node) => Math.min(MOST_OF_NODE, Math.max(LEAST_OF_NODE, Math.floor(node.cores))))
  return Math.max(
    LEAST_WAVE,
    each.reduce((sum, one) => sum + one, 0),
  )
}

const isRising = (step: Step): boolean => step === 'scale up' || step === 'bring up'

/** Whoever is on the way up to something that is no longer wanted is told: each asking for itself would be a read a look. */
function callBack(journeys: Map<string, Journey>, seats: Seat[]): void {
  if (journeys.size === 0) return
  const rows = new Map(seats.map((seat) => [seat.id, seat]))
  for (const [id, journey] of journeys)
    if (journey.rises) {
      journey.isAway = rows.get(id)?.storage_away ?? false
      if (!isStillWanted(rows.get(id), journey.seat)) journey.isOff = true
    }
}

const isStillWanted = (now: Seat | undefined, then: Seat): boolean =>
  now !== undefined &&
  now.wanted_on &&
  !now.held &&
  now.wanted_start === then.wanted_start &&
  now.wanted_generation === then.generation

/** Seats with a holder first: somebody waits for them. Then by course and number. */
function inOrder(seats: Seat[]): Seat[] {
  return seats.toSorted((a, b) => Number(b.taken) - Number(a.taken))
}

async function perform(means: Means, seat: Seat, step: Step, way: Way): Promise<void> {
  const { pool, notes } = means
  switch (step) {
    case 'scale up':
      return scaleUp(means, seat, way)
    case 'bring up':
      if (seat.state === 'ready') await notes.starting({ id: seat.id, started: seat.started })
      if (needsDevices(seat) && !(await followDevices(means, seat, way))) return
      return bringUp(means, seat, way)
    case 'scale down':
      // The door is closed before the container goes: no new connection can reach whoever gets its port next.
      await notes.stopping(seat.id)
      await setReplicas(means.engine, serviceOf(seat), { replicas: 0, pidsLimit: 0 })
      return goDown(means, seat)
    case 'mark cold':
      return nowCold(means, seat)
    case 'next generation':
      return withTransaction(pool, (tx) => beginGeneration(tx, { id: seat.id }))
    case 'none':
  }
}

async function scaleUp(means: Means, seat: Seat, way: Way): Promise<void> {
  const devices = needsDevices(seat) ? await devicesFor(means, seat, way) : undefined
  if (needsDevices(seat) && devices === undefined) return
  const wanted = { replicas: 1, pidsLimit: seat.pids_limit, devices } as const
  await setReplicas(means.engine, serviceOf(seat), wanted)
  await means.notes.starting({ id: seat.id, started: seat.wanted_start })
  return bringUp(means, seat, way)
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
  if (isDown) await nowCold(means, seat)
}

async function nowCold(means: Means, seat: Seat): Promise<void> {
  if (needsDevices(seat)) await unpin(means, seat)
  await means.notes.cold(seat.id)
}
