/** Room for seats that nobody planned: what is left of nodes, and what a node more would hold. */
import type { BlueprintLive, SeatTemplate } from '../blueprint.ts'

/** What a seat takes of a node. */
export type Need = Pick<SeatTemplate, 'cpuMillis' | 'memoryMb' | 'gpu'>

export type Room = {
  cpuMillis: number
  memoryMb: number
  gpu: { kind: string; count: number } | null
}

export type Size = BlueprintLive['sizes'][number]

/** How many such seats fit, at most `most`. */
export function fitting(room: Room, need: Need, most: number): number {
  const share = (all: number, each: number): number => (each > 0 ? Math.floor(all / each) : most)
  const gpus = room.gpu?.kind === need.gpu?.kind ? (room.gpu?.count ?? 0) : 0
  const seats = Math.min(
    share(room.cpuMillis, need.cpuMillis),
    share(room.memoryMb, need.memoryMb),
    need.gpu ? share(gpus, need.gpu.count) : most,
  )
  return Math.max(0, Math.min(most, seats))
}

export function without(room: Room, need: Need, seats: number): Room {
  const { gpu } = room
  return {
    cpuMillis: room.cpuMillis - seats * need.cpuMillis,
    memoryMb: room.memoryMb - seats * need.memoryMb,
    gpu: gpu && { ...gpu, count: gpu.count - seats * (need.gpu?.count ?? 0) },
  }
}

/** Sizes that hold such a seat; with GPUs for one that needs none only where there is no other. */
export function suitable(sizes: Size[], need: Need): Size[] {
  const all = sizes.filter((size) => fitting(size, need, 1) > 0)
  const plain = all.filter(({ gpu }) => gpu === null)
  return need.gpu === null && plain.length > 0 ? plain : all
}

/** The size that holds so many seats for the least money; the one that comes first among equals. */
export function cheapestFor(sizes: Size[], need: Need, seats: number): Size | undefined {
  const priced = sizes.flatMap((size) => {
    const each = fitting(size, need, seats)
    return each === 0 ? [] : [{ size, price: Math.ceil(seats / each) * size.pricePerHour }]
  })
  return priced.toSorted((a, b) => a.price - b.price)[0]?.size
}
