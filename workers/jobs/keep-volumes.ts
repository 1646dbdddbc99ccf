/**
 * Brings what the storage agent keeps to what Terraform applied, and writes down what it says. Level-triggered: what was
 * made and not written down is found again, what was told twice is as it was. Nothing here deletes.
 */
import type { Logger } from 'pino'
import { notify, type Pool, withTransaction } from '../../api/data/db.ts'
import {
  type KeptVolume,
  keptVolume,
  keptVolumes,
  NO_FILES_LEFT,
  recordSights,
  type VolumeSight,
} from '../../api/data/volumes/volume.ts'
import { openOutages } from '../../api/data/volumes/storage-outage.ts'
import type { AgentRefusal, AgentVolume, StorageAgent } from '../../api/storage/storage-agent.ts'
import { wholeGib } from '../../stacks/parts/seat-share.ts'
import type { InTurn } from '../storage/turns.ts'
import { together } from '../together.ts'

type Means = {
  pool: Pool
  agent: StorageAgent
  /** One thing at a time for each volume: what is being purged is not made meanwhile. */
  inTurn: InTurn<string>
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** Volumes that are made at once. A file of this machine waits for its disk most of the time; what others make keeps more to do. */
export const atOnceOf = (backend: string): number => (backend === 'local' ? 4 : 2)
/** A figure that moved less is not worth a write for each of thousands of volumes. */
const NOTABLE_BYTES = 256 * 1024
const MIB = 1024 * 1024

export type VolumeKeeper = { keep(): Promise<void> }

export function volumeKeeper(means: Means): VolumeKeeper {
  let isSilent = false
  return {
    async keep() {
      const rows = await keptVolumes(means.pool)
      // It would not answer, and what it would say then is not of the volumes.
      if (rows.length === 0 || (await openOutages(means.pool)).length > 0) return
      const there = await means.agent.list().catch((error: unknown) => {
        // Said once for each time it goes away, not at each look.
        if (!isSilent) means.log.warn({ err: error }, 'the storage agent does not answer')
        isSilent = true
      })
      if (!there) return
      isSilent = false
      // Nothing new is made where a disk has to be mounted first: the watch says so (watch-storage.ts).
      if (there.isUnused && rows.some(wasMade)) return
      const seen = new Map(there.volumes.map((volume) => [volume.name, volume]))
      // Those of a backend that no agent here has wait, and doctor says so.
      const queue = rows.filter(({ backend }) => backend === there.backend).values()
      const record = recorder(means)
      const hands = Array.from({ length: atOnceOf(there.backend) }, () =>
        keepSome(means, queue, seen, record),
      )
      await Promise.all(hands)
    },
  }
}

const wasMade = ({ limit_bytes: bytes }: KeptVolume): boolean => bytes !== null

type Found = { row: KeptVolume; sight: VolumeSight }

/**
 * Each is written down as soon as it is done, since seats that wait for theirs do not wait for the others'; what is done while one
 * transaction is on its way goes into the next.
 */
function recorder({ pool, log, now }: Means): (one: Found) => Promise<void> {
  let found: Found[] = []
  const write = together(async () => {
    const these = found
    found = []
    const moved = these.filter(({ row, sight }) => sight.state !== row.state)
    await withTransaction(pool, async (tx) => {
      await recordSights(tx, { sights: these.map(({ sight }) => sight), now: now() })
      // A seat that waited for it may start.
      if (moved.length > 0) await notify(tx, 'work')
    })
    for (const { row, sight } of moved)
      log.info({ volume: row.name, state: sight.state }, 'a volume changed')
  })
  return (one) => {
    found.push(one)
    return write()
  }
}

async function keepSome(
  means: Means,
  queue: Iterator<KeptVolume> & Iterable<KeptVolume>,
  seen: Map<string, AgentVolume>,
  record: (one: Found) => Promise<void>,
): Promise<void> {
  const written: Promise<void>[] = []
  try {
    for (const row of queue) {
      const found = await sightOf(means, row, seen.get(row.name)).catch((error: unknown) =>
        failedAlone(means, row, error),
      )
      if (!found) continue
      // Not waited for: the next is made meanwhile.
      const wrote = record(found)
      wrote.catch(() => {})
      written.push(wrote)
    }
  } finally {
    await Promise.all(written)
  }
}

/** What the agent could not do for one volume keeps no other waiting; an agent that does not answer would not for them either. */
async function failedAlone(
  { agent, log }: Means,
  { name }: KeptVolume,
  error: unknown,
): Promise<undefined> {
  if (!(error instanceof Error)) throw error
  if ('code' in error && !(error.code === 'ETIMEDOUT' && (await stillAnswers(agent)))) throw error
  log.warn({ volume: name, err: error }, 'a volume is not as wanted; it is tried again')
}

/** What took too long may be this volume's command, while the agent and its disk are there for the others. */
const stillAnswers = (agent: StorageAgent): Promise<boolean> =>
  agent.look().then(
    ({ trouble }) => trouble === null,
    () => false,
  )

/** Undefined when the row says it already. */
async function sightOf(
  means: Means,
  row: KeptVolume,
  found: AgentVolume | undefined,
): Promise<Found | undefined> {
  // A cloud's shares are of whole GiB.
  const limitMb = row.backend === 'manila' ? wholeGib(row.limit_mb) : row.limit_mb
  if (found?.state === 'ready' && isSized(found, limitMb))
    return isKnown(row, found) && row.message_code === (noFilesLeft(found)?.code ?? null)
      ? undefined
      : { row, sight: sightWith(row, found) }
  return means.inTurn(row.name, () => ensured(means, row.id))
}

/** Read once more, in its turn: what was to be kept when the pass began may be purged by now, and is not made anew. */
async function ensured({ pool, agent }: Means, id: string): Promise<Found | undefined> {
  const row = await keptVolume(pool, id)
  if (!row) return undefined
  const isNew = row.state === 'wanted'
  const { volume, code } = await agent.ensure({ name: row.name, limitMb: row.limit_mb, isNew })
  const sight = sightWith(row, volume, code)
  return isKnown(row, volume) && row.message_code === (sight.message?.code ?? null)
    ? undefined
    : { row, sight }
}

const isSized = ({ limitBytes }: AgentVolume, limitMb: number): boolean =>
  limitBytes !== null && limitBytes >= limitMb * MIB && limitBytes < (limitMb + 1) * MIB

function isKnown(row: KeptVolume, volume: AgentVolume): boolean {
  const moved = (a: number | null, b: number | null) =>
    a === null || b === null ? a !== b : Math.abs(a - b) >= NOTABLE_BYTES
  return (
    row.state === volume.state &&
    !moved(row.used_bytes, volume.usedBytes) &&
    !moved(row.limit_bytes, volume.limitBytes)
  )
}

function sightWith(row: KeptVolume, volume: AgentVolume, code?: AgentRefusal): VolumeSight {
  const message =
    code === undefined
      ? noFilesLeft(volume)
      : { code: `volume.${code}`, params: paramsOf(row, volume) }
  const { state, limitBytes, usedBytes } = volume
  return { id: row.id, was: row.state, state, limitBytes, usedBytes, message }
}

/** Room for fewer is none: a program that saves makes a few beside what it saves. */
const FEW_FILES = 16

/** A disk that takes no more files is full, however little is in them. */
function noFilesLeft({ files }: AgentVolume): VolumeSight['message'] {
  if (!files || files.limit - files.used >= FEW_FILES) return null
  return { code: NO_FILES_LEFT, params: { files: files.limit } }
}

const paramsOf = (row: KeptVolume, volume: AgentVolume) => ({
  wantedMb: row.limit_mb,
  usedMb: Math.ceil((volume.usedBytes ?? 0) / MIB),
  ...(volume.problem !== undefined && { problem: volume.problem }),
})
