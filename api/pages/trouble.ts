/** Why a cloud refused: what happened first, what to do and who waits for it below. */
import { type Html, html } from './html.ts'

export function troubleNote([what = '', ...rest]: string[]): Html {
  return html`<div class="notice">
    <p><strong>${what}</strong></p>
    ${rest.map((sentence) => html`<p>${sentence}</p>`)}
  </div>`
}
