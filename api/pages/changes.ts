/** The review queue and its past: narrowed, searched and ordered by the address alone, so each view can be sent. */
import { withoutLogin } from '../config.ts'
import type { Change } from '../data/changes/change.ts'
import { type ChangeQuery, changeRules } from '../data/changes/change-list.ts'
import type { Estate } from '../data/changes/estate.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { isNarrowed, type Listing, listingBar, sortHead } from './listing.ts'
import { tableOf, tag, unbroken } from './table.ts'

export type ChangeList = {
  changes: Change[]
  query: ChangeQuery
  timeZone: string
  estate: Estate | undefined
}

export function changesPage(visit: Visit, list: ChangeList): Html {
  const t = (code: string) => say(visit.locale, code)
  const { timeZone } = list
  const listing = listingOf(list.query)
  const columns = [
    {
      ...sortHead(visit, listing, 'title', t('changes.what')),
      cell: (row: Change) => html`<a href="${paths.adminChange(row.id)}">${row.title}</a>`,
    },
    { head: t('admin.state'), cell: (row: Change) => changeTag(visit, row) },
    {
      ...sortHead(visit, listing, 'lane', t('admin.change.lane')),
      cell: (row: Change) => t(`lane.${row.lane}`),
    },
    {
      head: t('changes.why'),
      cell: (row: Change) => row.rules.map((rule) => rule.title[visit.locale]).join(' ') || '–',
    },
    {
      ...sortHead(visit, listing, 'created', t('changes.handed-in')),
      cell: (row: Change) => unbroken(stamp(visit.locale, timeZone, row.created_at)),
    },
    {
      ...sortHead(visit, listing, 'decided', t('changes.decided')),
      cell: (row: Change) =>
        row.state === 'proposed' ? '–' : unbroken(stamp(visit.locale, timeZone, row.state_at)),
    },
  ]
  const none = t(isNarrowed(listing) ? 'list.none-so' : 'admin.changes.none')
  return adminFrame(
    visit,
    'admin.changes',
    html`${estateLine(visit, list.estate)} ${listingBar(visit, listing)}
      <section class="sheet">${tableOf(t('admin.changes'), columns, list.changes, none)}</section>`,
  )
}

const listingOf = (query: ChangeQuery): Listing => ({
  ...{ query, rules: changeRules },
  path: paths.adminChanges,
  csvPath: paths.adminChangesCsv,
  filterCode: (filter) => `changes.filter.${filter}`,
})

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
