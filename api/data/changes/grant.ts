/** What approving a change lets its courses have from then on. */
import { canonicalJson } from '../../../stacks/blueprint.ts'
import { grantsOf } from '../../../stacks/rules/gate.ts'
import { type StoredDocument, grantAllowance } from '../courses/course.ts'
import type { Db } from '../db.ts'
import type { Judged } from './gate.ts'

/**
 * A review that lets a course go beyond its allowance gives it a new one, with room: the next student needs no
 * review. A document that says another allowance than before starts anew. A class that runs took what was free,
 * and no more than that.
 */
export async function keepGrants(
  tx: Db,
  approved: { documents: StoredDocument[]; judged: Judged },
): Promise<void> {
  const { facts, decision, policy } = approved.judged
  const grants = decision.lane === 'automatic' ? new Map() : grantsOf(facts, policy)
  const edited = new Set(approved.documents.map(({ kind, key }) => `${kind} ${key}`))
  for (const { key, own, ownBefore } of facts.courses) {
    if (!edited.has(`Course ${key}`)) continue
    const isNew = ownBefore !== null && canonicalJson(own) !== canonicalJson(ownBefore)
    const granted = grants.get(key) ?? {}
    if (isNew || Object.keys(granted).length > 0)
      await grantAllowance(tx, { courseKey: key, granted, isNew })
  }
}
