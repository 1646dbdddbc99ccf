/**
 * Single classes of a timetable's events that stand otherwise in the plan than the timetable has them: changed by hand,
 * or as an earlier timetable had it. Taken over again it says nothing of them, so they stay; what it does say wins, and
 * is named. Pure.
 */
import { formatWall, parseWall } from '../../stacks/rules/clock.ts'
import { seriesWalls } from '../../stacks/rules/schedule.ts'
import type { SessionPlan } from '../../stacks/terms.ts'

/** Planned at a wall time, and held at another or, without one, not at all. */
export type OwnWay = { planned: string; to: string | undefined }

export type KeptPlan = { plan: SessionPlan; kept: OwnWay[]; undone: OwnWay[] }

/** @param asTimetable whether the timetable's own hours are wanted for them, too */
export function keepOwnWays(
  old: SessionPlan,
  now: SessionPlan,
  { timeZone, asTimetable }: { timeZone: string; asTimetable: boolean },
): KeptPlan {
  const said = otherwise(now, timeZone)
  const walls = new Set(wallsOf(now, timeZone))
  const own = [...otherwise(old, timeZone)].map(([planned, to]) => ({ planned, to }))
  // One that is held neither before nor after is no loss.
  const differs = own.filter(({ planned, to }) =>
    said.has(planned) ? said.get(planned) !== to : walls.has(planned) || to !== undefined,
  )
  const isKept = ({ planned }: OwnWay) => !asTimetable && walls.has(planned) && !said.has(planned)
  const kept = differs.filter(isKept)
  return { plan: withOwnWays(old, now, kept), kept, undone: differs.filter((one) => !isKept(one)) }
}

/** Times written as before stay as and where they were written. */
function withOwnWays(old: SessionPlan, now: SessionPlan, kept: OwnWay[]): SessionPlan {
  const names = (wall: string) =>
    now.except.includes(wall) ||
    kept.some(({ planned, to }) => to === undefined && planned.startsWith(wall))
  const except = [...new Set([...old.except.filter(names), ...now.except])]
  const moves = Object.entries(old.move).filter(
    ([planned]) => planned in now.move || kept.some((one) => one.planned === planned && one.to),
  )
  return { ...now, except, move: { ...Object.fromEntries(moves), ...now.move } }
}

function otherwise(plan: SessionPlan, timeZone: string): Map<string, string | undefined> {
  const isExcepted = (wall: string) =>
    plan.except.includes(wall) || plan.except.includes(wall.slice(0, 10))
  return new Map(
    wallsOf(plan, timeZone)
      .filter((wall) => isExcepted(wall) || plan.move[wall] !== undefined)
      .map((wall) => [wall, isExcepted(wall) ? undefined : plan.move[wall]]),
  )
}

const wallsOf = (plan: SessionPlan, timeZone: string): string[] =>
  [...new Set([...seriesWalls(plan, timeZone), ...plan.also.map(parseWall)])]
    .toSorted((a, b) => a - b)
    .map(formatWall)
