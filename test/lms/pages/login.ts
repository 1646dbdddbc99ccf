// Choosing who you are.
import { html } from 'hono/html'
import { layout } from './layout.ts'
import { wordsIn } from './words.ts'
import type { Html } from './layout.ts'
import type { Person } from '../../cast/people.ts'
import type { Viewer } from '../session.ts'
import type { Words } from './words.ts'

type RoleName = keyof Words['role']

const leads: [username: string, role: RoleName][] = [
  ['student1', 'student'],
  ['student2', 'student'],
  ['teacher1', 'teacher'],
  ['assistant1', 'assistant'],
  ['manager1', 'manager'],
  ['admin', 'admin'],
]

export function loginPage(viewer: Viewer, people: Map<string, Person>, next: string): Html {
  const words = wordsIn(viewer.language)
  const leading = new Set(leads.map(([username]) => username))
  const others = [...people.values()].filter(({ username }) => !leading.has(username))
  const content = html`<p class="lead">${words.chooseWhoText}</p>
    <ul class="parts">
      ${leads.map(([username, role]) => part(people.get(username), role, words, next))}
    </ul>
    <details class="card">
      <summary>${words.moreStudents} (${others.length})</summary>
      <ul class="names">
        ${others.map(({ username }) => html`<li><a href="${address(username, next)}">${username}</a></li>`)}
      </ul>
    </details>`
  return layout(viewer, { title: words.chooseWho, content })
}

function part(person: Person | undefined, role: RoleName, words: Words, next: string): Html {
  if (!person) return html``
  return html`<li>
    <a class="card part ${role}" href="${address(person.username, next)}">
      <strong>${words.role[role]}</strong>
      <span class="username"
        >${person.username} · ${person.language === 'fr' ? 'français' : 'English'}</span
      >
      <span class="text">${words.roleText[role]}</span>
    </a>
  </li>`
}

function address(username: string, next: string): string {
  return `/login/${username}${next === '/' ? '' : `?next=${encodeURIComponent(next)}`}`
}
