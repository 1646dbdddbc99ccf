/** Why does a session not fit? Which minute, which resource, how much is missing. */
import type { Demand, Vector } from './demand.ts'
import { fit, freeAt, take } from './machines.ts'
import type { Market, Use } from './machines.ts'
import type { Placed } from './placement.ts'
import type { Unplaced } from './pack.ts'

export interface Shortage {
  session: string
  course: string
  /** Places without room. */
  seats: number
  /**
   * `too-large`: no node of the pool could ever hold one such seat.
   * `at-maximum`: a node could be bought, but the pool's maximum or a quota is reached.
   * `no-room`: the pool's machines are full.
   * `scattered`: there is enough in all, but on no machine enough for one seat.
   */
  why: 'too-large' | 'at-maximum' | 'no-room' | 'scattered'
  /** Epoch ms of the fullest minute. */
  at: number
  resource: string
  needed: number
  free: number
  missing: number
}

/** One shortage per session, in order of time. */
export function shortagesOf(placed: Placed): Shortage[] {
  const all = [placed.lasting, ...placed.stretches].flatMap((stretch) => stretch.unplaced)
  const bySession = new Map<string, Unplaced>()
  for (const one of all) {
    const before = bySession.get(one.demand.session)
    bySession.set(one.demand.session, {
      demand: one.demand,
      seats: one.seats + (before?.seats ?? 0),
    })
  }
  return [...bySession.values()]
    .map((one) => explain(placed, one))
    .toSorted((a, b) => a.at - b.at || (a.session < b.session ? -1 : 1))
}

function explain(placed: Placed, { demand, seats }: Unplaced): Shortage {
  const { market } = placed
  const { session, course } = demand
  const base = { session, course, seats }
  const largest = [...market.fixed, ...market.offers].map((one) => one.capacity)
  if (!largest.some((capacity) => fit(capacity, demand.each, 1) > 0)) {
    return { ...base, why: 'too-large', at: demand.from, ...tooLarge(market, demand, largest) }
  }
  const fullest = fullestMinute(placed, demand, seats)
  if (market.offers.some((offer) => fit(offer.capacity, demand.each, 1) > 0)) {
    return { ...base, why: 'at-maximum', ...fullest, missing: Math.max(0, fullest.missing) }
  }
  return { ...base, why: fullest.missing > 0 ? 'no-room' : 'scattered', ...fullest }
}

/** The resource of which the best node has too little for one seat. */
function tooLarge(market: Market, demand: Demand, largest: Vector[]) {
  let worst = { resource: 'cpu', needed: 0, free: 0, missing: 0, share: -1 }
  demand.each.forEach((needed, i) => {
    const free = Math.max(0, ...largest.map((capacity) => capacity[i] ?? 0))
    const share = needed === 0 ? -1 : (needed - free) / needed
    const resource = market.dims.names[i] ?? 'cpu'
    if (share > worst.share)
      worst = { resource, needed, free, missing: Math.max(0, needed - free), share }
  })
  const { share: _share, ...rest } = worst
  return rest
}

/** The first of the minutes at which fewest such seats fit, and what is most wanting then. */
function fullestMinute(placed: Placed, demand: Demand, seats: number) {
  const { at, free: left } = fewestFit(machinesDuring(placed, demand), demand, seats)
  let most = { resource: 'cpu', needed: 0, free: 0, missing: 0, share: -Infinity }
  demand.each.forEach((x, i) => {
    const needed = x * seats
    const free = left[i] ?? 0
    const share = x === 0 ? -Infinity : (needed - free) / needed
    const resource = placed.market.dims.names[i] ?? 'cpu'
    if (share > most.share) most = { resource, needed, free, missing: needed - free, share }
  })
  const { share: _share, ...rest } = most
  return { at, ...rest }
}

/** One machine's part of a minute: what is free on it, and how many seats that would do for. */
interface Standing {
  capacity: Vector
  uses: Use[]
  from: number
  until: number
  free: Vector
  fits: number
}

/** A use or a machine that begins (1) or ends (-1). */
type Change = { at: number; sign: 1 | -1; machine: Standing; use: Use | undefined }

/** Walks once from change to change; asked are the start, and every minute at which somebody sits down. */
function fewestFit(machines: Standing[], demand: Demand, seats: number) {
  const { from, each } = demand
  const sum = { fits: 0, free: each.map(() => 0) }
  for (const machine of machines) {
    machine.free = freeAt(machine.capacity, machine.uses, from)
    machine.fits = fit(machine.free, each, seats)
    if (machine.from <= from && from < machine.until) count(sum, machine, 1)
  }
  let worst = { at: from, fits: sum.fits, free: [...sum.free] }
  if (worst.fits === 0) return worst
  const changes = changesDuring(machines, demand)
  for (let i = 0; i < changes.length;) {
    const { at } = changes[i] as Change
    let isAsked = false
    for (let one = changes[i]; one?.at === at; one = changes[++i]) {
      apply(one, sum, each, seats)
      isAsked ||= one.use !== undefined && one.sign === 1
    }
    if (isAsked && sum.fits < worst.fits) worst = { at, fits: sum.fits, free: [...sum.free] }
  }
  return worst
}

function changesDuring(machines: Standing[], { from, until }: Demand): Change[] {
  const changes: Change[] = []
  const note = (at: number, sign: 1 | -1, machine: Standing, use?: Use) => {
    if (from < at && at < until) changes.push({ at, sign, machine, use })
  }
  for (const machine of machines) {
    note(machine.from, 1, machine)
    note(machine.until, -1, machine)
    for (const use of machine.uses) {
      note(use.from, 1, machine, use)
      note(use.until, -1, machine, use)
    }
  }
  return changes.toSorted((a, b) => a.at - b.at)
}

type Sum = { fits: number; free: Vector }

function apply({ at, sign, machine, use }: Change, sum: Sum, each: Vector, seats: number): void {
  if (use === undefined) return count(sum, machine, sign)
  // What begins or ends at this very minute was counted, or is no more: a machine's changes come before its uses'.
  const isCounted = machine.from <= at && at < machine.until
  if (isCounted) count(sum, machine, -1)
  take(machine.free, use.each, sign * use.seats)
  machine.fits = fit(machine.free, each, seats)
  if (isCounted) count(sum, machine, 1)
}

function count(sum: Sum, { fits, free }: Standing, sign: 1 | -1): void {
  sum.fits += sign * fits
  for (let i = 0; i < sum.free.length; i++)
    sum.free[i] = (sum.free[i] ?? 0) + sign * Math.max(0, free[i] ?? 0)
}

/** Machines of a pool during a demand, bought ones for as long as they are on. */
function machinesDuring(placed: Placed, demand: Demand): Standing[] {
  const own = new Map<string, Standing>()
  for (const { key, capacity } of placed.market.fixed)
    own.set(key, standing({ capacity, uses: [], from: -Infinity, until: Infinity }))
  const bought: Standing[] = []
  for (const stretch of [placed.lasting, ...placed.stretches]) {
    if (stretch.from >= demand.until || demand.from >= stretch.until) continue
    for (const machine of stretch.machines) {
      const known = own.get(machine.key)
      if (known) known.uses.push(...machine.uses)
      else bought.push(standing(machine))
    }
  }
  return [...own.values(), ...bought]
}

const standing = ({ capacity, uses, from, until }: Omit<Standing, 'free' | 'fits'>): Standing => ({
  capacity,
  uses,
  from,
  until,
  free: capacity,
  fits: 0,
})
