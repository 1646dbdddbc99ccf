/** An answer to what went wrong, as a page or as JSON, in the reader's language. */
import { AlteredRecord } from '../data/changes/seal.ts'
import { randomLabel } from '../data/ids.ts'
import { Problem } from '../errors.ts'
import { hasMessage, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Events, Reply, Visit } from '../visit.ts'
import { frame } from './frame.ts'
import { type Html, html } from './html.ts'

const RETRY_SECONDS = 5

export type ProblemForm = 'json' | 'events' | 'page'

export function problemReply(visit: Visit, error: unknown, form: ProblemForm): Reply {
  const problem =
    error instanceof Problem ? error : (altered(visit, error) ?? recorded(visit, error))
  const headers = problem.status === 503 ? { 'retry-after': String(RETRY_SECONDS) } : {}
  const message = say(visit.locale, problem.code, problem.params)
  if (form === 'events' && GONE.has(problem.status))
    return { events: goneEvents(problemSheet(visit, problem.status, message)) }
  if (form === 'json')
    return {
      status: problem.status,
      headers,
      json: { error: problem.code, message, ...problem.detail },
    }
  return { status: problem.status, headers, html: problemPage(visit, problem.status, message) }
}

/** What a page that follows its subject will not be shown again by waiting. */
const GONE = new Set([401, 403, 404, 410])
const LOOK_AGAIN_MS = 5_000

/** In the place of what it followed: else its reader would be told for ever that it goes on trying. Then the browser looks again. */
const goneEvents = (sheet: Html): Events => ({
  start(send, signal, end) {
    send('view', sheet.toString())
    const later = setTimeout(end, LOOK_AGAIN_MS)
    signal.addEventListener('abort', () => clearTimeout(later))
  },
})

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
  return frame(visit, {
    title: titleOf(visit, status),
    main: problemSheet(visit, status, message),
    refreshSeconds: status === 503 ? RETRY_SECONDS : undefined,
  })
}

function titleOf({ locale }: Visit, status: number): string {
  const known = `problem.title.${status}`
  return say(locale, hasMessage(known) ? known : 'problem.title.400')
}

function problemSheet(visit: Visit, status: number, message: string): Html {
  const title = titleOf(visit, status)
  const from = cameFrom(visit, status)
  return html`<article class="sheet quiet-page" data-title="${title} · Labplan">
    <h1>${title}</h1>
    <p class="lead">${message}</p>
    ${status === 404 && isOfSomebody(visit) && html`<p>${say(visit.locale, 'problem.not-yours')}</p>`}
    ${from && html`<p><a href="${from.path}">${say(visit.locale, from.code)}</a></p>`}
    <p><a href="${paths.home()}">${say(visit.locale, 'problem.back')}</a></p>
  </article>`
}

/** To everybody else it does not exist, also to who looked at it a moment ago as somebody else. */
const isOfSomebody = ({ url, visitor }: Visit): boolean =>
  visitor !== undefined && /^\/(workspaces|courses)\//.test(url)

/** Where something could not be done just now: it is where they go on. */
function cameFrom({ url }: Visit, status: number): { path: string; code: string } | undefined {
  if (status !== 409 && status !== 413 && status !== 503) return undefined
  const change = /^\/admin\/changes\/[0-9a-f-]{36}\b/.exec(url)?.[0]
  if (change) return { path: change, code: 'problem.back.change' }
  const workspace = /^\/workspaces\/([0-9a-f-]{36})\//.exec(url)?.[1]
  if (workspace) return { path: paths.workspace(workspace), code: 'problem.back.workspace' }
  const path = /^\/courses\/[a-z0-9-]+\/(?:plan|settings|connection|timetable|sharing|data)\b/.exec(
    url,
  )?.[0]
  return path === undefined ? undefined : { path, code: 'problem.back.course' }
}
