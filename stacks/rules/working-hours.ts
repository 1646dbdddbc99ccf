/** How many working hours are between two instants, and when are so many over? */
import type { Zone } from '../terms.ts'
import type { Policy } from '../terms-policy.ts'
import { formatWall, instantOf, wallOf } from './clock.ts'
import { isInDays, parseHours } from './hours.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A wait of more than a year is as good as for ever. */
const MOST_DAYS = 400

type Times = Pick<Policy['teaching'], 'hours' | 'days'>
type Place = Pick<Zone, 'timeZone' | 'holidays'>

/** @param from epoch ms @param to epoch ms */
export function workingHours(from: number, to: number, times: Times, place: Place): number {
  let sum = 0
  for (const span of workingSpans(from, times, place)) {
    if (span.from >= to) break
    sum += Math.max(0, Math.min(span.until, to) - Math.max(span.from, from))
  }
  return sum / hourMs
}

/** The instant at which so many working hours are over, epoch ms; undefined when that is never. */
export function afterWorkingHours(
  from: number,
  hours: number,
  times: Times,
  place: Place,
): number | undefined {
  let left = hours * hourMs
  for (const span of workingSpans(from, times, place)) {
    const start = Math.max(span.from, from)
    if (span.until - start >= left) return start + left
    left -= Math.max(0, span.until - start)
  }
  return undefined
}

function* workingSpans(from: number, { hours, days }: Times, { timeZone, holidays }: Place) {
  const { fromMs, toMs } = parseHours(hours)
  const first = Math.floor(wallOf(from, timeZone) / dayMs) * dayMs
  for (let day = first; day < first + MOST_DAYS * dayMs; day += dayMs) {
    const name = formatWall(day).slice(0, 10)
    if (!isInDays(day, days) || holidays.some((one) => one.from <= name && name <= one.to)) continue
    const span = {
      from: instantOf(day + fromMs, timeZone),
      until: instantOf(day + toMs, timeZone),
    }
    if (span.until > from) yield span
  }
}
