// Switches for bad behaviour.
import { html } from 'hono/html'
import { harmlessFaults, launchFaults } from '../faults.ts'
import { layout } from './layout.ts'
import { wordsIn } from './words.ts'
import type { Html } from './layout.ts'
import type { LaunchFault } from '../faults.ts'
import type { Reader } from './course.ts'

export function faultsPage(reader: Reader, chosen: readonly LaunchFault[]): Html {
  const words = wordsIn(reader.language)
  const refused = launchFaults.filter((fault) => !harmlessFaults.includes(fault))
  const tick = (fault: LaunchFault) =>
    html`<li>
      <label>
        <input
          type="checkbox"
          name="fault"
          value="${fault}"
          ${chosen.includes(fault) ? 'checked' : ''}
        />
        ${fault}
      </label>
    </li>`
  const content = html`<p class="lead">${words.faultsText}</p>
    ${
      chosen.length === 0
        ? ''
        : html`<p class="card problem">${words.faultsOn} ${chosen.join(', ')}</p>`
    }
    <form method="post" action="/faults" class="card stack">
      <p>${words.refused}</p>
      <ul class="ticks">
        ${refused.map(tick)}
      </ul>
      <p>${words.harmless}</p>
      <ul class="ticks">
        ${harmlessFaults.map(tick)}
      </ul>
      <p><button class="button">${words.save}</button></p>
    </form>`
  return layout(reader, { title: words.faults, content })
}
