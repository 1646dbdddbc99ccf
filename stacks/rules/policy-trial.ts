/** What would a policy have made of changes that are over? Decided from their facts alone, so at once. */
import type { Policy } from '../terms-policy.ts'
import type { ChangeFacts } from './change-facts.ts'
import { type Lane, decide } from './gate.ts'

export interface Tried {
  id: string
  title: string
  /** The lane it took. */
  before: Lane
  lane: Lane
  /** Keys of the rules that hold. */
  rules: string[]
}

export interface Trial {
  changes: Tried[]
  counts: Record<Lane, number>
}

export function tryPolicy(
  policy: Policy,
  changes: { id: string; title: string; lane: Lane; facts: ChangeFacts }[],
): Trial {
  const counts: Trial['counts'] = { automatic: 0, review: 0, deny: 0 }
  const tried = changes.map(({ id, title, lane: before, facts }) => {
    const { lane, rules } = decide(facts, policy)
    counts[lane]++
    return { id, title, before, lane, rules: rules.map((rule) => rule.key) }
  })
  return { changes: tried, counts }
}
