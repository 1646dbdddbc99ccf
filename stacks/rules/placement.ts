/** Which seats sit on which node of a pool, over all time, and which nodes are bought? */
import type { Placement } from '../blueprint.ts'
import type { SeatedOnNode } from '../terms.ts'
import type { Demand } from './demand.ts'
import { Layered, LayeredMap } from './layered.ts'
import { boughtMachine, standingMachines } from './machines.ts'
import type { Machine, Market } from './machines.ts'
import { inOrderOfPlacing } from './pack.ts'
import type { Unplaced } from './pack.ts'
import { followStretches } from './seating.ts'
import type { Seating } from './seating.ts'
import { indexOfName, packed, solve, stretchesOf } from './stretch.ts'
import type { Stretch } from './stretch.ts'

/** Longer than this is placed first: a fortnight's project must not tie all its days together. */
const longMs = 20 * 3_600_000

export interface Placed {
  market: Market
  /** What lasts longer than a day, or is seated already. */
  lasting: Stretch
  lastingMachines: Machine[]
  /** Seats per node of every session. Read it before the next call on the same `Solved`. */
  bySession: Pick<LayeredMap<string, Placement[]>, 'get'>
  /** Courses whose seats may sit elsewhere than at the last call; undefined for all. */
  touched: ReadonlySet<string> | undefined
  /** The rest, in order of time. */
  stretches: Stretch[]
}

/** What was solved before: an edit solves again only the stretches it touches. Only saves time. */
export interface Solved extends Seating {
  lasting: { long: Demand[]; seated: string; result: Lasting } | undefined
  /** By their first demand; good for one result of `lasting` only. */
  stretches: Layered<Demand, { lasting: Lasting; stretch: Stretch }>
  /** The demands of the last call, in order. */
  sorted: Demand[]
}

interface Lasting {
  stretch: Stretch
  /** Machines with uses that later placing must leave alone. */
  machines: Machine[]
}

export function nothingSolved(): Solved {
  return {
    lasting: undefined,
    stretches: new Layered(),
    sorted: [],
    bySession: new LayeredMap(),
    counted: new Set(),
  }
}

/** Begins with all of it, and changes nothing of it. */
export function forkSolved({ lasting, stretches, sorted, bySession, counted }: Solved): Solved {
  return {
    ...{ lasting, sorted },
    stretches: stretches.above(),
    bySession: bySession.above(),
    counted: new Set(counted),
  }
}

/**
 * Places all demands of a pool.
 * @param solved answers of earlier calls for the same market
 */
export function placePool(
  market: Market,
  demands: Demand[],
  seated: SeatedOnNode[],
  solved: Solved = nothingSolved(),
): Placed {
  const { pinned, rest } = pinSeated(market, demands, seated)
  const sorted = inOrder(rest, solved)
  const long = sorted.filter(isLong)
  const lasting = lastingOf(market, long, pinned, solved)
  const short = long.length === 0 ? sorted : sorted.filter((demand) => !isLong(demand))
  const stretches: Stretch[] = []
  for (const part of stretchesOf(short, market)) {
    const first = part[0] as Demand
    const before = solved.stretches.get(first)
    const isSame = before?.lasting === lasting && sameItems(before.stretch.demands, part)
    const stretch = isSame ? before.stretch : solve(market, part, lasting.machines)
    if (!isSame) solved.stretches.set(first, { lasting, stretch })
    stretches.push(stretch)
  }
  const touched = followStretches(lasting.stretch, stretches, solved)
  return {
    market,
    lasting: lasting.stretch,
    lastingMachines: lasting.machines,
    stretches,
    bySession: solved.bySession,
    touched,
  }
}

/** What was in order stays so; sorting two runs is quick. */
function inOrder(demands: Demand[], solved: Solved): Demand[] {
  const wanted = new Set(demands)
  const sorted = solved.sorted.filter((demand) => wanted.delete(demand))
  sorted.push(...wanted)
  sorted.sort(inOrderOfPlacing)
  solved.sorted = sorted
  return sorted
}

export function isLong(demand: Demand): boolean {
  return demand.until - demand.from > longMs
}

function sameItems<T>(a: T[], b: T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}

/** Seats that run on a node now stay there: they leave their demand and are fixed beforehand. */
function pinSeated(market: Market, demands: Demand[], seated: SeatedOnNode[]) {
  const pins = seated
    .filter((one) => one.pool === market.pool.key)
    .toSorted((a, b) => (`${a.session} ${a.node}` < `${b.session} ${b.node}` ? -1 : 1))
    .map((one) => ({ ...one }))
  if (pins.length === 0) return { pinned: [], rest: demands }
  const machines = new Map(standingMachines(market).map((one) => [one.key, one]))
  const rest = demands.flatMap((demand) => {
    let { seats } = demand
    for (const pin of pins.filter((one) => one.session === demand.session)) {
      const machine = machines.get(pin.node) ?? namedMachine(market, pin.node, demand)
      const stay = Math.min(seats, pin.seats)
      if (machine === undefined || stay === 0) continue
      machines.set(pin.node, machine)
      pin.seats -= stay
      seats -= stay
      const { session, each, isExtra, from, until } = demand
      machine.base.push({ session, seats: stay, each, isExtra, from, until })
      machine.from = Math.min(machine.from, from)
      machine.until = Math.max(machine.until, until)
    }
    if (seats === demand.seats) return [demand]
    return seats === 0 ? [] : [{ ...demand, seats }]
  })
  return { pinned: [...machines.values()].filter((one) => one.base.length > 0), rest }
}

/** `m-large-3` → a machine of that flavour; undefined for a node the pool no longer knows. */
function namedMachine(market: Market, key: string, demand: Demand): Machine | undefined {
  const offer = market.offers.find((one) => indexOfName(key, one.flavour) > 0)
  return offer && { ...boughtMachine(offer, demand.from, demand.until), key }
}

/** Places what lasts, around the seats taken already. */
function lastingOf(market: Market, long: Demand[], pinned: Machine[], solved: Solved): Lasting {
  const seated = pinned.length === 0 ? '' : JSON.stringify(pinned.map((one) => [one.key, one.base]))
  const before = solved.lasting
  if (before?.seated === seated && sameItems(before.long, long)) return before.result
  const stretch = solve(market, long, pinned, true)
  const machines = stretch.machines.map(({ key, offer, capacity, from, until, uses }) => ({
    ...blankMachine(capacity),
    key,
    offer,
    from,
    until,
    base: uses,
  }))
  const result = { stretch, machines }
  solved.lasting = { long, seated, result }
  return result
}

function blankMachine(capacity: number[]): Machine {
  const offer = { flavour: '', capacity, pricePerHour: 0, bootMs: 0, quota: 0 }
  return { ...boughtMachine(offer, 0, 0), offer: undefined }
}

/**
 * Would everything still fit with one session's demands replaced by these?
 * Only the stretches they leave and enter are placed again.
 */
export function tryMoved(placed: Placed, session: string, moved: Demand[]): boolean {
  const { market, stretches } = placed
  const gapMs = Math.max(0, ...market.offers.map((offer) => offer.bootMs))
  const isTouched = (stretch: Stretch) =>
    moved.some((one) => stretch.from <= one.until + gapMs && one.from <= stretch.until + gapMs) ||
    stretch.placements.has(session) ||
    stretch.unplaced.some((one) => one.demand.session === session)
  const touched = stretches.filter(isTouched)
  const before = touched.flatMap((stretch) => stretch.unplaced)
  const demands = touched
    .flatMap((stretch) => stretch.demands)
    .filter((one) => one.session !== session)
    .concat(moved)
    .toSorted(inOrderOfPlacing)
  const lasting = placed.lastingMachines
  const after = [...stretchesOf(demands, market)].flatMap(
    (part) => packed(market, part, lasting, false).unplaced,
  )
  return after.every(
    ({ demand }) =>
      demand.session !== session &&
      seatsShort(after, demand.session) <= seatsShort(before, demand.session),
  )
}

function seatsShort(unplaced: Unplaced[], session: string): number {
  return unplaced
    .filter((one) => one.demand.session === session)
    .reduce((sum, one) => sum + one.seats, 0)
}
