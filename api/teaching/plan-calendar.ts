/** Which days a teacher's calendar shows, and where on a day each class stands. Pure; wall times are text. */
import type { Holiday } from '../../stacks/terms.ts'
import { formatWall, parseWall } from '../../stacks/rules/clock.ts'
import type { PlanClass } from './plan-edits.ts'

const dayMs = 86_400_000
export const STEP_MINUTES = 15
/** Hours that a week always shows. */
const USUAL = { from: 8, to: 20 }
const MOST_LANES = 4

/** `day`: the Monday of the week, or the first of the month. */
export type CalendarView = { unit: 'week' | 'month'; day: string }

export const sentWall = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)

export function readView(text: string | undefined): CalendarView | undefined {
  const [, unit, day = ''] = /^(week|month):(\d{4}-\d\d-\d\d)$/.exec(text ?? '') ?? []
  if ((unit !== 'week' && unit !== 'month') || Number.isNaN(Date.parse(day))) return undefined
  return viewAt(unit, day)
}

export const writeView = ({ unit, day }: CalendarView): string => `${unit}:${day}`

/** The week or month that a day is in. */
export function viewAt(unit: CalendarView['unit'], day: string): CalendarView {
  if (unit === 'month') return { unit, day: `${day.slice(0, 7)}-01` }
  return { unit, day: addDays(day, -weekdayOf(day)) }
}

/** The same, so many weeks or months on. */
export function viewAfter({ unit, day }: CalendarView, steps: number): CalendarView {
  if (unit === 'week') return { unit, day: addDays(day, 7 * steps) }
  const [year = 0, month = 1] = day.split('-').map(Number)
  return { unit, day: new Date(Date.UTC(year, month - 1 + steps, 1)).toISOString().slice(0, 10) }
}

/** Days shown: seven, or whole weeks around a month. */
export function daysOf({ unit, day }: CalendarView): string[] {
  const first = addDays(day, -weekdayOf(day))
  if (unit === 'week') return daysFrom(first, 7)
  const last = addDays(viewAfter({ unit, day }, 1).day, -1)
  const weeks = Math.ceil((parseWall(last) - parseWall(first) + dayMs) / (7 * dayMs))
  return daysFrom(first, 7 * weeks)
}

export const shows = (view: CalendarView, wall: string): boolean =>
  daysOf(view).includes(wall.slice(0, 10))

/** Where the next class is; else the last one; else today. */
export function firstView(classes: PlanClass[], today: string): CalendarView {
  const next = classes.find((one) => one.wall.slice(0, 10) >= today) ?? classes.at(-1)
  return viewAt('week', next?.wall.slice(0, 10) ?? today)
}

const daysFrom = (first: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => addDays(first, n))

export const addDays = (day: string, days: number): string =>
  formatWall(parseWall(day) + days * dayMs).slice(0, 10)

/** 0 is Monday. */
const weekdayOf = (day: string): number => (new Date(parseWall(day)).getUTCDay() + 6) % 7

export const holidayOn = (day: string, holidays: Holiday[]): Holiday | undefined =>
  holidays.find((one) => one.from <= day && day <= one.to)

/** Whole hours, so that every class of these days is shown. */
export function hoursOf(classes: PlanClass[]): { from: number; to: number } {
  const starts = classes.map((one) => Math.floor(minuteOf(one) / 60))
  const ends = classes.map((one) => Math.ceil((minuteOf(one) + one.minutes) / 60))
  return {
    from: Math.min(USUAL.from, ...starts),
    to: Math.min(24, Math.max(USUAL.to, ...ends)),
  }
}

const minuteOf = ({ wall }: PlanClass): number =>
  Number(wall.slice(11, 13)) * 60 + Number(wall.slice(14, 16))

export type Slot = { at: number; steps: number; lane: number }

/** Rows of a quarter of an hour from the first hour on; what overlaps stands side by side. */
export function slotsOf(
  classes: PlanClass[],
  hours: { from: number; to: number },
): { slots: Slot[]; lanes: number } {
  const ends: number[] = []
  const slots = classes.map((one) => {
    const at = Math.floor((minuteOf(one) - hours.from * 60) / STEP_MINUTES)
    const most = ((hours.to - hours.from) * 60) / STEP_MINUTES - at
    const steps = Math.max(1, Math.min(most, Math.ceil(one.minutes / STEP_MINUTES)))
    const free = ends.findIndex((end) => end <= at)
    const lane = Math.min(MOST_LANES - 1, free < 0 ? ends.length : free)
    ends[lane] = at + steps
    return { at, steps, lane: lane + 1 }
  })
  return { slots, lanes: Math.max(1, Math.min(MOST_LANES, ends.length)) }
}

/** `2026-11-23T08:00` and 120 → `10:00`. */
export const endOf = ({ wall, minutes }: Pick<PlanClass, 'wall' | 'minutes'>): string =>
  formatWall(parseWall(wall) + minutes * 60_000).slice(11)
