/** Small parts of the workspace page that its sections share. */
import type { WorkspaceView } from '../data/workspaces/workspace-view.ts'
import { type Params, duration, hasMessage } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'

export type Words = (code: string, params?: Record<string, string | number>) => string
type Act = 'start' | 'stop' | 'restart'

/** `only`: pressed in a page left open, too, it does nothing to a workspace that is in another state by then. */
export function actForm(
  visit: Visit,
  view: Pick<WorkspaceView, 'id'>,
  act: Act,
  label: string,
  look: 'primary' | 'plain',
  only?: 'queued' | 'failed',
): Html {
  return html`<form method="post" action="${paths.workspaceAct(view.id, act)}">
    ${csrfField(visit)}${only && html`<input type="hidden" name="only" value="${only}" />`}
    <button class="button ${look}">${label}</button>
  </form>`
}

// The engine's own words are for engineers; what they usually mean is for students.
const causes: [RegExp, string][] = [
  [/insufficient resources|no suitable node/i, 'seat.no_room'],
  // Its node has not what keeps its files: nothing is begun in their place.
  [/mount local volume|mounting volume/i, 'seat.no_files'],
  [/no such image|pull access|manifest|registry/i, 'seat.no_image'],
]

function causeOf({ code, params }: { code: string; params: Params }): string {
  const reason = String(params['reason'] ?? '')
  const known = causes.find(([words]) => words.test(reason))?.[1]
  if (code === 'seat.start_failed' && known) return known
  return hasMessage(code) ? code : 'failed.unknown'
}

/** What happened and what to do, for a code that the record carries. */
export function messageOf(message: WorkspaceView['message'], t: Words): Html | undefined {
  if (!message) return undefined
  const code = causeOf(message)
  return html`<p class="what">${t(code, message.params)}</p>
    ${hasMessage(`${code}.todo`) && html`<p class="todo">${t(`${code}.todo`, message.params)}</p>`}`
}

/** Ticks in the browser; without JavaScript it says what was true when the page was made. */
export function ticking(visit: Visit, at: Date, code: string, t: Words): Html {
  const time = duration(visit.locale, at.getTime() - visit.at.getTime())
  return html`<time-left
    at="${at.toISOString()}"
    text="${t(code, { time: '{time}' })}"
    day="${visit.locale === 'fr' ? 'j' : 'd'}"
    >${t(code, { time })}</time-left
  >`
}

/** Told once by the browser, also while another window is in front, if its reader allowed that: see notifyMe. */
export const deskNote = (key: string, note: { title: string; body: string }): Html =>
  html`<desk-note key="${key}" title="${note.title}" body="${note.body}"></desk-note>`

/** Asks the browser for leave to notify, on a click only. Shown where there is something to ask (app.js). */
export const notifyMe = (t: Words): Html =>
  html`<notify-me allowed="${t('note.allowed')}" refused="${t('note.refused')}" hidden>
    <button type="button" class="button quiet">${t('note.ask')}</button>
    <span role="status"></span>
  </notify-me>`
