/** Changes that wait too long: their deputies may decide too, and the infra team hears of it. What goes wrong with one keeps no other. */
import { changesThatWait, waitingFor } from '../../api/data/changes/approval.ts'
import { tellDeputies } from '../../api/data/changes/change-notice.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { policyInForce } from '../../api/data/courses/documents.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { passSteps } from './pass-steps.ts'

export async function watchChanges(pool: Pool, ring: KeyRing, now: Date): Promise<void> {
  const waiting = (await changesThatWait(pool)).filter((change) =>
    change.rules.some((rule) => rule.deputy),
  )
  if (waiting.length === 0) return
  const policy = await policyInForce(pool)
  const steps = passSteps({ pool, now: () => now })
  for (const change of waiting)
    await steps.take(
      `Change ${change.id}: nobody could be told that deputies may decide.`,
      async () => {
        for (const { by, at } of (await waitingFor(pool, ring, change, policy, now)).deputies)
          if (at <= now) await withTransaction(pool, (tx) => tellDeputies(tx, { change, by, now }))
      },
      undefined,
    )
  steps.end()
}
