/** What is every stack of an instant made of, as far as the blueprint alone says? */
import type { Blueprint } from '../blueprint.ts'
import type { MachinesContent, StackContent } from '../content.ts'
import { machinesAt, machinesContent } from './machine-stacks.ts'
import { wantedAt, type WantedStack } from './wanted.ts'

type Place = { installation: string; registry: string }

/**
 * Sorted by key within machines, then within seats and volumes. Generations of seats are known to the running
 * system only: every seat is shown in its first.
 */
export function contentsAt(
  blueprint: Blueprint,
  now: string,
  place: Place,
): (StackContent | MachinesContent)[] {
  return [
    ...machinesAt(blueprint, now).map((wanted) => machinesContent(wanted, place.installation)),
    ...wantedAt(blueprint, now).stacks.map((wanted) => contentOf(wanted, place)),
  ]
}

function contentOf(stack: WantedStack, place: Place): StackContent {
  const common = { key: stack.key, installation: place.installation, course8: stack.course8 }
  if (stack.kind === 'volumes')
    return {
      ...common,
      kind: 'volumes',
      volumes: stack.seats.map((seat) => ({ seat, generation: 1 })),
    }
  const seats = stack.seats.map((number) => ({ number, generation: 1, template: stack.template }))
  return { ...common, kind: 'seats', registry: place.registry, seats }
}
