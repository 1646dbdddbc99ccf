/** Why preparing a class begins when it does, in sentences. */
import type { Session } from '../data/session.ts'
import { type Locale, clock, say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

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
