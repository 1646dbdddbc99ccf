/** A policy tried on the changes of the record. */
import { changeFactsSchema } from '../../../stacks/rules/change-facts.ts'
import type { Lane } from '../../../stacks/rules/gate.ts'
import { type Trial, tryPolicy } from '../../../stacks/rules/policy-trial.ts'
import type { Policy } from '../../../stacks/terms-policy.ts'
import { type Db, many, sql } from '../db.ts'

/** The latest so many changes whose facts are known, newest first. */
export async function tryOnRecord(db: Db, policy: Policy, limit: number): Promise<Trial> {
  const rows = await many<{ id: string; title: string; lane: Lane; facts: unknown }>(
    db,
    sql`select id, title, lane, facts from change where facts is not null order by created_at desc, id desc limit ${limit}`,
  )
  const known = rows.flatMap(({ facts, ...row }) => {
    const read = changeFactsSchema.safeParse(facts)
    return read.success ? [{ ...row, facts: read.data }] : []
  })
  return tryPolicy(policy, known)
}
