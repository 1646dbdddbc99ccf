/**
 * Which plans may be applied with nobody looking. Pure. Anything ambiguous is refused: a run that is held
 * costs a delay, a wrong one costs somebody's work.
 */
import { SHARE } from '../../stacks/parts/names.ts'
import { refusalsOfMachine } from './guard-machines.ts'
import type { Change } from './plan.ts'
import { NOTHING_OUTSIDE } from './survey.ts'
import {
  type GuardInput,
  type Limits,
  type Refusal,
  type RefusalCode,
  strangeLabels,
} from './refusal.ts'

export type { GuardInput, Limits, Refusal, RefusalCode } from './refusal.ts'

const TYPES = {
  seats: ['docker_service'],
  volumes: ['docker_volume', SHARE],
}

/** Every reason not to apply; none means go on. */
export function refusals(input: GuardInput): Refusal[] {
  const touching = input.changes.filter((change) => change.action !== 'none' || change.isImport)
  return [...touching.flatMap((change) => refusalsOf(change, input)), ...beyondLimits(input)]
}

function refusalsOf(change: Change, input: GuardInput): Refusal[] {
  const refuse = (code: RefusalCode, detail: string) => [{ code, address: change.address, detail }]
  // Limits of volumes: what holds files is not touched by it.
  if (change.type === NOTHING_OUTSIDE && input.kind === 'volumes') return []
  if (input.kind === 'base' || input.kind === 'nodes') return refusalsOfMachine(change, input)
  if (!TYPES[input.kind].includes(change.type))
    return refuse('type_not_ours', `${change.type} in a ${input.kind} stack`)
  const stranger = strangeLabels(change, input)
  if (stranger) return refuse('not_labelled_ours', stranger)
  if (input.kind === 'volumes') {
    const isReleased = change.action === 'delete' && input.released?.includes(change.address)
    const harmless = change.action === 'create' || change.action === 'none' || isReleased === true
    return harmless ? [] : refuse('volume_would_be_lost', `${change.action} of a volume`)
  }
  if (change.action === 'create' || change.action === 'none') return []
  return notCold(change, input.replicas).flatMap(([code, detail]) => refuse(code, detail))
}

/** A running seat is created or removed, never changed; and it is removed only after it was stopped. */
function notCold(change: Change, replicas: Map<string, number>): [RefusalCode, string][] {
  if (change.id === null) return [['seat_is_unknown', 'the plan names no service id']]
  const running = replicas.get(change.id)
  // Gone already: the refresh was before somebody removed it, and nothing is lost.
  if (running === undefined)
    return change.action === 'delete' ? [] : [['seat_is_unknown', `no service ${change.id}`]]
  return running === 0 ? [] : [['seat_is_running', `${change.action} with ${running} replicas`]]
}

function beyondLimits({ changes, limits }: GuardInput): Refusal[] {
  const count = (...actions: string[]) =>
    changes.filter((change) => actions.includes(change.action)).length
  const planned = {
    create: count('create', 'replace'),
    update: count('update'),
    delete: count('delete', 'replace'),
  }
  return (Object.keys(planned) as (keyof Limits)[]).flatMap((action) => {
    const limit = limits[action]
    if (limit === undefined || planned[action] <= limit) return []
    return [
      {
        code: 'too_many' as const,
        address: '',
        detail: `${planned[action]} to ${action}, ${limit} approved`,
      },
    ]
  })
}

/** One sentence for the run's message. */
export function refusalText(refused: Refusal[]): string {
  const [first] = refused
  if (!first) return ''
  const more = refused.length > 1 ? ` and ${refused.length - 1} more` : ''
  return `Held: ${first.address || 'the plan'}: ${first.code} (${first.detail})${more}.`
}
