/** The ways into a workspace that runs, as forms that lead there. */
import type { WorkspaceView } from '../data/workspaces/workspace-view.ts'
import { arrangePorts } from '../display.ts'
import { doorPass } from '../door-pass.ts'
import { paths } from '../paths.ts'
import { type Visit, personOf } from '../visit.ts'
import { type Connection, type ConnectionPort, connection } from './connection.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import type { Words } from './workspace-parts.ts'

export function doors(visit: Visit, view: WorkspaceView, t: Words): Html {
  const first = arrangePorts(view.ports, view.display).find((port) => port.kind === 'web')
  const enter: Connection['enter'] = (port, as) => {
    // Where the last launch or link led to; a button of its own leads where it says.
    const isDefault = as.to === undefined && port.containerPort === first?.containerPort
    const to = isDefault ? (view.openPath ?? undefined) : as.to
    return doorForm(visit, view, port, { ...as, to, isLed: isDefault && to !== undefined }, t)
  }
  return connection(visit, { ...view, enter, copy: (value, what) => copyButton(value, what, t) }, t)
}

/** In a frame it opens a new tab, which has no cookie of ours: the form then carries a pass instead. */
function doorForm(
  visit: Visit,
  view: WorkspaceView,
  port: ConnectionPort,
  { label, look, to, isLed }: Parameters<Connection['enter']>[1] & { isLed: boolean },
  t: Words,
): Html {
  const path = paths.door(view.id, port.containerPort)
  const title = port.title[visit.locale] || port.name
  const pass = doorPass(visit.ring, { loginHash: personOf(visit).loginHash, path })
  return html`<form
    class="door"
    method="post"
    action="${path}"
    rel="noopener"
    ${visit.isFramed ? html`target="_blank"` : ''}
  >
    ${csrfField(visit)}
    ${visit.isFramed && html`<input type="hidden" name="pass" value="${pass}" />`}
    ${to !== undefined && html`<input type="hidden" name="to" value="${to}" />`}
    <button class="button ${look}">${label}</button>
    ${isLed && html`<span class="hint">${t('door.at', { path: to ?? '' })}</span>`}
    ${!visit.isFramed && html`<button class="button quiet" formtarget="_blank">${t('door.new-tab')}<span class="unseen"> (${title})</span></button>`}
  </form>`
}

/** Appears with JavaScript only: without it there is nothing it could do. */
export function copyButton(value: string, what: string, t: Words): Html {
  return html`<copy-button value="${value}" done="${t('frame.copied')}"
    ><button type="button" class="button small" aria-label="${t('door.copy', { what })}">
      ${t('frame.copy')}
    </button></copy-button
  >`
}
