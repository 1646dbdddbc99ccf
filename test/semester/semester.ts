/**
 * One semester of one campus from one seed, in virtual time: the real compiler, reconciler, driver, launch queue and
 * data layer on a real PostgreSQL; see README.md for what is not real.
 */
import { execute, many, type Pool, sql } from '../../api/data/db.ts'
import { AT_REST } from '../../api/data/seats/seat-life.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { random } from '../campus/random.ts'
import { approvedCampus } from './approved.ts'
import { BIG_IMAGE, BIG_IMAGE_BYTES, GPU_COURSE, type SemesterSize } from './campus.ts'
import { Checks, type Invariant } from './checks.ts'
import { VirtualClock } from './clock.ts'
import { dueIn, edgesOf } from './due.ts'
import { faultsOf, noFaults } from './faults.ts'
import type { World } from './executor.ts'
import { SharedGpus } from './gpu.ts'
import { idleShare } from './idle-hours.ts'
import { latencies, readRecorded } from './latencies.ts'
import type { LiveNodes } from './live-nodes.ts'
import { buyNodes } from './nodes.ts'
import { queueWatch } from './queue-watch.ts'
import { comeAndGo, type Students } from './students.ts'
import { VirtualSwarm } from './swarm.ts'
import { countTraffic, type Traffic } from './traffic.ts'
import { toldWorkspaces } from './told.ts'
import { studentsOf, traceOf } from './trace.ts'
import { type VirtualWorker, virtualWorker } from './worker.ts'

const dayMs = 86_400_000
/** A node fetches an image at this rate, and unpacks it on the way. Not recorded: a registry on the same network. */
const PULL_BYTES_PER_SECOND = 60e6
const SMALL_IMAGE_BYTES = 90e6
/** From midnight on, in UTC, to when classes are under way. */
const BUSY_MS = 9.5 * 3_600_000

export type Report = {
  seed: number
  invariants: Invariant[]
  sessions: number
  launches: number
  passes: { reconcile: number; drive: number }
  statements: number
  wallSeconds: number
}

export async function semester(options: {
  pool: Pool
  installation: string
  seed: number
  size: SemesterSize
  /** Failed runs, lost answers, dead workers, slow nodes. */
  hasFaults?: boolean
  /** What begins within so many ms of virtual time runs side by side: faster, and no longer to the last row the same each time. */
  togetherMs?: number
  say?: (text: string) => void
}): Promise<Report> {
  const { pool, installation, seed, size } = options
  const began = performance.now()
  const { ring, input, blueprint, courses, people } = await approvedCampus(pool, seed, size)

  const traffic = countTraffic(pool, ['work', 'seats', 'workspace', 'route'])
  const clock = new VirtualClock(new Date(input.now), traffic, options.togetherMs ?? 0)
  const checks = new Checks({ pool, clock, courses })
  const lasts = latencies(readRecorded(), random(seed + 1))
  const passes = { reconcile: 0, drive: 0 }
  let live: LiveNodes | undefined
  const swarm = new VirtualSwarm({
    ...{
      clock,
      latencies: lasts,
      onChange: (isLost) => worker.swarmMoved(isLost),
      onHomeless: () => live?.onHomeless(),
    },
    pullSeconds: (image) =>
      (image === BIG_IMAGE ? BIG_IMAGE_BYTES : SMALL_IMAGE_BYTES) / PULL_BYTES_PER_SECOND,
  })
  const onWrong = (what: string) =>
    checks.fail(what.startsWith('volume') ? 'volumes kept' : 'worker', what)
  const world: World = {
    pool,
    clock,
    swarm,
    latencies: lasts,
    volumes: new Set(),
    stacks: new Map(),
    onWrong,
  }
  const dueAfter = dueIn(pool, edgesOf(blueprint))
  const end = endOf(blueprint) + dayMs
  let faults = noFaults
  const startWorker = (number: number): VirtualWorker =>
    virtualWorker({
      ...{ world, pool, ring, installation, name: `worker-${number}` },
      fate: (key) => faults.fate(key),
      nextDue: () => dueAfter(clock.ms),
      onError: (error) => checks.fail('worker', String(error)),
      onPass: (kind) => void passes[kind]++,
    })
  let worker = startWorker(1)
  if (options.hasFaults) {
    let killed = 0
    const killWorker = (backAfterMs: number): void => {
      worker.kill()
      clock.at(clock.ms + backAfterMs, () => (worker = startWorker(++killed + 1)))
    }
    faults = faultsOf(random(seed + 5), { clock, swarm, killWorker, until: end })
  }
  const bought = await buyNodes(
    { pool, clock, swarm, random: random(seed + 2), slowness: () => faults.slowness() },
    input,
    blueprint,
  )
  const { lives } = bought
  live = bought.live

  const queue = queueWatch({
    ...{ pool, clock, hasTurns: (course) => course === GPU_COURSE },
    onServed: (wait) => checks.served(wait),
  })
  const students: Students = { pool, clock, checks, queue, courses, people }
  comeAndGo(students, traceOf(random(seed + 3), input, blueprint))
  const days = sessionsOf(blueprint, GPU_COURSE).filter((one) => one.kind === 'project')
  const gpus = new SharedGpus(students, random(seed + 4))
  gpus.plan(days, studentsOf(input, GPU_COURSE))
  const told = toldWorkspaces({ pool, clock }, (workspace) => {
    queue.look(workspace)
    gpus.look(workspace)
  })
  traffic.onNotice((channel, payload) => {
    if (channel === 'work') worker.wake()
    if (channel === 'seats') worker.wakeDriver(payload === AT_REST)
    if (channel === 'route') worker.seatMoved()
    if (channel !== 'workspace') return
    if (queue.isWatched(payload) || gpus.isWatched(payload)) told(payload)
  })
  for (const course of blueprint.courses) checks.follow(swarm, course)

  for (let day = 0, at = clock.ms; at < end; day++) {
    if (day === 0) await refreshStatistics(pool)
    // A campus at work is what statements are planned for: Mondays in the middle of the morning.
    if (day % 7 === 6) {
      await clock.runUntil(Math.min(at + BUSY_MS, end))
      await refreshStatistics(pool)
    }
    at = Math.min(at + dayMs, end)
    await clock.runUntil(at)
    if (day % 7 === 6) options.say?.(progress(clock, { began, passes, traffic }))
  }
  await volumesKept(pool, world, checks)
  return {
    seed,
    invariants: checks.invariants(
      gpus.figures,
      {
        share: idleShare(input, blueprint, lives),
        nodes: lives.length,
      },
      options.hasFaults ?? false,
    ),
    sessions: blueprint.courses.reduce((sum, course) => sum + course.sessions.length, 0),
    ...{ launches: checks.launches, passes, statements: traffic.statements },
    wallSeconds: Math.round((performance.now() - began) / 10) / 100,
  }
}

/** As autovacuum does a minute after much has changed: here a minute is a week. */
const refreshStatistics = (pool: Pool): Promise<number> => execute(pool, sql`vacuum analyze`)

function progress(
  clock: VirtualClock,
  so: { began: number; passes: Report['passes']; traffic: Traffic },
): string {
  const seconds = ((performance.now() - so.began) / 1000).toFixed(1)
  const { user, system } = process.cpuUsage()
  const day = clock.now().toISOString().slice(0, 10)
  return `${day}: ${seconds} s, of them ${((user + system) / 1e6).toFixed(1)} s of Node; ${so.traffic.statements} statements, ${JSON.stringify(so.passes)}`
}

const sessionsOf = (blueprint: Blueprint, key: string) =>
  blueprint.courses.find((course) => course.key === key)?.sessions ?? []

const endOf = (blueprint: Blueprint): number =>
  Math.max(
    ...blueprint.courses.flatMap((one) => one.sessions.map((s) => Date.parse(s.graceEndsAt))),
  )

/** Every volume a holder's seat ever had is there. */
async function volumesKept(pool: Pool, world: World, checks: Checks): Promise<void> {
  const rows = await many<{
    number: number
    volume_made: boolean
    key: string
    generation: number
    code: string
  }>(
    pool,
    sql`select seat.number, volume_made, course.key, course.code, generation from seat join course on course.id = course_id where taken`,
  )
  const names = [...world.volumes]
  for (const row of rows)
    for (let generation = 1; generation <= row.generation; generation++) {
      const end = `-${row.code}-s${String(row.number).padStart(3, '0')}-g${generation}`
      if (!names.some((name) => name.endsWith(end)))
        checks.fail('volumes kept', `volume lost or never made: ${row.key} seat ${row.number}`)
    }
}
