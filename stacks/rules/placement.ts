/** Which seats sit on which node, and which nodes must be bought? */
import type { Placement } from '../blueprint.ts'
import type { Inventory, Pool } from '../terms.ts'
import type { Demand, Dimensions, Vector } from './demand.ts'
import { vectorOf } from './demand.ts'

/** A session's places that no node can take: at which instant, which resource, how much of it. */
export interface Shortage {
  demand: Demand
  /** Epoch ms of the first minute at which it is short. */
  at: number
  seats: number
  resource: string
  needed: number
  free: number
}

export interface Placed {
  placements: Map<string, Placement[]>
  shortages: Shortage[]
  nodes: { key: string; flavour: string; from: number; until: number }[]
  /** Own machines whose size nobody knows yet. */
  unsized: string[]
}

interface Machine {
  key: string
  capacity: Vector
  uses: { from: number; until: number; amount: Vector }[]
}

export function place(
  pool: Pool,
  dims: Dimensions,
  demands: Demand[],
  inventory: Inventory,
): Placed {
  const placed: Placed = { placements: new Map(), shortages: [], nodes: [], unsized: [] }
  const machines = fixedMachines(pool, dims, inventory, placed)
  const inOrder = demands.toSorted(
    (a, b) =>
      a.from - b.from ||
      (a.session < b.session ? -1 : a.session > b.session ? 1 : b.until - a.until),
  )
  for (const demand of inOrder) placeOne(pool, dims, demand, machines, placed)
  return placed
}

function fixedMachines(
  pool: Pool,
  dims: Dimensions,
  inventory: Inventory,
  placed: Placed,
): Machine[] {
  const machines: Machine[] = []
  for (const node of pool.nodes.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const seen = inventory.nodes.find((one) => one.pool === pool.key && one.key === node.key)
    const size = { ...seen, ...withoutUndefined(node) }
    if (size.cpu === undefined || size.memoryMb === undefined) placed.unsized.push(node.key)
    machines.push({ key: node.key, capacity: capacityOf(size, pool, dims), uses: [] })
  }
  return machines
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

function capacityOf(size: Parameters<typeof vectorOf>[0], pool: Pool, dims: Dimensions): Vector {
  const total = vectorOf(size, dims)
  const reserve = vectorOf(pool.reserve, dims)
  const capacity = total.map((amount, i) => Math.max(0, amount - (reserve[i] ?? 0)))
  // What nobody measured does not limit (a note says so); a GPU nobody named is not there.
  const measured = [size.cpu, size.memoryMb, size.diskMb]
  measured.forEach((amount, i) => {
    if (amount === undefined) capacity[i] = Number.MAX_SAFE_INTEGER
  })
  return capacity
}

function placeOne(
  pool: Pool,
  dims: Dimensions,
  demand: Demand,
  machines: Machine[],
  placed: Placed,
): void {
  let left = demand.seats
  const add = (machine: Machine, seats: number) => {
    machine.uses.push({
      from: demand.from,
      until: demand.until,
      amount: demand.each.map((x) => x * seats),
    })
    const placements = placed.placements.get(demand.session) ?? []
    placements.push({ node: machine.key, seats })
    placed.placements.set(demand.session, placements)
    left -= seats
  }
  for (const machine of machines) {
    if (left === 0) return
    const seats = Math.min(left, room(machine, demand))
    if (seats > 0) add(machine, seats)
  }
  for (const flavour of pool.flavours) {
    const capacity = capacityOf(flavour, pool, dims)
    const fit = Math.min(
      ...demand.each.map((x, i) => (x === 0 ? left : Math.floor((capacity[i] ?? 0) / x))),
    )
    const most = fit === 0 ? 0 : Math.min(Math.ceil(left / fit), pool.maximum - placed.nodes.length)
    for (let n = 0; n < most; n++) {
      const key = `${flavour.key}-${placed.nodes.length + 1}`
      const from = demand.from - flavour.bootMinutes * 60_000
      placed.nodes.push({ key, flavour: flavour.key, from, until: demand.until })
      add({ key, capacity, uses: [] }, Math.min(left, fit))
    }
  }
  if (left > 0) placed.shortages.push(shortageOf(demand, left, machines, dims))
}

/** How many such seats fit on a machine from the demand's first to its last minute. */
function room(machine: Machine, demand: Demand): number {
  const instants = [demand.from, ...machine.uses.map((use) => use.from)]
  let seats = demand.seats
  for (const at of instants) {
    if (at < demand.from || at >= demand.until) continue
    const free = freeAt(machine, at)
    demand.each.forEach((x, i) => {
      if (x > 0) seats = Math.min(seats, Math.floor((free[i] ?? 0) / x))
    })
  }
  return Math.max(0, seats)
}

function freeAt(machine: Machine, at: number): Vector {
  const free = [...machine.capacity]
  for (const use of machine.uses) {
    if (use.from <= at && at < use.until)
      use.amount.forEach((x, i) => (free[i] = (free[i] ?? 0) - x))
  }
  return free
}

function shortageOf(demand: Demand, left: number, machines: Machine[], dims: Dimensions): Shortage {
  const starts = machines.flatMap((machine) => machine.uses.map((use) => use.from))
  const instants = [demand.from, ...starts.filter((at) => demand.from < at && at < demand.until)]
  let worst = { at: demand.from, resource: 'cpu', needed: 0, free: 0, share: -1 }
  for (const at of instants.toSorted((a, b) => a - b)) {
    demand.each.forEach((x, i) => {
      const needed = x * left
      const free = machines.reduce(
        (sum, machine) => sum + Math.max(0, freeAt(machine, at)[i] ?? 0),
        0,
      )
      const share = x === 0 ? -1 : (needed - free) / needed
      if (share > worst.share) worst = { at, resource: dims.names[i] ?? 'cpu', needed, free, share }
    })
  }
  const { share: _share, ...rest } = worst
  return { demand, seats: left, ...rest }
}
