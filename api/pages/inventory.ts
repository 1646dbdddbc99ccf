/** The administrator's inventory: what exists by kind, what is off, since when, and what is done about it. */
import type { Finding } from '../data/runs/finding.ts'
import type { InventoryCounts } from '../data/runs/inventory.ts'
import type { ListQuery } from '../data/list-query.ts'
import { arrange } from '../listing.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { isNarrowed, type Listing, listingBar, sortHead } from './listing.ts'
import { type Column, type Look, tableOf, tag, unbroken } from './table.ts'

export const findingRules = {
  filters: ['all', 'leaked', 'missing', 'altered', 'strange'],
  sorts: ['since', 'what', 'kind'],
  isDescending: false,
} as const
export type FindingQuery = ListQuery<
  (typeof findingRules.filters)[number],
  (typeof findingRules.sorts)[number]
>

export const arrangeFindings = (findings: Finding[], query: FindingQuery): Finding[] =>
  arrange(findings, query, {
    isIn: (row, filter) => filter === 'all' || row.kind === filter,
    textOf: (row) => row.name,
    valueOf: {
      since: (row) => row.firstSeenAt,
      what: (row) => row.name,
      kind: (row) => row.kind,
    },
  })

type InventoryView = {
  query: FindingQuery
  last: { looked_at: Date; counts: InventoryCounts } | undefined
  open: Finding[]
  resolved: Finding[]
  timeZone: string
}

/** Three looks missed. */
const LATE_MS = 3 * 60_000

export function inventoryPage(visit: Visit, view: InventoryView): Html {
  const t = (code: string) => say(visit.locale, code)
  const listing: Listing = {
    ...{ query: view.query, rules: findingRules },
    ...{ path: paths.adminInventory, csvPath: paths.adminInventoryCsv },
    filterCode: (filter) => (filter === 'all' ? 'list.all' : `finding.kind.${filter}`),
  }
  // All is well only when somebody has looked.
  const nothing = view.last ? 'inventory.off.none' : 'inventory.never'
  const none = (code: string) => t(isNarrowed(listing) ? 'list.none-so' : code)
  const isEmpty = view.open.length + view.resolved.length === 0
  const openColumns = columnsOf(visit, view.timeZone, 'open', listing)
  const resolvedColumns = columnsOf(visit, view.timeZone, 'resolved', listing)
  return adminFrame(
    visit,
    'admin.inventory',
    html`${(!isEmpty || isNarrowed(listing)) && listingBar(visit, listing)}
      <section class="sheet" aria-labelledby="off-title">
        <h2 id="off-title">${t('inventory.off')}</h2>
        ${tableOf(t('inventory.off'), openColumns, view.open, none(nothing))}
      </section>
      ${view.last && existing(visit, view.last, view.timeZone)}
      <section class="sheet" aria-labelledby="resolved-title">
        <h2 id="resolved-title">${t('inventory.resolved')}</h2>
        ${tableOf(t('inventory.resolved'), resolvedColumns, view.resolved, none('inventory.resolved.none'))}
      </section>`,
  )
}

function existing(visit: Visit, last: NonNullable<InventoryView['last']>, timeZone: string): Html {
  const { locale, at } = visit
  const when = stamp(locale, timeZone, last.looked_at)
  const isLate = at.getTime() - last.looked_at.getTime() > LATE_MS
  return html`<section class="sheet" aria-labelledby="exists-title">
    <h2 id="exists-title">${say(locale, 'inventory.exists')}</h2>
    <ul class="counts">
      ${Object.entries(last.counts).map(([kind, count]) => html`<li><strong>${count.all}</strong> ${countText(visit, kind, count)}</li>`)}
    </ul>
    <p class="${isLate ? 'note is-warning' : 'hint'}">
      ${say(locale, isLate ? 'inventory.late' : 'inventory.looked', { when })}
    </p>
  </section>`
}

function countText({ locale }: Visit, kind: string, { on }: InventoryCounts[string]): string {
  const name = say(locale, `object.${kind}`)
  return on === undefined ? name : `${name} ${say(locale, 'inventory.on', { count: on })}`
}

const looks: Record<Finding['kind'], Look> = {
  leaked: 'bad',
  missing: 'bad',
  altered: 'bad',
  strange: 'busy',
}

function columnsOf(
  visit: Visit,
  timeZone: string,
  which: 'open' | 'resolved',
  listing: Listing,
): Column<Finding>[] {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const at = (instant: Date | null) =>
    instant ? unbroken(stamp(visit.locale, timeZone, instant)) : '–'
  const common: Column<Finding>[] = [
    {
      ...sortHead(visit, listing, 'kind', t('admin.state')),
      cell: (row) =>
        tag(which === 'open' ? looks[row.kind] : 'calm', t(`finding.kind.${row.kind}`)),
    },
    {
      ...sortHead(visit, listing, 'what', t('inventory.what')),
      cell: (row) => html`<code>${row.name}</code>`,
    },
    { head: t('inventory.why'), cell: (row) => t(`finding.${row.code}`, row.params) },
    {
      ...sortHead(visit, listing, 'since', t('inventory.since')),
      cell: (row) => at(row.firstSeenAt),
    },
  ]
  const last: Column<Finding> =
    which === 'open'
      ? { head: t('inventory.repair'), cell: (row) => t(`repair.${row.repair}`) }
      : { head: t('inventory.until'), cell: (row) => at(row.resolvedAt) }
  return [...common, last]
}
