/** The part of a pool's page by which machines that stand idle join it. */
import type { PoolReport } from '../data/pools/pool-report.ts'
import { type JoinLine, whyNotJoin } from '../join-line.ts'
import { clock, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { copyButton } from './workspace-doors.ts'

type Line = JoinLine & { timeZone: string }

export function joinSection(
  visit: Visit,
  report: Pick<PoolReport, 'pool' | 'isOfOneMachine'>,
  line: Line | undefined,
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const why = whyNotJoin(visit.config, report)
  return html`<section class="sheet" aria-labelledby="join-title">
    <h2 id="join-title">${t('pool.join')}</h2>
    <p class="hint">${t('pool.join.hint')}</p>
    ${line && made(visit, line)}
    <form
      method="post"
      action="${paths.adminPoolJoinTickets(report.pool.key)}"
      class="acts pool-acts"
    >
      ${csrfField(visit)}
      <label class="field">
        <span>${t('pool.join.gpu')}</span>
        <input name="gpu" maxlength="40" pattern="[a-z][a-z0-9]*(-[a-z0-9]+)*" autocomplete="off" />
      </label>
      <button class="button plain" aria-describedby="join-why" ${why ? html`disabled` : ''}>
        ${t('pool.join.make')}
      </button>
    </form>
    <p class="hint" id="join-why">${why && t(why.code, why.params)}</p>
  </section>`
}

function made({ locale }: Visit, { command, expiresAt, isInClear, timeZone }: Line): Html {
  const t = (code: string, params = {}) => say(locale, code, params)
  const until = t('pool.join.until', { time: clock(locale, timeZone, expiresAt) })
  return html`<div class="notice" role="status">
    <p>${t('pool.join.paste', { until })}</p>
    <p><code>${command}</code> ${copyButton(command, t('pool.join.line'), t)}</p>
    ${isInClear ? html`<p><strong>${t('pool.join.in-clear')}</strong></p>` : ''}
  </div>`
}
