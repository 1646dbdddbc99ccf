/**
 * Single classes of a timetable's events that stand otherwise in the plan than the timetable has them: changed by hand,
 * or as an earlier timetable had it. Taken over again it says nothing of them, so they stay; what it does say wins, and
 * is named. Pure.
 */
import { ownUid } from '../../stacks/rules/calendar-import.ts'
import { formatWall, parseWall } from '../../stacks/rules/clock.ts'
import { seriesWalls } from '../../stacks/rules/schedule.ts'
import type { SessionPlan } from '../../stacks/terms.ts'

/** Planned at a wall time, and held at another or, without one, not at all. */
export type OwnWay = { planned: string; to: string | undefined }

export type KeptPlan = { plan: SessionPlan; kept: OwnWay[]; undone: OwnWay[] }

type Given = {
  timeZone: string
  /** Whether the timetable's own hours are wanted for them, too. */
  asTimetable: boolean
  /** Sessions of the timetable by UID, as they were and as it has them now. */
  before: ReadonlyMap<string, SessionPlan>
  after: ReadonlyMap<string, SessionPlan>
}

export function keepOwnWays(old: SessionPlan, now: SessionPlan, given: Given): KeptPlan {
  const { timeZone, asTimetable } = given
  const said = otherwise(now, timeZone)
  const walls = new Set(wallsOf(now, timeZone))
  const wallsBefore = new Set(wallsOf(old, timeZone))
  const last = [...wallsBefore].at(-1) ?? ''
  // Longer at its end is not elsewhere.
  const isShifted = [...walls].some((wall) => !wallsBefore.has(wall) && wall < last)
  const own = [
    ...ownWays(old, given).map((way) => atHourNow(way, wallsBefore, walls)),
    ...[...walls].filter((wall) => isDayOut(old, wall)).map(takenOut),
  ]
  const isNewApart = (planned: string) => {
    const uid = ownUid(old.uid ?? '', planned)
    return given.after.has(uid) && !given.before.has(uid)
  }
  // One that is held neither before nor after is no loss; in a shifted series it may be held on another day. A hole of the
  // timetable's that makes room for a class by itself is none: that is held.
  const differs = own.filter(({ planned, to }) =>
    said.has(planned)
      ? said.get(planned) !== to || (to === undefined && isNewApart(planned))
      : walls.has(planned) || to !== undefined || isShifted,
  )
  const isKept = ({ planned }: OwnWay) => !asTimetable && walls.has(planned) && !said.has(planned)
  const [kept, undone] = [differs.filter(isKept), differs.filter((one) => !isKept(one))]
  const isUndone = (day: string) => asTimetable || undone.some((one) => one.planned.startsWith(day))
  const days = daysOut(old).filter((day) => !isUndone(day))
  return { plan: withOwnWays(old, now, kept, days), kept, undone }
}

const daysOut = (plan: SessionPlan): string[] => plan.except.filter((wall) => wall.length === 10)

const isDayOut = (plan: SessionPlan, wall: string): boolean =>
  daysOut(plan).includes(wall.slice(0, 10))

const takenOut = (planned: string): OwnWay => ({ planned, to: undefined })

/** What was done here to single classes, but for days out as a whole. Room made for one that stands by itself is no hole. */
function ownWays(old: SessionPlan, { timeZone, before, after }: Given): OwnWay[] {
  return [...otherwise(old, timeZone)].flatMap(([planned, to]) => {
    if (isDayOut(old, planned)) return []
    const uid = ownUid(old.uid ?? '', planned)
    const apart = to === undefined ? before.get(uid) : undefined
    if (!apart) return [{ planned, to }]
    if (after.has(uid)) return []
    // Put back into its series, with what was done here to it alone.
    return [...otherwise(apart, timeZone).values()].map((own) => ({ planned, to: own }))
  })
}

/** A class taken out stays so where its series is held at another hour of that day. */
function atHourNow(way: OwnWay, before: Set<string>, now: Set<string>): OwnWay {
  if (way.to !== undefined || now.has(way.planned)) return way
  const onDay = (walls: Set<string>, others: Set<string>) =>
    [...walls].filter((wall) => wall.startsWith(way.planned.slice(0, 10)) && !others.has(wall))
  const [gone, come] = [onDay(before, now), onDay(now, before)]
  // Of several a day it is known which only where there are as many.
  const planned = gone.length === come.length ? come[gone.indexOf(way.planned)] : undefined
  return planned === undefined ? way : takenOut(planned)
}

/** Times written as before stay as and where they were written. */
function withOwnWays(
  old: SessionPlan,
  now: SessionPlan,
  kept: OwnWay[],
  days: string[],
): SessionPlan {
  const out = kept.filter(({ to }) => to === undefined).map(({ planned }) => planned)
  const names = new Set([...now.except, ...days, ...out])
  const unnamed = out.filter((wall) => !days.includes(wall.slice(0, 10)))
  const except = [
    ...new Set([...old.except.filter((wall) => names.has(wall)), ...unnamed, ...now.except]),
  ]
  const moved = kept.flatMap(({ planned, to }) =>
    to === undefined ? [] : [[planned, to] as const],
  )
  const written = Object.entries(old.move).filter(
    ([planned]) => planned in now.move || moved.some(([wall]) => wall === planned),
  )
  const move = { ...Object.fromEntries([...written, ...moved]), ...now.move }
  return { ...now, except, move }
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
