/** What teachers change in an ordinary week: small numbers mostly, classes moved, added and left out; now and then much. */
import { courseSchema } from '../../stacks/schema.ts'
import type { Course, SessionPlan } from '../../stacks/terms.ts'
import type { Random } from './random.ts'

type Edit = { name: string; weight: number; of(course: Course, dice: Random): Partial<Course> }

const someday = (dice: Random) =>
  ['2026-10-05', '2026-10-06', '2026-10-08', '2026-11-19'][dice.between(0, 3)]!
const aClass = (dice: Random): Partial<SessionPlan> & { start: string; minutes: number } => ({
  start: `${someday(dice)}T${dice.pick(['08:00', '10:15', '13:30', '17:30'])}`,
  minutes: dice.pick([60, 90, 120]),
})

/** `students` and `atOnce` together, as the form does. */
const resized = (course: Course, students: number): Partial<Course> => ({
  students,
  ...(course.atOnce !== undefined && { atOnce: Math.min(course.atOnce, students) }),
  // Groups are made anew from the roster.
  groups: course.groups.map((group) => ({
    ...group,
    students: Math.max(1, Math.round((group.students * students) / course.students)),
  })),
})

const first = (course: Course, change: (session: SessionPlan) => SessionPlan): Partial<Course> => ({
  sessions: course.sessions.map((session, i) => (i === 0 ? change(session) : session)),
})

/** Weights are out of a hundred. The last three are what a school does once a term and a reviewer should see. */
const edits: Edit[] = [
  {
    name: 'some more or fewer students',
    weight: 30,
    of: (course, dice) => resized(course, Math.max(1, course.students + dice.between(-6, 6))),
  },
  {
    name: 'a class more',
    weight: 14,
    of: (course, dice) => ({ sessions: [...course.sessions, aClass(dice)] as SessionPlan[] }),
  },
  {
    name: 'a class left out',
    weight: 12,
    of: (course) =>
      first(course, (one) => ({ ...one, except: [...one.except, one.start.slice(0, 10)] })),
  },
  {
    name: 'a class moved',
    weight: 16,
    of: (course, dice) =>
      first(course, (one) => ({ ...one, move: { ...one.move, [one.start]: aClass(dice).start } })),
  },
  {
    name: 'a longer class',
    weight: 8,
    of: (course) => first(course, (one) => ({ ...one, minutes: one.minutes + 15 })),
  },
  {
    name: 'minutes to stay',
    weight: 5,
    of: (course) => first(course, (one) => ({ ...one, stayMinutes: 15 })),
  },
  {
    name: 'another title',
    weight: 6,
    of: () => ({ title: { en: 'New title', fr: 'Nouveau titre' } }),
  },
  { name: 'other stops', weight: 4, of: () => ({ lifecycle: { stopMinutes: 90 } }) },
  {
    name: 'self-study',
    weight: 2,
    of: () => ({ headroom: { hours: '08:00-22:00', days: ['MO', 'TU'], seats: 3, reserved: 0 } }),
  },
  { name: 'twice the students', weight: 2, of: (course) => resized(course, course.students * 2) },
  {
    name: 'every day for a month',
    weight: 1,
    of: (course, dice) => ({
      sessions: [
        ...course.sessions,
        { ...aClass(dice), minutes: 240, repeat: 'FREQ=DAILY;COUNT=30' },
      ] as SessionPlan[],
    }),
  },
]

/** The edited course, and what was done to it. */
export function ordinaryEdit(course: Course, dice: Random): { name: string; course: Course } {
  let at = dice.between(
    1,
    edits.reduce((sum, one) => sum + one.weight, 0),
  )
  const edit = edits.find((one) => (at -= one.weight) <= 0)!
  return { name: edit.name, course: courseSchema.parse({ ...course, ...edit.of(course, dice) }) }
}
