/** What is every stack of an instant made of, as far as the blueprint alone says? */
import type { Blueprint, SeatTemplate } from '../blueprint.ts'
import {
  needsRoot,
  type MachinesContent,
  type StackContent,
  type VolumeContent,
  type VolumesContent,
} from '../content.ts'
import { wholeGib } from '../parts/seat-share.ts'
import { machinesAt, machinesContent } from './machine-stacks.ts'
import { serviceTemplate } from './template.ts'
import { wantedAt, type WantedStack } from './wanted.ts'

type Place = { installation: string; registry: string; storageRoot: string }

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
  const common = {
    ...{ key: stack.key, installation: place.installation, course8: stack.course8 },
    ...(needsRoot(stack.template) && { storageRoot: place.storageRoot }),
  }
  if (stack.kind === 'volumes') {
    const limit = limitOf(stack.template)
    const volumes = stack.seats.map((seat) => ({ seat, generation: 1, ...limit }))
    const shares = sharesOf(stack.template)
    return { ...common, kind: 'volumes', volumes, ...shares, ...dataOf(stack.template) }
  }
  const template = serviceTemplate(stack.template)
  const seats = stack.seats.map((number) => ({ number, generation: 1, template }))
  return { ...common, kind: 'seats', registry: place.registry, seats }
}

/** The version of the course's data that is in force, where something keeps it. */
export function dataOf({ data }: SeatTemplate): {
  data?: { version: number; sizeMb: number }
} {
  if (!data?.backend) return {}
  return { data: { version: data.version, sizeMb: data.sizeMb } }
}

/** What a volume of this template is held to; nothing when the engine itself keeps it. */
export function limitOf({ volume }: SeatTemplate): Pick<VolumeContent, 'limit'> {
  if (!volume?.backend) return {}
  const { backend, server, quotaMb } = volume
  const limitMb = backend === 'manila' ? wholeGib(quotaMb) : quotaMb
  return { limit: { backend, limitMb, ...(server !== undefined && { server }) } }
}

/** Where a cloud has the shares of its volumes; nothing where none keeps them. */
export function sharesOf({ volume }: SeatTemplate): Pick<VolumesContent, 'shares'> {
  const { backend, region, shareType } = volume ?? {}
  if (backend !== 'manila' || region === undefined || shareType === undefined) return {}
  return { shares: { region, shareType } }
}
