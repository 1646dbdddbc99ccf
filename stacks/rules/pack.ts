/**
 * Which seats sit on which machine? One sweep over the starts of sessions, in a stretch of time that
 * begins and ends with nothing running.
 *
 * Own machines first, then machines already paid for, then the cheaper, per seat, of staying longer
 * with one and buying another. Seats that end together are put together, so that machines empty
 * together. Nobody who sits is ever moved: a use never changes its machine.
 */
import type { Demand, Vector } from './demand.ts'
import { fit, machinesFor, roomBetween, take } from './machines.ts'
import type { Machine, Market, Offer, Use } from './machines.ts'
import { mayBuy, mayStay, purchasesLeft } from './purchase-limits.ts'
import type { Lives } from './purchase-limits.ts'
import { Rooms, sparingGpu } from './rooms.ts'
import type { Room } from './rooms.ts'

/** Seats of a demand that no machine can take. */
export interface Unplaced {
  demand: Demand
  seats: number
}

export interface Packed {
  /** Standing machines (own, always on, long-lived), with the uses they got here. */
  standing: Machine[]
  bought: Machine[]
  unplaced: Unplaced[]
}

interface Sweep {
  market: Market
  at: number
  standing: Machine[]
  /** All bought here, also those that are gone: they count for the maximum around their end. */
  bought: Machine[]
  /** Of these, the ones one can still sit on. */
  rooms: Rooms
  others: Lives[]
  unplaced: Unplaced[]
}

/** @param demands in the order of `inOrderOfPlacing` */
export function pack(
  market: Market,
  demands: Demand[],
  standing: Machine[],
  others: Lives[],
): Packed {
  const rooms = new Rooms()
  const sweep: Sweep = { market, at: 0, standing, bought: [], rooms, others, unplaced: [] }
  for (let i = 0; i < demands.length;) {
    const at = (demands[i] as Demand).from
    let end = i
    while (demands[end]?.from === at) end++
    sweep.at = at
    leave(sweep, at)
    const batch = demands.slice(i, end)
    batch.forEach((demand, n) => placeOne(sweep, demand, batch, n))
    i = end
  }
  return { standing, bought: sweep.bought, unplaced: sweep.unplaced }
}

/** By start; then scarce things first, then the longest, so that shorter ones fit in beside them. */
export function inOrderOfPlacing(a: Demand, b: Demand): number {
  return (
    a.from - b.from ||
    Number(b.hasGpu) - Number(a.hasGpu) ||
    b.until - a.until ||
    (b.each[0] as number) - (a.each[0] as number) ||
    (b.each[1] as number) - (a.each[1] as number) ||
    (a.session < b.session ? -1 : a.session > b.session ? 1 : 0)
  )
}

/** Seats that end leave their machine; a machine idle for longer than a boot is given back. */
function leave(sweep: Sweep, at: number): void {
  for (const machine of sweep.standing) drop(machine, at)
  let gone = false
  const freed: Machine[] = []
  for (const machine of sweep.rooms.open) {
    if (drop(machine, at)) freed.push(machine)
    gone ||= isGone(machine, at)
  }
  sweep.rooms.left(freed, gone ? (machine) => isGone(machine, at) : undefined)
}

function isGone(machine: Machine, at: number): boolean {
  return machine.until + (machine.offer?.bootMs ?? 0) < at
}

/** @returns whether anybody left */
function drop(machine: Machine, at: number): boolean {
  const { active } = machine
  let kept = 0
  for (const use of active) {
    if (use.until > at) active[kept++] = use
    else take(machine.free, use.each, -use.seats)
  }
  const isLess = kept < active.length
  active.length = kept
  return isLess
}

function placeOne(sweep: Sweep, demand: Demand, batch: Demand[], position: number): void {
  let left = demand.seats
  const { paid, extendable } = machinesWithRoom(sweep, demand)
  for (const { machine, room } of paid) {
    if (left === 0) return
    left -= sit(machine, demand, Math.min(left, room))
  }
  while (left > 0) {
    const seats = stayOrBuy(sweep, demand, left, extendable, batch, position)
    if (seats === 0) break
    left -= seats
  }
  if (left > 0) sweep.unplaced.push({ demand, seats: left })
}

/** Machines that cost nothing more (own ones, then those bought already), and those that would have to stay longer. */
function machinesWithRoom(sweep: Sweep, demand: Demand): { paid: Room[]; extendable: Room[] } {
  const own: Room[] = []
  for (const machine of sweep.standing) {
    const room = roomOn(machine, demand)
    if (room > 0) own.push({ machine, room })
  }
  if (own.length > 1 && !demand.hasGpu) own.sort(sparingGpu)
  const { covering, extendable } = sweep.rooms.for(demand)
  return { paid: own.length === 0 ? covering : [...own, ...covering], extendable }
}

/** What was placed before only gets less as time goes on, except uses fixed beforehand. */
function roomOn(machine: Machine, demand: Demand): number {
  if (demand.from < machine.from || demand.until > machine.until) return 0
  const room = fit(machine.free, demand.each, demand.seats)
  if (room === 0 || machine.base.length === 0) return room
  const all = { capacity: machine.capacity, uses: [...machine.base, ...machine.active] }
  return roomBetween(all, demand, room)
}

function sit(machine: Machine, demand: Demand, seats: number): number {
  const use = useOf(demand, seats)
  machine.uses.push(use)
  machine.active.push(use)
  take(machine.free, use.each, seats)
  if (machine.until < use.until) machine.until = use.until
  return seats
}

function useOf({ session, each, isExtra, from, until }: Demand, seats: number): Use {
  return { session, seats, each, isExtra, from, until }
}

/** The cheapest way, per seat, to seat more: stay on with a machine, or buy one. 0 when there is none. */
function stayOrBuy(
  sweep: Sweep,
  demand: Demand,
  left: number,
  extendable: Room[],
  batch: Demand[],
  position: number,
): number {
  let best: Room | undefined
  let bestCost = Infinity
  for (const one of extendable) {
    if (one.room === 0) continue
    const { machine } = one
    const { pricePerHour } = machine.offer as Offer
    const cost = ((demand.until - machine.until) * pricePerHour) / Math.min(one.room, left)
    if (cost < bestCost && mayStay(sweep, machine, demand)) {
      best = one
      bestCost = cost
    }
  }
  const offer = bestOffer(sweep, demand, left, batch, position)
  if (offer !== undefined) {
    const lifeMs = demand.until - demand.from + offer.bootMs
    const room = fit(offer.capacity, demand.each, left)
    if ((lifeMs * offer.pricePerHour) / room < bestCost)
      return buy(sweep, offer, demand, left, room, extendable)
  }
  if (best === undefined) return 0
  const seats = Math.min(best.room, left)
  best.room = 0
  return sit(best.machine, demand, seats)
}

/**
 * One machine, and at once as many more as would be chosen in the same way: while more seats are left than any
 * machine takes, nothing that a choice depends on is another.
 */
function buy(
  sweep: Sweep,
  offer: Offer,
  demand: Demand,
  left: number,
  room: number,
  extendable: Room[],
): number {
  let most = room
  for (const one of extendable) most = Math.max(most, one.room)
  for (const { capacity } of sweep.market.offers)
    most = Math.max(most, fit(capacity, demand.each, left))
  const alike = Math.floor((left - most) / room)
  const more = alike < 1 ? 0 : Math.min(alike, purchasesLeft(sweep, offer, demand) - 1)
  const each = Math.min(room, left)
  const machines = machinesFor(offer, useOf(demand, each), more + 1, sweep.bought.length)
  for (const machine of machines) sweep.bought.push(machine)
  sweep.rooms.bought(machines)
  return each * (more + 1)
}

/**
 * The offer that gives most for its price: the value of what it would hold now, at the fractional
 * price of the cheapest offer, over what it costs. With one offer, that one.
 */
function bestOffer(
  sweep: Sweep,
  demand: Demand,
  left: number,
  batch: Demand[],
  position: number,
): Offer | undefined {
  let best: Offer | undefined
  let bestYield = 0
  for (const offer of sweep.market.offers) {
    if (fit(offer.capacity, demand.each, 1) === 0 || !mayBuy(sweep, offer, demand)) continue
    if (sweep.market.offers.length === 1) return offer
    const worth = yieldOf(sweep.market, offer, demand, left, batch, position)
    if (worth > bestYield) {
      best = offer
      bestYield = worth
    }
  }
  return best
}

function yieldOf(
  market: Market,
  offer: Offer,
  demand: Demand,
  left: number,
  batch: Demand[],
  position: number,
): number {
  const free = [...offer.capacity]
  let value = 0
  const hold = (one: Demand, most: number) => {
    const seats = fit(free, one.each, most)
    if (seats === 0) return
    take(free, one.each, seats)
    value += seats * fractionalPrice(market, one) * (one.until - one.from)
  }
  hold(demand, left)
  for (let i = position + 1; i < batch.length; i++) {
    const one = batch[i] as Demand
    if (one.until <= demand.until) hold(one, one.seats)
  }
  return value / Math.max(1e-9, offer.pricePerHour * (demand.until - demand.from + offer.bootMs))
}

/** By what a seat takes and the pool: asked for at each purchase. */
const slicePrices = new WeakMap<Market, WeakMap<Vector, number>>()

/** Price per hour of one seat if machines could be bought by the slice. */
function fractionalPrice(market: Market, demand: Demand): number {
  let prices = slicePrices.get(market)
  if (prices === undefined) {
    prices = new WeakMap()
    slicePrices.set(market, prices)
  }
  let best = prices.get(demand.each)
  if (best !== undefined) return best
  best = Infinity
  for (const { capacity, pricePerHour } of market.offers) {
    const share = Math.max(
      ...demand.each.map((x, i) => (x === 0 ? 0 : x / (capacity[i] as number))),
    )
    if (share <= 1) best = Math.min(best, share * Math.max(pricePerHour, 1e-6))
  }
  prices.set(demand.each, best)
  return best
}
