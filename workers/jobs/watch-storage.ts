/**
 * Whether what keeps volumes answers. Looked at twice before anybody is told, since a machine under load is slow, too; once is
 * enough to say that it is back. Who runs is left alone meanwhile (workers/swarm/decide.ts).
 */
import type { Logger } from 'pino'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { sendNotice } from '../../api/data/notice.ts'
import {
  backendsInUse,
  beginOutage,
  coursesOn,
  endOutage,
  hasMade,
  type KeptBackend,
  openOutages,
  serversInUse,
} from '../../api/data/volumes/storage-outage.ts'
import type { StorageAgent } from '../../api/storage/storage-agent.ts'
import { nfsAnswers } from '../storage/nfs-call.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

type Means = {
  pool: Pool
  agent: Pick<StorageAgent, 'look'>
  /** Whether an NFS server at this address answers. */
  answers?: (server: string) => Promise<boolean>
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** agent away: nobody can say, since who would has stopped; its storage goes on without it. */
export type Verdict = { is: 'there' } | { is: 'away'; reason: string } | { is: 'agent away' }

const LOOKS = 2
const SHOWN_AFTER_MS = 15 * 60_000
const DAY_MS = 86_400_000

export type StorageWatch = { look(): Promise<void> }

export function storageWatch(means: Means): StorageWatch {
  const missed = new Map<KeptBackend, { since: Date; looks: number }>()
  return {
    async look() {
      const used = await backendsInUse(means.pool)
      const open = (await openOutages(means.pool)).map(({ backend }) => backend)
      for (const backend of open.filter((one) => !used.includes(one))) await isBack(means, backend)
      for (const backend of used) {
        const begun = means.now()
        const verdict = await verdictOn(means, backend)
        if (verdict.is !== 'away') missed.delete(backend)
        if (verdict.is === 'there' && open.includes(backend)) await isBack(means, backend)
        if (verdict.is !== 'away' || open.includes(backend)) continue
        const before = missed.get(backend) ?? { since: begun, looks: 0 }
        const seen = { ...before, looks: before.looks + 1 }
        missed.set(backend, seen)
        if (seen.looks >= LOOKS) await isGone(means, backend, { ...seen, reason: verdict.reason })
      }
    },
  }
}

/** What the agent says of its storage, and where it says nothing, what can be seen without it. */
export async function verdictOn(
  { agent, pool, answers = nfsAnswers }: Pick<Means, 'agent' | 'pool' | 'answers'>,
  backend: KeptBackend,
): Promise<Verdict> {
  const servers = backend === 'nfs' ? await serversInUse(pool) : []
  const heard = Promise.all(servers.map(answers))
  try {
    const said = await agent.look()
    if (said.backend !== backend) return { is: 'agent away' }
    if (said.trouble !== null) return { is: 'away', reason: said.trouble }
    return said.isUnused && (await hasMade(pool, backend))
      ? { is: 'away', reason: 'nothing was ever made in its folder: is its disk mounted?' }
      : { is: 'there' }
  } catch (error) {
    const reason = whyOf(error)
    // Nodes speak to the server without the agent; it runs beside the server, where a cut takes both.
    if (servers.length > 0)
      return (await heard).every(Boolean) ? { is: 'there' } : { is: 'away', reason }
    if (backend === 'nfs') return { is: 'agent away' }
    return isSilent(error) ? { is: 'away', reason } : { is: 'agent away' }
  }
}

/** Somebody listens, and says nothing: it hangs in its storage. */
const isSilent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ETIMEDOUT'

async function isGone(
  { pool, log, now }: Means,
  backend: KeptBackend,
  seen: { since: Date; reason: string },
): Promise<void> {
  const at = now()
  await withTransaction(pool, async (tx) => {
    if (!(await beginOutage(tx, { backend, ...seen, now: at }))) return
    await tell(tx, { backend, since: seen.since, now: at, code: 'notice.storage-away' })
  })
  log.warn({ backend, reason: seen.reason }, 'the storage does not answer')
}

async function isBack({ pool, log, now }: Means, backend: KeptBackend): Promise<void> {
  const at = now()
  await withTransaction(pool, async (tx) => {
    const since = await endOutage(tx, { backend, now: at })
    if (since) await tell(tx, { backend, since, now: at, code: 'notice.storage-back' })
  })
  log.info({ backend }, 'the storage answers again')
}

type Told = {
  backend: KeptBackend
  since: Date
  now: Date
  code: 'notice.storage-away' | 'notice.storage-back'
}

/** The infra team once, and the teachers of each course that feels it. */
async function tell(tx: Db, { backend, since, now, code }: Told): Promise<void> {
  const isOver = code === 'notice.storage-back'
  const thread = `storage/${backend}/${since.toISOString()}`
  const params = {
    ...{ backend, sinceAt: since.toISOString() },
    ...(isOver && { backAt: now.toISOString() }),
  }
  const key = isOver ? '/over' : ''
  await sendNotice(tx, { ...{ code, to: 'infra', params, thread, dedupeKey: thread + key, now } })
  for (const { id, ends_at: endsAt } of await coursesOn(tx, backend)) {
    const of = `${thread}/${id}`
    const lasts = endsAt && endsAt > now ? endsAt : new Date(now.getTime() + DAY_MS)
    await sendNotice(tx, {
      ...{ code: `${code}.course`, to: 'teachers', courseId: id, params, now },
      ...{ thread: of, dedupeKey: of + key },
      shownUntil: isOver ? new Date(now.getTime() + SHOWN_AFTER_MS) : lasts,
    })
  }
}
