/**
 * Questions to a mounted file system whose client may never answer: one that was put out after its key had ended, and whose
 * monitor was started again in between, waits for good, and who asks it waits in the kernel and cannot be ended.
 */
import { settledWithin } from '../settled.ts'

/** Ceph gives what a client held that was killed to others after a minute. */
export const PATIENT_MS = 90_000
/** Where nobody waits for the answer, and it is asked for again. */
export const SHORT_MS = 15_000

type Unanswered = { sinceMs: number; settled: Promise<unknown> }
/** By mount. */
const silent = new Map<string, Unanswered>()

export class SilentError extends Error {
  constructor(mount: string) {
    super(`What is mounted on ${mount} does not answer.`)
  }
}

/**
 * The answer to what is asked below a mount. Throws SilentError when there is none in time. One question at a time is left without an
 * answer, since each keeps one of the few threads of this process: later ones wait for it, for as long as they would have from its
 * beginning on.
 */
export async function answerOf<T>(
  mount: string,
  question: () => Promise<T>,
  limitMs = PATIENT_MS,
): Promise<T> {
  const earlier = silent.get(mount)
  if (
    earlier &&
    !(await settledWithin(
      Math.max(0, earlier.sinceMs + limitMs - performance.now()),
      earlier.settled,
    ))
  )
    throw new SilentError(mount)
  const sinceMs = performance.now()
  const answer = question()
  const settled = answer.catch(() => {})
  if (await settledWithin(limitMs, settled)) return answer
  const unanswered = { sinceMs, settled }
  silent.set(mount, unanswered)
  void settled.then(() => silent.get(mount) === unanswered && silent.delete(mount))
  throw new SilentError(mount)
}
