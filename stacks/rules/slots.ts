/**
 * When else would a session fit? The nearest free slots: same week first, then the nearest weeks, at
 * the policy's teaching hours, off holidays, not on top of the course's other sessions.
 *
 * A slot is proposed only when placing everything again with the session moved there leaves nobody
 * new without room. A coarse test first (sums per resource) spares most of those trials.
 */
import type { Policy } from '../terms-policy.ts'
import { formatInstant, formatWall, instantOf } from './clock.ts'
import type { Demand, Vector } from './demand.ts'
import { isInDays, parseHours } from './hours.ts'
import type { Market, Offer } from './machines.ts'
import { isLong, tryMoved } from './placement.ts'
import type { Placed } from './placement.ts'
import type { CoursePlan } from './plan.ts'
import type { Occurrence } from './schedule.ts'
import type { Stretch } from './stretch.ts'

const dayMs = 86_400_000
const weekMs = 7 * dayMs
const minuteMs = 60_000

/** A trial places days again: somebody waits for the answer. */
const mostTrials = 100

export interface Slot {
  /** Wall time of the start, in the course's time zone. */
  wall: string
  /** ISO instant of the start. */
  startsAt: string
}

/**
 * @param now epoch ms: no slot has its lead in the past
 * @returns up to `count` slots, nearest first
 */
export function nearestSlots(
  plan: CoursePlan,
  session: Occurrence,
  placed: Placed,
  policy: Policy,
  now: number,
  count = 3,
): Slot[] {
  const demands = plan.demands.filter((demand) => demand.session === session.key)
  const found: Slot[] = []
  if (session.kind === 'project' || session.kind === 'booking' || demands.some(isLong)) return found
  const sums = new Sums(placed, session.key)
  if (!sums.couldEverHold(demands)) return found
  let trials = 0
  for (const wall of candidates(plan, session, policy, now)) {
    const timeZone = plan.course.timeZone ?? plan.zone.timeZone
    const startsAt = instantOf(wall, timeZone)
    const shift = startsAt - session.startsAt
    const moved = demands.map((one) => ({
      ...one,
      from: one.from + shift,
      until: one.until + shift,
    }))
    if (!sums.couldHold(moved)) continue
    if (++trials > mostTrials) break
    if (!tryMoved(placed, session.key, moved)) continue
    found.push({ wall: formatWall(wall), startsAt: formatInstant(startsAt) })
    if (found.length === count) break
  }
  return found
}

/** Wall times a class of this length could start at, nearest first; the same week before all others. */
export function candidates(
  plan: CoursePlan,
  session: Occurrence,
  policy: Policy,
  now: number,
): number[] {
  const { teaching } = policy
  const hours = parseHours(teaching.hours)
  const stepMs = teaching.stepMinutes * minuteMs
  const lengthMs = session.endsAt - session.startsAt
  const timeZone = plan.course.timeZone ?? plan.zone.timeZone
  const walls: number[] = []
  const monday = mondayOf(session.wallStart)
  for (
    let day = monday - teaching.weeks * weekMs;
    day < monday + (teaching.weeks + 1) * weekMs;
    day += dayMs
  ) {
    if (!isInDays(day, teaching.days) || isHoliday(plan, day)) continue
    const last = Math.max(hours.toMs - lengthMs, hours.fromMs)
    for (let at = hours.fromMs; at <= last; at += stepMs) walls.push(day + at)
  }
  const weekOf = (wall: number) => Math.abs(mondayOf(wall) - monday) / weekMs
  const farFrom = (wall: number) => Math.abs(wall - session.wallStart)
  const leadMs = session.startsAt - session.leadStartsAt
  return walls
    .filter((wall) => wall !== session.wallStart)
    .filter((wall) => instantOf(wall, timeZone) - leadMs >= now)
    .filter((wall) => !meetsOwnSession(plan, session, instantOf(wall, timeZone)))
    .toSorted(
      (a, b) => Math.min(1, weekOf(a)) - Math.min(1, weekOf(b)) || farFrom(a) - farFrom(b) || a - b,
    )
}

function mondayOf(wall: number): number {
  const day = Math.floor(wall / dayMs)
  // 1970-01-05, day 4, was a Monday.
  return (day - ((((day - 4) % 7) + 7) % 7)) * dayMs
}

function isHoliday(plan: CoursePlan, day: number): boolean {
  const text = formatWall(day).slice(0, 10)
  return plan.zone.holidays.some((holiday) => holiday.from <= text && text <= holiday.to)
}

/** Other groups may meet at the same time; a session without group meets everyone. */
function meetsOwnSession(plan: CoursePlan, session: Occurrence, startsAt: number): boolean {
  const endsAt = startsAt + (session.endsAt - session.startsAt)
  return plan.occurrences.some(
    (other) =>
      other.key !== session.key &&
      (other.kind === 'class' || other.kind === 'exam') &&
      (other.group === undefined || session.group === undefined || other.group === session.group) &&
      other.startsAt < endsAt &&
      startsAt < other.endsAt,
  )
}

/** Sums of what is used, per stretch: a slot whose sum is too high cannot fit however one places. */
class Sums {
  readonly #stretches: Stretch[]
  readonly #most: Vector
  readonly #without: string
  readonly #steps = new Map<Stretch, { at: number; used: Vector }[]>()

  constructor(placed: Placed, without: string) {
    this.#stretches = [placed.lasting, ...placed.stretches]
    this.#most = mostEver(placed.market)
    this.#without = without
  }

  /** Whether an empty pool would do. */
  couldEverHold(demands: Demand[]): boolean {
    return this.#most.every(
      (most, i) => demands.reduce((sum, one) => sum + (one.each[i] ?? 0) * one.seats, 0) <= most,
    )
  }

  couldHold(demands: Demand[]): boolean {
    return demands.every((demand) => {
      const at = [
        demand.from,
        ...this.#during(demand).flatMap((stretch) => this.#stepsIn(stretch, demand)),
      ]
      return at.every((instant) => this.#fitsAt(instant, demands))
    })
  }

  #during(demand: Demand): Stretch[] {
    return this.#stretches.filter((one) => one.from < demand.until && demand.from < one.until)
  }

  #stepsIn(stretch: Stretch, demand: Demand): number[] {
    return this.#stepsOf(stretch)
      .map((step) => step.at)
      .filter((at) => demand.from < at && at < demand.until)
  }

  #fitsAt(instant: number, demands: Demand[]): boolean {
    const free = [...this.#most]
    for (const demand of demands) {
      if (demand.from <= instant && instant < demand.until) {
        demand.each.forEach((x, i) => (free[i] = (free[i] ?? 0) - x * demand.seats))
      }
    }
    for (const stretch of this.#stretches) {
      if (instant < stretch.from || stretch.until <= instant) continue
      const steps = this.#stepsOf(stretch)
      const used = steps.findLast((step) => step.at <= instant)?.used ?? []
      used.forEach((x, i) => (free[i] = (free[i] ?? 0) - x))
    }
    return demands[0]?.each.every((x, i) => x === 0 || (free[i] ?? 0) >= 0) ?? true
  }

  #stepsOf(stretch: Stretch): { at: number; used: Vector }[] {
    const known = this.#steps.get(stretch)
    if (known !== undefined) return known
    const changes = stretch.machines
      .flatMap((machine) => machine.uses)
      .filter((use) => use.session !== this.#without)
      .flatMap((use) => [
        { at: use.from, each: use.each, seats: use.seats },
        { at: use.until, each: use.each, seats: -use.seats },
      ])
      .toSorted((a, b) => a.at - b.at)
    const steps: { at: number; used: Vector }[] = []
    const used = this.#most.map(() => 0)
    for (const { at, each, seats } of changes) {
      each.forEach((x, i) => (used[i] = (used[i] ?? 0) + x * seats))
      if (steps.at(-1)?.at === at) steps.pop()
      steps.push({ at, used: [...used] })
    }
    this.#steps.set(stretch, steps)
    return steps
  }
}

/** The most a pool could ever have of each resource: own machines, and as many of the best offers as it may buy. */
function mostEver(market: Market): Vector {
  return market.dims.names.map((_name, i) => {
    let most = market.fixed.reduce((sum, one) => sum + (one.capacity[i] ?? 0), 0)
    let left = market.pool.maximum
    const amount = (offer: Offer) => offer.capacity[i] ?? 0
    for (const offer of market.offers.toSorted((a, b) => amount(b) - amount(a))) {
      const count = Math.min(left, offer.quota)
      most += amount(offer) * count
      left -= count
    }
    return most
  })
}
