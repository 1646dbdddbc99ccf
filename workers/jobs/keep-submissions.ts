/**
 * Goes on with what was handed in while who was at it died, or the agent was away. Asked for twice, it is kept once. A large one
 * takes minutes: so many are made side by side, and no pass waits for them.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  bytesLeftFor,
  keepSubmission,
  type LeftSubmission,
  submissionsLeft,
} from '../../api/data/volumes/submission.ts'
import { openOutages } from '../../api/data/volumes/storage-outage.ts'
import type { StorageAgent } from '../../api/storage/storage-agent.ts'

type Means = {
  pool: Pool
  agent: Pick<StorageAgent, 'keep'>
  log: Pick<Logger, 'warn'>
  now: () => Date
  stopping?: AbortSignal
}

/** The API is at it itself; what it has not told by then it will not tell. */
const LEFT_MS = 30_000
/** Each reads a whole folder, on the disk that students work on. */
const AT_ONCE = 3

export type SubmissionKeeper = {
  /** Finds what is left, and begins with it as soon as there is a lane. */
  look(): Promise<void>
  /** Until nothing is under way. */
  rest(): Promise<void>
}

/** A student's are made in their order, so that each has what those before have left. What fails comes last the next time. */
export function submissionKeeper(means: Means): SubmissionKeeper {
  const { pool, now } = means
  const waiting: LeftSubmission[][] = []
  /** Workspaces of which something waits or is being made. */
  const known = new Set<string>()
  const lanes = new Set<Promise<void>>()
  const work = async (): Promise<void> => {
    for (let own = waiting.shift(); own; own = waiting.shift()) {
      for (const one of own) await keep(means, one)
      known.delete(own[0]!.workspace_id)
    }
  }
  return {
    async look() {
      if ((await openOutages(pool)).length > 0) return
      const left = await submissionsLeft(pool, new Date(now().getTime() - LEFT_MS))
      for (const [workspace, own] of Map.groupBy(left, (one) => one.workspace_id)) {
        if (known.has(workspace)) continue
        known.add(workspace)
        waiting.push(own)
      }
      while (lanes.size < Math.min(AT_ONCE, lanes.size + waiting.length)) {
        const lane = work().finally(() => lanes.delete(lane))
        lanes.add(lane)
      }
    },
    async rest() {
      while (lanes.size > 0) await Promise.all(lanes)
    },
  }
}

async function keep(
  { pool, agent, log, now, stopping }: Means,
  { id, volume, path }: LeftSubmission,
): Promise<void> {
  if (stopping?.aborted) return
  try {
    // It may be kept by now, or gone with who handed it in.
    const mostBytes = await bytesLeftFor(pool, id)
    if (mostBytes === undefined) return
    const made = await agent.keep(id, { volume, path, mostBytes })
    await withTransaction(pool, (tx) => keepSubmission(tx, { id, made, now: now() }))
  } catch (error) {
    if (!stopping?.aborted)
      log.warn({ err: error, submission: id }, 'a submission could not be kept; it is tried again')
  }
}

/** Once, to its end. */
export async function keepSubmissions(means: Means): Promise<void> {
  const keeper = submissionKeeper(means)
  await keeper.look()
  await keeper.rest()
}
