/**
 * Who comes when: made from a seed, so that a seed replays a semester. Classes fill within minutes around their
 * start, some come late, leave early, press twice or stay away; evenings bring self-study.
 */
import type { Blueprint, BlueprintCourse, BlueprintSession } from '../../stacks/blueprint.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import type { Random } from '../campus/random.ts'

export type Visit = {
  at: number
  course: string
  /** 0 is the first student of the course. */
  student: number
  /** The class it is for; none outside class. */
  session: BlueprintSession | undefined
  /** When they press Stop; undefined: they just go. */
  stopsAt: number | undefined
  /** A second click, or a second tab, so many ms later. */
  again: number | undefined
  /** How long they wait in a queue before they give up. */
  patienceMs: number
}

const minute = 60_000
const hour = 3_600_000
const ABSENT = 0.1
const LATE = 0.08
const EARLY = 0.15
const TWICE = 0.1
const SELF_STUDY = 0.25

export function traceOf(dice: Random, input: CompileInput, blueprint: Blueprint): Visit[] {
  const visits = blueprint.courses.flatMap((course) => {
    const students = studentsOf(input, course.key)
    const classes = course.sessions.filter(
      (session) => session.kind === 'class' || session.kind === 'exam',
    )
    return [
      ...classes.flatMap((session) =>
        inClass(session, input).flatMap((student) => classVisit(dice, course, session, student)),
      ),
      ...evenings(dice, course, classes, students),
    ]
  })
  return visits.toSorted((a, b) => a.at - b.at)
}

export const studentsOf = (input: CompileInput, course: string): number =>
  input.courses.find((one) => one.key === course)?.students ?? 0

/** The students of the session's group; groups are in the order of the list. */
function inClass(session: BlueprintSession, input: CompileInput): number[] {
  const course = input.courses.find(
    (one) => one.sessions.length > 0 && session.key.startsWith(`${one.key}/`),
  )
  let first = 0
  for (const group of course?.groups ?? []) {
    if (group.key === session.group) break
    first += group.students
  }
  const from = session.group === null ? 0 : first
  return Array.from({ length: session.students }, (_, i) => from + i)
}

function classVisit(
  dice: Random,
  course: BlueprintCourse,
  session: BlueprintSession,
  student: number,
): Visit[] {
  if (dice.chance(ABSENT)) return []
  const start = Date.parse(session.startsAt)
  const end = Date.parse(session.endsAt)
  const late = dice.chance(LATE) ? dice.between(5, 40) * minute : 0
  // About the bell: the sum of three throws of a die is bell-shaped.
  const around = (dice.next() + dice.next() + dice.next() - 1.6) * 6 * minute
  const at = Math.min(start + around + late, end - 10 * minute)
  const stopsAt = dice.chance(EARLY) ? at + (end - at) * (0.4 + dice.next() * 0.55) : undefined
  const again = dice.chance(TWICE) ? dice.between(1, 60) * 1000 : undefined
  return [{ at, course: course.key, student, session, stopsAt, again, patienceMs: hour }]
}

/** Some evenings a few students of a course work on: more of them than it keeps seats for, now and then. */
function evenings(
  dice: Random,
  course: BlueprintCourse,
  classes: BlueprintSession[],
  students: number,
): Visit[] {
  if (course.headroom === null) return []
  const days = new Set(classes.map((session) => session.startsAt.slice(0, 10)))
  return [...days].flatMap((day) => {
    if (!dice.chance(SELF_STUDY)) return []
    const many = dice.between(1, Math.max(5, Math.ceil(students / 4)))
    return Array.from({ length: many }, () => {
      const at = Date.parse(`${day}T16:30:00Z`) + dice.between(0, 120) * minute
      const stopsAt = dice.chance(0.7) ? at + dice.between(20, 90) * minute : undefined
      const student = dice.between(0, students - 1)
      const patienceMs = dice.between(15, 60) * minute
      return {
        at,
        course: course.key,
        student,
        session: undefined,
        stopsAt,
        again: undefined,
        patienceMs,
      }
    })
  })
}
