/**
 * The ways into a seat as its student sees them: web pages as buttons, the teacher's text and buttons, commands and addresses,
 * login and password. The workspace page shows it for real; the teacher's page shows it with a sample.
 */
import { type Part, arrangePorts, fillLink, partsOf } from '../display.ts'
import type { WorkspaceView } from '../data/workspaces/workspace-view.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { paragraphsOf } from './prose.ts'
import type { Words } from './workspace-parts.ts'

export type ConnectionPort = Pick<
  WorkspaceView['ports'][number],
  'containerPort' | 'name' | 'kind' | 'title' | 'publishedPort'
>

export type Connection = Pick<
  WorkspaceView,
  'display' | 'seatNumber' | 'nodeAddress' | 'credential'
> & {
  ports: ConnectionPort[]
  /** The element by which a web port is entered, at a path when one is given. */
  enter(port: ConnectionPort, as: { label: Html; look: string; to?: string | undefined }): Html
  /** A button that copies; none in a sample. */
  copy(value: string, what: string): Html | undefined
}

export function connection(visit: Visit, of: Connection, t: Words): Html {
  const ports = arrangePorts(of.ports, of.display)
  const web = ports.filter((port) => port.kind === 'web')
  const others = ports.filter((port) => port.kind !== 'web' && port.publishedPort !== null)
  const values = tokenValues(of)
  return html`${
    (web.length > 0 || of.display.buttons.length > 0) &&
    html`<section class="doors">
      ${web.map((port, i) => webDoor(visit, of, port, t, i === 0))}
      ${of.display.buttons.map((button) => extraDoor(visit, of, button, values))}
      ${visit.isFramed && html`<p class="hint">${t('door.opens-new-tab')}</p>`}
    </section>`
  }
  ${of.display.text && filled(of.display.text[visit.locale], values)}
  ${waysSection(visit, of, others, t)}`
}

function waysSection(
  visit: Visit,
  of: Connection,
  others: (ConnectionPort & { isRenamed: boolean })[],
  t: Words,
): Html | undefined {
  const { credential, display } = of
  const login = display.login !== 'never' && credential?.login
  const password = display.password !== 'never' && credential?.password
  if (others.length === 0 && !login && !password) return undefined
  return html`<section class="ways" aria-labelledby="ways-title">
    <h2 id="ways-title">${t('door.others')}</h2>
    <dl class="facts">
      ${others.map((port) => otherDoor(visit, of, port, t))}
      ${login && fact(t('door.login'), html`<code>${login}</code>`, of.copy(login, t('door.login')))}
      ${password && passwordFact(of, password, t)}
    </dl>
    ${(login || password) && html`<p class="hint">${t('door.same')}</p>`}
  </section>`
}

function webDoor(
  visit: Visit,
  of: Connection,
  port: ConnectionPort,
  t: Words,
  isFirst: boolean,
): Html {
  const title = port.title[visit.locale] || port.name
  const label = isFirst
    ? html`<span>${t('door.start')}</span> <small>${title}</small>`
    : html`${t('door.open', { title })}`
  return of.enter(port, { label, look: isFirst ? 'primary big' : 'plain big' })
}

type Button = Connection['display']['buttons'][number]

/** What cannot be opened for this student is not there. */
function extraDoor(
  visit: Visit,
  of: Connection,
  button: Button,
  values: ReadonlyMap<string, string>,
): Html | undefined {
  const label = html`${button.title[visit.locale]}`
  if (button.link === undefined) {
    const port = of.ports.find((one) => one.name === button.port && one.kind === 'web')
    return port && of.enter(port, { label, look: 'plain big', to: button.path ?? '/' })
  }
  const href = fillLink(button.link, values)
  if (href === undefined) return undefined
  const isPage = href.startsWith('https:')
  return html`<a
    class="button plain big"
    href="${href}"
    rel="noopener noreferrer"
    ${isPage ? html`target="_blank"` : ''}
    >${label}</a
  >`
}

function tokenValues(of: Connection): Map<string, string> {
  const { credential, nodeAddress, seatNumber } = of
  const values = new Map<string, string>()
  if (credential) values.set('user', credential.login).set('password', credential.password)
  if (nodeAddress !== null) values.set('host', nodeAddress)
  if (seatNumber !== null) values.set('seat', String(seatNumber))
  for (const { kind, name, publishedPort } of of.ports)
    if (kind !== 'web' && publishedPort !== null) values.set(`port:${name}`, String(publishedPort))
  return values
}

/** A token without a value stays as its teacher wrote it: they see it in the sample. */
function filled(text: string, values: ReadonlyMap<string, string>): Html {
  const said = (part: Part): Html => {
    if ('text' in part) return html`${part.text}`
    const value = values.get(part.token)
    return value === undefined ? html`{{${part.token}}}` : html`<code>${value}</code>`
  }
  return html`<div class="prose connection-text">
    ${paragraphsOf(text).map((one) => html`<p>${partsOf(one).map(said)}</p>`)}
  </div>`
}

function otherDoor(
  visit: Visit,
  of: Connection,
  port: ConnectionPort & { isRenamed: boolean },
  t: Words,
): Html {
  const title = port.title[visit.locale] || port.name
  const usual = port.kind === 'ssh' ? t('door.ssh') : `${t(`door.${port.kind}`)} (${title})`
  const label = port.isRenamed ? title : usual
  const host = of.nodeAddress ?? ''
  const number = port.publishedPort ?? ''
  const login = of.credential?.login ?? ''
  const value = port.kind === 'ssh' ? `ssh -p ${number} ${login}@${host}` : `${host}:${number}`
  return fact(label, html`<code>${value}</code>`, of.copy(value, label))
}

function passwordFact(of: Connection, password: string, t: Words): Html {
  const copy = of.copy(password, t('door.password'))
  if (of.display.password === 'shown')
    return fact(t('door.password'), html`<code>${password}</code>`, copy)
  return fact(
    t('door.password'),
    html`<details class="secret">
      <summary>
        <span class="if-closed">${t('door.show')}</span
        ><span class="if-open">${t('door.hide')}</span>
      </summary>
      <code>${password}</code>
    </details>`,
    copy,
  )
}

const fact = (label: string, value: Html, button: Html | undefined): Html =>
  html`<div class="fact">
    <dt>${label}</dt>
    <dd>${value} ${button}</dd>
  </div>`
