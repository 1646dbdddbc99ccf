/**
 * One stack as a file in Git: the template of one seat, and numbers. Small, read in a diff, and enough to make the
 * very Terraform JSON that a worker runs (`labplan render FILE`).
 */
import { z } from 'zod'
import { seatNumbers, seatRanges, seatTemplateSchema } from '../blueprint.ts'
import type { BlueprintCourse, BlueprintPool } from '../blueprint.ts'
import { isInRoot, needsRoot, type StackContent } from '../content.ts'
import { limitOf, sharesOf } from './contents.ts'
import { templateIn } from './pool-constraints.ts'
import { seatBlocks } from './wanted.ts'

const ranges = z.string().regex(/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/)
const common = { apiVersion: z.literal('labplan/v1'), stack: z.string(), course8: z.string() }

export const stackFileSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('Seats'),
    pool: z.string(),
    /** Every number that it may hold over the term; at an instant those that have a reason. */
    seats: ranges,
    template: seatTemplateSchema,
  }),
  z.strictObject({
    ...{ ...common, kind: z.literal('Volumes'), seats: ranges },
    /** What each is held to, and by what; the engine itself, to nothing, when absent. */
    limit: z
      .strictObject({
        backend: z.enum(['local', 'nfs', 'cephfs', 'manila']),
        limitMb: z.int(),
        server: z.string().optional(),
      })
      .optional(),
    /** Where a cloud has the shares of those that its Manila keeps. */
    shares: z.strictObject({ region: z.string(), shareType: z.string() }).optional(),
  }),
])

export type StackFile = z.infer<typeof stackFileSchema>

/** Stack key → its file, of every stack that the course may have; in each pool its seats are bound to that one. */
export function stackFiles(
  course: BlueprintCourse,
  pools: BlueprintPool[],
): Map<string, StackFile> {
  const files = new Map<string, StackFile>()
  const { course8, template, volumes } = course
  if (template === null) return files
  const head = { apiVersion: 'labplan/v1' as const, course8 }
  for (const [pool, numbers] of numbersByPool(course))
    for (const [block, seats] of seatBlocks(numbers)) {
      const name = pool === course.pool ? course.key : `${course.key}_${pool}`
      const stack = `seats-${name}-${block}`
      const made = { pool, seats: seatRanges(seats), template: templateIn(template, pools, pool) }
      files.set(stack, { ...head, stack, kind: 'Seats', ...made })
    }
  if (volumes !== null && template.volume !== null) {
    const stack = `volumes-${course.key}`
    files.set(stack, {
      ...{ ...head, stack, kind: 'Volumes', seats: course.seats },
      ...limitOf(template),
      ...sharesOf(template),
    })
  }
  return files
}

function numbersByPool(course: BlueprintCourse): Map<string, Set<number>> {
  const byPool = new Map<string, Set<number>>()
  const add = (pool: string, numbers: number[]) =>
    byPool.set(pool, new Set([...(byPool.get(pool) ?? []), ...numbers]))
  for (const session of course.sessions) add(session.pool, seatNumbers(session.seats))
  // Outside class any number of the course may be in use.
  if (course.headroom !== null) add(course.pool, seatNumbers(course.seats))
  return byPool
}

export interface RenderChoice {
  installation: string
  registry: string
  /** Where nodes have the volumes that a backend keeps. */
  storageRoot: string
  /** Of the file's numbers these only; all when absent. */
  seats?: string | undefined
  /** Seats that were reset: number → generation. All others are in their first. */
  generations?: Map<number, number> | undefined
}

/** What a worker gives the renderer. Throws when the choice names seats that the file has not. */
export function contentOfFile(file: StackFile, choice: RenderChoice): StackContent {
  const { installation, registry, storageRoot, generations = new Map<number, number>() } = choice
  const known = new Set(seatNumbers(file.seats))
  const numbers = seatNumbers(choice.seats ?? file.seats)
  const strange = [...numbers, ...generations.keys()].filter((number) => !known.has(number))
  if (strange.length > 0) throw new Error(`${file.stack} has no seat ${seatRanges(strange)}.`)
  const head = { key: file.stack, installation, course8: file.course8 }
  const generation = (number: number) => generations.get(number) ?? 1
  if (file.kind === 'Volumes') {
    const limit = file.limit && { limit: file.limit }
    return {
      ...{ ...head, kind: 'volumes', ...(isInRoot(file.limit?.backend) && { storageRoot }) },
      ...(file.shares && { shares: file.shares }),
      volumes: numbers.flatMap((seat) =>
        Array.from({ length: generation(seat) }, (_, i) => ({
          ...{ seat, generation: i + 1, ...limit },
        })),
      ),
    }
  }
  const { template } = file
  return {
    ...{
      ...head,
      kind: 'seats',
      registry,
      ...(needsRoot(template) && { storageRoot }),
    },
    seats: numbers.map((number) => ({ number, generation: generation(number), template })),
  }
}
