/** What a course of a zone may be made of, and what the policy says where a course does not. */
import type { Environment } from '../../../stacks/terms.ts'
import type { Pool } from '../../../stacks/terms-pool.ts'
import type { Policy } from '../../../stacks/terms-policy.ts'
import { type StoredDocument } from './course.ts'
import { type Db, many, sql } from '../db.ts'
import { merged, policyIn, valuesOf } from './documents.ts'

export type CourseChoices = {
  environments: Pick<Environment, 'key' | 'title' | 'ports'>[]
  pools: Pick<Pool, 'key' | 'title'>[]
  /** Kinds of GPUs that any of these pools has or can buy. */
  gpuKinds: string[]
  policy: Policy
}

/** `own`: what the course has now is a choice too, built or not. */
export async function courseChoices(
  db: Db,
  of: { zone: string; own: string },
): Promise<CourseChoices> {
  const stored = await many<StoredDocument>(
    db,
    sql`select kind, key, text from document where kind in ('Environment', 'Pool', 'Policy') order by key`,
  )
  const documents = merged(stored, [])
  const pools = valuesOf(documents, 'Pool').filter((one) => one.zone === of.zone)
  const kinds = pools.flatMap(({ nodes, flavours }) =>
    [...nodes, ...flavours].map((one) => one.gpu?.kind),
  )
  return {
    environments: valuesOf(documents, 'Environment').filter(
      (one) => one.key === of.own || (one.zone === of.zone && one.image !== undefined),
    ),
    pools: pools.map(({ key, title }) => ({ key, title })),
    gpuKinds: [...new Set(kinds.filter((one) => one !== undefined))].toSorted(),
    policy: policyIn(documents),
  }
}
