/** A student presses Stop, or gives up waiting. */
import { withTransaction, type Pool } from '../../api/data/db.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import type { VirtualClock } from './clock.ts'

export async function stop(
  { pool, clock }: { pool: Pool; clock: VirtualClock },
  workspaceId: string,
): Promise<void> {
  const actor = { name: 'student', role: 'student' } as const
  await withTransaction(pool, (tx) =>
    stopWorkspace(tx, { workspaceId, actor, now: clock.now(), reason: 'asked' }),
  )
}
