/** What does a session take from its pool, and from when to when? */
import type { Course } from '../terms.ts'
import type { Pool } from '../terms-pool.ts'
import type { Occurrence } from './schedule.ts'

/** Amounts in the order of a pool's `Dimensions`: integers, so that sums are exact. */
export type Vector = number[]

/** Resources a pool is counted in: cpu in millis, memory, disk, then each GPU kind. */
export interface Dimensions {
  names: string[]
  gpuKinds: string[]
}

/** Identical seats that start and end together; each sits on one node for all that time. */
export interface Demand {
  session: string
  course: string
  pool: string
  seats: number
  each: Vector
  hasGpu: boolean
  /** Places kept longer than the others of their session. */
  isExtra: boolean
  /** Epoch ms. */
  from: number
  until: number
}

export function dimensions(pool: Pool, courses: Iterable<Course>): Dimensions {
  const kinds = new Set<string>()
  for (const one of [...pool.nodes, ...pool.flavours]) if (one.gpu) kinds.add(one.gpu.kind)
  for (const course of courses) if (course.seat.gpu) kinds.add(course.seat.gpu.kind)
  const gpuKinds = [...kinds].toSorted()
  return { names: ['cpu', 'memory', 'disk', ...gpuKinds.map((kind) => `gpu:${kind}`)], gpuKinds }
}

export function vectorOf(
  of: {
    cpu?: number | undefined
    memoryMb?: number | undefined
    diskMb?: number | undefined
    gpu?: { kind: string; count: number } | undefined
  },
  { gpuKinds }: Dimensions,
): Vector {
  return [
    Math.round((of.cpu ?? 0) * 1000),
    of.memoryMb ?? 0,
    of.diskMb ?? 0,
    ...gpuKinds.map((kind) => (of.gpu?.kind === kind ? of.gpu.count : 0)),
  ]
}

/**
 * The demands of one session: its common places, and those with extra time.
 * @param each what one seat of the course takes: one array for all its sessions
 */
export function demandOf(course: Course, session: Occurrence, pool: Pool, each: Vector): Demand[] {
  const places = reservedPlaces(session, pool)
  if (places === 0) return []
  const common = {
    session: session.key,
    course: course.key,
    pool: pool.key,
    each,
    hasGpu: course.seat.gpu !== undefined,
    from: session.leadStartsAt,
    isExtra: false,
  }
  if (session.extra.length === 0) return [{ ...common, seats: places, until: session.commonEndsAt }]
  const extra = session.extra.map(({ seats, until }) => ({
    ...common,
    isExtra: true,
    seats,
    until,
  }))
  const rest = places - extra.reduce((sum, { seats }) => sum + seats, 0)
  return rest > 0 ? [{ ...common, seats: rest, until: session.commonEndsAt }, ...extra] : extra
}

/**
 * A project's places are kept all the time on own machines; where machines are bought, only for
 * what is booked: nodes follow bookings and queue, not fourteen days.
 */
export function reservedPlaces(session: Occurrence, pool: Pool): number {
  const mode = session.project?.reserve ?? (pool.flavours.length > 0 ? 'bookings' : 'period')
  if (session.kind === 'project') return mode === 'period' ? session.atOnce : 0
  if (session.kind === 'booking') return mode === 'bookings' ? session.atOnce : 0
  return session.atOnce + session.spares
}
