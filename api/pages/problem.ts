/** An answer to what went wrong, as a page or as JSON, in the reader's language. */
import { randomLabel } from '../data/ids.ts'
import { Problem } from '../errors.ts'
import { hasMessage, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Reply, Visit } from '../visit.ts'
import { frame } from './frame.ts'
import { type Html, html } from './html.ts'

export function problemReply(visit: Visit, error: unknown, asJson: boolean): Reply {
  const problem = error instanceof Problem ? error : recorded(visit, error)
  const message = say(visit.locale, problem.code, problem.params)
  if (asJson)
    return {
      status: problem.status,
      json: { error: problem.code, message, ...problem.detail },
    }
  return { status: problem.status, html: problemPage(visit, problem.status, message) }
}

/** A bug: the log gets everything, the reader a reference to find it by. */
function recorded(visit: Visit, error: unknown): Problem {
  const reference = randomLabel(8)
  visit.log.error({ err: error, reference }, 'a visit failed')
  return new Problem(500, 'problem.bug', { params: { reference }, detail: { reference } })
}

export function problemPage(visit: Visit, status: number, message: string): Html {
  const known = `problem.title.${status}`
  const title = say(visit.locale, hasMessage(known) ? known : 'problem.title.400')
  const main = html`<article class="sheet quiet-page">
    <h1>${title}</h1>
    <p class="lead">${message}</p>
    <p><a href="${paths.home()}">${say(visit.locale, 'problem.back')}</a></p>
  </article>`
  return frame(visit, { title, main })
}
