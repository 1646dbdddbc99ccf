/** A proven connection for a visit. Nothing of the student's has been sent until it is there. */
import type { Socket } from 'node:net'
import { type Admitted, type Gate, visitAgain } from './gate.ts'
import { NotReached } from './upstream.ts'

/**
 * Dials the seat; when it is not the one that was expected, reads its route anew and tries once more.
 * Throws NotReached.
 */
export async function reach(gate: Gate, visit: Admitted): Promise<Socket> {
  try {
    return await gate.upstreams.of(visit.route).dial()
  } catch (error) {
    if (!(error instanceof NotReached)) throw error
    return reachAgain(gate, visit, error)
  }
}

/** The second and last try, after `first` failed. */
export async function reachAgain(gate: Gate, visit: Admitted, first: NotReached): Promise<Socket> {
  const { seatId, taskId } = visit.route
  gate.log.warn({ seat: seatId, task: taskId, why: first.message }, 'seat not reached')
  await gate.routes.refresh(seatId)
  const again = visitAgain(gate, visit)
  if (again.kind !== 'in') throw new NotReached('the seat does not run any more', { cause: first })
  return gate.upstreams.of(again.route).dial()
}
