/**
 * One stretch of time that begins and ends with nothing (short) running: who sits on which machine in it, which are
 * bought for it and how they are called.
 */
import type { Placement } from '../blueprint.ts'
import type { Demand } from './demand.ts'
import { standingMachines } from './machines.ts'
import type { Machine, Market, Offer, Use } from './machines.ts'
import { pack } from './pack.ts'
import type { Unplaced } from './pack.ts'
import { lifeOf } from './purchase-limits.ts'

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

/** Cuts where nothing runs for longer than any boot: no machine is worth keeping across. */
export function* stretchesOf(sorted: Demand[], market: Market): Generator<Demand[]> {
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

/** @param withBase whether what was fixed beforehand is part of the answer */
export function solve(
  market: Market,
  demands: Demand[],
  lasting: Machine[],
  withBase = false,
): Stretch {
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
export function packed(market: Market, demands: Demand[], lasting: Machine[], withBase: boolean) {
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
export function indexOfName(key: string, flavour: string): number {
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
export function byName(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
