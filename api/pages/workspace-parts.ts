/** Small parts of the workspace page that its sections share. */
import type { WorkspaceView } from '../data/workspace-view.ts'
import { hasMessage } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'

export type Words = (code: string, params?: Record<string, string | number>) => string
type Act = 'start' | 'stop' | 'restart'

export function actForm(
  visit: Visit,
  view: Pick<WorkspaceView, 'id'>,
  act: Act,
  label: string,
  look: 'primary' | 'plain',
): Html {
  return html`<form method="post" action="${paths.workspaceAct(view.id, act)}">
    ${csrfField(visit)}<button class="button ${look}">${label}</button>
  </form>`
}

/** What happened and what to do, for a code that the record carries. */
export function messageOf(message: WorkspaceView['message'], t: Words): Html | undefined {
  if (!message) return undefined
  const code = hasMessage(message.code) ? message.code : 'failed.unknown'
  return html`<p class="what">${t(code, message.params)}</p>
    ${hasMessage(`${code}.todo`) && html`<p class="todo">${t(`${code}.todo`, message.params)}</p>`}`
}
