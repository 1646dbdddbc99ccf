/** Hours of a day and days of a week, as people write them: `08:00-20:00`, MO…SU. */
import type { Weekday } from '../terms.ts'

const dayMs = 86_400_000
const weekdays: Weekday[] = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

/** `22:00-02:00` ends the next day: `toMs` is then above a day. */
export function parseHours(text: string): { fromMs: number; toMs: number; isWholeDay: boolean } {
  const [from = '00:00', to = '24:00'] = text.split('-')
  const fromMs = clockMs(from)
  const toMs = clockMs(to)
  const end = toMs > fromMs ? toMs : toMs + dayMs
  return { fromMs, toMs: end, isWholeDay: end - fromMs === dayMs && fromMs === 0 }
}

/** @param wallMs any wall time of the day, as "UTC" ms */
export function isInDays(wallMs: number, days: readonly string[]): boolean {
  const name = weekdays[new Date(wallMs).getUTCDay()]
  return name !== undefined && days.includes(name)
}

/** Whether a wall time is inside the hours of one of the days. */
export function isInHours(wallMs: number, hours: string, days: readonly string[]): boolean {
  const { fromMs, toMs } = parseHours(hours)
  const today = Math.floor(wallMs / dayMs) * dayMs
  return [today, today - dayMs].some(
    (day) => isInDays(day, days) && day + fromMs <= wallMs && wallMs < day + toMs,
  )
}

function clockMs(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number)
  return (hour * 60 + minute) * 60_000
}
