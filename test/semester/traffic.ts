/**
 * What is under way between this process and PostgreSQL, counted, so that the virtual clock knows when an instant
 * is over; and what it changed and told, so that the loops know when to look.
 */
import type { PoolClient } from 'pg'
import type { Pool } from '../../api/data/db.ts'

export type Traffic = {
  readonly pending: number
  readonly statements: number
  /** Resolves when nothing is pending. */
  rest(): Promise<void>
  /** Called for each notice of these channels, as its transaction is committed. */
  onNotice(listener: Listener): void
}

type Listener = (channel: string, payload: string) => void
type Ask = (...words: unknown[]) => unknown
type Counted = { query: Ask; isCounted?: true; processID: number }

/** Counts every statement of the pool and of each connection it lends, and hears what they tell on `channels`. */
export function countTraffic(pool: Pool, channels: string[]): Traffic {
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
      // With a callback there is no promise: that is the pool's own way of asking, counted where it was asked.
      if (!(answer instanceof Promise)) return answer
      statements++
      return count(answer as Promise<unknown>)
    }
  // Each connection hears its own notices, before PostgreSQL says that the transaction is over.
  const hear = async (client: PoolClient): Promise<void> => {
    client.on('notification', ({ processId, channel, payload = '' }) => {
      if (processId !== (client as unknown as Counted).processID) return
      for (const listener of listeners) listener(channel, payload)
    })
    for (const channel of channels) await client.query(`listen ${channel}`)
  }
  const countClient = async (client: PoolClient): Promise<PoolClient> => {
    const own = client as unknown as Counted
    if (!own.isCounted) {
      own.isCounted = true
      await hear(client)
      own.query = watched(own.query.bind(client))
    }
    return client
  }
  const connect = pool.connect.bind(pool) as () => Promise<PoolClient>
  const counted = pool as unknown as { connect: Ask; query: Ask }
  const lend = () => count(connect().then(countClient))
  counted.connect = lend
  // As the pool's own does, which asks with a callback.
  const query: Ask = async (...words) => {
    const client = await lend()
    try {
      return await (client.query as Ask)(...words)
    } finally {
      client.release()
    }
  }
  counted.query = (...words) => count(query(...words) as Promise<unknown>)
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
