/** Which sessions are the machines for that a pool should have at an instant? */
import type { Blueprint } from '../blueprint.ts'
import { parseInstant } from './clock.ts'

export type Asker = { course: string; session: string; startsAt: string; students: number }

/** Networks are made so long before the first machine: what asks for that machine asks for them. */
const BASE_LEAD_MS = 30 * 60_000

/**
 * Sessions that have a place on a machine which is bought for now, or else for soon; soonest first. None for machines that are
 * always on.
 * @param now ISO instant
 */
export function askersAt(blueprint: Blueprint, poolKey: string, now: string): Asker[] {
  const at = parseInstant(now)
  const nodes = blueprint.pools.find(({ key }) => key === poolKey)?.nodes ?? []
  const lives = nodes.map(({ key, from, until }) => ({
    ...{ key, from: parseInstant(from), until: parseInstant(until) },
  }))
  const isOn = (lead: number) => lives.filter(({ from, until }) => from - lead <= at && at < until)
  const on = isOn(0).length > 0 ? isOn(0) : isOn(BASE_LEAD_MS)
  return on.length === 0 ? [] : sessionsOn(blueprint, poolKey, on, at)
}

type Life = { key: string; from: number; until: number }

function sessionsOn(blueprint: Blueprint, poolKey: string, on: Life[], at: number): Asker[] {
  const isThere = (node: string, from: number, until: number): boolean =>
    on.some((life) => life.key === node && from < life.until && life.from < until)
  return blueprint.courses
    .flatMap((course) =>
      course.sessions
        .filter(({ pool, graceEndsAt }) => pool === poolKey && parseInstant(graceEndsAt) > at)
        .filter(({ leadStartsAt, graceEndsAt, placements }) => {
          const [from, until] = [parseInstant(leadStartsAt), parseInstant(graceEndsAt)]
          return placements.some(({ node }) => isThere(node, from, until))
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
