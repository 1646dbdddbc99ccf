/** What stands above a list: its filters as links, a search, and the same rows as a file; and heads that order it. */
import type { ListQuery, ListRules } from '../data/list-query.ts'
import { type ListAddress, listAddress } from '../listing.ts'
import { say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

export type Listing = {
  query: ListQuery
  rules: ListRules
  path: (address?: ListAddress) => string
  csvPath: (address?: ListAddress) => string
  /** Of a filter's name in the catalogue. */
  filterCode: (filter: string) => string
}

/** @param more what else narrows the list, below the filters */
export function listingBar({ locale }: Visit, listing: Listing, more?: Html | false): Html {
  const { query, rules, path, csvPath, filterCode } = listing
  const link = (filter: string) =>
    html`<li>
      <a
        href="${path(listAddress({ ...query, filter }, rules))}"
        ${filter === query.filter ? html`aria-current="page"` : ''}
        >${say(locale, filterCode(filter))}</a
      >
    </li>`
  // A form's own address loses its query: what it says else goes along as fields.
  const [action = '', search] = path(listAddress({ ...query, contains: '' }, rules)).split('?')
  return html`<nav class="filters" aria-label="${say(locale, 'list.filter')}">
    ${
      rules.filters.length > 1 &&
      html`<ul>
        ${rules.filters.map(link)}
      </ul>`
    }
    <form method="get" action="${action}" role="search">
      ${[...new URLSearchParams(search)].map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
      )}
      <label for="contains">${say(locale, 'list.contains')}</label>
      <input
        id="contains"
        name="contains"
        type="search"
        value="${query.contains}"
        maxlength="100"
      />
      <button class="button plain">${say(locale, 'list.search')}</button>
    </form>
    <p><a href="${csvPath(listAddress(query, rules))}">${say(locale, 'list.csv')}</a></p>
    ${more}
  </nav>`
}

/** A second click turns the order round. */
export function sortHead(
  { locale }: Visit,
  listing: Listing,
  sort: string,
  text: string,
): { head: Html; label: string } {
  const { query, rules, path } = listing
  const isSorted = query.sort === sort
  const next = { ...query, sort, isDescending: isSorted ? !query.isDescending : rules.isDescending }
  const arrow = isSorted ? (query.isDescending ? '↓' : '↑') : ''
  const how = say(locale, next.isDescending ? 'list.sort-down' : 'list.sort-up')
  const head = html`<a href="${path(listAddress(next, rules))}" title="${how}"
    >${text}<span aria-hidden="true"> ${arrow}</span></a
  >`
  return { head, label: text }
}

export const isNarrowed = ({ query, rules }: Listing): boolean =>
  query.filter !== rules.filters[0] || query.contains !== ''
