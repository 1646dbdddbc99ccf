/** The ways into a workspace that runs: a button per web port, the command for SSH, addresses for the rest. */
import type { WorkspaceView } from '../data/workspace-view.ts'
import { doorPass } from '../door-pass.ts'
import { paths } from '../paths.ts'
import { type Visit, personOf } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import type { Words } from './workspace-parts.ts'

type Port = WorkspaceView['ports'][number]

export function doors(visit: Visit, view: WorkspaceView, t: Words): Html {
  const web = view.ports.filter((port) => port.kind === 'web')
  const others = view.ports.filter((port) => port.kind !== 'web' && port.publishedPort !== null)
  return html`${
      web.length > 0 &&
      html`<section class="doors">
        ${web.map((port, i) => webDoor(visit, view, port, t, i === 0))}
        ${visit.isFramed && html`<p class="hint">${t('door.opens-new-tab')}</p>`}
      </section>`
    }
    <section class="ways" aria-labelledby="ways-title">
      <h2 id="ways-title">${t('door.others')}</h2>
      <dl class="facts">
        ${others.map((port) => otherDoor(visit, view, port, t))}
        ${view.credential && credential(view.credential, t)}
      </dl>
      ${view.credential && html`<p class="hint">${t('door.same')}</p>`}
    </section>`
}

/** In a frame it opens a new tab, which has no cookie of ours: the form then carries a pass instead. */
function webDoor(visit: Visit, view: WorkspaceView, port: Port, t: Words, isFirst: boolean): Html {
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
    ${
      isFirst
        ? html`<button class="button primary big">
            <span>${t('door.start')}</span> <small>${title}</small>
          </button>`
        : html`<button class="button plain big">${t('door.open', { title })}</button>`
    }
    ${!visit.isFramed && html`<button class="button quiet" formtarget="_blank">${t('door.new-tab')}<span class="unseen"> (${title})</span></button>`}
  </form>`
}

function otherDoor(visit: Visit, view: WorkspaceView, port: Port, t: Words): Html {
  const title = port.title[visit.locale] || port.name
  const label = port.kind === 'ssh' ? t('door.ssh') : `${t(`door.${port.kind}`)} (${title})`
  const address = `${view.nodeAddress ?? ''}:${port.publishedPort ?? ''}`
  const login = view.credential?.login ?? ''
  const value =
    port.kind === 'ssh'
      ? `ssh -p ${port.publishedPort ?? ''} ${login}@${view.nodeAddress ?? ''}`
      : address
  return fact(label, html`<code>${value}</code>`, copyButton(value, label, t))
}

function credential(known: { login: string; password: string }, t: Words): Html {
  return html`${fact(t('door.login'), html`<code>${known.login}</code>`, copyButton(known.login, t('door.login'), t))}
  ${fact(
    t('door.password'),
    html`<details class="secret">
      <summary>
        <span class="if-closed">${t('door.show')}</span
        ><span class="if-open">${t('door.hide')}</span>
      </summary>
      <code>${known.password}</code>
    </details>`,
    copyButton(known.password, t('door.password'), t),
  )}`
}

const fact = (label: string, value: Html, button: Html): Html =>
  html`<div class="fact">
    <dt>${label}</dt>
    <dd>${value} ${button}</dd>
  </div>`

/** Appears with JavaScript only: without it there is nothing it could do. */
export function copyButton(value: string, what: string, t: Words): Html {
  return html`<copy-button value="${value}" done="${t('frame.copied')}"
    ><button type="button" class="button small" aria-label="${t('door.copy', { what })}">
      ${t('frame.copy')}
    </button></copy-button
  >`
}
