/** A worker in this process: its connections, its jobs and its loops, and how to stop it gently. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../api/config.ts'
import { openPool } from '../api/data/db.ts'
import { applyStackJob, startBoss } from '../api/data/jobs.ts'
import { readKeyRing } from '../api/data/key-ring.ts'
import { type Leadership, tryToLead } from '../api/data/leader.ts'
import { Listening } from '../api/data/listen.ts'
import { AT_REST } from '../api/data/seats/seat-life.ts'
import { ledgerFile } from '../api/data/people/erasure-ledger.ts'
import { storageAgent } from '../api/storage/storage-agent.ts'
import { estateKeeper } from './git/keep-estate.ts'
import { forgeKeeper } from './git/keep-forge.ts'
import { terraformOf } from './jobs/apply-means.ts'
import { applyStackNow } from './jobs/apply-stack.ts'
import { slotKeeper } from './jobs/keep-slots.ts'
import { scratchKeeper } from './jobs/keep-scratch.ts'
import { snapshotKeeper } from './jobs/keep-snapshots.ts'
import { submissionKeeper } from './jobs/keep-submissions.ts'
import { erasureKeeper } from './jobs/keep-erasures.ts'
import { retentionKeeper } from './jobs/keep-retention.ts'
import { volumeKeeper } from './jobs/keep-volumes.ts'
import { notifier } from './jobs/deliver-notices.ts'
import { endWhatIsDue } from './jobs/end-what-is-due.ts'
import { runsAtOnce } from './jobs/next.ts'
import { changePlanner } from './jobs/plan-changes.ts'
import { earlyPlanner } from './jobs/plan-early.ts'
import { reconciler } from './jobs/reconcile.ts'
import { startLoop } from './loop.ts'
import { turnsFor } from './storage/turns.ts'
import { rosterFollower } from './jobs/follow-rosters.ts'
import { storageWatch } from './jobs/watch-storage.ts'
import { realPace } from './pace.ts'
import { keepEstate, keepFiles, planAhead, tidyUp } from './passes.ts'
import { recordClock } from './record-clock.ts'
import { seatDriver } from './swarm/drive.ts'
import { sampleSeats } from './swarm/sample.ts'
import { connectEngine } from './swarm/engine.ts'
import { removeEngineVolume } from './swarm/engine-volume.ts'
import { openManagers } from './swarm/other-managers.ts'
import { nodeWatch } from './jobs/watch-nodes.ts'
import { openEngineFront } from './terraform/engine-front.ts'
import { inventoryWatch } from './watch/inventory.ts'

export type Worker = { stop(): Promise<void> }

const RECONCILE_MS = 2_000
const DRIVE_MS = 1_000
/** A class that comes up says something all the time, and each look reads all of it: a machine that is busy looks less often. */
const DRIVE_REST = { times: 3, mostMs: 300 }
const TIDY_MS = 60_000
const SAMPLE_MS = 60_000
const NOTICES_MS = 15_000
/** A remote is asked less often than a folder of ours. */
const ESTATE_MS = { folder: 5_000, remote: 30_000 }
const LOOK_MS = 60_000
const VOLUMES_MS = 10_000
const SUBMISSIONS_MS = 10_000
const STORAGE_MS = 5_000
const SLOTS_MS = 5_000
const SPREAD_MS = 250
const SCRATCH_MS = 2_000
const SNAPSHOTS_MS = 30_000
const RETENTION_MS = 60_000
const ERASURE_MS = 3_000
const EARLY_MS = 60_000
const NODES_MS = 5_000
/** No question takes so long on a machine that works: what was asked of a PostgreSQL that is gone fails, and is tried again. */
const ANSWER_MS = 120_000
const ROSTERS_MS = 60_000
const CLOCK_MS = 5_000

export async function startWorker(options: {
  config: Config
  log: Logger
  name: string
  now: () => Date
  /** How far the clock may be from the Swarm's. */
  clockToleranceMs?: number
  /** `now` is the time that other workers have, too: leases are dated by PostgreSQL's clock. */
  isRealTime?: boolean
}): Promise<Worker> {
  const { config, log, now } = options
  const ring = readKeyRing(config.keyFile)
  const managers = await openManagers(config.otherManagers)
  const engine = connectEngine(config.dockerHost, ...managers.hosts)
  const pool = openPool({ ...config, max: 12, keepsPlans: true, answerMs: ANSWER_MS })
  const boss = await startBoss({
    databaseUrl: config.databaseUrl,
    onError: (error) => log.warn({ err: error }, 'jobs'),
  })
  const clock = options.isRealTime ? await recordClock(pool, now) : undefined
  const clocks = { now, leaseNow: clock?.now ?? now }
  const listening = await new Listening(config.databaseUrl).open()
  const front = await openEngineFront(engine, join(config.home, 'terraform'))
  const place = {
    ...{ installation: config.installation, registry: config.registry },
    storageRoot: config.storage.root,
  }
  const runs = {
    pool,
    keyRing: ring,
    config,
    log,
    worker: options.name,
    ...clocks,
    docker: { ...engine, host: () => front?.dockerHost ?? engine.host() },
    listening,
    ...(options.clockToleranceMs !== undefined && { clockToleranceMs: options.clockToleranceMs }),
  }
  const terraform = terraformOf(runs)
  const means = { pool, ring, engine, place, log, now, pace: realPace, terraform }
  const stopping = new AbortController()
  await boss.work(
    'apply-stack',
    { localConcurrency: runsAtOnce(config.runBudget), pollingIntervalSeconds: 2 },
    async ([job]) => {
      const { stackKey } = applyStackJob.parse(job?.data)
      await applyStackNow(means, stackKey, stopping.signal)
    },
  )

  const lead = leading({ config, log })
  const driver = seatDriver({
    ...{ pool, engine, ring, installation: config.installation, log, now },
    wake: () => drive.wake(),
  })
  const reconcile = reconciler({ pool, boss, place, ...clocks, budget: config.runBudget })
  const onError = (what: string) => (error: unknown) => log.error({ err: error }, what)
  const compare = startLoop({
    everyMs: CLOCK_MS,
    pass: async () => clock?.look(),
    onError: onError('the clock could not be compared with PostgreSQL’s'),
  })
  const drive = startLoop({
    everyMs: DRIVE_MS,
    rest: DRIVE_REST,
    pass: async () => void ((await lead.isOurs()) && (await driver.tick())),
    onError: onError('the seats could not be looked at'),
  })
  const plan = startLoop({
    everyMs: RECONCILE_MS,
    pass: async () => {
      if (await lead.isOurs()) await reconcile.reconcile()
    },
    onError: onError('what is wanted could not be compared with what is there'),
  })
  const sample = startLoop({
    everyMs: SAMPLE_MS,
    pass: async () => void ((await lead.isOurs()) && (await sampleSeats({ pool, ring, log, now }))),
    onError: onError('seats could not be asked whether anybody works there'),
  })
  const tidy = startLoop({
    everyMs: TIDY_MS,
    pass: async () => {
      if (await lead.isOurs()) await tidyUp({ pool, ring, now })
    },
    onError: onError('what is over could not be tidied up'),
  })
  const { installation, searchPath, estate } = config
  const { forge, publicUrl } = config
  const token = forge && { origin: new URL(forge.address).origin, file: forge.tokenFile }
  const repository = { ...estate, installation, searchPath, token }
  const books = estateKeeper({ pool, ring, repository, now, hasForge: forge !== undefined })
  const requests = forge && forgeKeeper({ pool, ring, now, config: { ...forge, publicUrl } })
  const write = startLoop({
    everyMs: estate.remote ? ESTATE_MS.remote : ESTATE_MS.folder,
    pass: async () => {
      if (await lead.isOurs()) await keepEstate({ pool, now, books, requests })
    },
    onError: onError('the estate could not be kept'),
  })
  const plans = { pool, engine, place, runs, log, now, signal: stopping.signal }
  const [planner, reviews] = [earlyPlanner(plans), changePlanner(plans)]
  // A worker that has just started has more urgent things to do.
  let hasSettled = false
  const early = startLoop({
    everyMs: EARLY_MS,
    pass: async () => {
      if (hasSettled && (await lead.isOurs())) await planAhead({ pool, now, planner, reviews })
      hasSettled = true
    },
    onError: onError('sessions could not be planned early'),
  })
  const notices = notifier({ pool, config, now })
  const tell = startLoop({
    everyMs: NOTICES_MS,
    pass: async () => void ((await lead.isOurs()) && (await notices.deliver())),
    onError: onError('notices could not be delivered'),
  })
  const watch = inventoryWatch({ pool, engine, ring, place, log, now })
  const look = startLoop({
    everyMs: LOOK_MS,
    pass: async () => void ((await lead.isOurs()) && (await watch.look())),
    onError: onError('what exists could not be compared with what should'),
  })
  const agent = storageAgent(config.storage)
  const storage = storageWatch({ pool, agent, log, now })
  const reach = startLoop({
    everyMs: STORAGE_MS,
    pass: async () => void ((await lead.isOurs()) && (await storage.look())),
    onError: onError('nobody could see whether the storage answers'),
  })
  const inTurn = turnsFor((name) => name)
  const keeper = volumeKeeper({ pool, agent, inTurn, log, now })
  const keep = startLoop({
    everyMs: VOLUMES_MS,
    pass: async () => {
      if (await lead.isOurs()) await keepFiles({ pool, log, now, volumes: keeper })
    },
    onError: onError('volumes could not be kept'),
  })
  const handedIn = submissionKeeper({ pool, agent, log, now, stopping: stopping.signal })
  const collect = startLoop({
    everyMs: SUBMISSIONS_MS,
    pass: async () => void ((await lead.isOurs()) && (await handedIn.look())),
    onError: onError('what was handed in could not be looked at'),
  })
  const snapshots = snapshotKeeper({ pool, agent, log, now, stopping: stopping.signal })
  const recall = startLoop({
    everyMs: SNAPSHOTS_MS,
    pass: async () => void ((await lead.isOurs()) && (await snapshots.keep())),
    onError: onError('snapshots of volumes could not be kept'),
  })
  const retention = retentionKeeper({
    ...{ pool, agent, inTurn, installation, log, now },
    removeFromEngine: (name) => removeEngineVolume(engine, { name, installation }),
  })
  const file = ledgerFile(config)
  const erasures = erasureKeeper({ pool, ring, agent, installation, file, log, now })
  let soon: NodeJS.Timeout | undefined
  let waits = 0
  const retain = startLoop({
    everyMs: RETENTION_MS,
    pass: async () => {
      clearTimeout(soon)
      if (!(await lead.isOurs())) return
      const isLeft = await endWhatIsDue({ pool, erasures, retention, now })
      // A seat that is being stopped is cold in seconds; a disk that is away may be so for long.
      waits = isLeft ? waits + 1 : 0
      const waitMs = Math.min(ERASURE_MS * 2 ** (waits - 1), RETENTION_MS)
      if (waits > 0) soon = setTimeout(() => retain.wake(), waitMs)
    },
    onError: onError('the dates of files could not be looked at'),
  })
  const scratch = scratchKeeper({ pool, engine, place, log, now })
  const bring = startLoop({
    everyMs: SCRATCH_MS,
    pass: async () => void ((await lead.isOurs()) && (await scratch.keep())),
    onError: onError('scratch homes could not be brought to their volumes'),
  })
  const slots = slotKeeper({ pool, agent, log, now })
  let spread: NodeJS.Timeout | undefined
  const show = startLoop({
    everyMs: SLOTS_MS,
    pass: async () => {
      clearTimeout(spread)
      if ((await lead.isOurs()) && (await slots.keep()))
        spread = setTimeout(() => show.wake(), SPREAD_MS)
    },
    onError: onError('students’ own volumes could not be brought into their seats'),
  })
  listening.on('storage', () => {
    keep.wake()
    collect.wake()
    recall.wake()
    show.wake()
  })
  listening.on('erasure', () => retain.wake())
  const machines = nodeWatch({ ...{ pool, engine, ring, log, now }, ...place })
  const follow = startLoop({
    everyMs: NODES_MS,
    pass: async () => void ((await lead.isOurs()) && (await machines.look())),
    onError: onError('machines of pools could not be looked at'),
  })
  const lists = rosterFollower({ pool, ring, log, now })
  const rosters = startLoop({
    everyMs: ROSTERS_MS,
    pass: async () => void ((await lead.isOurs()) && (await lists.follow())),
    onError: onError('courses could not follow their LMS lists'),
  })
  listening.on('roster', () => rosters.wake())
  listening.on('work', () => {
    show.wake()
    drive.wake()
    plan.wake()
  })
  // What only the driver has to see: the reconciler's own round is soon enough for what follows from it.
  listening.on('seats', (payload) => {
    if (payload !== AT_REST) drive.wake()
    show.wake()
  })
  listening.on('notice', () => tell.wake())
  return {
    async stop() {
      stopping.abort()
      clearTimeout(soon)
      clearTimeout(spread)
      const loops = [
        compare,
        drive,
        plan,
        tidy,
        sample,
        tell,
        write,
        look,
        early,
        keep,
        collect,
        reach,
        show,
        bring,
        retain,
        recall,
        follow,
        rosters,
      ].map((loop) => loop.stop())
      await Promise.all([...loops, listening.close()])
      notices.close()
      await boss.stop({ graceful: true, timeout: 150_000 })
      await driver.stop()
      await lead.release()
      await pool.end()
      await front?.close()
      engine.close()
      await managers.close()
    },
  }
}

/** Only one worker drives seats and reconciles at a time; the others stand by. */
function leading({ config, log }: { config: Config; log: Logger }) {
  let leadership: Leadership | undefined
  let trying: Promise<void> | undefined
  const take = async (): Promise<void> => {
    leadership = await tryToLead(config.databaseUrl, () =>
      log.warn('the lead was lost with its connection'),
    )
    if (leadership) log.info('this worker leads')
  }
  return {
    async isOurs(): Promise<boolean> {
      if (leadership?.isHeld()) return true
      trying ??= take().finally(() => (trying = undefined))
      await trying
      return leadership?.isHeld() === true
    },
    release: async () => leadership?.release(),
  }
}
