/** An answer to what went wrong, as a page or as JSON, in the reader's language. */
import { AlteredRecord } from '../data/seal.ts'
import { randomLabel } from '../data/ids.ts'
import { Problem } from '../errors.ts'
import { hasMessage, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Reply, Visit } from '../visit.ts'
import { frame } from './frame.ts'
import { type Html, html } from './html.ts'

const RETRY_SECONDS = 5

export function problemReply(visit: Visit, error: unknown, asJson: boolean): Reply {
  const problem =
    error instanceof Problem ? error : (altered(visit, error) ?? recorded(visit, error))
  const headers = problem.status === 503 ? { 'retry-after': String(RETRY_SECONDS) } : {}
  const message = say(visit.locale, problem.code, problem.params)
  if (asJson)
    return {
      status: problem.status,
      headers,
      json: { error: problem.code, message, ...problem.detail },
    }
  return { status: problem.status, headers, html: problemPage(visit, problem.status, message) }
}

/** Somebody changed rows that were approved: who administers must know, and nothing goes on. */
function altered(visit: Visit, error: unknown): Problem | undefined {
  if (!(error instanceof AlteredRecord)) return undefined
  visit.log.error({ err: error }, 'the record was altered')
  return new Problem(409, 'problem.altered-record', { params: { what: error.message } })
}

/** A bug: the log gets everything, the reader a reference to find it by. */
function recorded(visit: Visit, error: unknown): Problem {
  if (isDatabaseAway(error)) {
    visit.log.warn({ err: error }, 'the database does not answer')
    return new Problem(503, 'problem.away')
  }
  const reference = randomLabel(8)
  visit.log.error({ err: error, reference }, 'a visit failed')
  return new Problem(500, 'problem.bug', { params: { reference }, detail: { reference } })
}

// Node's codes for a connection that cannot be made or was cut, and PostgreSQL's classes 08, 53 and 57P
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const AWAY = /^(ECONN|EPIPE|ETIMEDOUT|08|53|57P)/

function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  const isCut =
    /^Connection terminated|^timeout exceeded when trying to connect|accepting connections/.test(
      error.message,
    )
  return AWAY.test(code) || isCut || isDatabaseAway(error.cause)
}

export function problemPage(visit: Visit, status: number, message: string): Html {
  const known = `problem.title.${status}`
  const title = say(visit.locale, hasMessage(known) ? known : 'problem.title.400')
  const workspace = cameFrom(visit, status)
  const main = html`<article class="sheet quiet-page">
    <h1>${title}</h1>
    <p class="lead">${message}</p>
    ${workspace && html`<p><a href="${paths.workspace(workspace)}">${say(visit.locale, 'problem.back.workspace')}</a></p>`}
    <p><a href="${paths.home()}">${say(visit.locale, 'problem.back')}</a></p>
  </article>`
  return frame(visit, { title, main, refreshSeconds: status === 503 ? RETRY_SECONDS : undefined })
}

/** The workspace in which something could not be done just now: it is where they go on. */
function cameFrom({ url }: Visit, status: number): string | undefined {
  const isTheirs = status === 409 || status === 503
  return isTheirs ? /^\/workspaces\/([0-9a-f-]{36})\//.exec(url)?.[1] : undefined
}
