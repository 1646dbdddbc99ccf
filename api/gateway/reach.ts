/** A proven connection for a visit. Nothing of the student's has been sent until it is there. */
import type { Socket } from 'node:net'
import { type Admitted, type Gate, visitAgain } from './gate.ts'
import type { Work } from './open-work.ts'
import { NotReached } from './upstream.ts'

/** Somebody let in, and what they do there. */
export type Errand = { visit: Admitted; work: Work }

/**
 * Dials the seat; when it is not the one that was expected, reads its route anew and tries once more.
 * Throws NotReached.
 */
export async function reach(gate: Gate, errand: Errand): Promise<Socket> {
  try {
    return await dial(gate, errand, errand.visit)
  } catch (error) {
    if (!(error instanceof NotReached)) throw error
    return reachAgain(gate, errand, error)
  }
}

/** The second and last try, after `first` failed. */
export async function reachAgain(gate: Gate, errand: Errand, first: NotReached): Promise<Socket> {
  const { seatId, taskId } = errand.visit.route
  gate.log.warn({ seat: seatId, task: taskId, why: first.message }, 'seat not reached')
  await gate.routes.refresh(seatId)
  const again = visitAgain(gate, errand.visit)
  if (again.kind !== 'in') throw new NotReached('the seat does not run any more', { cause: first })
  return dial(gate, errand, again)
}

async function dial(gate: Gate, { work }: Errand, { route }: Admitted): Promise<Socket> {
  work.taskId = undefined
  const socket = await gate.upstreams.of(route).dial()
  work.taskId = route.taskId
  return socket
}
