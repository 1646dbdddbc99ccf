/** Why preparing a class begins when it does, and what its early plan found, in sentences. */
import type { NoticeLine, NoticeParams } from '../data/notice.ts'
import type { Session } from '../data/sessions/session.ts'
import { type Locale, clock, say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { tag } from './table.ts'

export function leadText(locale: Locale, session: Session): string {
  return session.lead_reason.map(({ code, params }) => say(locale, code, params)).join(' ')
}

/** Under the list of sessions, about the first whose lead is known. */
export function leadHint({ locale }: Visit, sessions: Session[], timeZone: string): Html {
  const next = sessions.find((one) => one.state === 'planned' || one.state === 'preparing')
  if (!next || next.lead_reason.length === 0) return html``
  const time = clock(locale, timeZone, next.lead_starts_at)
  return html`<details class="hint">
    <summary>${say(locale, 'lead.next', { time })}</summary>
    <p>${leadText(locale, next)}</p>
  </details>`
}

export const earlyText = (locale: Locale, session: Session): string =>
  sentences(locale, session.early_problems)

/** What it could not learn. */
export const unknownText = (locale: Locale, session: Session): string =>
  sentences(locale, session.early_unknown)

const sentences = (locale: Locale, lines: NoticeLine[] | null): string =>
  (lines ?? []).map((one) => say(locale, one.code, wordsOf(locale, one.params))).join(' ')

const wordsOf = (locale: Locale, params: NoticeParams = {}): NoticeParams =>
  'what' in params ? { ...params, what: say(locale, String(params['what'])) } : params

/** Beside the state of a session that has not begun. */
export function earlyTag({ locale }: Visit, session: Session): Html {
  const { early_state: state } = session
  if (session.state !== 'planned' || (state !== 'passed' && state !== 'failed')) return html``
  if (state === 'failed') return tag('bad', say(locale, 'lead.early-failed'))
  const unknown = unknownText(locale, session)
  if (unknown === '') return html`<span class="faint">${say(locale, 'lead.early-passed')}</span>`
  return html`<details class="faint">
    <summary>${say(locale, 'lead.early-unsure')}</summary>
    <p>${unknown}</p>
  </details>`
}
