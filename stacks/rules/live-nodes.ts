/** Machines beyond the timeline of one pool: what is there is used before anything is bought. */
import type { Blueprint, BlueprintLive, BlueprintPool } from '../blueprint.ts'
import type { DecidedNode, LiveDemand, NodeNow, NodeWhy, Situation } from './decide-nodes.ts'
import { closedFlavours } from './choose-region.ts'
import { type Limits, limitsOf } from './live-limits.ts'
import { cheapestFor, fitting, type Need, type Room, suitable, without } from './live-room.ts'
import { sessionsUnderWay } from './wanted.ts'

/** A machine that is on, or is to come, while seats that wait are given room on it. */
type Place = {
  key: string
  flavour: string
  stage: NodeNow['stage']
  room: Room
  /** Of the timeline, or kept beyond it. */
  isKept: boolean
  usedFor: LiveDemand | null
}

export function liveNodes(
  blueprint: Blueprint,
  { key: pool, cloud }: BlueprintPool,
  live: BlueprintLive,
  situation: Situation & { planned: DecidedNode[] },
): DecidedNode[] {
  const { now, closed } = situation
  const planned = situation.planned.filter((one) => one.pool === pool)
  const nodes = situation.nodes.filter((one) => one.pool === pool)
  const names = new Set(planned.map(({ key }) => key))
  const classes = placedNow(blueprint, pool, now)
  const limits = limitsOf(live, planned)
  const nowhere = closedFlavours(pool, cloud, situation.refusing)
  const spare = nodes
    .filter(({ key, stage }) => !names.has(key) && stage !== 'left')
    .toSorted(inTurn)
    .map((node) => ({ node, place: placeOf(node, live) }))
  // Who works there stays, and so does their machine: before anything is bought.
  for (const { node, place } of spare) if (node.seats > 0) place.isKept = limits.take(node.flavour)
  const places = [
    ...planned.map((one) => plannedPlace(one, { nodes, live, classes })),
    ...spare.map(({ place }) => place),
  ]
  const taken = new Set([...nodes, ...planned].map(({ key }) => key))
  const demands = closed.includes(pool) ? [] : inOrder(situation.demands, pool)
  const made: DecidedNode[] = []
  const stillWait: LiveDemand[] = []
  const isThere = ({ stage }: Place): boolean => stage === 'there'
  // First all that find room on what is there: what is ordered for others then changes nothing for them.
  const waiting = demands.map((demand) => {
    const seats = demand.seats - onTheirWay(demand, { planned, nodes, classes })
    const there = demand.isRefused ? [] : places.filter(isThere)
    return { demand, seats: settle(demand, seats, { places: there, limits }) }
  })
  for (const { demand, seats } of waiting) {
    const coming = places.filter((place) => !isThere(place))
    const left = settle(demand, seats, { places: coming, limits })
    const bought = buy({ demand, seats: left }, { pool, live, limits, taken, nowhere })
    made.push(...bought.nodes)
    places.push(...bought.places)
    if (bought.left > 0) stillWait.push(demand)
  }
  const kept = spare.flatMap(({ node, place }) => (place.isKept ? [usedNow(node, place)] : []))
  const unused = spare
    .filter(({ place }) => !place.isKept)
    .flatMap(({ node }) => unusedOf(node, { live, now, stillWait }))
    .filter(({ flavour }) => limits.take(flavour))
  return [...kept, ...made, ...unused]
}

const RANKS: Record<NodeNow['stage'], number> = { there: 0, coming: 1, leaving: 2, left: 3 }
const inTurn = (a: NodeNow, b: NodeNow): number =>
  RANKS[a.stage] - RANKS[b.stage] || a.key.length - b.key.length || (a.key < b.key ? -1 : 1)

/** Who waits goes before who may come. */
const inOrder = (demands: LiveDemand[], pool: string): LiveDemand[] =>
  demands
    .filter((one) => one.pool === pool)
    .toSorted(
      (a, b) =>
        Number(a.why === 'headroom') - Number(b.why === 'headroom') ||
        (a.course < b.course ? -1 : 1),
    )

type Placed = { node: string; course: string; seats: number; need: Need }

/** Where sessions that are prepared or under way have their seats. */
function placedNow({ courses }: Blueprint, pool: string, now: number): Placed[] {
  return courses.flatMap(({ key: course, template, sessions }) =>
    template === null
      ? []
      : sessionsUnderWay(sessions, now)
          .filter((one) => one.pool === pool)
          .flatMap(({ placements }) =>
            placements.map(({ node, seats }) => ({ node, course, seats, need: template })),
          ),
  )
}

const NOTHING: Room = { cpuMillis: 0, memoryMb: 0, gpu: null }

function placeOf({ key, flavour, stage, room }: NodeNow, live: BlueprintLive): Place {
  const whole = live.sizes.find((size) => size.flavour === flavour) ?? NOTHING
  return {
    ...{ key, flavour, stage, isKept: false, usedFor: null },
    room: stage === 'coming' ? whole : (room ?? NOTHING),
  }
}

/** What its classes will need is not for others, whether they have begun or not. */
function plannedPlace(
  { key, flavour, pool, why }: DecidedNode,
  { nodes, live, classes }: { nodes: NodeNow[]; live: BlueprintLive; classes: Placed[] },
): Place {
  const unmade = { stage: 'coming', seats: 0, room: null, unusedSince: null } as const
  const node = nodes.find((one) => one.key === key) ?? { pool, key, flavour, why, ...unmade }
  const place = placeOf(node, live)
  const whole = placeOf({ ...node, stage: 'coming' }, live).room
  const left = classes
    .filter((one) => one.node === key)
    .reduce((room, { need, seats }) => without(room, need, seats), whole)
  return { ...place, isKept: true, room: lesser(place.room, left) }
}

const lesser = (a: Room, b: Room): Room => ({
  cpuMillis: Math.min(a.cpuMillis, b.cpuMillis),
  memoryMb: Math.min(a.memoryMb, b.memoryMb),
  gpu: a.gpu && b.gpu && { ...a.gpu, count: Math.min(a.gpu.count, b.gpu.count) },
})

/** Of those that wait, how many the timeline has a machine for that is not there yet. */
function onTheirWay(
  { course, why }: LiveDemand,
  { planned, nodes, classes }: { planned: DecidedNode[]; nodes: NodeNow[]; classes: Placed[] },
): number {
  if (why === 'headroom') return 0
  const there = new Set(nodes.filter(({ stage }) => stage === 'there').map(({ key }) => key))
  const coming = new Set(planned.map(({ key }) => key).filter((key) => !there.has(key)))
  return classes
    .filter((one) => one.course === course && coming.has(one.node))
    .reduce((sum, { seats }) => sum + seats, 0)
}

/**
 * Gives seats room; answers how many have none. Whom the Swarm refuses now, whatever seems free on what is there, only
 * what is still to come helps, and what was about to go: they are asked for no other places.
 */
function settle(
  demand: LiveDemand,
  seats: number,
  { places, limits }: { places: Place[]; limits: Limits },
): number {
  let left = Math.max(0, seats)
  // GPUs are for who needs them, while there is other room; what goes is taken up again where nothing else helps.
  const rank = ({ room, stage }: Place): number =>
    Number(demand.need.gpu === null && room.gpu !== null) + 2 * Number(stage === 'leaving')
  for (const place of places.toSorted((a, b) => rank(a) - rank(b))) {
    const here = fitting(place.room, demand.need, left)
    if (here === 0 || !(place.isKept || limits.take(place.flavour))) continue
    place.isKept = true
    place.room = without(place.room, demand.need, here)
    place.usedFor ??= demand
    left -= here
  }
  return left
}

const LIVE: (NodeWhy | null)[] = ['queue', 'headroom', 'work', 'unused']

function usedNow({ pool, key, flavour, seats }: NodeNow, { usedFor }: Place): DecidedNode {
  const common = { pool, key, flavour, unusedSince: null }
  if (seats > 0 || !usedFor) return { ...common, why: 'work', course: null }
  return { ...common, why: usedFor.why, course: usedFor.course }
}

/** It stays for the grace; and while somebody waits whom it could hold. One that goes already does not come back for it. */
function unusedOf(
  { pool, key, flavour, stage, why, unusedSince }: NodeNow,
  { live, now, stillWait }: { live: BlueprintLive; now: number; stillWait: LiveDemand[] },
): DecidedNode[] {
  if (stage === 'leaving' || !LIVE.includes(why)) return []
  const since = unusedSince ?? now
  const size = live.sizes.find((one) => one.flavour === flavour)
  const mayHelp = size && stillWait.some(({ need }) => fitting(size, need, 1) > 0)
  if (!mayHelp && now - since >= live.graceMinutes * 60_000) return []
  return [{ pool, key, flavour, why: 'unused', course: null, unusedSince: since }]
}

type Buying = {
  pool: string
  live: BlueprintLive
  limits: Limits
  taken: Set<string>
  /** Sizes of which none can be had at the moment. */
  nowhere: Set<string>
}

function buy(
  { demand, seats }: { demand: LiveDemand; seats: number },
  of: Buying,
): { nodes: DecidedNode[]; places: Place[]; left: number } {
  const { pool, live, limits, taken, nowhere } = of
  const { need, why, course } = demand
  const nodes: DecidedNode[] = []
  const places: Place[] = []
  let left = seats
  const all = suitable(live.sizes, need)
  const open = all.filter(({ flavour }) => !nowhere.has(flavour))
  let sizes = open.length > 0 ? open : all
  while (left > 0) {
    const size = cheapestFor(sizes, need, left)
    if (!size) break
    const { flavour } = size
    if (!limits.take(flavour)) {
      sizes = sizes.filter((one) => one !== size)
      continue
    }
    const key = nextName(flavour, taken)
    taken.add(key)
    const here = fitting(size, need, left)
    left -= here
    nodes.push({ pool, key, flavour, why, course, unusedSince: null })
    const room = without(size, need, here)
    places.push({ key, flavour, stage: 'coming', isKept: true, room, usedFor: demand })
  }
  return { nodes, places, left }
}

/** `m-large-x1`: no key of a timeline. */
function nextName(flavour: string, taken: Set<string>): string {
  const prefix = `${flavour}-x`
  const numbers = [...taken]
    .filter((key) => key.startsWith(prefix))
    .map((key) => Number(key.slice(prefix.length)))
  return `${prefix}${Math.max(0, ...numbers.filter(Number.isInteger)) + 1}`
}
