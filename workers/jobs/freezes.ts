/** What a freeze of destroys means for a stack that goes on: seats that exist stay wanted. */
import { type Db } from '../../api/data/db.ts'
import { type KeptSeat, seatsKeptByFreeze } from '../../api/data/runs/freeze.ts'
import { type WantedStack, seatsPerStack } from '../../stacks/rules/wanted.ts'

export async function honourFreezes(
  db: Db,
  stacks: WantedStack[],
  now: Date,
): Promise<WantedStack[]> {
  return keepSeats(stacks, await seatsKeptByFreeze(db, now))
}

/** Each seats stack with the kept numbers of its course, pool and block besides its own. Pure. */
export function keepSeats(stacks: WantedStack[], kept: KeptSeat[]): WantedStack[] {
  return stacks.map((stack) => {
    if (stack.kind !== 'seats') return stack
    const block = Number(stack.key.split('-').at(-1))
    const more = kept.filter(
      (seat) =>
        seat.course === stack.course &&
        seat.pool === stack.pool &&
        Math.floor((seat.number - 1) / seatsPerStack) === block,
    )
    const numbers = new Set([...stack.seats, ...more.map((seat) => seat.number)])
    return { ...stack, seats: [...numbers].toSorted((a, b) => a - b) }
  })
}
