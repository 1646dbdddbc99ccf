/**
 * Labplan's own pages with a database of their own and a clock the test holds: everything real but the time,
 * the LMS and the worker, whose part the cast plays (test/cast/record.ts).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { type Config, readConfig } from '../../api/config.ts'
import type { Pool } from '../../api/data/db.ts'
import { type KeyRing, readKeyRing } from '../../api/data/key-ring.ts'
import { type RunningServer, startServer } from '../../api/server.ts'
import type { SignedIn } from '../cast/record.ts'
import { type HttpAnswer, ask } from '../lms/http.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'
import { freePort } from '../free-port.ts'

export const OPERATOR_TOKEN = 'operator-of-the-tests'

export type Website = {
  database: TestDatabase
  pool: Pool
  ring: KeyRing
  config: Config
  home: string
  origin: string
  now(): Date
  setNow(now: Date): void
  /** GET as somebody, or nobody. */
  get(path: string, as?: Asking): Promise<HttpAnswer>
  /** POST a form as its own page would, with the login's token and our Origin. */
  post(path: string, form: Record<string, string>, as?: Asking): Promise<HttpAnswer>
  /** JSON as the local operator. */
  api(path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>
  restart(): Promise<void>
  close(): Promise<void>
}

export type Asking = {
  who?: SignedIn | undefined
  headers?: Record<string, string>
  /** Leave the token out, or send another. */
  csrf?: string | undefined
}

/** @param more variables of the environment */
export async function openWebsite(now: Date, more: Record<string, string> = {}): Promise<Website> {
  const database = await testDatabase()
  const home = mkdtempSync(join(tmpdir(), 'labplan-web-'))
  const key = randomBytes(32).toString('base64')
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ current: 'k1', keys: { k1: key } }))
  writeFileSync(join(home, 'operator-token'), OPERATOR_TOKEN)
  const port = await freePort()
  const origin = `http://labplan.localhost:${port}`
  const config = readConfig({
    LABPLAN_HOME: home,
    DATABASE_URL: database.url,
    LABPLAN_INSTALLATION: database.installation,
    LABPLAN_PUBLIC_URL: origin,
    LABPLAN_API_LISTEN: `127.0.0.1:${port}`,
    LABPLAN_SEAT_URL: 'http://seats.localhost:7081',
    LABPLAN_LOG_LEVEL: 'silent',
    ...more,
  })
  let at = now
  const clock = { now: () => at }
  let server: RunningServer = await startServer(config, clock)
  return {
    ...{ database, config, home, origin },
    pool: database.pool,
    ring: readKeyRing(config.keyFile),
    now: clock.now,
    setNow: (next) => void (at = next),
    get: (path, as = {}) => ask(origin + path, { headers: headersOf(as) }),
    post: (path, form, as = {}) => {
      const token = 'csrf' in as ? as.csrf : as.who?.csrf
      const sent = token === undefined ? form : { ...form, csrf: token }
      return ask(origin + path, { headers: { origin, ...headersOf(as) }, form: sent })
    },
    api: (path, body) => callApi(origin + path, body),
    async restart() {
      await server.stop()
      server = await startServer(config, clock)
    },
    async close() {
      await server.stop()
      await database.drop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

function headersOf({ who, headers }: Asking): Record<string, string> {
  const cookie = who ? { cookie: `__Host-labplan=${who.token}` } : {}
  return { accept: 'text/html', 'accept-language': 'en', ...cookie, ...headers }
}

async function callApi(url: string, body?: unknown) {
  const { port, pathname } = new URL(url)
  const answer = await fetch(`http://127.0.0.1:${port}${pathname}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${OPERATOR_TOKEN}`,
      accept: 'application/json',
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
