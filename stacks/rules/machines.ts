/** What machines does a pool have, and which could it buy? */
import type { Inventory } from '../terms.ts'
import type { Pool } from '../terms-pool.ts'
import type { Demand, Dimensions, Vector } from './demand.ts'
import { vectorOf } from './demand.ts'

/** More than any machine has: what nobody measured does not limit. */
export const unlimited = 2 ** 30

/** Identical seats of one session on one machine. Times in epoch ms. */
export interface Use {
  session: string
  seats: number
  each: Vector
  isExtra: boolean
  from: number
  until: number
}

/** A size that can be bought. */
export interface Offer {
  flavour: string
  capacity: Vector
  pricePerHour: number
  bootMs: number
  quota: number
}

/** A machine while seats are being placed. */
export interface Machine {
  /** Empty until named: bought machines are numbered when their life is known. */
  key: string
  /** Undefined for own machines. */
  offer: Offer | undefined
  capacity: Vector
  /** What is free at the moment the sweep stands at. */
  free: Vector
  /** First use (boot not included) and last end; an own or always-on machine has no end. */
  from: number
  until: number
  /** Uses of this stretch of time, in order of start. */
  uses: Use[]
  /** Uses that are still going on where the sweep stands. */
  active: Use[]
  /** Uses fixed beforehand (long ones, seats already taken): they may also start later. */
  base: Use[]
  hasGpu: boolean
  /** Place among the machines bought in its stretch of time, from 0. */
  order: number
}

/** Everything about a pool that does not depend on the sessions. */
export interface Market {
  pool: Pool
  dims: Dimensions
  fixed: { key: string; capacity: Vector }[]
  offers: Offer[]
  /** The flavour kept on all the time: the cheapest. */
  idleOffer: Offer | undefined
  idle: number
  /** Own machines whose size nobody knows. */
  unsized: string[]
}

export function marketOf(pool: Pool, dims: Dimensions, inventory: Inventory): Market {
  const unsized: string[] = []
  const fixed = pool.nodes.toSorted(byKey).map((node) => {
    const seen = inventory.nodes.find((one) => one.pool === pool.key && one.key === node.key)
    const size = {
      cpu: node.cpu ?? seen?.cpu,
      memoryMb: node.memoryMb ?? seen?.memoryMb,
      diskMb: node.diskMb ?? seen?.diskMb,
      gpu: node.gpu ?? seen?.gpu,
    }
    if (size.cpu === undefined || size.memoryMb === undefined) unsized.push(node.key)
    return { key: node.key, capacity: capacityOf(size, pool, dims) }
  })
  const offers = pool.flavours.toSorted(byKey).map((flavour) => ({
    flavour: flavour.key,
    capacity: capacityOf(flavour, pool, dims),
    pricePerHour: flavour.pricePerHour,
    bootMs: flavour.bootMinutes * 60_000,
    quota: flavour.quota,
  }))
  const idleOffer = offers
    .filter((offer) => offer.quota > 0)
    .toSorted((a, b) => a.pricePerHour - b.pricePerHour)[0]
  const idle = idleOffer ? Math.min(pool.minimumIdle, pool.maximum, idleOffer.quota) : 0
  return { pool, dims, fixed, offers, idleOffer, idle, unsized }
}

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1
}

function capacityOf(size: Parameters<typeof vectorOf>[0], pool: Pool, dims: Dimensions): Vector {
  const reserve = vectorOf(pool.reserve, dims)
  const measured = [size.cpu, size.memoryMb, size.diskMb]
  return vectorOf(size, dims).map((amount, i) =>
    i < measured.length && measured[i] === undefined
      ? unlimited
      : Math.max(0, amount - (reserve[i] ?? 0)),
  )
}

/** Own and always-on machines, empty. */
export function standingMachines(market: Market): Machine[] {
  const machines = market.fixed.map(({ key, capacity }) => machine(key, undefined, capacity))
  for (let n = 1; n <= market.idle && market.idleOffer; n++) {
    machines.push(
      machine(`${market.idleOffer.flavour}-${n}`, market.idleOffer, market.idleOffer.capacity),
    )
  }
  return machines
}

function machine(key: string, offer: Offer | undefined, capacity: Vector): Machine {
  return { ...emptyMachine(capacity), key, offer, from: -Infinity, until: Infinity }
}

export function boughtMachine(offer: Offer, from: number, until: number): Machine {
  return { ...emptyMachine(offer.capacity), key: '', offer, from, until }
}

function emptyMachine(capacity: Vector) {
  const hasGpu = hasAnyGpu(capacity)
  return { capacity, free: [...capacity], uses: [], active: [], base: [], hasGpu, order: 0 }
}

const hasAnyGpu = (capacity: Vector): boolean => capacity.some((amount, i) => i >= 3 && amount > 0)

/**
 * Machines bought for one use each. A large class takes hundreds of them a day, so they are written down plainly:
 * nothing is copied, and no list has more room than it needs.
 * @param first place of the first among all bought
 */
export function machinesFor(offer: Offer, use: Use, count: number, first: number): Machine[] {
  const { capacity } = offer
  const { from, until } = use
  const hasGpu = hasAnyGpu(capacity)
  const left = [...capacity]
  take(left, use.each, use.seats)
  const machines: Machine[] = []
  for (let n = 0; n < count; n++) {
    const [free, uses, active, base] = [left.slice(), [use], [use], []]
    const order = first + n
    machines.push({
      key: '',
      offer,
      capacity,
      free,
      from,
      until,
      uses,
      active,
      base,
      hasGpu,
      order,
    })
  }
  return machines
}

/** How many such seats fit into what is free, at most `most`. */
export function fit(free: Vector, each: Vector, most: number): number {
  let seats = most
  for (let i = 0; i < each.length && seats > 0; i++) {
    const need = each[i] as number
    if (need > 0) {
      const room = Math.floor((free[i] as number) / need)
      if (room < seats) seats = room
    }
  }
  return seats > 0 ? seats : 0
}

/** How many such seats fit all the time from `from` to `until`, among all uses ever given to it. */
export function roomBetween(
  machine: { capacity: Vector; uses: Use[] },
  demand: Pick<Demand, 'each' | 'from' | 'until'>,
  most: number,
): number {
  const { from, until, each } = demand
  const during = machine.uses.filter((use) => use.from < until && from < use.until)
  let seats = fit(freeAt(machine.capacity, during, from), each, most)
  for (const use of during) {
    if (seats === 0) return 0
    if (use.from > from) seats = fit(freeAt(machine.capacity, during, use.from), each, seats)
  }
  return seats
}

/** What a set of uses leaves at an instant. */
export function freeAt(capacity: Vector, uses: Use[], at: number): Vector {
  const free = [...capacity]
  for (const use of uses) {
    if (use.from <= at && at < use.until) take(free, use.each, use.seats)
  }
  return free
}

export function take(free: Vector, each: Vector, seats: number): void {
  for (let i = 0; i < each.length; i++) free[i] = (free[i] as number) - (each[i] as number) * seats
}
