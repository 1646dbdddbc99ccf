/**
 * LISTEN on a connection of its own that comes back by itself. A notice lost while the connection
 * was away is made good by calling every listener once after each reconnection: listeners re-read
 * what they watch, they never trust the payload alone.
 */
import pg from 'pg'
import { ownConnection } from './db.ts'

const RECONNECT_MS = 500

export type Listener = (payload: string | undefined) => void

export class Listening {
  #url: string
  #listeners = new Map<string, Set<Listener>>()
  #client: pg.Client | undefined
  #closed = false
  #retry: NodeJS.Timeout | undefined
  /** One question at a time: a client takes no second before it has answered the first. */
  #asked: Promise<unknown> = Promise.resolve()

  constructor(databaseUrl: string) {
    this.#url = databaseUrl
  }

  /** Connects; rejects when the first connection cannot be made. Later losses heal by themselves. */
  async open(): Promise<this> {
    await this.#connect()
    return this
  }

  /** Calls `listener` for each notice on `channel` (undefined after a reconnection); answers how to stop. */
  on(channel: string, listener: Listener): () => void {
    const known = this.#listeners.get(channel)
    const set = known ?? new Set<Listener>()
    if (!known) {
      this.#listeners.set(channel, set)
      this.#asked = this.#asked.then(() => this.#listen(channel)).catch(() => {})
    }
    set.add(listener)
    return () => set.delete(listener)
  }

  /** Without a connection there is nothing to do: the next one listens to all. */
  async #listen(channel: string): Promise<void> {
    await this.#client?.query(`listen "${channel}"`)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.#client?.end().catch(() => {})
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(ownConnection(this.#url, 'labplan-listen'))
    // One that never came up is tried again by who asked for it. Doing both would double the tries with each failure.
    let isUp = false
    const onLost = () => {
      if (!isUp || this.#closed) return
      isUp = false
      client.end().catch(() => {})
      this.#retry = setTimeout(() => void this.#reconnect(), RECONNECT_MS)
    }
    client.on('error', onLost)
    client.on('end', onLost)
    client.on('notification', (notice) => {
      for (const listener of this.#listeners.get(notice.channel) ?? []) listener(notice.payload)
    })
    try {
      await client.connect()
      for (const channel of this.#listeners.keys()) await client.query(`listen "${channel}"`)
    } catch (error) {
      client.end().catch(() => {})
      throw error
    }
    isUp = true
    this.#client = client
  }

  async #reconnect(): Promise<void> {
    try {
      await this.#connect()
      for (const set of this.#listeners.values()) for (const listener of set) listener(undefined)
    } catch {
      if (!this.#closed) this.#retry = setTimeout(() => void this.#reconnect(), RECONNECT_MS)
    }
  }
}
