/**
 * Lists that their address narrows and orders: `state` (a filter), `contains`, `sort`, `order=up`. What is as usual
 * needs no word in the address, and what an address says that is not known counts as not said.
 */
import type { ListQuery, ListRules } from './data/list-query.ts'

const LONGEST = 100

export function readListing<Filter extends string, Sort extends string>(
  address: Pick<URLSearchParams, 'get'>,
  { filters, sorts, isDescending }: ListRules<Filter, Sort>,
): ListQuery<Filter, Sort> {
  const order = address.get('order')
  return {
    filter: filters.find((one) => one === address.get('state')) ?? filters[0],
    sort: sorts.find((one) => one === address.get('sort')) ?? sorts[0],
    isDescending: order === 'up' ? false : order === 'down' ? true : isDescending,
    contains: (address.get('contains') ?? '').trim().slice(0, LONGEST),
  }
}

export type ListAddress = Partial<
  Record<'state' | 'contains' | 'sort' | 'order', string | undefined>
>

export function listAddress(query: ListQuery, rules: ListRules): ListAddress {
  const { filter, sort, isDescending, contains } = query
  return {
    state: filter === rules.filters[0] ? undefined : filter,
    contains: contains || undefined,
    sort: sort === rules.sorts[0] ? undefined : sort,
    order: isDescending === rules.isDescending ? undefined : isDescending ? 'down' : 'up',
  }
}

/** How the rows of a list that is read whole are narrowed and ordered. */
export type RowRules<Row, Filter extends string, Sort extends string> = {
  isIn: (row: Row, filter: Filter) => boolean
  /** What is searched. */
  textOf: (row: Row) => string
  /** Rows without a value come last. */
  valueOf: Record<Sort, (row: Row) => string | number | Date | null>
}

export function arrange<Row, Filter extends string, Sort extends string>(
  rows: Row[],
  query: ListQuery<Filter, Sort>,
  { isIn, textOf, valueOf }: RowRules<Row, Filter, Sort>,
): Row[] {
  const wanted = query.contains.toLowerCase()
  const value = valueOf[query.sort]
  const sign = query.isDescending ? -1 : 1
  return rows
    .filter((row) => isIn(row, query.filter) && textOf(row).toLowerCase().includes(wanted))
    .toSorted((a, b) => {
      const [one, other] = [value(a), value(b)]
      if (one === null || other === null) return Number(one === null) - Number(other === null)
      return one < other ? -sign : one > other ? sign : 0
    })
}
