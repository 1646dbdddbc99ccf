/** When a workspace stops by itself: said always, warned of when it is near, and put off with one click. */
import type { WorkspaceView } from '../data/workspaces/workspace-view.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { type Words, deskNote, notifyMe, ticking } from './workspace-parts.ts'

type When = (at: Date) => string

/** The same elements, warned or not: what its reader holds in focus or was answered stays, and is read aloud. */
export function automaticStop(visit: Visit, view: WorkspaceView, t: Words, when: When): Html {
  const { stopsAt } = view
  if (!stopsAt) return html``
  const said = { when: when(stopsAt) }
  const warned = view.isIdle ? 'workspace.idle' : 'workspace.warned'
  // It holds no ticking time: it would be read aloud each second.
  return html`<div class="warning" role="alert">
      ${view.isWarned && html`<p>${t(warned, said)}</p>`}
    </div>
    <p class="stops">
      ${t('workspace.stops', said)}
      <span class="left">(${ticking(visit, stopsAt, 'time.left', t)})</span>.
      ${t('workspace.stops.kept')}
    </p>
    <div class="putting-off">
      <div class="click">${click(visit, view, stopsAt, t, when)}</div>
      ${!visit.isFramed && notifyMe(t)}
    </div>
    ${
      view.isWarned &&
      deskNote(`stop ${view.id} ${stopsAt.toISOString()}`, {
        title: t('note.stop', said),
        body: `${view.courseTitle[visit.locale]}. ${t('note.stop.body')}`,
      })
    }`
}

/** The button says what it does; when it is near the end and there is none, why. */
function click(
  visit: Visit,
  view: WorkspaceView,
  stopsAt: Date,
  t: Words,
  when: When,
): Html | false {
  const answer = view.extension
  if (!answer) return false
  if ('refused' in answer) return view.isWarned && html`<p class="hint">${t(answer.refused)}</p>`
  const label = view.isIdle ? t('act.stay') : t('act.extend', { when: when(new Date(answer.to)) })
  return extendForm(visit, view, stopsAt, label)
}

function extendForm(visit: Visit, view: WorkspaceView, from: Date, label: string): Html {
  return html`<form method="post" action="${paths.workspaceAct(view.id, 'extend')}">
    ${csrfField(visit)}
    <input type="hidden" name="from" value="${from.toISOString()}" />
    <button class="button ${view.isWarned ? 'primary' : 'plain'}">${label}</button>
  </form>`
}
