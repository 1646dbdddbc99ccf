/**
 * One request and its answer. A visit is what a handler gets: who comes, what was asked, and the parts of
 * Labplan it may use. A reply is a value; app.ts writes it to the wire.
 */
import type { Readable } from 'node:stream'
import type { Config } from './config.ts'
import type { Pool } from './data/db.ts'
import type { KeyRing } from './data/key-ring.ts'
import type { Listening } from './data/listen.ts'
import type { Actor } from './data/audit.ts'
import type { Visitor } from './data/people/visitor.ts'
import { signInFirst } from './errors.ts'
import type { Locale } from './locale.ts'
import type { Log } from './log.ts'
import type { Lti } from './lti/provider.ts'
import type { Planner } from './teaching/planner.ts'
import type { Html } from './pages/html.ts'

export type Services = {
  config: Config
  pool: Pool
  ring: KeyRing
  listening: Listening
  /** Says what an edit would mean, beside what others wait for. */
  planner: Planner
  /** Signs what goes back to an LMS, and reads its lists. */
  lti: Pick<Lti, 'signDeepLink' | 'readRoster'>
  log: Log
  /** The clock: tests set it. */
  now(): Date
  /** Aborted when the server stops: open streams end, and browsers come back to the next one. */
  stopping: AbortSignal
}

export type Visit<Body = unknown> = Services & {
  /** Nobody, unless a login or the operator's token says who. */
  visitor: Visitor | undefined
  isOperator: boolean
  /** What was sent as `Authorization: Bearer`: whoever reads it must know what it is for. */
  bearer: string | undefined
  locale: Locale
  params: Record<string, string>
  query: URLSearchParams
  body: Body
  /** Whether the page is shown inside another site's frame. */
  isFramed: boolean
  /** The path and query that were asked for. */
  url: string
  /** The page that this is, or that the form which was sent is of. */
  page: string
  at: Date
}

export type Events = {
  /** Calls `send` whenever there is something to say, until `signal` aborts; `end` lets the browser come back anew. */
  start(send: (event: string, data: string) => void, signal: AbortSignal, end: () => void): void
}

export type Cookie = { name: string; value: string; maxAgeSeconds: number }

export type Reply = { status?: number; cookies?: Cookie[]; headers?: Record<string, string> } & (
  | { html: Html }
  | { json: unknown }
  | { seeOther: string }
  | { text: string }
  /** Sent as a file to keep, under this name. */
  | { file: { name: string; type: string; stream: Readable; bytes: number | undefined } }
  | { events: Events }
)

export type Handler<Subject = unknown, Body = unknown> = (
  visit: Visit<Body>,
  subject: Subject,
) => Promise<Reply> | Reply

/** The person who comes; nobody is asked to sign in. */
export function personOf(visit: Visit): Visitor {
  if (!visit.visitor) throw signInFirst()
  return visit.visitor
}

/** Who is written into the audit log: a pseudonym and the role in which this is done. */
export function actorOf(visit: Visit, role: Actor['role']): Actor {
  if (visit.isOperator) return { name: 'operator', role: 'operator' }
  return { name: personOf(visit).pseudonym, role }
}
