/** Why does a session not fit? Which minute, which resource, how much is missing. */
import type { Demand, Vector } from './demand.ts'
import { fit, freeAt } from './machines.ts'
import type { Market } from './machines.ts'
import type { Placed } from './placement.ts'
import type { Unplaced } from './pack.ts'
import type { MachineUses } from './stretch.ts'

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
  const machines = machinesDuring(placed, demand)
  const starts = machines.flatMap((machine) => machine.uses.map((use) => use.from))
  const instants = [demand.from, ...starts.filter((at) => demand.from < at && at < demand.until)]
  let worst = { at: demand.from, fits: Infinity, free: [] as Vector }
  for (const at of [...new Set(instants)].toSorted((a, b) => a - b)) {
    const on = machines.filter((machine) => machine.from <= at && at < machine.until)
    const frees = on.map((machine) => freeAt(machine.capacity, machine.uses, at))
    const fits = frees.reduce((sum, free) => sum + fit(free, demand.each, seats), 0)
    const free = demand.each.map((_x, i) =>
      frees.reduce((sum, one) => sum + Math.max(0, one[i] ?? 0), 0),
    )
    if (fits < worst.fits) worst = { at, fits, free }
  }
  let most = { resource: 'cpu', needed: 0, free: 0, missing: 0, share: -Infinity }
  demand.each.forEach((x, i) => {
    const needed = x * seats
    const free = worst.free[i] ?? 0
    const share = x === 0 ? -Infinity : (needed - free) / needed
    const resource = placed.market.dims.names[i] ?? 'cpu'
    if (share > most.share) most = { resource, needed, free, missing: needed - free, share }
  })
  const { share: _share, ...rest } = most
  return { at: worst.at, ...rest }
}

type Standing = Pick<MachineUses, 'capacity' | 'uses' | 'from' | 'until'>

/** Machines of a pool during a demand, bought ones for as long as they are on. */
function machinesDuring(placed: Placed, demand: Demand): Standing[] {
  const own = new Map<string, Standing>()
  for (const { key, capacity } of placed.market.fixed) {
    own.set(key, { capacity, uses: [], from: -Infinity, until: Infinity })
  }
  const bought: Standing[] = []
  for (const stretch of [placed.lasting, ...placed.stretches]) {
    if (stretch.from >= demand.until || demand.from >= stretch.until) continue
    for (const machine of stretch.machines) {
      const known = own.get(machine.key)
      if (known) known.uses.push(...machine.uses)
      else bought.push(machine)
    }
  }
  return [...own.values(), ...bought]
}
