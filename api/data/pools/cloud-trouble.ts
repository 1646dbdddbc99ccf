/** Why the cloud of a pool refused, read from what it said, with the sessions that its machines were for. */
import { type Asker, askersAt } from '../../../stacks/rules/cloud-askers.ts'
import { type CloudTrouble, readCloudTrouble } from '../../../stacks/rules/cloud-trouble.ts'
import type { Blueprint } from '../../../stacks/blueprint.ts'
import type { NoticeLine } from '../notice.ts'

export type ToldTrouble = CloudTrouble & { askedBy: Asker[] }

/** More would only be more to read. */
const ASKERS_TOLD = 5

/**
 * Null when the text is of no cause that we know: then it is shown as it is.
 * @param said the message of a run or of its stack
 * @param at when it was said
 */
export function tellTrouble(
  said: string | null,
  { blueprint, poolKey, at }: { blueprint: Blueprint | undefined; poolKey: string; at: Date },
): ToldTrouble | null {
  const cloud = blueprint?.pools.find(({ key }) => key === poolKey)?.cloud ?? undefined
  const trouble = readCloudTrouble(said, cloud)
  if (!trouble) return null
  return { ...trouble, askedBy: blueprint ? askersAt(blueprint, poolKey, at.toISOString()) : [] }
}

/** Codes of the catalogue with their parameters, for pages, the command line and notices: what happened, what to do, who asked. */
export function troubleLines({ code, params, askedBy }: ToldTrouble): NoticeLine[] {
  const more = askedBy.length - ASKERS_TOLD
  return [
    { code: `cloud.trouble.${code}`, params },
    { code: `cloud.trouble.${code}.do`, params },
    ...(askedBy.length === 0 ? [{ code: 'cloud.asked-by.nobody' }] : []),
    ...askedBy.slice(0, ASKERS_TOLD).map(({ course, startsAt, students }) => ({
      ...{ code: 'cloud.asked-by', params: { course, startsAt, students } },
    })),
    ...(more > 0 ? [{ code: 'cloud.asked-by.more', params: { count: more } }] : []),
  ]
}
