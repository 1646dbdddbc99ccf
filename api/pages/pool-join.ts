/** The part of a pool's page by which machines that stand idle join it. */
import { clock, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { copyButton } from './workspace-doors.ts'

export function joinSection(
  visit: Visit,
  poolKey: string,
  line: { command: string; expiresAt: Date; timeZone: string } | undefined,
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  return html`<section class="sheet" aria-labelledby="join-title">
    <h2 id="join-title">${t('pool.join')}</h2>
    <p class="hint">${t('pool.join.hint')}</p>
    ${line && made(visit, line)}
    <form method="post" action="${paths.adminPoolJoinTickets(poolKey)}" class="acts pool-acts">
      ${csrfField(visit)}
      <button class="button plain">${t('pool.join.make')}</button>
    </form>
  </section>`
}

function made(
  { locale }: Visit,
  { command, expiresAt, timeZone }: { command: string; expiresAt: Date; timeZone: string },
): Html {
  const t = (code: string, params = {}) => say(locale, code, params)
  const until = t('pool.join.until', { time: clock(locale, timeZone, expiresAt) })
  return html`<div class="notice" role="status">
    <p>${t('pool.join.paste', { until })}</p>
    <p><code>${command}</code> ${copyButton(command, t('pool.join.line'), t)}</p>
  </div>`
}
