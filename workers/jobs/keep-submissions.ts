/** Goes on with what was handed in while who was at it died, or the agent was away. Asked for twice, it is kept once. */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { bytesLeftOf, keepSubmission, submissionsLeft } from '../../api/data/submission.ts'
import { openOutages } from '../../api/data/storage-outage.ts'
import type { StorageAgent } from '../../api/storage-agent.ts'

type Means = { pool: Pool; agent: StorageAgent; log: Pick<Logger, 'warn'>; now: () => Date }

/** The API is at it itself; what it has not told by then it will not tell. */
const LEFT_MS = 30_000

export async function keepSubmissions({ pool, agent, log, now }: Means): Promise<void> {
  if ((await openOutages(pool)).length > 0) return
  for (const { id, workspace_id, volume, path } of await submissionsLeft(
    pool,
    new Date(now().getTime() - LEFT_MS),
  )) {
    try {
      const mostBytes = await bytesLeftOf(pool, workspace_id)
      const made = await agent.keep(id, { volume, path, mostBytes })
      await withTransaction(pool, (tx) => keepSubmission(tx, { id, made, now: now() }))
    } catch (error) {
      log.warn({ err: error, submission: id }, 'a submission could not be kept; it is tried again')
    }
  }
}
