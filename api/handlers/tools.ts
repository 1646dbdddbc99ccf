/** The tools that apply plans: which were seen, and which may. */
import { z } from 'zod'
import { withTransaction } from '../data/db.ts'
import { allTools, approveTools } from '../data/tools.ts'
import { conflict } from '../errors.ts'
import { type Handler, actorOf } from '../visit.ts'

export const list: Handler = async (visit) => ({
  json: {
    tools: (await allTools(visit.pool, visit.ring)).map((one) => ({
      ...{ digest: one.digest, ...one.parts, seenAt: one.seen_at },
      ...{ approvedAt: one.approved_at, by: one.approved_by_role },
    })),
  },
})

export const approvalBody = z.object({ digest: z.string().regex(/^[0-9a-f]{12,64}$/) })

export const approve: Handler<unknown, z.infer<typeof approvalBody>> = async (visit) => {
  const { pool, ring, at: now, body } = visit
  const actor = actorOf(visit, 'administrator')
  const known = (await allTools(pool, ring)).filter((one) => one.digest.startsWith(body.digest))
  const [one] = known
  if (!one || known.length > 1) throw conflict('problem.unknown-tools')
  const { digest } = one
  await withTransaction(pool, (tx) => approveTools(tx, { digest, actor, ring, now }))
  return { json: { digest } }
}
