/** How much will be asked, bought and paid, hour by hour? Demand against capacity over a term. */
import type { BlueprintCourse } from '../blueprint.ts'
import type { Compiled } from '../compile.ts'
import type { SeatNeeds } from '../terms.ts'
import type { Pool } from '../terms-pool.ts'
import { formatInstant, formatWall, parseInstant, wallOf } from './clock.ts'
import type { Vector } from './demand.ts'
import { unlimited } from './machines.ts'

const hourMs = 3_600_000

export interface ForecastHour {
  /** Start of the hour, ISO. */
  at: string
  /** Most places held at once in the hour, and what they reserve. */
  places: number
  cores: number
  memoryMb: number
  gpus: number
  /** Most bought nodes on at once, always-on ones included. */
  nodes: number
  /** Cores of own machines and of nodes on, system reserve taken off. */
  capacityCores: number
  capacityMemoryMb: number
  capacityGpus: number
  /** What the hour costs. */
  price: number
}

export interface Forecast {
  pool: string
  currency: string
  /** Cores that are always there: own machines of known size, and nodes kept on. */
  standingCores: number
  /** Hours with something to say, in order. */
  hours: ForecastHour[]
  totalPrice: number
  nodeHours: number
  peakPlaces: number
}

/** @returns hours with demand or nodes; own machines of unknown size count 0 */
export function forecast(
  compiled: Pick<Compiled, 'blueprint' | 'placed' | 'plans'>,
  pool: Pool,
): Forecast {
  const { blueprint, placed, plans } = compiled
  const hours = new Hours()
  const planned = blueprint.pools.find((one) => one.key === pool.key)
  const market = placed.get(pool.key)?.market
  for (const course of blueprint.courses) {
    const seat = plans.find((plan) => plan.course.key === course.key)?.course.seat
    if (seat) addCourse(hours, course, seat, pool.key)
  }
  const capacities = new Map(
    market?.offers.map((offer) => [offer.flavour, capacityOf(offer.capacity)]),
  )
  let totalPrice = 0
  let nodeHours = 0
  for (const node of planned?.nodes ?? []) {
    const [from, until] = [parseInstant(node.from), parseInstant(node.until)]
    const price = pool.flavours.find((one) => one.key === node.flavour)?.pricePerHour ?? 0
    hours.hold(from, until, { nodes: 1, ...capacities.get(node.flavour) })
    hours.pay(from, until, price)
    nodeHours += (until - from) / hourMs
    totalPrice += (price * (until - from)) / hourMs
  }
  const idle = planned?.idle ?? []
  const standing = [
    ...(market?.fixed ?? []).map((node) => capacityOf(node.capacity)),
    ...idle.map((node) => capacities.get(node.flavour) ?? {}),
  ]
  const rows = hours.rows(standing, idle.length)
  const peakPlaces = rows.reduce((most, row) => Math.max(most, row.places), 0)
  const standingCores = standing.reduce((sum, one) => sum + (one.capacityCores ?? 0), 0)
  const totals = { totalPrice, nodeHours, peakPlaces, standingCores }
  return { pool: pool.key, currency: pool.currency, hours: rows, ...totals }
}

/** The hours of a local day as one: as full as its fullest hour, as dear as all together. `at` is its date. */
export function forecastDays(hours: ForecastHour[], timeZone: string): ForecastHour[] {
  const days = new Map<string, ForecastHour>()
  for (const hour of hours) {
    const at = formatWall(wallOf(parseInstant(hour.at), timeZone)).slice(0, 10)
    const day = days.get(at)
    if (!day) days.set(at, { ...hour, at })
    else {
      for (const name of names) day[name] = Math.max(day[name], hour[name])
      day.price += hour.price
    }
  }
  return [...days.values()]
}

function addCourse(hours: Hours, course: BlueprintCourse, seat: SeatNeeds, pool: string): void {
  for (const session of course.sessions) {
    if (session.pool !== pool) continue
    const kept = session.extra.reduce((sum, one) => sum + one.seats, 0)
    const places = session.placements.reduce((sum, one) => sum + one.seats, 0) - kept
    const from = parseInstant(session.leadStartsAt)
    const amounts = (seats: number) => ({
      places: seats,
      cores: seats * seat.cpu,
      memoryMb: seats * seat.memoryMb,
      gpus: seats * (seat.gpu?.count ?? 0),
    })
    if (places > 0) hours.hold(from, parseInstant(session.placesEndAt), amounts(places))
    for (const one of session.extra) hours.hold(from, parseInstant(one.until), amounts(one.seats))
  }
}

type Amounts = Partial<Omit<ForecastHour, 'at' | 'price'>>

/** In the order of `Dimensions`: cpu in millis, memory, disk, then GPUs. */
function capacityOf([cpuMillis = 0, memoryMb = 0, , ...gpus]: Vector): Amounts {
  const known = (amount: number) => (amount >= unlimited ? 0 : amount)
  return {
    capacityCores: known(cpuMillis) / 1000,
    capacityMemoryMb: known(memoryMb),
    capacityGpus: gpus.reduce((sum, count) => sum + count, 0),
  }
}

const names = [
  'places',
  'cores',
  'memoryMb',
  'gpus',
  'nodes',
  'capacityCores',
  'capacityMemoryMb',
  'capacityGpus',
] as const

/** Collects holds over time and reads them back as the highest moment of each hour. */
class Hours {
  readonly #changes: { at: number; sign: 1 | -1; amounts: Amounts }[] = []
  readonly #paid = new Map<number, number>()

  hold(from: number, until: number, amounts: Amounts): void {
    this.#changes.push({ at: from, sign: 1, amounts }, { at: until, sign: -1, amounts })
  }

  pay(from: number, until: number, pricePerHour: number): void {
    for (let hour = Math.floor(from / hourMs); hour * hourMs < until; hour++) {
      const start = Math.max(from, hour * hourMs)
      const end = Math.min(until, (hour + 1) * hourMs)
      this.#paid.set(hour, (this.#paid.get(hour) ?? 0) + (pricePerHour * (end - start)) / hourMs)
    }
  }

  rows(standing: Amounts[], idle: number): ForecastHour[] {
    const rows = new Map<number, ForecastHour>()
    const now: Required<Amounts> = Object.assign(
      {} as Required<Amounts>,
      ...names.map((name) => ({ [name]: 0 })),
    )
    for (const one of standing) for (const name of names) now[name] += one[name] ?? 0
    now.nodes += idle
    let last = 0
    const seen = (hour: number) => {
      const row = rows.get(hour) ?? this.#emptyRow(hour)
      for (const name of names) row[name] = Math.max(row[name], round(now[name]))
      rows.set(hour, row)
    }
    for (const { at, sign, amounts } of this.#changes.toSorted(
      (a, b) => a.at - b.at || a.sign - b.sign,
    )) {
      if (now.places > 0 || now.nodes > idle)
        for (let hour = Math.floor(last / hourMs); hour * hourMs < at; hour++) seen(hour)
      for (const name of names) now[name] += sign * (amounts[name] ?? 0)
      if (sign === 1) seen(Math.floor(at / hourMs))
      last = at
    }
    return [...rows.values()].toSorted((a, b) => (a.at < b.at ? -1 : 1))
  }

  #emptyRow(hour: number): ForecastHour {
    const zero = Object.fromEntries(names.map((name) => [name, 0])) as Required<Amounts>
    return { at: formatInstant(hour * hourMs), price: round(this.#paid.get(hour) ?? 0), ...zero }
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
