/** What is happening to a workspace, in its state's own words: one short card under the title. */
import type { WorkspaceView } from '../data/workspaces/workspace-view.ts'
import { moment } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { scratchNote } from './scratch.ts'
import { type Words, actForm, deskNote, messageOf, notifyMe, ticking } from './workspace-parts.ts'
import { automaticStop } from './workspace-stop.ts'

export function situation(visit: Visit, view: WorkspaceView, timeZone: string, t: Words): Html {
  const when = (at: Date) => moment(visit.locale, timeZone, at, visit.at)
  return html`<section class="situation is-${view.state}">
    <div role="status" class="state">
      <span class="lamp" aria-hidden="true"></span>
      <strong class="state-name">${t(stateName(view))}</strong>
      <span class="state-more">${announced(view, t)}</span>
    </div>
    ${isWaiting(view) && awayNote(view, t)}
    ${view.scratch && scratchNote(visit, view.scratch, view.disk?.isAway ?? false)}
    ${explained(visit, view, t, when)}
  </section>`
}

/** For its files: one on a scratch home goes on without them. */
const isWaiting = ({ disk, scratch }: WorkspaceView): boolean =>
  disk?.isAway === true && scratch?.isOn !== true

const AWAY_SAID: Partial<Record<WorkspaceView['state'], string>> = {
  ready: 'away.ready',
  starting: 'away.starting',
  resetting: 'away.starting',
  stopping: 'away.stopping',
  failed: 'away.starting',
}

/** Its files cannot be reached: what that means for who looks at the page now. */
function awayNote({ state }: WorkspaceView, t: Words): Html {
  const code = AWAY_SAID[state]
  return html`<div class="warning" role="alert">
    <p>${t('away')}</p>
    ${code && html`<p>${t(code)}</p>`}
  </div>`
}

/** What is happening, in two or three words. */
export const stateName = (view: WorkspaceView): string => {
  if (view.queue?.numbersOut != null) return 'workspace.numberless'
  return view.queue?.heldUntil ? 'workspace.turn' : `workspace.${view.state}`
}

/** Read aloud when it changes, so it holds no ticking time. */
function announced(view: WorkspaceView, t: Words): string | undefined {
  if (!view.queue || view.queue.heldUntil || view.queue.numbersOut !== null) return undefined
  const { ahead } = view.queue
  return ahead === 0 ? t('workspace.queued.next') : t('workspace.queued.ahead', { count: ahead })
}

function explained(
  visit: Visit,
  view: WorkspaceView,
  t: Words,
  when: (at: Date) => string,
): Html | undefined {
  switch (view.state) {
    case 'closed':
      return closed(visit, view, t, when)
    case 'queued':
      return queued(visit, view, t, when)
    case 'starting':
      if (isWaiting(view)) return steps(view, t)
      return html`${messageOf(view.message, t) ?? html`<p>${t('workspace.starting.explain')}</p>`}${steps(view, t)}`
    case 'resetting':
      return html`<p>${t('workspace.resetting.explain')}</p>
        ${steps(view, t)}`
    case 'ready':
      return automaticStop(visit, view, t, when)
    case 'stopping':
      if (isWaiting(view)) return undefined
      return messageOf(view.message, t) ?? html`<p>${t('workspace.stopping.explain')}</p>`
    case 'stopped':
      return html`${messageOf(view.message, t) ?? html`<p>${t('workspace.stopped.explain')}</p>`}
      ${actForm(visit, view, 'start', t('act.start'), 'primary')}`
    case 'failed':
      return html`${messageOf(view.message ?? { code: 'failed.unknown', params: {} }, t)}
      ${actForm(visit, view, 'restart', t('act.retry'), 'primary', 'failed')}`
  }
}

function closed(visit: Visit, view: WorkspaceView, t: Words, when: (at: Date) => string): Html {
  if (!view.opensAt)
    return messageOf(view.message, t) ?? html`<p>${t('workspace.closed.no-date')}</p>`
  return html`<p class="lead">${t('workspace.closed.opens', { when: when(view.opensAt) })}</p>
    <p class="countdown">${ticking(visit, view.opensAt, 'time.in', t)}</p>
    <p>${t('workspace.closed.by-itself')}</p>`
}

function queued(visit: Visit, view: WorkspaceView, t: Words, when: (at: Date) => string): Html {
  if (view.queue?.numbersOut != null) return numberless(visit, view.queue.numbersOut, t)
  if (view.queue?.heldUntil) return yourTurn(visit, view, view.queue.heldUntil, t, when)
  return html`<p>${estimate(view, t, when)}</p>
    <p>${t('workspace.queued.kept')} ${letIn(view, t)}</p>
    ${!visit.isFramed && notifyMe(t)}`
}

/** No place would be of use to them: it takes a person who plans more seats. */
const numberless = (visit: Visit, count: number, t: Words): Html =>
  html`<div class="warning" role="alert"><p>${t('workspace.numberless.why', { count })}</p></div>
    <p>${t('workspace.numberless.do')}</p>
    ${!visit.isFramed && notifyMe(t)}`

function letIn(view: WorkspaceView, t: Words): string {
  const count = view.queue?.holdMinutes ?? null
  if (count === null) return t('workspace.closed.by-itself')
  const byMail = view.queue?.isToldByMail ? ` ${t('workspace.queued.mail')}` : ''
  return t('workspace.queued.held', { count }) + byMail
}

function estimate(view: WorkspaceView, t: Words, when: (at: Date) => string): string {
  const { estimateAt, isBeyond } = view.queue ?? { estimateAt: null, isBeyond: false }
  if (!estimateAt) return t('workspace.queued.no-estimate')
  return t(isBeyond ? 'workspace.queued.beyond' : 'workspace.queued.estimate', {
    when: when(estimateAt),
  })
}

/** A place is held: one click starts, and who does not come gives it to the next. */
function yourTurn(
  visit: Visit,
  view: WorkspaceView,
  until: Date,
  t: Words,
  when: (at: Date) => string,
): Html {
  const said = { when: when(until) }
  return html`<div class="warning" role="alert"><p>${t('workspace.turn.held', said)}</p></div>
    <p class="countdown">${ticking(visit, until, 'time.left', t)}</p>
    ${actForm(visit, view, 'start', t('act.take-turn'), 'primary')}
    ${deskNote(`turn ${view.id} ${until.toISOString()}`, {
      title: t('workspace.turn'),
      body: `${view.courseTitle[visit.locale]}. ${t('workspace.turn.held', said)}`,
    })}`
}

function steps(view: WorkspaceView, t: Words): Html {
  return html`<ol class="steps" aria-label="${t('steps.title')}">
    ${view.steps.map(
      (step) =>
        html`<li
          class="step is-${step.state}"
          ${step.state === 'active' ? html`aria-current="step"` : ''}
        >
          <span class="step-mark" aria-hidden="true"></span>${t(step.code)}
          <span class="unseen">(${t(`step.${step.state}`)})</span>
        </li>`,
    )}
  </ol>`
}
