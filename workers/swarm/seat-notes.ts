/** What the driver reads and writes down of seats on their way, each kind of step for all seats of a moment. */
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  markCold,
  markReady,
  markRunning,
  markStarting,
  markStopping,
  type ReadySeat,
  type RunningSeat,
} from '../../api/data/seats/seat-life.ts'
import { type SeatPort, seatPorts } from '../../api/data/seats/seat.ts'
import { gathered } from './gather.ts'

export type SeatNotes = {
  ports(seatId: string): Promise<SeatPort[]>
  starting(seat: { id: string; started: number }): Promise<void>
  running(seat: RunningSeat): Promise<void>
  ready(seat: ReadySeat): Promise<void>
  stopping(seatId: string): Promise<void>
  cold(seatId: string): Promise<void>
}

export function seatNotes({ pool, now }: { pool: Pool; now: () => Date }): SeatNotes {
  const ports = gathered(async (ids: string[]) =>
    Map.groupBy(await seatPorts(pool, ids), (port) => port.seat_id),
  )
  return {
    ports: async (id) => (await ports(id)).get(id) ?? [],
    starting: inOneGo((seats) => markStarting(pool, { seats, now: now() })),
    running: inOneGo((seats) => markRunning(pool, { seats, now: now() })),
    ready: inOneGo((seats) => markReady(pool, { seats, now: now() })),
    stopping: inOneGo((ids) => markStopping(pool, { ids, now: now() })),
    cold: inOneGo((ids) => withTransaction(pool, (tx) => markCold(tx, { ids, now: now() }))),
  }
}

/** What cannot be written down of one seat is no other's trouble: then each is written by itself, and hears of itself alone. */
function inOneGo<Item>(write: (items: Item[]) => Promise<void>): (item: Item) => Promise<void> {
  const failuresOf = gathered(async (items: Item[]): Promise<Map<Item, unknown>> => {
    try {
      await write(items)
      return new Map()
    } catch (error) {
      if (items.length === 1) return new Map([[items[0]!, error]])
    }
    const ends = await Promise.allSettled(items.map((item) => write([item])))
    return new Map(
      ends.flatMap((end, i) =>
        end.status === 'rejected' ? [[items[i]!, end.reason] as const] : [],
      ),
    )
  })
  return async (item) => {
    const failures = await failuresOf(item)
    if (failures.has(item)) throw failures.get(item)
  }
}
