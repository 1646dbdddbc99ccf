/**
 * Brings what was written on scratch homes to the volumes, once each: when the storage is back and nothing of the seat runs, a
 * carrier copies it; when that is on the volume's disk it is written down; only then another one removes it from the node. The
 * record and the Swarm are compared each time, so that anybody may be killed between any two steps.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  beginMerge,
  openHomes,
  putOffMerge,
  recordCleared,
  recordMerge,
  type ScratchHome,
  type ScratchResult,
  type ScratchTrouble,
} from '../../api/data/seats/scratch-home.ts'
import {
  type Carrier,
  dismissCarrier,
  type Errand,
  listCarriers,
  type Load,
  sendCarrier,
} from '../swarm/carrier.ts'
import type { Engine } from '../swarm/engine.ts'
import { ENDS } from '../swarm/scratch-script.ts'
import type { Place } from './content.ts'

type Means = {
  pool: Pool
  engine: Engine
  place: Place
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

export type ScratchStep =
  | { do: 'begin' }
  | { do: 'send'; errand: Errand }
  | { do: 'merged'; result: ScratchResult }
  | { do: 'cleared' }
  | { do: 'put off'; trouble: ScratchTrouble }
  | { do: 'dismiss' }

/** A node that takes no task for so long is not there. */
const WAIT_MS = 120_000
const RETRY_MS: Record<ScratchTrouble, number> = {
  'node-away': 60_000,
  'no-room': 300_000,
  cannot: 600_000,
}

export type ScratchKeeper = { keep(): Promise<void> }

export function scratchKeeper(means: Means): ScratchKeeper {
  /** None is open, and no carrier was there when it was looked at last. */
  let isIdle = false
  return {
    async keep() {
      const homes = await openHomes(means.pool)
      if (homes.length === 0 && isIdle) return
      const carriers = await listCarriers(means.engine, means.place.installation)
      for (const home of homes) {
        const own = carriers.filter((one) => one.home === home.id)
        const step = scratchStep(home, own, means.now())
        if (!step) continue
        // One that cannot be moved is no reason to leave the others.
        await take(means, home, step, own).catch((error: unknown) =>
          means.log.warn({ err: error, home: home.id, ...step }, 'a scratch home stays as it is'),
        )
      }
      const open = new Set(homes.map(({ id }) => id))
      for (const { id, home } of carriers)
        if (!open.has(home)) await dismissCarrier(means.engine, id)
      isIdle = homes.length === 0 && carriers.length === 0
    },
  }
}

/** What to do next for one, or nothing. Pure. */
export function scratchStep(
  home: ScratchHome,
  carriers: Carrier[],
  now: Date,
): ScratchStep | undefined {
  const wanted: Errand = home.state === 'merged' ? 'clear' : 'bring'
  if (carriers.some(({ does }) => does !== wanted)) return { do: 'dismiss' }
  const [carrier] = carriers
  if (home.state === 'open') {
    if (carrier) return { do: 'dismiss' }
    if (home.is_discarded) return { do: 'merged', result: 'discarded' }
    const isDue = home.retry_at === null || home.retry_at <= now
    return home.is_cold && home.is_home_there && isDue ? { do: 'begin' } : undefined
  }
  if (!carrier) return { do: 'send', errand: wanted }
  if (carrier.state === 'working') return undefined
  const isLate = now.getTime() - home.state_at.getTime() > WAIT_MS
  if (carrier.state === 'waiting') {
    if (!isLate || home.state === 'merged') return undefined
    return { do: 'put off', trouble: 'node-away' }
  }
  if (home.state === 'merged') return carrier.exitCode === 0 ? { do: 'cleared' } : { do: 'dismiss' }
  const result = RESULTS[carrier.exitCode ?? -1]
  if (result) return { do: 'merged', result }
  return { do: 'put off', trouble: carrier.exitCode === ENDS.noRoom ? 'no-room' : 'cannot' }
}

const RESULTS: Record<number, ScratchResult | undefined> = {
  [ENDS.folder]: 'folder',
  [ENDS.home]: 'home',
  [ENDS.nothing]: 'nothing',
}

async function take(
  means: Means,
  home: ScratchHome,
  step: ScratchStep,
  carriers: Carrier[],
): Promise<void> {
  const { pool, engine, log, now } = means
  const seat = `${home.course8}/${home.number}`
  const at = { id: home.id, now: now() }
  const dismiss = async () => {
    for (const { id } of carriers) await dismissCarrier(engine, id)
  }
  switch (step.do) {
    case 'begin':
      if (!(await withTransaction(pool, (tx) => beginMerge(tx, at)))) return
      return sendCarrier(engine, means.place, loadOf(home), 'bring')
    case 'send':
      return sendCarrier(engine, means.place, loadOf(home), step.errand)
    case 'merged':
      await withTransaction(pool, (tx) => recordMerge(tx, { ...at, result: step.result }))
      log.info({ seat, result: step.result }, 'a scratch home was brought to its volume')
      return dismiss()
    case 'cleared':
      await withTransaction(pool, (tx) => recordCleared(tx, at))
      return dismiss()
    case 'put off': {
      const { trouble } = step
      const retryAt = new Date(at.now.getTime() + RETRY_MS[trouble])
      await dismiss()
      await withTransaction(pool, (tx) => putOffMerge(tx, { ...at, trouble, retryAt }))
      log.warn({ seat, trouble, said: carriers[0]?.said }, 'a scratch home is not home yet')
      return
    }
    case 'dismiss':
      return dismiss()
  }
}

const loadOf = (home: ScratchHome): Load => ({
  ...{ homeId: home.id, course8: home.course8, number: home.number, generation: home.generation },
  ...{ nodeId: home.node_id, folder: home.folder, template: home.template },
})
