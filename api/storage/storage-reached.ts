/** What a page says when the storage agent does not answer. */
import { Problem } from '../errors.ts'

const AWAY = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'ETIMEDOUT'])

/** An agent that does not answer is said as such, not as a bug. */
export async function reached<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((cause: NodeJS.ErrnoException) => {
    if (AWAY.has(cause.code ?? '')) throw new Problem(503, 'problem.files-away')
    throw cause
  })
}
