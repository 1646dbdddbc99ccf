/** When a workspace stops by itself: said always, warned of when it is near, and put off with one click. */
import type { WorkspaceView } from '../data/workspace-view.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { type Words, deskNote, notifyMe, ticking } from './workspace-parts.ts'

type When = (at: Date) => string

export function automaticStop(visit: Visit, view: WorkspaceView, t: Words, when: When): Html {
  const { stopsAt } = view
  if (!stopsAt) return html``
  return html`${view.isWarned && warning(visit, view, stopsAt, t, when)}
    <p class="stops">
      ${t('workspace.stops', { when: when(stopsAt) })}
      <span class="left">(${ticking(visit, stopsAt, 'time.left', t)})</span>.
      ${t('workspace.stops.kept')}
    </p>
    ${extending(visit, view, stopsAt, t, when)}`
}

/** Read aloud when it appears, so it holds no ticking time. */
function warning(visit: Visit, view: WorkspaceView, stopsAt: Date, t: Words, when: When): Html {
  const said = { when: when(stopsAt) }
  return html`<div class="warning" role="alert">
      <p>${t(view.isIdle ? 'workspace.idle' : 'workspace.warned', said)}</p>
    </div>
    ${deskNote(`stop ${view.id} ${stopsAt.toISOString()}`, {
      title: t('note.stop', said),
      body: `${view.courseTitle[visit.locale]}. ${t('note.stop.body')}`,
    })}`
}

/** The button says what it does; when it is near the end and there is none, why. */
function extending(visit: Visit, view: WorkspaceView, stopsAt: Date, t: Words, when: When): Html {
  const answer = view.extension
  const isRefused = answer !== null && 'refused' in answer
  return html`${isRefused && view.isWarned && html`<p class="hint">${t(answer.refused)}</p>`}
    <div class="putting-off">
      ${answer && !isRefused && extendForm(visit, view, stopsAt, t(view.isIdle ? 'act.stay' : 'act.extend', { when: when(new Date(answer.to)) }))}
      ${!visit.isFramed && notifyMe(t)}
    </div>`
}

function extendForm(visit: Visit, view: WorkspaceView, from: Date, label: string): Html {
  return html`<form method="post" action="${paths.workspaceAct(view.id, 'extend')}">
    ${csrfField(visit)}
    <input type="hidden" name="from" value="${from.toISOString()}" />
    <button class="button ${view.isWarned ? 'primary' : 'plain'}">${label}</button>
  </form>`
}
