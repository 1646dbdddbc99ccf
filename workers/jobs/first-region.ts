/**
 * Once all regions of a pool were one Terraform state, that of the first region by now. It takes away what it has of the
 * others, machines before networks and none with seats; until then the others' own stacks make nothing there: no machine is
 * there twice.
 */
import { z } from 'zod'
import { findState } from '../../api/data/runs/state.ts'
import { findStack, type StackRow } from '../../api/data/runs/stack-wish.ts'
import type { MachinesContent } from '../../stacks/content.ts'
import { otherRegion } from '../../stacks/parts/names.ts'
import type { ApplyMeans } from './apply-means.ts'

/**
 * A sentence for who keeps the pool; undefined when there is nothing to wait for.
 * @param seatsOn by machine key, how many seats run on it now
 */
export async function waitsForFirst(
  means: Pick<ApplyMeans, 'pool' | 'ring'>,
  {
    stack,
    content,
    seatsOn,
  }: {
    stack: Pick<StackRow, 'key'>
    content: MachinesContent
    seatsOn(content: MachinesContent): Promise<Map<string, number>>
  },
): Promise<string | undefined> {
  const { pool, kind } = content
  const region = otherRegion(stack.key)
  const first = `${kind}-${pool}`
  if (region !== null) {
    const isHeld = (await recordedOf(means, first)).some((one) => one.region === region)
    return isHeld
      ? `Region ${region} has a Terraform state of its own now: this waits until ${first}, which held all regions before, has taken away what is there.`
      : undefined
  }
  const here = content.cloud.regions[0]?.name
  const strange = (await recordedOf(means, stack.key)).filter((one) => one.region !== here)
  if (strange.length === 0) return undefined
  if (kind === 'base')
    return (await recordedOf(means, `nodes-${pool}`)).some((one) => one.region !== here)
      ? `Other regions have Terraform states of their own now: their networks go once nodes-${pool} has no machine on them.`
      : undefined
  const seats = await seatsOn(content)
  const inUse = strange.filter(({ name }) => (seats.get(name) ?? 0) > 0)
  return inUse.length > 0
    ? `Other regions have Terraform states of their own now: this waits until nobody works on ${inUse.map(({ name }) => name).join(', ')}, which are then made anew.`
    : undefined
}

/** What a stack's state has in a region: nothing, for one that was never run. */
async function recordedOf(
  { pool, ring }: Pick<ApplyMeans, 'pool' | 'ring'>,
  key: string,
): Promise<Recorded[]> {
  const stack = await findStack(pool, key)
  const known = stack && (await findState(pool, ring, stack.id))
  return known ? recordedIn(known.bytes) : []
}

type Recorded = { name: string; region: string }

const state = z.looseObject({
  resources: z.array(
    z.looseObject({
      ...{ mode: z.string(), name: z.string() },
      instances: z.array(
        z.looseObject({ attributes: z.looseObject({ region: z.string().nullish() }) }),
      ),
    }),
  ),
})

/** @param bytes a Terraform state, format 4 */
export function recordedIn(bytes: Buffer): Recorded[] {
  const { resources } = state.parse(JSON.parse(bytes.toString()))
  return resources
    .filter(({ mode }) => mode === 'managed')
    .flatMap(({ name, instances }) =>
      instances.flatMap(({ attributes: { region } }) => (region ? [{ name, region }] : [])),
    )
}
