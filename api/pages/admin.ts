/** The administrator's frame and first page: what needs somebody, then what there is. */
import type { Counts } from '../data/pools/overview.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { frame } from './frame.ts'
import { type Html, html } from './html.ts'

const tabs = [
  ['admin.overview', paths.admin()],
  ['admin.platforms', paths.adminPlatforms()],
  ['admin.courses', paths.adminCourses()],
  ['admin.pools', paths.adminPools()],
  ['admin.forecast', paths.adminForecast()],
  ['admin.runs', paths.adminRuns()],
  ['admin.changes', paths.adminChanges()],
  ['admin.inventory', paths.adminInventory()],
  ['admin.receipts', paths.adminReceipts()],
  ['admin.people', paths.adminPeople()],
] as const

/**
 * `title` is a message code and names the current tab.
 * @param of which of its things the page is about, so that a browser's tabs and history tell them apart
 */
export function adminFrame(
  visit: Visit,
  title: (typeof tabs)[number][0],
  main: Html,
  of?: string,
): Html {
  return frame(visit, {
    title: [of, say(visit.locale, title)].filter(Boolean).join(' · '),
    isWide: true,
    main: html`<h1>${say(visit.locale, title)}</h1>
      ${main}`,
    tabs: html`<nav class="tabs" aria-label="${say(visit.locale, 'admin.title')}">
      <ul>
        ${tabs.map(
          ([code, path]) =>
            html`<li>
              <a href="${path}" ${code === title ? html`aria-current="page"` : ''}
                >${say(visit.locale, code)}</a
              >
            </li>`,
        )}
      </ul>
    </nav>`,
  })
}

export function adminPage(visit: Visit, counts: Counts): Html {
  const t = (code: string, count: number) => say(visit.locale, code, { count })
  const todo = [
    ['admin.todo.storage', counts.storage_away, paths.adminPools()],
    ['admin.todo.platforms', counts.platforms_pending, paths.adminPlatforms()],
    ['admin.todo.changes', counts.changes_proposed, paths.adminChanges({ state: 'proposed' })],
    ['admin.todo.stacks', counts.stacks_failing, paths.adminRuns()],
    ['admin.todo.findings', counts.findings_open, paths.adminInventory()],
  ] as const
  const now = [
    ['admin.now.workspaces', counts.workspaces_running],
    ['admin.now.queued', counts.workspaces_queued],
    ['admin.now.seats', counts.seats_ready],
    ['admin.now.runs', counts.runs_under_way],
    ['admin.now.courses', counts.courses],
    ['admin.now.sessions', counts.sessions_to_come],
  ] as const
  const open = todo.filter(([, count]) => count > 0)
  return adminFrame(
    visit,
    'admin.overview',
    html`<section class="sheet" aria-labelledby="todo-title">
        <h2 id="todo-title">${say(visit.locale, 'admin.todo')}</h2>
        ${
          open.length === 0
            ? html`<p class="empty">${say(visit.locale, 'admin.todo.none')}</p>`
            : html`<ul class="notes">
                ${open.map(([code, count, path]) => html`<li class="note is-warning"><a href="${path}">${t(code, count)}</a></li>`)}
              </ul>`
        }
      </section>
      <section class="sheet" aria-labelledby="now-title">
        <h2 id="now-title">${say(visit.locale, 'admin.now')}</h2>
        <ul class="counts">
          ${now.map(([code, count]) => html`<li><strong>${count}</strong> ${t(code, count)}</li>`)}
        </ul>
      </section>`,
  )
}
