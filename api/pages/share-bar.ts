/** A bar of how much is used of something; the words beside it say the same. */
import { type Html, html } from './html.ts'

const WIDTH = 200

export function share(used: number, all: number, words: string): Html {
  const width = all > 0 ? Math.min(WIDTH, Math.round((used / all) * WIDTH)) : 0
  return html`<svg class="bar share" viewBox="0 0 ${WIDTH} 8" aria-hidden="true">
      <rect class="bar-all" width="${WIDTH}" height="8" rx="2" />
      <rect class="bar-used" width="${width}" height="8" rx="2" />
    </svg>
    <span class="faint">${words}</span>`
}
