/** From what the blueprint wants to the content of a stack: generations, and whoever is at work left alone. */
import {
  type SeatContent,
  type StackContent,
  type VolumeContent,
  contentDigest,
  isInRoot,
  needsRoot,
} from '../../stacks/content.ts'
import type { ServiceTemplate } from '../../stacks/blueprint.ts'
import { dataOf, limitOf, sharesOf } from '../../stacks/rules/contents.ts'
import { scratchTemplate } from '../../stacks/rules/scratch.ts'
import { withoutPersonal } from '../../stacks/rules/personal.ts'
import { serviceTemplate } from '../../stacks/rules/template.ts'
import type { WantedStack } from '../../stacks/rules/wanted.ts'
import type { Db } from '../../api/data/db.ts'
import { seatTemplate } from '../../api/data/seats/seat-template.ts'
import {
  type StackSeat,
  type StackWish,
  type UnusualSeat,
  unusualSeats,
} from '../../api/data/runs/stack-wish.ts'
import type { Steps } from './pass-steps.ts'

export type Place = { installation: string; registry: string; storageRoot: string }

export async function contentOf(db: Db, place: Place, stack: WantedStack): Promise<StackContent> {
  return contentWith(db, place, stack, await unusualSeats(db, [stack]))
}

type Read = { stacks: WantedStack[]; unusual: UnusualSeat[]; steps: Pick<Steps, 'take'> }

/**
 * The wish for each stack, and those of which it could not be said; `unusual`: what `unusualSeats` says of them. What a stack was like in the last pass is
 * remembered: its digest is that of hundreds of lines, and mostly the same.
 */
export function wishReader(
  place: Place,
): (db: Db, read: Read) => Promise<{ wishes: StackWish[]; unsaid: WantedStack[] }> {
  let known = new Map<string, StackWish>()
  return async (db, { stacks, unusual, steps }) => {
    const byCourse = Map.groupBy(unusual, (row) => row.course_key)
    const fresh = new Map<string, StackWish>()
    const unsaid: WantedStack[] = []
    for (const stack of stacks) {
      const own = byCourse.get(stack.course) ?? []
      const likeness = `${stack.key} ${stack.contentDigest} ${JSON.stringify(own)}`
      const read = async () => wishOf(stack, await contentWith(db, place, stack, own))
      const what = `Course ${stack.course}: what ${stack.key} should hold could not be said.`
      const wish = known.get(likeness) ?? (await steps.take(what, read, undefined))
      if (wish) fresh.set(likeness, wish)
      else unsaid.push(stack)
    }
    known = fresh
    return { wishes: [...fresh.values()], unsaid }
  }
}

async function contentWith(
  db: Db,
  place: Place,
  stack: WantedStack,
  rows: StackSeat[],
): Promise<StackContent> {
  const common = { key: stack.key, installation: place.installation, course8: stack.course8 }
  const root = (isKept: boolean) => (isKept ? { storageRoot: place.storageRoot } : {})
  if (stack.kind === 'volumes') {
    const volumes = volumesOf(stack, rows)
    return {
      ...common,
      ...root(volumes.some((one) => isInRoot(one.limit?.backend))),
      kind: 'volumes',
      volumes,
      ...sharesOf(stack.template),
      ...dataOf(stack.template),
    }
  }
  const known = new Map(rows.map((row) => [row.number, row]))
  const seats: SeatContent[] = []
  for (const number of stack.seats) {
    const row = known.get(number)
    const template = await templateOf(db, stack, row)
    seats.push({ number, generation: row?.generation ?? 1, template })
  }
  const isKept = seats.some((seat) => needsRoot(seat.template))
  return { ...common, ...root(isKept), kind: 'seats', registry: place.registry, seats }
}

/** A seat somebody works in keeps what it is made of; the new template waits for its next cold moment. */
async function templateOf(
  db: Db,
  stack: WantedStack,
  row: StackSeat | undefined,
): Promise<ServiceTemplate> {
  if (!row?.at_work || row.template_digest === null || row.template_digest === stack.templateDigest)
    return newTemplate(serviceTemplate(stack.template), row)
  return seatTemplate<ServiceTemplate>(db, row.template_digest)
}

function newTemplate(whole: ServiceTemplate, row: StackSeat | undefined): ServiceTemplate {
  const template = row?.without_personal ? withoutPersonal(whole) : whole
  if (row?.engine_volumes.includes(row.generation)) return withEngineVolume(template)
  return (row?.scratch && scratchTemplate(template, row.scratch_node)) || template
}

/** One object for each template, since its digest is remembered by it. */
const withEngineVolumes = new WeakMap<ServiceTemplate, ServiceTemplate>()

/** Made when its pool had no backend: its files are in the engine's own volume, and stay there. */
function withEngineVolume(template: ServiceTemplate): ServiceTemplate {
  if (!template.volume?.backend) return template
  const known = withEngineVolumes.get(template)
  if (known) return known
  const { backend: _backend, server: _server, ...volume } = template.volume
  const made = { ...template, volume }
  withEngineVolumes.set(template, made)
  return made
}

/** Every generation of every number that has a volume or a holder: a smaller plan drops none. */
function volumesOf(stack: WantedStack, rows: StackSeat[]): VolumeContent[] {
  const generations = new Map(stack.seats.map((number) => [number, 1]))
  const byNumber = new Map(rows.map((row) => [row.number, row]))
  for (const row of rows) {
    if (row.taken || row.volume_made || generations.has(row.number))
      generations.set(row.number, row.generation)
  }
  const limit = limitOf(stack.template)
  return [...generations].flatMap(([seat, last]) =>
    Array.from({ length: last }, (_, i) => {
      const generation = i + 1
      const known = byNumber.get(seat)
      const isErased =
        known?.erased_volumes.includes(generation) && limit.limit?.backend === 'manila'
      return {
        ...{ seat, generation, ...(!known?.engine_volumes.includes(generation) && limit) },
        ...(isErased && { erased: true as const }),
      }
    }),
  )
}

function wishOf(stack: WantedStack, content: StackContent): StackWish {
  return {
    key: stack.key,
    kind: stack.kind,
    poolKey: stack.pool,
    courseKey: stack.course,
    digest: contentDigest(content),
  }
}
