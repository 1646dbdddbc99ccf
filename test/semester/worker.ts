/**
 * A worker in virtual time: the real reconciler, driver and apply job, each looked at when the real loops would
 * look (rounded up to their pace), but not while there is nothing to see. It can be killed at any instant.
 */
import { pino } from 'pino'
import type { Pool } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { applyStackNow } from '../../workers/jobs/apply-stack.ts'
import { runsAtOnce } from '../../workers/jobs/next.ts'
import { reconciler } from '../../workers/jobs/reconcile.ts'
import { seatDriver } from '../../workers/swarm/drive.ts'
import { IDENTITY_PORT } from '../../workers/swarm/probe.ts'
import type { VirtualClock } from './clock.ts'
import { pollers, sleepUnless } from './pollers.ts'
import type { NextDue } from './due.ts'
import { virtualTerraform, type RunFate, type World } from './executor.ts'

/** As in workers/worker.ts. */
const RECONCILE_MS = 2_000
const DRIVE_MS = 1_000
/** A small control machine. */
const BUDGET = { memoryMb: 8_192, cores: 4 }
/** How long a pass lasts: a look asked for meanwhile comes after it. */
const PASS_MS = 250
/** Until a job that was sent is taken. */
const NOTICE_MS = 100
/** What nobody waits for is seen so much later here than by the real loops, which look all the time. */
const SEEN_MS = 15_000
/** A container that was lost is nobody's news: the driver's next rounds see it. */
const LOST_MS = 5_000

export type VirtualWorker = {
  /** Something happened that both loops should see soon. */
  wake(): void
  /** Something for the driver, unless the seat came to rest: what follows from it the reconciler sees in its next round. */
  wakeDriver(isAtRest: boolean): void
  /** A seat's row changed: what it was prepared for is seen in one of the reconciler's next rounds. */
  seatMoved(): void
  /** The Swarm changed: who waits for that looks; the driver only when a container was lost that nobody waits for. */
  swarmMoved(isLost: boolean): void
  /** Every promise it sleeps in is never kept; what it began stays as it is. */
  kill(): void
}

type Means = {
  world: World
  pool: Pool
  ring: KeyRing
  installation: string
  name: string
  fate: (key: string) => RunFate
  /** The next instant at which time alone changes what is wanted. */
  nextDue: () => Promise<NextDue>
  /** A job or a pass threw. The real worker logs it and goes on. */
  onError: (error: unknown) => void
  onPass: (kind: 'reconcile' | 'drive') => void
}

export function virtualWorker(means: Means): VirtualWorker {
  const { world, pool, ring, installation } = means
  const { clock } = world
  let dead = false
  const isDead = () => dead
  const polls = pollers(clock, isDead)
  const runPolls = pollers(clock, isDead, { looks: 1 })
  const pace = sleepUnless(clock, isDead)
  // A seat that did not come up is tried again when its wait is over: the driver's own round would see that.
  const log = pino(
    { level: 'warn' },
    {
      write: (line) => {
        if (line.includes('did not come up')) clock.at(clock.ms + 1, () => void retry())
        if (line.includes('could not be driven')) drive.later()
      },
    },
  )
  const retry = async (): Promise<void> => {
    plan.at(clock.ms + SEEN_MS)
    drive.at((await means.nextDue()).drive)
  }
  const engine = world.swarm.engine()
  const { now } = clock
  const common = { pool, ring, engine, log, now, pace: polls.pace }
  const place = { installation, registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' }
  const driver = seatDriver({
    ...{ ...common, installation, probe: openDoors },
    wake: () => drive.soon(),
  })
  const terraform = virtualTerraform(world, { name: means.name, pace, fate: means.fate })
  const jobs = jobSlots(
    clock,
    (key) =>
      applyStackNow(
        { ...common, pace: runPolls.pace, place, terraform },
        key,
        new AbortController().signal,
      ),
    means.onError,
  )
  const boss = { send: async (_: string, data: object) => jobs.send(data as { stackKey: string }) }
  const { reconcile } = reconciler({ pool, boss, place, now, budget: BUDGET })

  const drive = paced(means, DRIVE_MS, async () => {
    if (dead) return
    means.onPass('drive')
    await driver.tick()
  })
  const plan = paced(means, RECONCILE_MS, async () => {
    if (dead) return
    means.onPass('reconcile')
    await reconcile()
    const due = await means.nextDue()
    ;({ isPreparing, isWaiting } = due)
    plan.at(due.plan)
    drive.at(due.drive)
  })
  let [isPreparing, isWaiting] = [true, true]
  jobs.onEnd = () => {
    if (dead) return
    // What was made tells the driver; the reconciler sees it in its next round.
    if (isWaiting) plan.later()
    else plan.at(clock.ms + SEEN_MS)
  }
  plan.soon()
  drive.soon()
  return {
    wake() {
      if (dead) return
      polls.news()
      runPolls.news()
      drive.soon()
      plan.soon()
    },
    wakeDriver(isAtRest) {
      if (dead) return
      // Runs wait for seats to come to rest, the driver for those that do not.
      if (isAtRest) {
        runPolls.news()
        plan.at(clock.ms + SEEN_MS)
      } else {
        polls.news()
        drive.soon()
      }
    },
    seatMoved: () => void (!dead && isPreparing && plan.at(clock.ms + SEEN_MS)),
    swarmMoved(isLost) {
      if (dead) return
      polls.news()
      if (isLost) drive.at(clock.ms + LOST_MS)
    },
    kill: () => void (dead = true),
  }
}

/** A container that runs answers as the seat it is: who answers wrongly is the business of other tests. */
const openDoors = {
  findDoors: async ({ published }: { published: Map<number, number[]> }) => ({
    identityPort: published.get(IDENTITY_PORT)?.[0] ?? 0,
    ports: new Map([...published].map(([target, [number]]) => [target, number ?? 0])),
  }),
  portAnswers: async () => true,
}

type Paced = {
  soon(): void
  later(): void
  at(ms: number): void
}

/** `soon`: as when told, after the pass that runs. `later`: as when nobody tells, at the loop's next round. */
function paced(
  { world: { clock }, onError }: Pick<Means, 'world' | 'onError'>,
  everyMs: number,
  pass: () => Promise<void>,
): Paced {
  let next = Infinity
  let order = 0
  const at = (ms: number): void => {
    if (ms >= next || ms === Infinity) return
    next = ms
    const mine = ++order
    clock.at(ms, () => {
      if (mine !== order) return
      next = Infinity
      pass().catch((error: unknown) => {
        onError(error)
        at(grid(clock.ms, everyMs))
      })
    })
  }
  const grid = (ms: number, step: number): number => (Math.floor(ms / step) + 1) * step
  return {
    soon: () => at(grid(clock.ms, PASS_MS)),
    later: () => at(grid(clock.ms, everyMs)),
    at: (ms) => at(Math.max(Math.ceil(ms / everyMs) * everyMs, grid(clock.ms, everyMs))),
  }
}

/** In the place of pg-boss: so many jobs at once, in the order they were sent. */
function jobSlots(
  clock: VirtualClock,
  work: (stackKey: string) => Promise<void>,
  onError: (error: unknown) => void,
) {
  const waiting: string[] = []
  let busy = 0
  const slots = {
    onEnd: (): void => {},
    async send({ stackKey }: { stackKey: string }): Promise<void> {
      waiting.push(stackKey)
      go()
    },
  }
  const go = (): void => {
    const key = busy < runsAtOnce(BUDGET) ? waiting.shift() : undefined
    if (key === undefined) return
    busy++
    // The clock moves on only when the transaction that sent it is committed.
    clock.at(clock.ms + NOTICE_MS, () => {
      work(key)
        .catch(onError)
        .finally(() => {
          busy--
          slots.onEnd()
          go()
        })
    })
  }
  return slots
}
