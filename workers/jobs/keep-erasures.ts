/**
 * Erasures that were ordered: files go from disk, seats are given back, a receipt says so. And the ledger beside the database:
 * what it has and the database has not was lost with a backup that was brought back, and is done once more. Level-triggered.
 */
import type { Logger } from 'pino'
import { audit } from '../../api/data/audit.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { ledgerLines, openErasures, replayErasure } from '../../api/data/people/erasure.ts'
import {
  endDuties,
  finishable,
  finishErasure,
  knownSubmissions,
  markForgotten,
  orderLateVolumes,
  releaseSeats,
  settleVolumes,
  stopErased,
  submissionsToForget,
  volumesByName,
} from '../../api/data/people/erasure-work.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { orderPurgeAgain } from '../../api/data/volumes/purge.ts'
import {
  erasedAt,
  type LedgerLine,
  readLedger,
  writeLedger,
} from '../../api/data/people/erasure-ledger.ts'
import type { StorageAgent } from '../../api/storage/storage-agent.ts'
import { type Steps, passSteps } from './pass-steps.ts'

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

/**
 * Before and after the purges of a pass. `begin` throws where the ledger cannot be read or written: nothing is to be purged then; what
 * goes wrong with one erasure is kept in `steps`. `finish` answers whether something is still to go.
 */
export type ErasureKeeper = { begin(steps: Steps): Promise<void>; finish(): Promise<boolean> }

export function erasureKeeper(means: Means): ErasureKeeper {
  const { pool, ring, installation, log, now } = means
  return {
    async begin(steps) {
      const known = await sameLedger(means, steps)
      if (known.length === 0) return
      const later = { ring, now: now() }
      const end = () => withTransaction(pool, (tx) => endDuties(tx, later))
      const ended = await steps.take('Duties that are over could not be ended.', end, 0)
      const orderLate = () =>
        withTransaction(pool, async (tx) => {
          await stopErased(tx, now())
          return orderLateVolumes(tx, later)
        })
      const late = await steps.take('What came after an erasure could not go.', orderLate, 0)
      // The ledger has it before the disk has it no more.
      const lines = ended + late > 0 ? await sameLedger(means, steps) : known
      // An agent that is away has nothing brought back either: looked at again in the next pass.
      await eraseBroughtBack(means, lines, steps).catch((error: unknown) =>
        log.warn({ err: error }, 'disks could not be compared with the ledger of erasures'),
      )
    },
    async finish() {
      if ((await openErasures(pool)) === 0) return false
      const steps = passSteps(means)
      await forgetSubmissions(means)
      const settle = () => withTransaction(pool, (tx) => settleVolumes(tx, now()))
      await steps.take('Files that are gone could not be noted as erased.', settle, undefined)
      const release = () => withTransaction(pool, (tx) => releaseSeats(tx, ring))
      await steps.take('Seats of who was erased could not be given back.', release, undefined)
      for (const id of await finishable(pool)) {
        const write = () =>
          withTransaction(pool, (tx) => finishErasure(tx, { id, installation, now: now() }))
        const number = await steps.take(
          `Erasure ${id}: its receipt could not be written.`,
          write,
          undefined,
        )
        if (number !== undefined) log.info({ receipt: number }, 'a person was erased')
      }
      steps.end()
      return (await openErasures(pool)) > 0
    },
  }
}

/** Both know the same afterwards; answers all of it. */
async function sameLedger(
  { pool, ring, file, log, now }: Means,
  steps: Steps,
): Promise<LedgerLine[]> {
  const [recorded, written] = await Promise.all([ledgerLines(pool), readLedger(file)])
  const inFile = new Set(written.map(({ id }) => id))
  const inRecord = new Set(recorded.map(({ id }) => id))
  await writeLedger(
    file,
    recorded.filter(({ id }) => !inFile.has(id)),
  )
  const lost = written.filter(({ id }) => !inRecord.has(id))
  for (const line of lost) {
    const replay = async () => {
      const again = await withTransaction(pool, (tx) =>
        replayErasure(tx, { line, ring, now: now() }),
      )
      log.warn(
        { erasure: line.id, again },
        'an erasure that this database did not know was replayed',
      )
    }
    await steps.take(
      `Erasure ${line.id}: this database does not know it, and it could not be replayed.`,
      replay,
      undefined,
    )
  }
  return [...recorded, ...lost]
}

/** Of what is on disk, all that was erased before: a disk was brought back. */
async function eraseBroughtBack(means: Means, all: LedgerLine[], steps: Steps): Promise<void> {
  const { agent, pool, ring, now } = means
  const lines = readable(means, all)
  const { volumes } = await agent.list()
  const names = volumes
    .map(({ name }) => name)
    .filter((name) => erasedAt(lines, ring, 'volume', name))
  const known = await volumesByName(pool, names)
  const once = (name: string, erase: () => Promise<void>) =>
    steps.take(`${name}: erased before and on a disk again, it could not go.`, erase, undefined)
  for (const name of names) {
    const row = known.get(name)
    // Being purged; or a name that a database from before gave to somebody else meanwhile.
    if (row && row.state !== 'purged') continue
    await once(name, async () => {
      if (row) await withTransaction(pool, (tx) => orderPurgeAgain(tx, { id: row.id, now: now() }))
      else if (await agent.purge(name)) await noteAgain(means, name)
    })
  }
  const ids = (await agent.handedIn()).filter((id) => erasedAt(lines, ring, 'submission', id))
  const there = await knownSubmissions(pool, ids)
  for (const id of ids.filter((one) => !there.has(one)))
    await once(id, async () => {
      await agent.forget(id)
      await noteAgain(means, id)
    })
}

/** Those whose key is in the ring: of the others nobody can say what they name, which is no reason to look for nothing. */
function readable({ ring, log }: Means, lines: LedgerLine[]): LedgerLine[] {
  const gone = new Set<string>()
  for (const id of new Set(lines.map(({ keyId }) => keyId)))
    try {
      ring.derive('', id)
    } catch {
      gone.add(id)
    }
  if (gone.size > 0)
    log.warn(
      { keys: [...gone] },
      'disks are not compared with what these keys wrote in the ledger: put them back into the key ring',
    )
  return lines.filter(({ keyId }) => !gone.has(keyId))
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
