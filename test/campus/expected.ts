/** Every class that the documents ask for, by the referee's own reading of them. */
import type { CompileInput } from '../../stacks/compile.ts'
import type { Course, SessionPlan } from '../../stacks/terms.ts'
import type { Policy } from '../../stacks/terms-policy.ts'
import { dayMs, minuteMs, timeZoneOf, utcOf, walls, zoneOf } from './calendar.ts'

/** What a session should be, by the referee's own reading. */
export interface Expected {
  course: Course
  pool: string
  group: string | null
  startsAt: number
  endsAt: number
  leadStartsAt: number
  /** Places that must have room, and until when. */
  pieces: { seats: number; until: number }[]
}

/** Every class the documents ask for. Bookings replace a project where nodes are bought. */
export function expectedSessions(course: Course, input: CompileInput): Expected[] {
  if (course.state === 'draft' || course.state === 'archived') return []
  return [...expectedClasses(course, input), ...expectedProjects(course, input)]
}

export function expectedClasses(course: Course, input: CompileInput): Expected[] {
  return course.sessions.flatMap((plan) =>
    walls(plan, zoneOf(course, input.zones)).map((wall) =>
      expectedClass(course, plan, wall, input),
    ),
  )
}

function expectedClass(
  course: Course,
  plan: SessionPlan,
  wall: string,
  input: CompileInput,
): Expected {
  const startsAt = utcOf(wall, timeZoneOf(course, input.zones))
  const group = course.groups.find((one) => one.key === plan.group)
  const students = plan.students ?? group?.students ?? course.students
  const atOnce = Math.min(students, plan.atOnce ?? course.atOnce ?? students)
  const endsAt = startsAt + plan.minutes * minuteMs
  const tail = (plan.stayMinutes + (plan.graceMinutes ?? input.policy.graceMinutes)) * minuteMs
  const pieces: Expected['pieces'] = []
  let left = atOnce
  for (const extra of plan.extraTime.toSorted((a, b) => b.minutes - a.minutes)) {
    const seats = Math.min(left, extra.students)
    left -= seats
    pieces.push({ seats, until: endsAt + extra.minutes * minuteMs + tail })
  }
  pieces.push({ seats: left + plan.spares, until: endsAt + tail })
  const opens = plan.opensMinutesBefore ?? input.policy.opensMinutesBefore
  return {
    course,
    pool: plan.pool ?? course.pool,
    group: plan.group ?? null,
    startsAt,
    endsAt,
    leadStartsAt: startsAt - leadOf(input.policy, opens),
    pieces: pieces.filter((piece) => piece.seats > 0),
  }
}

function leadOf(policy: Policy, opensMinutes: number): number {
  return Math.max(policy.leadMinutes, policy.readyMinutes, opensMinutes) * minuteMs
}

function expectedProjects(course: Course, input: CompileInput): Expected[] {
  const timeZone = timeZoneOf(course, input.zones)
  return course.projects.flatMap((project) => {
    const poolKey = project.pool ?? course.pool
    const isBuying = (input.pools.find((one) => one.key === poolKey)?.flavours.length ?? 0) > 0
    const mode = project.reserve ?? (isBuying ? 'bookings' : 'period')
    const atOnce = Math.min(project.atOnce, project.students ?? course.students)
    const base = { course, pool: poolKey, group: project.group ?? null }
    const make = (from: string, until: string, seats: number): Expected => {
      const startsAt = utcOf(from, timeZone)
      const endsAt = utcOf(until, timeZone)
      const last = endsAt + input.policy.graceMinutes * minuteMs
      const pieces = seats > 0 ? [{ seats, until: last }] : []
      return { ...base, startsAt, endsAt, leadStartsAt: startsAt - leadOf(input.policy, 0), pieces }
    }
    const after = (day: string, n: number) =>
      new Date(Date.parse(`${day}T00:00Z`) + n * dayMs).toISOString().slice(0, 10)
    const seats = mode === 'period' ? atOnce : 0
    const [from = '00:00', to = '24:00'] = (project.hours ?? '00:00-24:00').split('-')
    const end = (day: string) => (to === '24:00' ? `${after(day, 1)}T00:00` : `${day}T${to}`)
    const spans: Expected[] = []
    if (project.hours === undefined)
      spans.push(make(`${project.from}T00:00`, end(project.to), seats))
    else {
      for (let day = project.from; day <= project.to; day = after(day, 1)) {
        spans.push(make(`${day}T${from}`, end(day), seats))
      }
    }
    const booked = project.bookings.map((booking) => {
      const startsAt = utcOf(booking.start, timeZone)
      const until = new Date(Date.parse(`${booking.start}:00Z`) + booking.minutes * minuteMs)
      const places = Math.min(booking.seats, project.students ?? course.students)
      return {
        ...make(booking.start, until.toISOString().slice(0, 16), mode === 'bookings' ? places : 0),
        startsAt,
      }
    })
    return [...spans, ...booked]
  })
}
