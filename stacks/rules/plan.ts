/** What does one course ask for, on its own? Everything that does not depend on other courses. */
import type { BlueprintCourse } from '../blueprint.ts'
import type { Course, Environment, Inventory, Note, Zone } from '../terms.ts'
import type { Pool } from '../terms-pool.ts'
import type { Policy } from '../terms-policy.ts'
import { type Known, allowanceNotes, knownOf } from './allowance.ts'
import { formatWall } from './clock.ts'
import { demandOf, vectorOf } from './demand.ts'
import type { Demand, Dimensions } from './demand.ts'
import { numberSeats } from './numbers.ts'
import type { Numbering } from './numbers.ts'
import { headroomDemands } from './headroom.ts'
import { wholeGib } from '../parts/seat-share.ts'
import { filesUntil, hasSnapshots, openSpan, snapshotsKept } from './retention.ts'
import type { Span } from './retention.ts'
import { withRoster } from './roster.ts'
import { schedule } from './schedule.ts'
import type { Occurrence } from './schedule.ts'

export interface CoursePlan {
  course: Course
  zone: Zone
  environment: Environment | undefined
  known: Known
  /** Sessions that will be held: none of a draft or an archived course. */
  occurrences: Occurrence[]
  /** From the first to the last of all that was ever planned: volumes of an archived course stay. */
  span: Span | undefined
  numbers: Numbering
  /** What each student's own volume is held to, where its pool can have one. */
  personal: BlueprintCourse['personal']
  snapshots: BlueprintCourse['snapshots']
  demands: Demand[]
  notes: Note[]
}

export interface PlanContext {
  zones: Map<string, Zone>
  environments: Map<string, Environment>
  pools: Map<string, { pool: Pool; dims: Dimensions }>
  policy: Policy
  inventory: Inventory
}

/** @returns undefined when the course belongs to no zone: nothing can be said about its times */
export function planCourse(given: Course, context: PlanContext): CoursePlan | Note {
  const course = withRoster(given, context.inventory)
  const where = { course: course.key }
  const zone = context.zones.get(course.zone)
  if (zone === undefined) {
    return { code: 'unknown-zone', severity: 'error', where, params: { zone: course.zone } }
  }
  const notes: Note[] = []
  const isLive = course.state === 'ready' || course.state === 'test'
  const scheduled = schedule(course, zone, context.policy)
  const occurrences = isLive ? scheduled.occurrences : []
  const numbers = numberSeats(course, occurrences, context.inventory)
  if (isLive) notes.push(...scheduled.notes)
  else notes.push({ code: `course-${course.state}`, severity: 'info', where, params: {} })
  if (isLive && occurrences.length === 0) {
    notes.push({ code: 'no-sessions', severity: 'info', where, params: {} })
  }
  const environment = context.environments.get(course.environment)
  notes.push(...environmentNotes(course, environment), ...groupNotes(course))
  const known = knownOf(course.key, context.inventory)
  notes.push(...allowanceNotes(course, occurrences, context.policy, known))
  notes.push(...holderNotes(course, occurrences, numbers), ...projectNotes(course, occurrences))
  const demands = demandsOf(course, zone, occurrences, context, notes)
  const isDraft = course.state === 'draft'
  const span = openSpan(course, zone, isDraft ? [] : scheduled.occurrences)
  const personal = personalOf(course, span, context)
  notes.push(
    ...filesElsewhereNotes(course, occurrences, context),
    ...wholeGibNotes(course, context),
  )
  if (course.personalVolume && !personal) notes.push(poolNote('no-personal-volume', course))
  const backend = context.pools.get(course.pool)?.pool.storage?.backend
  if (course.snapshots?.keep && !hasSnapshots(backend)) notes.push(poolNote('no-snapshots', course))
  return {
    ...{ course, zone, environment, known, occurrences, span, numbers },
    ...{ personal, snapshots: snapshotsKept(course, backend, context.policy), demands, notes },
  }
}

/** Where there is a storage agent that can bring them into seats that run. */
function personalOf(
  course: Course,
  span: Span | undefined,
  { pools, policy }: Pick<PlanContext, 'pools' | 'policy'>,
): BlueprintCourse['personal'] {
  const backend = pools.get(course.pool)?.pool.storage?.backend
  if (!course.personalVolume || backend === undefined) return undefined
  return { backend, quotaMb: policy.personalQuotaMb, until: filesUntil(course, span, policy) }
}

function poolNote(code: 'no-personal-volume' | 'no-snapshots', { key, pool }: Course): Note {
  return { code, severity: 'warning', where: { course: key }, params: { pool } }
}

/** A file of one machine is on no other: such seats would never start. Said once for each pool, at its first session. */
function filesElsewhereNotes(
  course: Course,
  occurrences: Occurrence[],
  { pools }: Pick<PlanContext, 'pools'>,
): Note[] {
  const hasFiles = course.seat.volumeQuotaMb !== undefined || course.data?.version !== undefined
  if (!hasFiles || pools.get(course.pool)?.pool.storage?.backend !== 'local') return []
  const away = occurrences.filter((one) => one.pool !== course.pool && pools.has(one.pool))
  return [...Map.groupBy(away, (one) => one.pool)].flatMap(([pool, sessions]) => {
    const [first] = sessions.toSorted((a, b) => a.startsAt - b.startsAt)
    if (first === undefined) return []
    const wall = formatWall(first.wallStart)
    const params = { pool, home: course.pool, sessions: sessions.length, wall }
    const where = { course: course.key, session: first.key, pool }
    return [{ code: 'files-elsewhere', severity: 'error' as const, where, params }]
  })
}

/** A cloud's shares are of whole GiB: who asked for less gets more, and is told. */
function wholeGibNotes(course: Course, { pools }: Pick<PlanContext, 'pools'>): Note[] {
  const { volumeQuotaMb: askedMb } = course.seat
  if (askedMb === undefined || pools.get(course.pool)?.pool.storage?.backend !== 'manila') return []
  const givenMb = wholeGib(askedMb)
  if (givenMb === askedMb) return []
  const params = { pool: course.pool, askedMb, givenMb }
  return [{ code: 'whole-gib', severity: 'info', where: { course: course.key }, params }]
}

function environmentNotes(course: Course, environment: Environment | undefined): Note[] {
  if (environment?.image !== undefined) return []
  const code = environment === undefined ? 'unknown-environment' : 'environment-not-built'
  const params = { environment: course.environment }
  return [{ code, severity: 'error', where: { course: course.key }, params }]
}

function groupNotes(course: Course): Note[] {
  const known = new Set(course.groups.map((group) => group.key))
  const asked = new Set([...course.sessions, ...course.projects].map((one) => one.group))
  return [...asked]
    .filter((group) => group !== undefined && !known.has(group))
    .map((group) => ({
      code: 'unknown-group',
      severity: 'error',
      where: { course: course.key },
      params: { group: group ?? '', known: [...known] },
    }))
}

/** Said once per course, at the first session it is true of. */
function holderNotes(course: Course, occurrences: Occurrence[], numbers: Numbering): Note[] {
  const first = occurrences.find((one) => numbers.beyond.has(one.key))
  if (first === undefined) return []
  const { students, atOnce } = first
  const params = { held: numbers.beyond.get(first.key) ?? 0, students, atOnce }
  const where = { course: course.key, session: first.key }
  return [{ code: 'taken-beyond-count', severity: 'warning', where, params }]
}

/** What sharing means to a student: how many hours there are for each. */
function projectNotes(course: Course, occurrences: Occurrence[]): Note[] {
  return course.projects.flatMap((project) => {
    const windows = occurrences.filter((one) => one.project === project && one.kind === 'project')
    const [first] = windows
    if (first === undefined) return []
    const openHours = windows.reduce((sum, one) => sum + (one.endsAt - one.startsAt) / 3_600_000, 0)
    const { students, atOnce } = first
    const hoursEach = Math.floor((openHours * atOnce) / students)
    const wanted = project.hoursPerStudent ?? null
    const isShort = wanted !== null && hoursEach < wanted
    const params = { students, atOnce, days: windows.length, hoursEach, wanted, openHours }
    const code = isShort ? 'project-hours-short' : atOnce < students ? 'project-shared' : undefined
    if (code === undefined) return []
    const where = { course: course.key, session: first.key }
    return [{ code, severity: isShort ? ('warning' as const) : ('info' as const), where, params }]
  })
}

function demandsOf(
  course: Course,
  zone: Zone,
  occurrences: Occurrence[],
  { pools, policy }: PlanContext,
  notes: Note[],
): Demand[] {
  const missing = new Set<string>()
  if (!pools.has(course.pool)) missing.add(course.pool)
  const each = new Map([...pools].map(([key, { dims }]) => [key, vectorOf(course.seat, dims)]))
  const demands = occurrences.flatMap((session) => {
    const found = pools.get(session.pool)
    const vector = each.get(session.pool)
    if (found !== undefined && vector !== undefined)
      return demandOf(course, session, found.pool, vector)
    missing.add(session.pool)
    return []
  })
  const known = [...pools.keys()].toSorted()
  for (const pool of missing) {
    const where = { course: course.key }
    notes.push({ code: 'unknown-pool', severity: 'error', where, params: { pool, known } })
  }
  const own = pools.get(course.pool)
  if (own) demands.push(...headroomDemands(course, zone, occurrences, policy, own))
  return demands
}
