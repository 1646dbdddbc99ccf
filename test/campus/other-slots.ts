/**
 * The nearest slots of a class, found the slow way: list every start the policy allows, nearest first,
 * move the class there in its document, compile everything anew, and see whether anyone lost room.
 */
import { compile } from '../../stacks/compile.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import type { Course, Note } from '../../stacks/terms.ts'
import { dayMs, minuteMs, timeZoneOf, utcOf, zoneOf } from './calendar.ts'
import { type Expected, expectedClasses } from './expected.ts'

const days = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

/**
 * @param planned wall time first planned, in the session's key
 * @returns undefined when two classes of the course share that time: which of them is meant?
 */
export function slotsByTrial(
  input: CompileInput,
  course: Course,
  planned: string,
  note: Note,
): string[] | undefined {
  const current = String(note.params['wall'])
  const mine = findSession(input, course, current)
  if (mine === undefined) return undefined
  const quiet = {
    ...input,
    policy: { ...input.policy, teaching: { ...input.policy.teaching, days: [] } },
  }
  const before = shortSeats(compile(quiet).notes)
  const found: string[] = []
  for (const wall of starts(input, course, mine, current)) {
    const after = shortSeats(compile(moved(quiet, course, planned, wall)).notes)
    const isWorse = [...after].some(
      ([key, seats]) => key === note.where.session || seats > (before.get(key) ?? 0),
    )
    if (!isWorse) found.push(wall)
    if (found.length === 3) break
  }
  return found
}

function findSession(input: CompileInput, course: Course, wall: string): Expected | undefined {
  const startsAt = utcOf(wall, timeZoneOf(course, input.zones))
  const found = expectedClasses(course, input).filter((one) => one.startsAt === startsAt)
  return found.length === 1 ? found[0] : undefined
}

function starts(input: CompileInput, course: Course, mine: Expected, current: string): string[] {
  const { teaching } = input.policy
  const timeZone = timeZoneOf(course, input.zones)
  const holidays = zoneOf(course, input.zones).holidays
  const [from = '', to = ''] = teaching.hours.split('-')
  const lengthMs = mine.endsAt - mine.startsAt
  const others = expectedClasses(course, input).filter((one) => one.startsAt !== mine.startsAt)
  const here = Date.parse(`${current}:00Z`)
  const monday = weekOf(here)
  const list: { wall: string; week: number; far: number }[] = []
  for (
    let day = monday - teaching.weeks * 7 * dayMs;
    weekOf(day) <= monday + teaching.weeks * 7 * dayMs;
    day += dayMs
  ) {
    const date = new Date(day).toISOString().slice(0, 10)
    if (!teaching.days.includes(days[new Date(day).getUTCDay()] as 'MO')) continue
    if (holidays.some((holiday) => holiday.from <= date && date <= holiday.to)) continue
    const first = Date.parse(`${date}T${from}:00Z`)
    const last = Math.max(first, Date.parse(`${date}T${to}:00Z`) - lengthMs)
    for (let at = first; at <= last; at += teaching.stepMinutes * minuteMs) {
      const wall = new Date(at).toISOString().slice(0, 16)
      const startsAt = utcOf(wall, timeZone)
      const isFree = others.every(
        (one) => startsAt + lengthMs <= one.startsAt || one.endsAt <= startsAt || !meet(one, mine),
      )
      const isLate = startsAt - (mine.startsAt - mine.leadStartsAt) < Date.parse(input.now)
      if (at !== here && isFree && !isLate)
        list.push({ wall, week: weekOf(at) === monday ? 0 : 1, far: Math.abs(at - here) })
    }
  }
  return list
    .toSorted((a, b) => a.week - b.week || a.far - b.far || (a.wall < b.wall ? -1 : 1))
    .map((one) => one.wall)
}

/** Two groups may meet at one time. */
function meet(a: Expected, b: Expected): boolean {
  return a.group === null || b.group === null || a.group === b.group
}

function weekOf(at: number): number {
  const weekday = (new Date(at).getUTCDay() + 6) % 7
  return Math.floor(at / dayMs) * dayMs - weekday * dayMs
}

function moved(input: CompileInput, course: Course, planned: string, wall: string): CompileInput {
  const sessions = course.sessions.map((plan) => ({
    ...plan,
    move: { ...plan.move, [planned]: wall },
  }))
  const courses = input.courses.map((one) => (one === course ? { ...course, sessions } : one))
  return { ...input, courses }
}

export function shortSeats(notes: Note[]): Map<string, number> {
  const short = new Map<string, number>()
  for (const note of notes) {
    const { seats } = note.params
    if (note.severity === 'error' && typeof seats === 'number')
      short.set(note.where.session ?? '', seats)
  }
  return short
}
