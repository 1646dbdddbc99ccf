/** Which sessions are the machines for that a pool should have at an instant? */
import type { Blueprint } from '../blueprint.ts'
import { parseInstant } from './clock.ts'

export type Asker = { course: string; session: string; startsAt: string; students: number }

/** Networks are made so long before the first machine: what asks for that asks for them. */
const BASE_LEAD_MS = 30 * 60_000

/**
 * Sessions that have a place on a machine which is bought for now, soonest first; none for machines that are always on.
 * @param now ISO instant
 */
export function askersAt(blueprint: Blueprint, poolKey: string, now: string): Asker[] {
  const at = parseInstant(now)
  const nodes = blueprint.pools.find(({ key }) => key === poolKey)?.nodes ?? []
  const lives = nodes
    .map(({ key, from, until }) => ({ key, from: parseInstant(from), until: parseInstant(until) }))
    .filter(({ from, until }) => from - BASE_LEAD_MS <= at && at < until)
  if (lives.length === 0) return []
  const isOn = (node: string, from: number, until: number): boolean =>
    lives.some((life) => life.key === node && from < life.until && life.from < until)
  return blueprint.courses
    .flatMap((course) =>
      course.sessions
        .filter(({ pool, graceEndsAt }) => pool === poolKey && parseInstant(graceEndsAt) > at)
        .filter(({ leadStartsAt, graceEndsAt, placements }) => {
          const [from, until] = [parseInstant(leadStartsAt), parseInstant(graceEndsAt)]
          return placements.some(({ node }) => isOn(node, from, until))
        })
        .map(({ key, startsAt, students }) => ({
          ...{ course: course.key, session: key, startsAt, students },
        })),
    )
    .toSorted(
      (a, b) =>
        parseInstant(a.startsAt) - parseInstant(b.startsAt) || (a.session < b.session ? -1 : 1),
    )
}
