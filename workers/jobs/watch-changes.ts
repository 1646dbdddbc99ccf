/** Changes that wait too long: their deputies may decide too, and the infra team hears of it. */
import { changesThatWait, waitingFor } from '../../api/data/approval.ts'
import { tellDeputies } from '../../api/data/change-notice.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { policyInForce } from '../../api/data/documents.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'

export async function watchChanges(pool: Pool, ring: KeyRing, now: Date): Promise<void> {
  const waiting = (await changesThatWait(pool)).filter((change) =>
    change.rules.some((rule) => rule.deputy),
  )
  if (waiting.length === 0) return
  const policy = await policyInForce(pool)
  for (const change of waiting)
    for (const { by, at } of (await waitingFor(pool, ring, change, policy, now)).deputies)
      if (at <= now) await withTransaction(pool, (tx) => tellDeputies(tx, { change, by, now }))
}
