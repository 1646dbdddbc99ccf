/** Where a change is on the forge, and what keeps the forge from being told. */
import type { ForgeRequest, ForgeState } from '../data/changes/forge.ts'
import { say, stamp } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

export type OnForge = { request: ForgeRequest | undefined; forge: ForgeState | undefined }

/** Nothing without a forge. */
export function forgeLines(
  { locale, config }: Pick<Visit, 'locale' | 'config'>,
  { request, forge }: OnForge,
  change: { state: string },
  timeZone: string,
): Html | undefined {
  if (!config.forge) return undefined
  const again = (at: Date) => stamp(locale, timeZone, at)
  const held = forge?.state === 'held' && forge.retry_at
  const trouble = held ? forge : request
  return html`${
    request?.address
      ? html`<p class="hint">
          ${say(locale, `forge.${request.state}`)}
          <a href="${request.address}"
            >${say(locale, 'forge.request', { number: request.number ?? '' })}</a
          >
        </p>`
      : change.state === 'proposed' && html`<p class="hint">${say(locale, 'forge.unsaid')}</p>`
  }
  ${
    trouble?.message &&
    trouble.retry_at &&
    html`<p class="note is-warning">
      ${say(locale, 'forge.held', { message: trouble.message, at: again(trouble.retry_at) })}
    </p>`
  }`
}
