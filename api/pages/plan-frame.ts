/** What stands around a form that answers while one fills it: where it asks, and what it says when no answer comes (plan-form.js). */
import { say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

/** @param saved whether this page says what became of the form sent before: then nothing of it is kept in the browser */
export function planFrame(
  { locale }: Visit,
  { src, saved = false }: { src: string; saved?: boolean },
  form: Html,
): Html {
  return html`<plan-form src="${src}" ${saved ? html`saved` : ''}>
    <p
      class="note is-warning plan-lost"
      role="alert"
      hidden
      data-away="${say(locale, 'plan.no-answer')}"
      data-signed-out="${say(locale, 'plan.signed-out')}"
    ></p>
    ${form}
  </plan-form>`
}
