/** How much will be asked, bought and paid, hour by hour? Demand against capacity over a term. */
import type { Blueprint, BlueprintCourse } from '../blueprint.ts'
import type { Pool } from '../terms.ts'
import { formatInstant, parseInstant } from './clock.ts'

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
  /** Hours with something to say, in order. */
  hours: ForecastHour[]
  totalPrice: number
  nodeHours: number
  peakPlaces: number
}

/** @returns hours from the first to the last with demand or nodes; own machines of unknown size count 0 */
export function forecast(blueprint: Blueprint, pool: Pool): Forecast {
  const hours = new Hours()
  const planned = blueprint.pools.find((one) => one.key === pool.key)
  for (const course of blueprint.courses) addCourse(hours, course, pool.key)
  let totalPrice = 0
  let nodeHours = 0
  for (const node of planned?.nodes ?? []) {
    const [from, until] = [parseInstant(node.from), parseInstant(node.until)]
    const flavour = pool.flavours.find((one) => one.key === node.flavour)
    const price = flavour?.pricePerHour ?? 0
    hours.hold(from, until, { nodes: 1, ...(flavour ? sizeOf(flavour, pool) : {}) })
    hours.pay(from, until, price)
    nodeHours += (until - from) / hourMs
    totalPrice += (price * (until - from)) / hourMs
  }
  const standing = [
    ...pool.nodes.map((node) => sizeOf(node, pool)),
    ...idleSizes(pool, planned?.idle ?? []),
  ]
  const rows = hours.rows(standing, planned?.idle.length ?? 0)
  const peakPlaces = rows.reduce((most, row) => Math.max(most, row.places), 0)
  return { pool: pool.key, currency: pool.currency, hours: rows, totalPrice, nodeHours, peakPlaces }
}

function addCourse(hours: Hours, course: BlueprintCourse, pool: string): void {
  const { template } = course
  for (const session of course.sessions) {
    if (session.pool !== pool) continue
    const kept = session.extra.reduce((sum, one) => sum + one.seats, 0)
    const places = session.placements.reduce((sum, one) => sum + one.seats, 0) - kept
    const from = parseInstant(session.leadStartsAt)
    const amounts = (seats: number) => ({
      places: seats,
      cores: (seats * (template?.cpuMillis ?? 0)) / 1000,
      memoryMb: seats * (template?.memoryMb ?? 0),
      gpus: seats * (template?.gpu?.count ?? 0),
    })
    hours.hold(from, parseInstant(session.placesEndAt), amounts(places))
    for (const one of session.extra) hours.hold(from, parseInstant(one.until), amounts(one.seats))
  }
}

type Amounts = Partial<Omit<ForecastHour, 'at' | 'price'>>

function sizeOf(
  node: {
    cpu?: number | undefined
    memoryMb?: number | undefined
    gpu?: { count: number } | undefined
  },
  pool: Pool,
): Amounts {
  return {
    capacityCores: Math.max(0, (node.cpu ?? 0) - pool.reserve.cpu),
    capacityMemoryMb: Math.max(0, (node.memoryMb ?? 0) - pool.reserve.memoryMb),
    capacityGpus: node.gpu?.count ?? 0,
  }
}

function idleSizes(pool: Pool, idle: { flavour: string }[]): Amounts[] {
  return idle.flatMap((node) => {
    const flavour = pool.flavours.find((one) => one.key === node.flavour)
    return flavour ? [sizeOf(flavour, pool)] : []
  })
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
      const isHeld = names.some((name) =>
        name === 'places' || name === 'nodes' ? now[name] > (name === 'nodes' ? idle : 0) : false,
      )
      if (isHeld) for (let hour = Math.floor(last / hourMs); hour * hourMs < at; hour++) seen(hour)
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
