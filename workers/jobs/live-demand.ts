/** What `stacks/rules/decide-nodes.ts` decides from: the machines there are, and who needs room beyond the timeline. */
import type { Db } from '../../api/data/db.ts'
import { closedPools, nodesNow, waitingSeats } from '../../api/data/pools/live-demand.ts'
import { refusingRegions } from '../../api/data/pools/region-refusal.ts'
import type { Blueprint, BlueprintCourse } from '../../stacks/blueprint.ts'
import { parseInstant, wallOf } from '../../stacks/rules/clock.ts'
import type { LiveDemand, Situation } from '../../stacks/rules/decide-nodes.ts'
import { isInHours } from '../../stacks/rules/hours.ts'
import type { Leads } from '../../stacks/rules/node-lead.ts'
import { sessionsUnderWay } from '../../stacks/rules/wanted.ts'

/** Shorter waits end by themselves: somebody stops, or the Swarm has not looked yet. */
const PATIENCE_MS = 10_000

/** `areThere`: whether any machine of a cloud is in the record */
export async function situationNow(
  db: Db,
  blueprint: Blueprint,
  { areThere, leads, now }: { areThere: boolean; leads: Leads; now: Date },
): Promise<Situation> {
  const kinds = new Map(
    blueprint.pools.flatMap(({ key, cloud }) =>
      (cloud?.flavours ?? []).map((one) => [`${key} ${one.key}`, one.gpu?.kind] as const),
    ),
  )
  const nodes = areThere
    ? await nodesNow(db, (pool, flavour) => kinds.get(`${pool} ${flavour}`))
    : []
  const isSpread = blueprint.pools.some(({ cloud }) => (cloud?.regions.length ?? 0) > 1)
  const refusing = isSpread ? await refusingRegions(db, now) : []
  const common = { nodes, leads, refusing, now: now.getTime() }
  if (!blueprint.pools.some(({ live }) => live)) return { ...common, demands: [], closed: [] }
  const waiting = await waitingSeats(db, new Date(now.getTime() - PATIENCE_MS))
  const queue = waiting.map(({ template: need, ...one }) => ({
    ...{ ...one, why: 'queue' as const, need },
  }))
  return {
    ...common,
    demands: [...queue, ...headroomNow(blueprint, now.getTime())],
    closed: await closedPools(db),
  }
}

/** Outside its classes, in its hours, a course has room for so many more. */
function headroomNow({ courses, pools }: Blueprint, now: number): LiveDemand[] {
  const live = new Set(pools.flatMap((pool) => (pool.live ? [pool.key] : [])))
  return courses.flatMap((course) => {
    const { key, pool, template, headroom } = course
    if (!template || !live.has(pool) || !isOpen(course, now)) return []
    const seats = headroom?.reserved ?? 0
    return seats === 0
      ? []
      : [{ pool, course: key, why: 'headroom' as const, seats, need: template, isRefused: false }]
  })
}

function isOpen({ headroom, sessions }: BlueprintCourse, now: number): boolean {
  if (headroom === null || sessionsUnderWay(sessions, now).length > 0) return false
  const { from, until, timeZone, hours, days } = headroom
  if (now < parseInstant(from) || now >= parseInstant(until)) return false
  return isInHours(wallOf(now, timeZone), hours, days)
}
