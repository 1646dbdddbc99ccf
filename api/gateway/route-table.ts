/**
 * The routes, held locally: read from PostgreSQL, kept fresh by notices and a slow poll, kept on disk for
 * the days PostgreSQL is away. Looking one up never waits for anything.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../data/db.ts'
import { openPool } from '../data/db.ts'
import { Listening } from '../data/listen.ts'
import { type Route, routes } from '../data/seats/route.ts'
import type { Log } from '../log.ts'
import { readRouteFile, writeRouteFile } from './route-file.ts'

const POLL_MS = 30_000
const RETRY_MS = 1_000
/** A route that is asked for again is waited for this long: past it, what is known is used. */
const REFRESH_MS = 2_000
const SAVE_AFTER_MS = 500

export type RouteSource = { databaseUrl: string; installation: string; file: string; log: Log }
/** `before`: the host labels the seat had. */
type Watcher = (seatId: string, before: string[]) => void

export class RouteTable {
  #source: RouteSource
  #pool: Pool
  #listening: Listening | undefined
  #byLabel = new Map<string, Route>()
  #bySeat = new Map<string, Route[]>()
  #watchers = new Set<Watcher>()
  #wanted = new Set<string>()
  #everything = false
  #reading: Promise<void> | undefined
  #timers: { poll?: NodeJS.Timeout; save?: NodeJS.Timeout } = {}
  #closed = new AbortController()
  /** The last reading of PostgreSQL succeeded. */
  fresh = false
  /** Some routes are known, from PostgreSQL or the disk: there is something to serve from. */
  loaded = false

  constructor(source: RouteSource) {
    this.#source = source
    this.#pool = openPool({ ...source, max: 2, answerMs: 10_000 })
  }

  /** Reads all routes, from disk when PostgreSQL does not answer in time, and goes on watching. */
  async open(): Promise<this> {
    const saved = readRouteFile(this.#source.file, this.#source.installation)
    if (saved) this.#apply(saved)
    await this.refresh()
    void this.#listen()
    this.#timers.poll = setInterval(() => void this.refresh(), POLL_MS)
    return this
  }

  find(hostLabel: string): Route | undefined {
    return this.#byLabel.get(hostLabel)
  }

  get size(): number {
    return this.#byLabel.size
  }

  /** Calls `watcher` with each seat whose routes have changed; answers how to stop. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Reads one seat's routes, or all, anew. Never fails: what cannot be read stays as it was. */
  async refresh(seatId?: string): Promise<void> {
    if (seatId) this.#wanted.add(seatId)
    else this.#everything = true
    // One reading at a time, or an older answer could overwrite a newer one.
    this.#reading ??= this.#readWanted()
    const late = sleep(REFRESH_MS, undefined, { ref: false })
    await Promise.race([this.#reading, late])
  }

  async close(): Promise<void> {
    this.#closed.abort()
    clearInterval(this.#timers.poll)
    clearTimeout(this.#timers.save)
    await this.#listening?.close()
    await this.#reading
    await this.#pool.end()
    if (this.loaded) await this.#save()
  }

  async #readWanted(): Promise<void> {
    try {
      while ((this.#everything || this.#wanted.size > 0) && !this.#closed.signal.aborted) {
        const seatIds = this.#everything ? undefined : [...this.#wanted].filter(isUuid)
        this.#everything = false
        this.#wanted.clear()
        this.#apply(await routes(this.#pool, seatIds), seatIds)
        if (!this.fresh) this.#source.log.info({ routes: this.size }, 'routes are fresh')
        this.fresh = true
      }
    } catch (error) {
      this.fresh = false
      this.#everything = true
      this.#source.log.warn({ err: error }, 'routes cannot be read: going on with those known')
    } finally {
      this.#reading = undefined
    }
  }

  /** Takes over what was read; `seatIds` are the seats that were asked for, all unless given. */
  #apply(read: Route[], seatIds?: string[]): void {
    const bySeat = Map.groupBy(read, (route) => route.seatId)
    const touched = new Set([...(seatIds ?? this.#bySeat.keys()), ...bySeat.keys()])
    const before = new Map([...touched].map((id) => [id, labelsOf(this.#bySeat.get(id))]))
    const changed = [...touched].filter((id) => this.#replace(id, bySeat.get(id) ?? []))
    this.loaded = true
    if (changed.length > 0) this.#saveSoon()
    for (const id of changed) for (const watcher of this.#watchers) watcher(id, before.get(id)!)
  }

  /** Whether the seat's routes are now different. */
  #replace(seatId: string, now: Route[]): boolean {
    const before = this.#bySeat.get(seatId) ?? []
    if (JSON.stringify(inOrder(before)) === JSON.stringify(inOrder(now))) return false
    for (const route of before) this.#byLabel.delete(route.hostLabel)
    for (const route of now) this.#byLabel.set(route.hostLabel, route)
    if (now.length > 0) this.#bySeat.set(seatId, now)
    else this.#bySeat.delete(seatId)
    return true
  }

  /** `Listening` heals a lost connection; the first one is ours to wait for. */
  async #listen(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const listening = new Listening(this.#source.databaseUrl)
      listening.on('route', (seatId) => void this.refresh(seatId || undefined))
      try {
        await listening.open()
        this.#listening = listening
        if (this.#closed.signal.aborted) await listening.close()
        // What changed before the first LISTEN was announced to nobody.
        else await this.refresh()
        return
      } catch {
        await listening.close()
        await sleep(RETRY_MS, undefined, { signal: this.#closed.signal }).catch(() => {})
      }
    }
  }

  #saveSoon(): void {
    if (this.#closed.signal.aborted) return
    this.#timers.save ??= setTimeout(() => {
      delete this.#timers.save
      void this.#save()
    }, SAVE_AFTER_MS)
  }

  async #save(): Promise<void> {
    const { file, installation, log } = this.#source
    await writeRouteFile(file, installation, [...this.#byLabel.values()]).catch((error: unknown) =>
      log.warn({ err: error }, 'routes cannot be saved: a restart without PostgreSQL has none'),
    )
  }
}

const labelsOf = (routes: Route[] = []): string[] => routes.map((route) => route.hostLabel)

const inOrder = (routes: Route[]): Route[] =>
  routes.toSorted((a, b) => (a.hostLabel < b.hostLabel ? -1 : 1))

const isUuid = (text: string): boolean => /^[0-9a-f-]{36}$/.test(text)
