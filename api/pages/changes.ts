/** The review queue and its past: narrowed, searched and ordered by the address alone, so each view can be sent. */
import { withoutLogin } from '../config.ts'
import type { Change } from '../data/change.ts'
import { type ChangeQuery, type ChangeSort, changeFilters } from '../data/change-list.ts'
import type { Estate } from '../data/estate.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { tableOf, tag } from './table.ts'

export type ChangeList = {
  changes: Change[]
  query: ChangeQuery
  timeZone: string
  estate: Estate | undefined
}

export function changesPage(visit: Visit, list: ChangeList): Html {
  const t = (code: string) => say(visit.locale, code)
  const { query, timeZone } = list
  const columns = [
    {
      head: sortLink(visit, query, 'title', t('changes.what')),
      cell: (row: Change) => html`<a href="${paths.adminChange(row.id)}">${row.title}</a>`,
    },
    { head: t('admin.state'), cell: (row: Change) => changeTag(visit, row) },
    {
      head: sortLink(visit, query, 'lane', t('admin.change.lane')),
      cell: (row: Change) => t(`lane.${row.lane}`),
    },
    {
      head: t('changes.why'),
      cell: (row: Change) => row.rules.map((rule) => rule.title[visit.locale]).join(' ') || '–',
    },
    {
      head: sortLink(visit, query, 'created', t('changes.handed-in')),
      cell: (row: Change) => stamp(visit.locale, timeZone, row.created_at),
    },
    {
      head: sortLink(visit, query, 'decided', t('changes.decided')),
      cell: (row: Change) =>
        row.state === 'proposed' ? '–' : stamp(visit.locale, timeZone, row.state_at),
    },
  ]
  const isNarrowed = query.filter !== 'all' || query.contains !== ''
  const none = t(isNarrowed ? 'changes.none-so' : 'admin.changes.none')
  return adminFrame(
    visit,
    'admin.changes',
    html`${estateLine(visit, list.estate)} ${filters(visit, query)}
      <section class="sheet">${tableOf(t('admin.changes'), columns, list.changes, none)}</section>`,
  )
}

type Address = Parameters<typeof paths.adminChanges>[0]

/** What is as usual needs no word in the address. */
function addressOf({ filter, sort, isDescending, contains }: ChangeQuery): Address {
  return {
    state: filter === 'all' ? undefined : filter,
    contains: contains || undefined,
    sort: sort === 'created' ? undefined : sort,
    order: isDescending ? undefined : 'up',
  }
}

/** A second click turns the order round. */
function sortLink({ locale }: Visit, query: ChangeQuery, sort: ChangeSort, text: string): Html {
  const isSorted = query.sort === sort
  const next = { ...query, sort, isDescending: isSorted ? !query.isDescending : true }
  const arrow = isSorted ? (query.isDescending ? '↓' : '↑') : ''
  const how = say(locale, isSorted && query.isDescending ? 'changes.sort-up' : 'changes.sort-down')
  return html`<a href="${paths.adminChanges(addressOf(next))}" title="${how}"
    >${text}<span aria-hidden="true"> ${arrow}</span></a
  >`
}

function filters({ locale }: Visit, query: ChangeQuery): Html {
  const { filter, contains } = query
  const link = (one: ChangeQuery['filter']) =>
    html`<li>
      <a
        href="${paths.adminChanges(addressOf({ ...query, filter: one }))}"
        ${one === filter ? html`aria-current="page"` : ''}
        >${say(locale, `changes.filter.${one}`)}</a
      >
    </li>`
  const kept = addressOf({ ...query, contains: '' })
  return html`<nav class="filters" aria-label="${say(locale, 'run.filter')}">
    <ul>
      ${changeFilters.map(link)}
    </ul>
    <form method="get" action="${paths.adminChanges()}" role="search">
      ${Object.entries(kept ?? {}).map(
        ([name, value]) =>
          value !== undefined && html`<input type="hidden" name="${name}" value="${value}" />`,
      )}
      <label for="contains">${say(locale, 'changes.contains')}</label>
      <input id="contains" name="contains" type="search" value="${contains}" maxlength="100" />
      <button class="button plain">${say(locale, 'changes.search')}</button>
    </form>
    <p><a href="${paths.adminChangesCsv(addressOf(query))}">${say(locale, 'changes.csv')}</a></p>
  </nav>`
}

/** Where the plan is in Git; nothing before the first approval. */
function estateLine({ locale, config }: Visit, estate: Estate | undefined): Html | undefined {
  if (estate?.message)
    return html`<p class="note is-warning">
      ${say(locale, 'estate.held', { message: estate.message })}
    </p>`
  if (!estate?.commit) return undefined
  const address = withoutLogin(config.estate.remote ?? config.estate.folder)
  const text = say(locale, 'estate.current', { address, commit: estate.commit.slice(0, 12) })
  return html`<p class="hint">${text}</p>`
}

export function changeTag(visit: Visit, change: Pick<Change, 'state'>): Html {
  const look = change.state === 'approved' ? 'good' : change.state === 'proposed' ? 'busy' : 'calm'
  return tag(look, say(visit.locale, `change.${change.state}`))
}
