/**
 * Erasures that were ordered: files go from disk, seats are given back, a receipt says so. And the ledger beside the database:
 * what it has and the database has not was lost with a backup that was brought back, and is done once more. Level-triggered.
 */
import type { Logger } from 'pino'
import { audit } from '../../api/data/audit.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { ledgerLines, openErasures, replayErasure } from '../../api/data/erasure.ts'
import {
  endDuties,
  finishErasures,
  knownSubmissions,
  markForgotten,
  orderLateVolumes,
  releaseSeats,
  settleVolumes,
  stopErased,
  submissionsToForget,
  volumesByName,
} from '../../api/data/erasure-work.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { orderPurgeAgain } from '../../api/data/purge.ts'
import {
  erasedAt,
  type LedgerLine,
  readLedger,
  writeLedger,
} from '../../api/data/erasure-ledger.ts'
import type { StorageAgent } from '../../api/storage-agent.ts'

type Means = {
  pool: Pool
  ring: KeyRing
  agent: StorageAgent
  installation: string
  /** The ledger's file. */
  file: string
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** Before and after the purges of a pass. `finish` answers whether something is still to go. */
export type ErasureKeeper = { begin(): Promise<void>; finish(): Promise<boolean> }

export function erasureKeeper(means: Means): ErasureKeeper {
  const { pool, ring, installation, now } = means
  return {
    async begin() {
      const known = await sameLedger(means)
      if (known.length === 0) return
      const later = { ring, now: now() }
      const ended = await withTransaction(pool, (tx) => endDuties(tx, later))
      const late = await withTransaction(pool, async (tx) => {
        await stopErased(tx, now())
        return orderLateVolumes(tx, later)
      })
      // The ledger has it before the disk has it no more.
      const lines = ended + late > 0 ? await sameLedger(means) : known
      // An agent that is away has nothing brought back either: looked at again in the next pass.
      await eraseBroughtBack(means, lines).catch((error: unknown) =>
        means.log.warn({ err: error }, 'disks could not be compared with the ledger of erasures'),
      )
    },
    async finish() {
      if ((await openErasures(pool)) === 0) return false
      await forgetSubmissions(means)
      await withTransaction(pool, (tx) => settleVolumes(tx, now()))
      await withTransaction(pool, (tx) => releaseSeats(tx, ring))
      const numbers = await withTransaction(pool, (tx) =>
        finishErasures(tx, { installation, now: now() }),
      )
      for (const number of numbers) means.log.info({ receipt: number }, 'a person was erased')
      return (await openErasures(pool)) > 0
    },
  }
}

/** Both know the same afterwards; answers all of it. */
async function sameLedger({ pool, ring, file, log, now }: Means): Promise<LedgerLine[]> {
  const [recorded, written] = await Promise.all([ledgerLines(pool), readLedger(file)])
  const inFile = new Set(written.map(({ id }) => id))
  const inRecord = new Set(recorded.map(({ id }) => id))
  await writeLedger(
    file,
    recorded.filter(({ id }) => !inFile.has(id)),
  )
  const lost = written.filter(({ id }) => !inRecord.has(id))
  for (const line of lost) {
    const again = await withTransaction(pool, (tx) => replayErasure(tx, { line, ring, now: now() }))
    log.warn({ erasure: line.id, again }, 'an erasure that this database did not know was replayed')
  }
  return [...recorded, ...lost]
}

/** Of what is on disk, all that was erased before: a disk was brought back. */
async function eraseBroughtBack(means: Means, lines: LedgerLine[]): Promise<void> {
  const { agent, pool, ring, now } = means
  const { volumes } = await agent.list()
  const names = volumes
    .map(({ name }) => name)
    .filter((name) => erasedAt(lines, ring, 'volume', name))
  const known = await volumesByName(pool, names)
  for (const name of names) {
    const row = known.get(name)
    // Being purged; or a name that a database from before gave to somebody else meanwhile.
    if (row && row.state !== 'purged') continue
    if (row) await withTransaction(pool, (tx) => orderPurgeAgain(tx, { id: row.id, now: now() }))
    else if (await agent.purge(name)) await noteAgain(means, name)
  }
  const ids = (await agent.handedIn()).filter((id) => erasedAt(lines, ring, 'submission', id))
  const there = await knownSubmissions(pool, ids)
  for (const id of ids.filter((one) => !there.has(one))) {
    await agent.forget(id)
    await noteAgain(means, id)
  }
}

async function noteAgain({ pool, log, now }: Means, name: string): Promise<void> {
  const actor = { name: 'ledger', role: 'labplan' } as const
  const entry = { actor, action: 'erasure.replay', subject: { kind: 'file', id: name }, now: now() }
  await withTransaction(pool, (tx) => audit(tx, entry))
  log.warn({ name }, 'what was erased before had come back, and was removed again')
}

async function forgetSubmissions({ pool, agent, log, now }: Means): Promise<void> {
  for (const { item, id } of await submissionsToForget(pool)) {
    try {
      await agent.forget(id)
      await withTransaction(pool, (tx) => markForgotten(tx, item, now()))
    } catch (error) {
      log.warn({ err: error, submission: id }, 'a submission could not be removed; tried again')
    }
  }
}
