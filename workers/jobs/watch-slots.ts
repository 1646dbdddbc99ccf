/**
 * Whether the storage agent that answers can bring students' own volumes into seats: one of an earlier version knows no slots. For a
 * while that is how an upgrade looks; then seats begin without, rather than wait for ever.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { beginLack, endLack, type SlotLack } from '../../api/data/seats/slot-lack.ts'
import type { StorageAgent } from '../../api/storage/storage-agent.ts'

type Means = {
  pool: Pool
  agent: Pick<StorageAgent, 'look'>
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** Who upgrades the control machine first has so long for the agent: nothing is planned anew meanwhile. */
const PATIENCE_MS = 60_000

/** `lacking`: what is on record. */
export type LackWatch = { saw(serves: boolean, lacking: SlotLack | undefined): Promise<void> }

export function lackWatch({ pool, agent, log, now }: Means): LackWatch {
  let since: Date | undefined
  return {
    async saw(serves, lacking) {
      const at = now()
      if (serves) since = undefined
      if (serves && lacking) {
        await withTransaction(pool, (tx) => endLack(tx, { backend: lacking.backend, now: at }))
        log.info({ backend: lacking.backend }, 'the storage agent brings personal folders again')
      }
      if (serves || lacking) return
      since ??= at
      if (at.getTime() - since.getTime() < PATIENCE_MS) return
      const { backend, version } = await agent.look()
      const lack = { backend, since, now: at }
      await withTransaction(pool, (tx) => beginLack(tx, lack))
      log.warn({ backend, version }, 'the storage agent is of a version without personal folders')
    },
  }
}
