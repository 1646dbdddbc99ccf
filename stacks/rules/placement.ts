/** Which seats sit on which node of a pool, over all time, and which nodes are bought? */
import type { Placement } from '../blueprint.ts'
import type { SeatedOnNode } from '../terms.ts'
import type { Demand } from './demand.ts'
import { Layered, LayeredMap } from './layered.ts'
import { boughtMachine, standingMachines } from './machines.ts'
import type { Machine, Market, Offer, Use } from './machines.ts'
import { inOrderOfPlacing, lifeOf, pack } from './pack.ts'
import type { Unplaced } from './pack.ts'

/** Longer than this is placed first: a fortnight's project must not tie all its days together. */
const longMs = 20 * 3_600_000

export interface BoughtNode {
  key: string
  flavour: string
  /** Ordered from here: boot included. Epoch ms. */
  from: number
  until: number
}

/** What one machine does in one stretch. */
export interface MachineUses {
  key: string
  offer: Offer | undefined
  capacity: number[]
  /** Seats can sit from here until there. */
  from: number
  until: number
  uses: Use[]
}

/** A stretch of time that begins and ends with nothing (short) running: solved on its own. */
export interface Stretch {
  from: number
  until: number
  demands: Demand[]
  machines: MachineUses[]
  nodes: BoughtNode[]
  placements: Map<string, Placement[]>
  /** Of these, the places kept for extra time, by session. */
  extra: Map<string, ExtraPlacement[]>
  unplaced: Unplaced[]
}

export type ExtraPlacement = Placement & { until: number }

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
export interface Solved {
  lasting: { long: Demand[]; seated: string; result: Lasting } | undefined
  /** By their first demand; good for one result of `lasting` only. */
  stretches: Layered<Demand, { lasting: Lasting; stretch: Stretch }>
  /** The demands of the last call, in order. */
  sorted: Demand[]
  /** Where every session sits, and the stretches that say so. */
  bySession: LayeredMap<string, Placement[]>
  counted: Set<Stretch>
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
  const touched = placementsBySession(lasting.stretch, stretches, solved)
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

/**
 * Brings `solved.bySession` up to date: only stretches that came or went since the last call are
 * looked at.
 * @returns the courses of sessions that sit otherwise than before; undefined when all was counted anew
 */
function placementsBySession(
  lasting: Stretch,
  stretches: Stretch[],
  solved: Solved,
): Set<string> | undefined {
  const { counted } = solved
  const now = new Set([lasting, ...stretches])
  // What is fixed beforehand adds to what is placed now: then, and the next time, all is counted anew.
  const isAnew = lasting.placements.size > 0 || counted.size === 0
  if (isAnew) {
    solved.bySession = new LayeredMap()
    counted.clear()
  }
  const { bySession } = solved
  const moved = new Moves(bySession)
  for (const stretch of counted) {
    if (now.has(stretch)) continue
    moved.note(stretch)
    for (const session of stretch.placements.keys()) bySession.delete(session)
    counted.delete(stretch)
  }
  for (const stretch of now) {
    if (counted.has(stretch)) continue
    counted.add(stretch)
    moved.note(stretch)
    for (const [session, list] of stretch.placements) {
      const before = bySession.get(session)
      bySession.set(session, before === undefined ? list : merged(before, list))
    }
  }
  if (lasting.placements.size > 0) counted.clear()
  return isAnew ? undefined : moved.courses()
}

/** Who of the stretches that came or went sits otherwise in the end: most of a day does not, when one class changes. */
class Moves {
  readonly #bySession: LayeredMap<string, Placement[]>
  readonly #before = new Map<string, { course: string; list: Placement[] | undefined }>()
  readonly #extra = new Set<string>()

  constructor(bySession: LayeredMap<string, Placement[]>) {
    this.#bySession = bySession
  }

  /** Before anything of the stretch is written or taken away. */
  note(stretch: Stretch): void {
    for (const { session, course } of stretch.demands)
      if (!this.#before.has(session))
        this.#before.set(session, { course, list: this.#bySession.get(session) })
    for (const session of stretch.extra.keys()) this.#extra.add(session)
  }

  courses(): Set<string> {
    const moved = new Set<string>()
    for (const [session, { course, list }] of this.#before) {
      const isSame = samePlacements(list ?? [], this.#bySession.get(session) ?? [])
      if (!isSame || this.#extra.has(session)) moved.add(course)
    }
    return moved
  }
}

export function samePlacements(a: Placement[], b: Placement[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((one, i) => one.node === b[i]?.node && one.seats === b[i].seats))
  )
}

/** A session seated in part already has some places fixed beforehand, the rest placed now. */
function merged(a: Placement[], b: Placement[]): Placement[] {
  const seats = new Map(a.map((one) => [one.node, one.seats]))
  for (const one of b) seats.set(one.node, (seats.get(one.node) ?? 0) + one.seats)
  return [...seats]
    .map(([node, count]) => ({ node, seats: count }))
    .toSorted((x, y) => byName(x.node, y.node))
}

export function isLong(demand: Demand): boolean {
  return demand.until - demand.from > longMs
}

/** Cuts where nothing runs for longer than any boot: no machine is worth keeping across. */
function* stretchesOf(sorted: Demand[], market: Market): Generator<Demand[]> {
  const gapMs = Math.max(0, ...market.offers.map((offer) => offer.bootMs))
  let start = 0
  let reach = -Infinity
  for (let i = 0; i < sorted.length; i++) {
    const demand = sorted[i] as Demand
    if (i > start && demand.from > reach + gapMs) {
      yield sorted.slice(start, i)
      start = i
    }
    reach = Math.max(reach, demand.until)
  }
  if (start < sorted.length) yield sorted.slice(start)
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

/** @param withBase whether what was fixed beforehand is part of the answer */
function solve(market: Market, demands: Demand[], lasting: Machine[], withBase = false): Stretch {
  const { from, until, standing, guests, others, bought, unplaced } = packed(
    ...([market, demands, lasting, withBase] as const),
  )
  nameBought(market, bought, others)
  if (withBase) for (const one of standing) one.uses.unshift(...one.base)
  const nodes = withBase ? [...bought, ...guests] : bought
  const machines = [...standing, ...bought].filter((one) => one.uses.length > 0)
  return {
    from,
    until,
    demands,
    machines,
    nodes: nodes.map(nodeOf),
    placements: placementsOf(machines),
    extra: extraOf(machines),
    unplaced,
  }
}

/** Who sits where, among what lasts through it; machines bought for it have no names yet. */
function packed(market: Market, demands: Demand[], lasting: Machine[], withBase: boolean) {
  const { from, until } = spanOf([
    ...demands,
    ...(withBase ? lasting.flatMap((one) => one.base) : []),
  ])
  const standing = standingMachines(market)
  const guests: Machine[] = []
  for (const one of lasting) {
    const base = one.base.filter((use) => use.from < until && from < use.until)
    const own = standing.find((other) => other.key === one.key)
    if (own) own.base = base
    else if (isNear(one, from, until)) {
      guests.push({ ...one, base, free: [...one.capacity], uses: [], active: [] })
    }
  }
  const others = guests.map((one) => ({ ...lifeOf(one), key: one.key }))
  const answer = pack(market, demands, [...standing, ...guests], others)
  return { from, until, guests, others, ...answer }
}

function spanOf(times: { from: number; until: number }[]): { from: number; until: number } {
  let from = Infinity
  let until = -Infinity
  for (const one of times) {
    if (one.from < from) from = one.from
    if (one.until > until) until = one.until
  }
  return { from, until }
}

/** A bought machine that is on, or booting, in some of a stretch. */
function isNear(machine: Machine, from: number, until: number): boolean {
  if (machine.offer === undefined) return false
  const life = lifeOf(machine)
  return life.from < until && from - machine.offer.bootMs < life.until
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

/** The lowest number free for all of a machine's life, per flavour: names stay low and stable. */
function nameBought(market: Market, bought: Machine[], others: { key: string }[]): void {
  const inOrder = bought.toSorted((a, b) => lifeOf(a).from - lifeOf(b).from)
  for (const offer of market.offers) {
    const first = offer === market.idleOffer ? market.idle + 1 : 1
    // Until when each number is in use; what lasts keeps its number to itself.
    const busyUntil: number[] = []
    for (const { key } of others) {
      const index = indexOfName(key, offer.flavour) - first
      if (index >= 0) busyUntil[index] = Infinity
    }
    let n = 0
    let at = -Infinity
    for (const machine of inOrder) {
      if (machine.offer !== offer) continue
      const from = machine.from - offer.bootMs
      // What begins with the one before finds the numbers up to its in use.
      if (from !== at) n = 0
      at = from
      while ((busyUntil[n] ?? -Infinity) > from) n++
      busyUntil[n] = machine.until
      machine.key = `${offer.flavour}-${first + n}`
    }
  }
}

/** The number in `m-large-3`, 0 when it is not a name of that flavour. */
function indexOfName(key: string, flavour: string): number {
  const rest = key.slice(flavour.length + 1)
  return key.startsWith(`${flavour}-`) && /^\d+$/.test(rest) ? Number(rest) : 0
}

function nodeOf(machine: MachineUses): BoughtNode {
  const { key, offer, from, until } = machine
  return { key, flavour: offer?.flavour ?? '', from: from - (offer?.bootMs ?? 0), until }
}

/** Seats per node of each session, in order of node. */
function placementsOf(machines: MachineUses[]): Map<string, Placement[]> {
  const placements = new Map<string, Placement[]>()
  for (const { key, uses } of machines.toSorted((a, b) => byName(a.key, b.key))) {
    for (const { session, seats } of uses) {
      const list = placements.get(session)
      const last = list?.at(-1)
      if (list === undefined) placements.set(session, [{ node: key, seats }])
      else if (last?.node === key) last.seats += seats
      else list.push({ node: key, seats })
    }
  }
  return placements
}

function extraOf(machines: MachineUses[]): Map<string, ExtraPlacement[]> {
  const extra = new Map<string, ExtraPlacement[]>()
  for (const { key, uses } of machines) {
    for (const { session, seats, until, isExtra } of uses) {
      if (isExtra) extra.set(session, [...(extra.get(session) ?? []), { node: key, seats, until }])
    }
  }
  return extra
}

/** `m-2` before `m-10`. */
function byName(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
