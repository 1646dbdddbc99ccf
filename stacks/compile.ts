/** The compiler: courses, pools, policy, zones, inventory and a moment → the blueprint and its notes. */
import { course8, seatRanges } from './blueprint.ts'
import type { Blueprint, BlueprintCourse, BlueprintSession, Placement } from './blueprint.ts'
import { formatInstant, formatWall } from './rules/clock.ts'
import { demandOf, dimensions } from './rules/demand.ts'
import type { Demand } from './rules/demand.ts'
import { numberSeats } from './rules/numbers.ts'
import { place } from './rules/placement.ts'
import type { Placed, Shortage } from './rules/placement.ts'
import { schedule } from './rules/schedule.ts'
import type { Occurrence } from './rules/schedule.ts'
import { seatTemplate } from './rules/template.ts'
import type { Course, Environment, Inventory, Note, Policy, Pool, Zone } from './terms.ts'

export interface CompileInput {
  courses: Course[]
  environments: Environment[]
  pools: Pool[]
  policy: Policy
  zones: Zone[]
  inventory?: Partial<Inventory>
  /** ISO instant. Only notes about the past and the slots proposed depend on it, never the bytes. */
  now: string
}

export interface Compiled {
  blueprint: Blueprint
  notes: Note[]
}

const dayMs = 86_400_000

/** Pure: the same inputs in any order give the same blueprint and notes. */
export function compile(input: CompileInput): Compiled {
  const inventory: Inventory = { nodes: [], taken: {}, dormant: {}, seated: [], ...input.inventory }
  const notes: Note[] = []
  const plans = input.courses
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap((course, i, all) => {
      if (all[i - 1]?.key === course.key) {
        notes.push(error('duplicate-course', { course: course.key }, { key: course.key }))
        return []
      }
      return planCourse(course, input, inventory, notes)
    })
  const placed = new Map<string, Placed>()
  for (const pool of input.pools) placed.set(pool.key, placePool(pool, plans, inventory, notes))
  const blueprint: Blueprint = {
    apiVersion: 'labplan/v1',
    kind: 'Blueprint',
    courses: plans.map((plan) => blueprintCourse(plan, placed, input.policy)),
    pools: input.pools
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map((pool) => ({
        key: pool.key,
        zone: pool.zone,
        fixed: pool.nodes.map((node) => node.key).toSorted(),
        nodes: (placed.get(pool.key)?.nodes ?? []).map((node) => ({
          ...node,
          from: formatInstant(node.from),
          until: formatInstant(node.until),
        })),
        idle: [],
      })),
  }
  return { blueprint, notes: notes.toSorted(byWhere) }
}

interface CoursePlan {
  course: Course
  zone: Zone
  environment: Environment | undefined
  occurrences: Occurrence[]
  numbers: ReturnType<typeof numberSeats>
  demands: Demand[]
}

function planCourse(
  course: Course,
  input: CompileInput,
  inventory: Inventory,
  notes: Note[],
): CoursePlan[] {
  const zone = input.zones.find((one) => one.key === course.zone)
  if (zone === undefined) {
    notes.push(error('unknown-zone', { course: course.key }, { zone: course.zone }))
    return []
  }
  const environment = input.environments.find((one) => one.key === course.environment)
  if (environment === undefined || environment.image === undefined) {
    const code = environment === undefined ? 'unknown-environment' : 'environment-not-built'
    notes.push(error(code, { course: course.key }, { environment: course.environment }))
  }
  const isLive = course.state === 'ready' || course.state === 'test'
  if (!isLive) notes.push(info(`course-${course.state}`, { course: course.key }, {}))
  const { occurrences, notes: said } = schedule(course, zone, input.policy)
  if (isLive) notes.push(...said)
  if (isLive && occurrences.length === 0)
    notes.push(info('no-sessions', { course: course.key }, {}))
  const live = isLive ? occurrences : []
  const numbers = numberSeats(course, live, inventory)
  noteSeats(course, live, numbers, input.policy, notes)
  return [
    {
      course,
      zone,
      environment,
      occurrences: live,
      numbers,
      demands: demandsOf(course, live, input, notes),
    },
  ]
}

function demandsOf(
  course: Course,
  occurrences: Occurrence[],
  input: CompileInput,
  notes: Note[],
): Demand[] {
  const known = input.pools.map((pool) => pool.key).toSorted()
  const missing = new Set<string>()
  const demands = occurrences.flatMap((session) => {
    const pool = input.pools.find((one) => one.key === session.pool)
    if (pool === undefined) missing.add(session.pool)
    return pool === undefined
      ? []
      : demandOf(course, session, pool, dimensions(pool, input.courses))
  })
  for (const pool of missing)
    notes.push(error('unknown-pool', { course: course.key }, { pool, known }))
  return demands
}

function noteSeats(
  course: Course,
  occurrences: Occurrence[],
  numbers: ReturnType<typeof numberSeats>,
  policy: Policy,
  notes: Note[],
): void {
  const first = occurrences.find((one) => numbers.beyond.has(one.key))
  if (first !== undefined) {
    const params = {
      held: numbers.beyond.get(first.key) ?? 0,
      students: first.students,
      atOnce: first.atOnce,
    }
    notes.push(warning('taken-beyond-count', { course: course.key, session: first.key }, params))
  }
  for (const session of occurrences) {
    if (
      session.group !== undefined &&
      !course.groups.some((group) => group.key === session.group)
    ) {
      const where = { course: course.key, session: session.key }
      notes.push(error('unknown-group', where, { group: session.group }))
      break
    }
  }
  const allowed = allowanceOf(course, policy)
  const asked = {
    seats: Math.max(0, ...occurrences.map((one) => one.students)),
    atOnce: Math.max(0, ...occurrences.map((one) => one.atOnce)),
  }
  for (const what of ['seats', 'atOnce'] as const) {
    if (asked[what] > allowed[what]) {
      const params = { what, asked: asked[what], allowed: allowed[what] }
      notes.push(warning('allowance-exceeded', { course: course.key }, params))
    }
  }
}

function allowanceOf(course: Course, policy: Policy) {
  return {
    seats: course.allowance.seats ?? policy.allowance.seats,
    atOnce: course.allowance.atOnce ?? policy.allowance.atOnce,
    hoursPerWeek: course.allowance.hoursPerWeek ?? policy.allowance.hoursPerWeek,
  }
}

function placePool(pool: Pool, plans: CoursePlan[], inventory: Inventory, notes: Note[]): Placed {
  const demands = plans.flatMap((plan) => plan.demands.filter((demand) => demand.pool === pool.key))
  const dims = dimensions(
    pool,
    plans.map((plan) => plan.course),
  )
  const placed = place(pool, dims, demands, inventory)
  for (const node of placed.unsized)
    notes.push(warning('node-size-unknown', { pool: pool.key }, { node }))
  for (const shortage of placed.shortages) notes.push(shortageNote(shortage, plans))
  return placed
}

function shortageNote(shortage: Shortage, plans: CoursePlan[]): Note {
  const { demand, resource, needed, free, seats } = shortage
  const plan = plans.find((one) => one.course.key === demand.course)
  const session = plan?.occurrences.find((one) => one.key === demand.session)
  const where = {
    course: demand.course,
    session: demand.session,
    pool: demand.pool,
    at: formatInstant(shortage.at),
  }
  const wall = formatWall(session?.wallStart ?? shortage.at)
  const missing = Math.max(0, needed - free)
  return error('session-does-not-fit', where, { wall, resource, needed, free, missing, seats })
}

function blueprintCourse(
  plan: CoursePlan,
  placed: Map<string, Placed>,
  policy: Policy,
): BlueprintCourse {
  const { course, environment, occurrences, numbers } = plan
  return {
    key: course.key,
    zone: course.zone,
    course8: course8(course.key),
    pool: course.pool,
    template: environment === undefined ? null : seatTemplate(course, environment),
    seats: seatRanges(numbers.all),
    volumes: volumesOf(plan, policy),
    headroom: headroomOf(plan, policy),
    allowance: allowanceOf(course, policy),
    sessions: occurrences.map((session) => {
      const seats = seatRanges(numbers.bySession.get(session.key) ?? [])
      const placements = placed.get(session.pool)?.placements.get(session.key) ?? []
      return blueprintSession(session, seats, placements)
    }),
  }
}

function spanOf(plan: CoursePlan): { from: number; until: number } | undefined {
  const [first] = plan.occurrences
  if (first === undefined) return undefined
  const until = Math.max(...plan.occurrences.map((one) => one.graceEndsAt))
  return { from: Math.min(...plan.occurrences.map((one) => one.leadStartsAt)), until }
}

function volumesOf({ course, ...plan }: CoursePlan, policy: Policy): BlueprintCourse['volumes'] {
  const span = spanOf({ course, ...plan })
  if (span === undefined || course.seat.volumeQuotaMb === undefined) return null
  const until = span.until + (course.keepDays ?? policy.keepDays) * dayMs
  return { from: formatInstant(span.from), until: formatInstant(until) }
}

function headroomOf(plan: CoursePlan, policy: Policy): BlueprintCourse['headroom'] {
  const { course, zone } = plan
  const span = spanOf(plan)
  const wanted = course.headroom ?? policy.headroom
  const seats =
    wanted.seats ?? policy.headroom.seats ?? Math.max(2, Math.ceil(course.students * 0.1))
  if (span === undefined || seats === 0) return null
  const { hours, days } = wanted
  const timeZone = course.timeZone ?? zone.timeZone
  return {
    seats,
    from: formatInstant(span.from),
    until: formatInstant(span.until),
    timeZone,
    hours,
    days,
  }
}

function blueprintSession(
  session: Occurrence,
  seats: string,
  placements: Placement[],
): BlueprintSession {
  return {
    key: session.key,
    kind: session.kind,
    pool: session.pool,
    group: session.group ?? null,
    startsAt: formatInstant(session.startsAt),
    endsAt: formatInstant(session.endsAt),
    opensAt: formatInstant(session.opensAt),
    leadStartsAt: formatInstant(session.leadStartsAt),
    readyAt: formatInstant(session.readyAt),
    graceEndsAt: formatInstant(session.graceEndsAt),
    students: session.students,
    atOnce: session.atOnce,
    spares: session.spares,
    // Seats without room would only wait in Swarm: start with those that fit.
    warm: Math.min(
      session.warm,
      placements.reduce((sum, one) => sum + one.seats, 0),
    ),
    seats,
    placements,
  }
}

const error = (code: string, where: Note['where'], params: Note['params']): Note => ({
  code,
  severity: 'error',
  where,
  params,
})
const warning = (code: string, where: Note['where'], params: Note['params']): Note => ({
  ...error(code, where, params),
  severity: 'warning',
})
const info = (code: string, where: Note['where'], params: Note['params']): Note => ({
  ...error(code, where, params),
  severity: 'info',
})

function byWhere(a: Note, b: Note): number {
  const text = (note: Note) =>
    [
      note.where.course ?? '',
      note.where.session ?? '',
      note.code,
      JSON.stringify(note.params),
    ].join('\n')
  return text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0
}
