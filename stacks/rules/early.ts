/**
 * When is a session planned early? At noon of the last working day before it, so that whoever can repair something
 * is at work, and a day before it starts. What would fail then fails while there is time.
 */
import type { Zone } from '../terms.ts'
import { formatWall, instantOf, wallOf } from './clock.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Longer holidays than this have no working day before them worth waiting for. */
const MOST_DAYS_BACK = 30

/**
 * @param startsAt epoch ms
 * @returns instants in epoch ms, soonest first
 */
export function earlyPlansOf(
  startsAt: number,
  zone: Pick<Zone, 'timeZone' | 'holidays'>,
): number[] {
  const day = Math.floor(wallOf(startsAt, zone.timeZone) / dayMs) * dayMs
  const noon = Array.from({ length: MOST_DAYS_BACK }, (_, back) => day - (back + 1) * dayMs)
    .filter((one) => isWorkingDay(one, zone.holidays))
    .map((one) => instantOf(one + 12 * hourMs, zone.timeZone))[0]
  const dayBefore = startsAt - dayMs
  const instants = noon === undefined ? [dayBefore] : [noon, dayBefore]
  return [...new Set(instants)].toSorted((a, b) => a - b)
}

/** Monday to Friday, and no holiday. `day` is a wall time as "UTC" ms. */
function isWorkingDay(day: number, holidays: Zone['holidays']): boolean {
  const weekday = new Date(day).getUTCDay()
  if (weekday === 0 || weekday === 6) return false
  const name = formatWall(day).slice(0, 10)
  return !holidays.some(({ from, to }) => from <= name && name <= to)
}

/** The latest of them that is due; those before it say nothing that it does not. */
export function dueEarlyPlan(instants: number[], now: number): number | undefined {
  return instants.findLast((instant) => instant <= now)
}
