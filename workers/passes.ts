/** Passes of the worker over several things: what goes wrong with one keeps none of the others, is thrown when all are done, and tried again. */
import type { Logger } from 'pino'
import type { Pool } from '../api/data/db.ts'
import type { KeyRing } from '../api/data/key-ring.ts'
import { purgeLti } from '../api/data/lms/lti-store.ts'
import type { EstateKeeper } from './git/keep-estate.ts'
import type { ForgeKeeper } from './git/keep-forge.ts'
import type { VolumeKeeper } from './jobs/keep-volumes.ts'
import { passSteps } from './jobs/pass-steps.ts'
import type { ChangePlanner } from './jobs/plan-changes.ts'
import type { EarlyPlanner } from './jobs/plan-early.ts'
import { watchChanges } from './jobs/watch-changes.ts'
import { watchLosses } from './jobs/watch-losses.ts'

type Means = { pool: Pool; now: () => Date }

export async function tidyUp(means: Means & { ring: KeyRing }): Promise<void> {
  const { pool, ring, now } = means
  const steps = passSteps(means)
  const purge = async () => void (await purgeLti(pool, now()))
  await steps.take('What of logins and LMS launches is over could not go.', purge, undefined)
  const watch = () => watchChanges(pool, ring, now())
  await steps.take('Changes that wait could not be looked at.', watch, undefined)
  steps.end()
}

export async function keepEstate(
  means: Means & { books: EstateKeeper; requests: ForgeKeeper | undefined },
): Promise<void> {
  const steps = passSteps(means)
  await steps.take('The estate could not be written.', () => means.books.keep(), undefined)
  const ask = async () => means.requests?.keep()
  await steps.take('The forge could not be told.', ask, undefined)
  steps.end()
}

export async function planAhead(
  means: Means & { planner: EarlyPlanner; reviews: ChangePlanner },
): Promise<void> {
  const steps = passSteps(means)
  await steps.take('Classes could not be planned early.', () => means.planner.plan(), undefined)
  await steps.take('Changes could not be planned.', () => means.reviews.plan(), undefined)
  steps.end()
}

export async function keepFiles(
  means: Means & { log: Pick<Logger, 'info' | 'warn'>; volumes: VolumeKeeper },
): Promise<void> {
  const steps = passSteps(means)
  await steps.take('Volumes could not be kept.', () => means.volumes.keep(), undefined)
  await steps.take('Nobody could see which are lost.', () => watchLosses(means), undefined)
  steps.end()
}
