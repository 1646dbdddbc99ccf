/**
 * A second, slow reading of the calendar, for the referee: day by day, and wall times found by asking
 * the platform's own clock (Intl) what each offset would show. Nothing here comes from stacks/.
 */
import type { Course, SessionPlan, Zone } from '../../stacks/terms.ts'

const dayMs = 86_400_000
const minuteMs = 60_000

/** Wall time → instant. A skipped time moves forward by the gap; a repeated one is the first. */
export function utcOf(wall: string, timeZone: string): number {
  const name = `${timeZone} ${wall}`
  const known = instants.get(name)
  if (known !== undefined) return known
  const naive = Date.parse(`${wall}:00Z`)
  const fits = [...offsetsAround(naive, timeZone)]
    .map((offset) => naive - offset)
    .filter((instant) => wallText(instant, timeZone) === wall)
    .toSorted((a, b) => a - b)
  const found = fits[0] ?? naive - offsetAt(naive - dayMs, timeZone)
  instants.set(name, found)
  return found
}

const instants = new Map<string, number>()
const clocks = new Map<string, Intl.DateTimeFormat>()

function offsetsAround(naive: number, timeZone: string): Set<number> {
  return new Set([offsetAt(naive - dayMs, timeZone), offsetAt(naive + dayMs, timeZone)])
}

function offsetAt(instant: number, timeZone: string): number {
  return Date.parse(`${wallText(instant, timeZone)}:00Z`) - instant
}

function wallText(instant: number, timeZone: string): string {
  let clock = clocks.get(timeZone)
  if (clock === undefined) {
    const two = '2-digit' as const
    const fields = { year: 'numeric', month: two, day: two, hour: two, minute: two } as const
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone, ...fields })
    clocks.set(timeZone, clock)
  }
  return clock.format(instant).replace(' ', 'T')
}

/** Wall starts of a series: DAILY and WEEKLY with COUNT and INTERVAL, which is what campuses here use. */
export function walls(plan: SessionPlan, zone: Zone): string[] {
  const rule = new Map(
    (plan.repeat ?? 'FREQ=DAILY;COUNT=1')
      .split(';')
      .map((part) => part.split('=') as [string, string]),
  )
  const days = (rule.get('FREQ') === 'WEEKLY' ? 7 : 1) * Number(rule.get('INTERVAL') ?? 1)
  const starts: string[] = []
  for (let n = 0; n < Number(rule.get('COUNT')); n++) {
    const at = Date.parse(`${plan.start}:00Z`) + n * days * dayMs
    starts.push(new Date(at).toISOString().slice(0, 16))
  }
  return [...new Set([...starts, ...plan.also])]
    .filter((wall) => !plan.except.includes(wall) && !plan.except.includes(wall.slice(0, 10)))
    .filter((wall) => plan.move[wall] !== undefined || !isOff(wall, plan, zone))
    .map((wall) => plan.move[wall] ?? wall)
}

function isOff(wall: string, plan: SessionPlan, zone: Zone): boolean {
  const day = wall.slice(0, 10)
  if (plan.holidays === 'keep' || plan.also.some((one) => one.startsWith(day))) return false
  return zone.holidays.some((holiday) => day >= holiday.from && day <= holiday.to)
}

export function zoneOf(course: Course, zones: Zone[]): Zone {
  const zone = zones.find((one) => one.key === course.zone)
  if (zone === undefined) throw new Error(`no zone ${course.zone}`)
  return zone
}

export function timeZoneOf(course: Course, zones: Zone[]): string {
  return course.timeZone ?? zoneOf(course, zones).timeZone
}

export { dayMs, minuteMs }
