/** A pass over all whose time is over: erasures that were ordered, and files whose date comes. */
import type { Pool } from '../../api/data/db.ts'
import type { ErasureKeeper } from './keep-erasures.ts'
import type { RetentionKeeper } from './keep-retention.ts'
import { passSteps } from './pass-steps.ts'

/**
 * Answers whether something of an erasure is still to go. An erasure is a duty of law: dates that go wrong do not keep it from its
 * end. Where the ledger cannot be written nothing is purged: it has to know first.
 */
export async function endWhatIsDue(means: {
  pool: Pool
  erasures: ErasureKeeper
  retention: RetentionKeeper
  now: () => Date
}): Promise<boolean> {
  const { erasures, retention } = means
  const steps = passSteps(means)
  await erasures.begin(steps)
  await steps.take('Not all dates of files could be looked at.', () => retention.keep(), undefined)
  const isLeft = await steps.take(
    'Not all erasures could be ended.',
    () => erasures.finish(),
    false,
  )
  steps.end()
  return isLeft
}
