/**
 * What is under way between this process and PostgreSQL, counted, so that the virtual clock knows when an instant
 * is over; and what it changed and told, so that the loops know when to look.
 */
import type { PoolClient, QueryResult } from 'pg'
import type { Pool } from '../../api/data/db.ts'

export type Traffic = {
  readonly pending: number
  readonly statements: number
  /** Resolves when nothing is pending. */
  rest(): Promise<void>
  /** Called for each notice, when its transaction asks for it: before the next instant all are committed. */
  onNotice(listener: Listener): void
}

type Listener = (channel: string, payload: string) => void
type Ask = (...words: unknown[]) => unknown
type Counted = { query: Ask; isCounted?: true }

/** Counts every statement of the pool and of each connection it lends. */
export function countTraffic(pool: Pool): Traffic {
  let pending = 0
  let statements = 0
  let waiting: (() => void)[] = []
  const listeners: Listener[] = []

  const count = <T>(work: Promise<T>): Promise<T> => {
    pending++
    return work.finally(() => {
      if (--pending > 0) return
      const all = waiting
      waiting = []
      for (const resolve of all) resolve()
    })
  }
  const watched = (ask: Ask): Ask =>
    function (this: unknown, ...words: unknown[]) {
      const answer = ask.apply(this, words)
      // With a callback there is no promise: that is the pool's own way of asking, counted by its caller.
      if (!(answer instanceof Promise)) return answer
      statements++
      const notice = noticeOf(words)
      if (notice) for (const listener of listeners) listener(...notice)
      return count(answer as Promise<QueryResult>)
    }
  const countClient = (client: PoolClient): PoolClient => {
    const own = client as unknown as Counted
    if (!own.isCounted) {
      own.query = watched(own.query.bind(client))
      own.isCounted = true
    }
    return client
  }
  const connect = pool.connect.bind(pool) as (...words: unknown[]) => unknown
  const counted = pool as unknown as { connect: Ask; query: Ask }
  counted.query = watched(counted.query.bind(pool))
  counted.connect = (...words) => {
    const answer = connect(...words)
    return answer instanceof Promise
      ? count((answer as Promise<PoolClient>).then(countClient))
      : answer
  }
  return {
    get pending() {
      return pending
    },
    get statements() {
      return statements
    },
    rest: () =>
      pending === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    onNotice: (listener) => void listeners.push(listener),
  }
}

/** Channel and payload of `select pg_notify($1, $2)`, which is how the data layer tells everybody. */
function noticeOf([text, values]: unknown[]): [string, string] | undefined {
  if (typeof text !== 'string' || !text.startsWith('select pg_notify($1')) return undefined
  return Array.isArray(values) ? [String(values[0]), String(values[1])] : undefined
}
