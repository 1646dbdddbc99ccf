/** Why a plan may not be applied with nobody looking, and what the guards look at. */
import type { Content } from '../../stacks/content.ts'
import type { Change } from './plan.ts'

export type Refusal = { code: RefusalCode; address: string; detail: string }
export type RefusalCode =
  | 'type_not_ours' // a kind of resource this stack never has
  | 'not_labelled_ours' // an object of another stack or installation
  | 'volume_would_be_lost'
  | 'seat_is_running' // its replicas are not 0
  | 'seat_is_unknown' // it is not where the plan thinks it is
  | 'node_is_in_use' // seats run on it
  | 'base_would_be_lost' // networks and managers go only when nothing of the pool is wanted
  | 'too_many' // beyond the approved numbers
  // Of the envelope (envelope.ts):
  | 'not_approved' // nobody approved that it is there
  | 'still_approved' // it would go, and is approved to be there
  | 'would_be_replaced'
  | 'not_as_approved' // of another make or size
  | 'would_cost_more' // than what was approved

export type Limits = { create?: number; update?: number; delete?: number }

export type GuardInput = {
  changes: Change[]
  kind: Content['kind']
  /** Nothing of the stack is wanted any more. */
  isTeardown?: boolean
  /** Of a base: where its network is. Once the first region's stack held all of a pool's. */
  region?: string | undefined
  installation: string
  stackKey: string
  /** Replicas of this stack's services as they are now, by service id; seats on its machines, by theirs. */
  replicas: Map<string, number>
  limits: Limits
  /** Addresses of volumes whose files were purged by order: what is left of them may be deleted. */
  released?: string[]
}

/** How an object of others is told; undefined when it is ours. */
export function strangeLabels(change: Change, input: GuardInput): string | undefined {
  const installation = { 'labplan.installation': input.installation }
  // A volume may have been made by its seat, which belongs to another stack.
  const own =
    input.kind === 'volumes' ? installation : { ...installation, 'labplan.stack': input.stackKey }
  for (const labels of [change.labelsBefore, change.labelsAfter])
    for (const [label, value] of Object.entries(own))
      if (labels && labels[label] !== value)
        return `${label} is ${labels[label] ?? 'missing'}, not ${value}`
  return undefined
}
