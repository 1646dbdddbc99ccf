/** The administrator's lists: courses, pools, changes. */
import type { Change } from '../data/change.ts'
import type { CourseSummary } from '../data/course.ts'
import type { Estate } from '../data/estate.ts'
import type { PoolSummary } from '../data/overview.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { noteList } from './notes.ts'
import { tableOf, tag } from './table.ts'

export function coursesPage(visit: Visit, courses: CourseSummary[]): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    {
      head: t('admin.course'),
      cell: (row: CourseSummary) =>
        html`<a href="${paths.course(row.key)}">${row.title[visit.locale]}</a>
          <code class="faint">${row.key}</code>`,
    },
    {
      head: t('admin.state'),
      cell: (row: CourseSummary) =>
        tag(row.state === 'ready' ? 'good' : 'calm', t(`course.state.${row.state}`)),
    },
    {
      head: t('admin.next-session'),
      cell: (row: CourseSummary) =>
        row.next_opens_at ? stamp(visit.locale, row.time_zone, row.next_opens_at) : '–',
    },
    { head: t('admin.seats'), cell: (row: CourseSummary) => row.seats, isNumber: true },
    { head: t('admin.seats.running'), cell: (row: CourseSummary) => row.running, isNumber: true },
  ]
  const table = tableOf(t('admin.courses'), columns, courses, t('admin.courses.none'))
  return adminFrame(visit, 'admin.courses', html`<section class="sheet">${table}</section>`)
}

export function poolsPage(visit: Visit, pools: PoolSummary[]): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    {
      head: t('admin.pool'),
      cell: (row: PoolSummary) =>
        html`<a href="${paths.adminPool(row.key)}"><code>${row.key}</code></a>`,
    },
    { head: t('admin.stacks'), cell: (row: PoolSummary) => row.stacks, isNumber: true },
    { head: t('course.count.failed'), cell: (row: PoolSummary) => row.failing, isNumber: true },
    {
      head: t('admin.seats.running'),
      cell: (row: PoolSummary) => row.seats_running,
      isNumber: true,
    },
  ]
  const table = tableOf(t('admin.pools'), columns, pools, t('admin.pools.none'))
  return adminFrame(visit, 'admin.pools', html`<section class="sheet">${table}</section>`)
}

export function changesPage(
  visit: Visit,
  changes: Change[],
  timeZone: string,
  estate: Estate | undefined,
): Html {
  const t = (code: string) => say(visit.locale, code)
  const list =
    changes.length === 0
      ? html`<section class="sheet"><p class="empty">${t('admin.changes.none')}</p></section>`
      : changes.map((change) => changeSheet(visit, change, timeZone))
  return adminFrame(visit, 'admin.changes', html`${estateLine(visit, estate)}${list}`)
}

/** Where the plan is in Git; nothing before the first approval. */
function estateLine({ locale, config }: Visit, estate: Estate | undefined): Html | undefined {
  if (estate?.message)
    return html`<p class="note is-warning">
      ${say(locale, 'estate.held', { message: estate.message })}
    </p>`
  if (!estate?.commit) return undefined
  const address = config.estate.remote ?? config.estate.folder
  const text = say(locale, 'estate.current', { address, commit: estate.commit.slice(0, 12) })
  return html`<p class="hint">${text}</p>`
}

export function changeTag(visit: Visit, change: Pick<Change, 'state'>): Html {
  const look = change.state === 'approved' ? 'good' : change.state === 'proposed' ? 'busy' : 'calm'
  return tag(look, say(visit.locale, `change.${change.state}`))
}

function changeSheet(visit: Visit, change: Change, timeZone: string): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<section class="sheet change">
    <div class="change-head">
      <h2><a href="${paths.adminChange(change.id)}">${change.title}</a></h2>
      ${changeTag(visit, change)}
    </div>
    <p class="hint">
      ${stamp(visit.locale, timeZone, change.created_at)} · ${t('admin.change.lane')}:
      ${t(`lane.${change.lane}`)} · <code>${change.blueprint_digest.slice(0, 12)}</code>
    </p>
    ${change.notes.length > 0 && noteList(visit, change.notes, { timeZone, ofMany: true })}
    ${
      change.state === 'proposed' &&
      html`<p>
        <a class="button primary" href="${paths.adminChange(change.id)}">${t('change.open')}</a>
      </p>`
    }
  </section>`
}
