/**
 * Which of the bought machines have room for such a seat, and which are taken first? A large class fills hundreds of
 * machines, and every class after it asks each of them: what is full is looked at once, and again when somebody left.
 */
import type { Demand, Vector } from './demand.ts'
import { fit } from './machines.ts'
import type { Machine } from './machines.ts'

export interface Room {
  machine: Machine
  /** Seats that fit: 1 or more. */
  room: number
}

/** Machines that may have room for seats of one size, in order of purchase; none is missing that has. */
interface Candidates {
  each: Vector
  machines: Machine[]
}

export class Rooms {
  /** Those one can still sit on, in order of purchase. */
  open: Machine[] = []
  #lists: Candidates[] = []

  bought(machines: Machine[]): void {
    for (const machine of machines) {
      this.open.push(machine)
      for (const list of this.#lists) list.machines.push(machine)
    }
  }

  /** @param freed where somebody left, in order of purchase. @param isGone what is given back */
  left(freed: Machine[], isGone: ((machine: Machine) => boolean) | undefined): void {
    const stays = (machine: Machine) => isGone === undefined || !isGone(machine)
    if (isGone) this.open = this.open.filter(stays)
    if (!isGone && freed.length === 0) return
    for (const list of this.#lists) list.machines = inOrder(list.machines, freed).filter(stays)
  }

  /**
   * Those whose life covers a demand, as they are taken, and those that would have to stay longer, as they were
   * bought. Of several that cover it, the one that empties first.
   */
  for(demand: Demand): { covering: Room[]; extendable: Room[] } {
    const { machines } = this.#candidates(demand.each)
    const covering = new FirstRooms(demand)
    const extendable: Room[] = []
    let kept = 0
    for (const machine of machines) {
      const room = fit(machine.free, demand.each, demand.seats)
      if (room === 0) continue
      machines[kept++] = machine
      if (machine.until < demand.until) extendable.push({ machine, room })
      else covering.add(machine, room)
    }
    machines.length = kept
    return { covering: covering.sorted(), extendable }
  }

  #candidates(each: Vector): Candidates {
    const known = this.#lists.find((one) => one.each.every((x, i) => x === each[i]))
    if (known) return known
    const list = { each, machines: [...this.open] }
    this.#lists.push(list)
    return list
  }
}

/** Two lists in order of purchase as one, each machine once. */
function inOrder(a: Machine[], b: Machine[]): Machine[] {
  const all: Machine[] = []
  let next = 0
  for (const machine of b) {
    for (let one = a[next]; one && one.order < machine.order; one = a[++next]) all.push(one)
    if (a[next] === machine) next++
    all.push(machine)
  }
  while (next < a.length) all.push(a[next++] as Machine)
  return all
}

/** More seats than these may well need all there is: sorting it once is quicker than keeping it in order. */
const fewSeats = 64

/** The machines taken first: of few seats only as many as they need, the others are passed over by one comparison. */
class FirstRooms {
  readonly #rooms: Room[] = []
  readonly #demand: Demand
  #seats = 0

  constructor(demand: Demand) {
    this.#demand = demand
  }

  add(machine: Machine, room: number): void {
    const rooms = this.#rooms
    const { seats } = this.#demand
    if (seats > fewSeats) {
      rooms.push({ machine, room })
      return
    }
    let place = rooms.length
    while (place > 0 && this.#difference(machine, room, rooms[place - 1] as Room) < 0) place--
    if (place === rooms.length && this.#seats >= seats) return
    rooms.splice(place, 0, { machine, room })
    this.#seats += room
    for (let last = rooms.at(-1); last && this.#seats - last.room >= seats; last = rooms.at(-1)) {
      this.#seats -= last.room
      rooms.pop()
    }
  }

  sorted(): Room[] {
    const rooms = this.#rooms
    if (this.#demand.seats <= fewSeats) return rooms
    return rooms.sort((a, b) => this.#difference(a.machine, a.room, b))
  }

  #difference(machine: Machine, room: number, other: Room): number {
    const gpu = this.#demand.hasGpu ? 0 : Number(machine.hasGpu) - Number(other.machine.hasGpu)
    return gpu || machine.until - other.machine.until || room - other.room
  }
}

/** Seats without GPU leave machines with GPUs to those that need them. */
export function sparingGpu(a: Room, b: Room): number {
  return Number(a.machine.hasGpu) - Number(b.machine.hasGpu)
}
