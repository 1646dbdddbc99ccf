// The administrator's list of tools: connect, activate, remove.
import { html } from 'hono/html'
import { agsScopes, rosterScope } from '../service-urls.ts'
import { layout } from './layout.ts'
import { wordsIn } from './words.ts'
import type { Html } from './layout.ts'
import type { Reader } from '../session.ts'
import type { Tool } from '../state.ts'
import type { Words } from './words.ts'

export function toolsPage(reader: Reader, tools: readonly Tool[]): Html {
  const words = wordsIn(reader.language)
  const content = html`<p class="lead">${words.toolsText}</p>
    ${tools.length === 0 ? html`<p class="hint">${words.noTools}</p>` : ''}
    <ul class="activities">
      ${tools.map((tool) => toolRow(tool, words))}
    </ul>
    <h2>${words.register}</h2>
    <form method="post" action="/admin/tools/register" class="card stack">
      <p>${words.registerText}</p>
      <label>${words.registerField} <input name="address" type="url" required /></label>
      <div class="row">
        <button class="button">${words.registerGo}</button>
        ${tools.length === 0 ? '' : updateChoice(tools, words)}
      </div>
    </form>`
  return layout(reader, { title: words.tools, content })
}

function updateChoice(tools: readonly Tool[], words: Words): Html {
  return html`<select name="update" aria-label="${words.register}">
    <option value="">${words.registerNew}</option>
    ${tools.map(({ id, name }) => html`<option value="${id}">${words.updateTool} ${name} (${id})</option>`)}
  </select>`
}

function toolRow(tool: Tool, words: Words): Html {
  const { id, name, state, description, domain, clientId } = tool
  return html`<li class="card activity">
    <span class="picture plug" aria-hidden="true"></span>
    <div>
      <h2>${name} <span class="state ${state}">${words[state]}</span></h2>
      <p class="text">${description}</p>
      <dl class="facts">
        <dt>${words.clientId}</dt>
        <dd>${clientId}</dd>
        <dt>${words.deployment}</dt>
        <dd>${id} · ${domain}</dd>
        <dt>${words.gets}</dt>
        <dd>${whatItGets(tool, words)}</dd>
      </dl>
      <div class="row">
        ${
          state === 'pending'
            ? html`<form method="post" action="/admin/tools/${id}/activate">
                <button class="button">${words.activate}</button>
              </form>`
            : ''
        }
        <form method="post" action="/admin/tools/${id}/remove">
          <button class="link danger">${words.remove}</button>
        </form>
      </div>
    </div>
  </li>`
}

function whatItGets({ sendsNames, sendsEmail, scopes }: Tool, words: Words): string {
  const things = [
    sendsNames && words.names,
    sendsEmail && words.email,
    scopes.includes(rosterScope) && words.roster,
    scopes.some((scope) => agsScopes.includes(scope)) && words.gradesService,
  ].filter((thing) => thing !== false)
  return things.join(', ') || words.onlyId
}
