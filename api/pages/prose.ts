/** Plain text as somebody wrote it: empty lines part paragraphs, lines stay lines. Nothing in it is markup. */
import { type Html, html } from './html.ts'

export function prose(text: string): Html {
  return html`<div class="prose">${paragraphsOf(text).map((one) => html`<p>${one}</p>`)}</div>`
}

export const paragraphsOf = (text: string): string[] =>
  text
    .split(/\n{2,}/)
    .map((one) => one.trim())
    .filter((one) => one !== '')
