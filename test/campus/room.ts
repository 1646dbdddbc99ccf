/** What machines have room for, minute by minute, by the referee's own reading of a blueprint. */
import type { BlueprintPool, BlueprintSession } from '../../stacks/blueprint.ts'
import type { Note, Resources } from '../../stacks/terms.ts'
import type { Flavour, Pool } from '../../stacks/terms-pool.ts'
import { minuteMs } from './calendar.ts'
import type { Expected } from './expected.ts'

/** Seats on a node, as the blueprint says. */
interface Hold {
  session: string
  node: string
  seats: number
  each: Resources
  from: number
  until: number
}

export interface Life {
  key: string
  flavour: Flavour
  from: number
  until: number
}

export interface Table {
  pool: Pool
  holds: Hold[]
  byNode: Map<string, Hold[]>
  /** Nodes and minutes found in order, so that sessions that share a node do not count it twice. */
  checked: Map<string, Set<number>>
  lives: Life[]
  sessions: { session: BlueprintSession; expected: Expected }[]
  notes: Note[]
}

export function holdsOf(session: BlueprintSession, expected: Expected): Hold[] {
  const base = { session: session.key, each: expected.course.seat, from: expected.leadStartsAt }
  const longer = session.extra.map((one) => ({ ...base, ...one, until: Date.parse(one.until) }))
  const common = session.placements.map(({ node, seats }) => {
    const kept = longer.filter((one) => one.node === node).reduce((sum, one) => sum + one.seats, 0)
    return { ...base, node, seats: seats - kept, until: Date.parse(session.placesEndAt) }
  })
  return [...common, ...longer].filter((one) => one.seats !== 0)
}

export function livesOf(pool: Pool, planned: BlueprintPool): Life[] {
  const flavour = (key: string) => pool.flavours.find((one) => one.key === key) as Flavour
  const bought = planned.nodes.map((node) => ({
    key: node.key,
    flavour: flavour(node.flavour),
    from: Date.parse(node.from),
    until: Date.parse(node.until),
  }))
  const idle = planned.idle.map((node) => ({
    key: node.key,
    flavour: flavour(node.flavour),
    from: -Infinity,
    until: Infinity,
  }))
  return [...idle, ...bought]
}

export const resources = ['cpu', 'memoryMb', 'gpu'] as const

function capacity(table: Table, node: string, minute: number): Resources | undefined {
  const own = table.pool.nodes.find((one) => one.key === node)
  if (own) return { cpu: own.cpu ?? 0, memoryMb: own.memoryMb ?? 0, gpu: own.gpu }
  const life = table.lives.find((one) => one.key === node && isUp(one, minute))
  return life?.flavour
}

/** On, and booted. */
function isUp(life: Life, minute: number): boolean {
  return life.from + life.flavour.bootMinutes * minuteMs <= minute && minute < life.until
}

export function amount(
  of: Resources,
  name: (typeof resources)[number],
  kind: string | undefined,
): number {
  if (name === 'gpu') return of.gpu !== undefined && of.gpu.kind === kind ? of.gpu.count : 0
  return name === 'cpu' ? Math.round(of.cpu * 1000) : of.memoryMb
}

/** How many such seats the node has room for at a minute; negative when it is overfull. */
export function roomAt(table: Table, node: string, minute: number, each: Resources): number {
  const size = capacity(table, node, minute)
  if (size === undefined) return -1
  const here = (table.byNode.get(node) ?? []).filter(
    (hold) => hold.from <= minute && minute < hold.until,
  )
  let room = Infinity
  for (const name of resources) {
    const kinds = name === 'gpu' ? gpuKinds(each, here) : noKind
    for (const kind of kinds) {
      const reserve = name === 'gpu' ? 0 : amount({ ...table.pool.reserve }, name, kind)
      const used = here.reduce((sum, hold) => sum + hold.seats * amount(hold.each, name, kind), 0)
      const free = Math.max(0, amount(size, name, kind) - reserve) - used
      if (free < 0) return -1
      const need = amount(each, name, kind)
      if (need > 0) room = Math.min(room, Math.floor(free / need))
    }
  }
  return room
}

export function nodeHolds(table: Table, node: string, minute: number): boolean {
  let good = table.checked.get(node)
  if (good === undefined) {
    good = new Set()
    table.checked.set(node, good)
  }
  if (good.has(minute)) return true
  const isGood = roomAt(table, node, minute, { cpu: 0, memoryMb: 0 }) >= 0
  if (isGood) good.add(minute)
  return isGood
}

const noKind = [undefined]

function gpuKinds(each: Resources, here: Hold[]): (string | undefined)[] {
  const kinds = new Set<string | undefined>([each.gpu?.kind])
  for (const hold of here) kinds.add(hold.each.gpu?.kind)
  return [...kinds]
}
