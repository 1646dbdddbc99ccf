/**
 * What is a change, as the policy's rules ask it? Amounts, not sentences, and nothing that names anybody: they are
 * kept with the change, so that another policy can be tried on it later (`labplan policy test`).
 */
import { z } from 'zod'
import type { Blueprint, BlueprintCourse, BlueprintSession, SeatTemplate } from '../blueprint.ts'
import type { Compiled } from '../compile.ts'
import type { Course, Note } from '../terms.ts'
import type { DocumentKind } from '../terms-policy.ts'
import { asksOf } from './allowance.ts'
import { parseInstant } from './clock.ts'
import { sessionPairs } from './diff.ts'
import type { CoursePlan } from './plan.ts'

const amounts = z.object({
  seats: z.number().optional(),
  atOnce: z.number().optional(),
  hoursPerWeek: z.number().optional(),
  budget: z.number().optional(),
})

const courseFacts = z.object({
  key: z.string(),
  zone: z.string(),
  pool: z.string(),
  /** Of all its sessions; `later` leaves out those that are under way. */
  asks: amounts.required(),
  later: amounts.required(),
  /** What its document allows itself, what that was before, what a review granted, and its LMS roster. */
  own: amounts,
  ownBefore: amounts.nullable(),
  granted: amounts,
  roster: z.number(),
  /** Of sessions that have less room than before: seats that find none. */
  unplacedSeats: z.number(),
  newRights: z.array(z.string()),
  hasNewImage: z.boolean(),
  /** Kinds of ports it had none of before. */
  newPorts: z.array(z.string()),
  gpus: z.number(),
})

export const changeFactsSchema = z.object({
  author: z.string(),
  documents: z.array(z.enum(['Course', 'Environment', 'Policy', 'Pool', 'Zone'])),
  pools: z.array(z.string()),
  zones: z.array(z.string()),
  courses: z.array(courseFacts),
  /** Codes of what the documents contradict each other in. */
  contradictions: z.array(z.string()),
  /** Sessions of courses that nobody edited, and that lose room. */
  displaced: z.array(z.string()),
})

export type CourseFacts = z.infer<typeof courseFacts>
export type ChangeFacts = z.infer<typeof changeFactsSchema>

/** Rights beyond a program of one's own. */
export const usualCapabilities: ReadonlySet<string> = new Set([
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID', 'SYS_CHROOT'],
  ...['NET_BIND_SERVICE', 'AUDIT_WRITE', 'KILL'],
])

/** What cannot be carried out as a whole now, which is not to say that it is wrong. */
const unfit = new Set([
  ...['session-does-not-fit', 'session-scattered', 'pool-at-maximum', 'seat-too-large'],
  'pool-closed',
])

export interface ChangeInput {
  /** Role of who proposes it. */
  author: string
  documents: { kind: DocumentKind; key: string }[]
  compiled: Compiled
  /** The approved blueprint it would follow. */
  before: Blueprint
  /** Courses as they are in force, by key. */
  inForce: Map<string, Course>
  /** Price of all sessions of a course, by key. */
  prices: Pick<ReadonlyMap<string, number>, 'get'>
  /** Epoch ms. */
  now: number
}

export function changeFacts(input: ChangeInput): ChangeFacts {
  const { documents, compiled, before, author } = input
  const edited = new Set(documents.filter((one) => one.kind === 'Course').map((one) => one.key))
  const old = new Map(before.courses.map((course) => [course.key, course]))
  const touched = compiled.blueprint.courses.filter(
    (course) => edited.has(course.key) || hasNewTemplate(old.get(course.key), course),
  )
  const wide = documents.some((one) => one.kind !== 'Course')
  const keysOf = (kind: DocumentKind) =>
    documents.filter((one) => one.kind === kind).map((one) => one.key)
  return {
    author,
    documents: [...new Set(documents.map((one) => one.kind))].toSorted(),
    pools: keysOf('Pool'),
    zones: keysOf('Zone'),
    courses: touched.flatMap((course) => {
      const plan = compiled.plans.find((one) => one.course.key === course.key)
      return plan ? [factsOf(plan, course, old.get(course.key), input)] : []
    }),
    contradictions: contradictionsIn(compiled.notes, (course) => wide || edited.has(course)),
    displaced: displacedIn(old, compiled.blueprint.courses, edited),
  }
}

const hasNewTemplate = (old: BlueprintCourse | undefined, course: BlueprintCourse): boolean =>
  old !== undefined &&
  old !== course &&
  JSON.stringify(old.template) !== JSON.stringify(course.template)

function contradictionsIn(notes: Note[], isAbout: (course: string) => boolean): string[] {
  const codes = notes
    .filter(({ severity, code }) => severity === 'error' && !unfit.has(code))
    .filter(({ code }) => code !== 'environment-not-built')
    .filter(({ where }) => !where.course || isAbout(where.course))
    .map(({ code }) => code)
  return [...new Set(codes)].toSorted()
}

function factsOf(
  plan: CoursePlan,
  course: BlueprintCourse,
  old: BlueprintCourse | undefined,
  { compiled, inForce, prices, now }: ChangeInput,
): CourseFacts {
  const later = plan.occurrences.filter((one) => one.opensAt > now || one.graceEndsAt <= now)
  const budget = prices.get(course.key) ?? 0
  const sessions = new Map(old?.sessions.map((session) => [session.key, session]))
  const rights = rightsOf(old?.template)
  return {
    ...{ key: course.key, zone: course.zone, pool: course.pool },
    asks: { ...asksOf(plan.course, plan.occurrences), budget },
    later: { ...asksOf(plan.course, later), budget },
    own: plan.course.allowance,
    ownBefore: inForce.get(course.key)?.allowance ?? null,
    granted: plan.known.granted ?? {},
    roster: plan.known.roster ?? 0,
    unplacedSeats:
      unplacedIn(compiled.notes, course, sessions) +
      seatsOnClosed(compiled.notes, course, sessions, now),
    newRights: rightsOf(course.template).filter((one) => !rights.includes(one)),
    hasNewImage: old !== undefined && old.template?.image !== course.template?.image,
    newPorts: portsOf(course.template).filter((kind) => !portsOf(old?.template).includes(kind)),
    gpus:
      Math.max(0, ...course.sessions.map((one) => one.atOnce)) * (course.template?.gpu?.count ?? 0),
  }
}

const rightsOf = (template: SeatTemplate | null | undefined): string[] =>
  template?.capabilities.filter((one) => !usualCapabilities.has(one)) ?? []

const portsOf = (template: SeatTemplate | null | undefined): string[] => [
  ...new Set(template?.ports.map((port) => port.kind)),
]

/** A session that lacks no more room than before is no news. */
function unplacedIn(
  notes: Note[],
  course: BlueprintCourse,
  before: Map<string, BlueprintSession>,
): number {
  const isNoWorse = (session: BlueprintSession, old: BlueprintSession | undefined) =>
    old !== undefined &&
    session.atOnce <= old.atOnce &&
    placedSeats(session) >= Math.min(placedSeats(old), session.atOnce)
  const worse = new Set(
    course.sessions.filter((one) => !isNoWorse(one, before.get(one.key))).map((one) => one.key),
  )
  return notes
    .filter(({ code, where }) => unfit.has(code) && worse.has(where.session ?? ''))
    .reduce((sum, { params }) => sum + Number(params['seats'] ?? 0), 0)
}

/** Seats that are planned where none is taken any more, and were not before. */
function seatsOnClosed(
  notes: Note[],
  course: BlueprintCourse,
  before: Map<string, BlueprintSession>,
  now: number,
): number {
  const closed = new Set(
    notes
      .filter(({ code, where }) => code === 'pool-closed' && where.course === course.key)
      .map(({ where }) => where.pool),
  )
  return course.sessions
    .filter(({ pool, startsAt }) => closed.has(pool) && parseInstant(startsAt) > now)
    .map((session) => {
      const old = before.get(session.key)
      return (
        session.atOnce - (old?.pool === session.pool ? Math.min(old.atOnce, session.atOnce) : 0)
      )
    })
    .reduce((sum, seats) => sum + seats, 0)
}

const placedSeats = (session: BlueprintSession): number =>
  session.placements.reduce((sum, one) => sum + one.seats, 0)

function displacedIn(
  old: Map<string, BlueprintCourse>,
  courses: BlueprintCourse[],
  edited: Set<string>,
): string[] {
  return courses.flatMap((course) => {
    const before = old.get(course.key)
    if (!before || before === course || edited.has(course.key)) return []
    return sessionPairs(before.sessions, course.sessions)
      .filter(
        ({ was, session }) =>
          was?.atOnce === session.atOnce && placedSeats(session) < placedSeats(was),
      )
      .map(({ session }) => session.key)
  })
}
