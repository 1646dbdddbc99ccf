/** How a list is narrowed and ordered. */
export type ListQuery<Filter extends string = string, Sort extends string = string> = {
  filter: Filter
  sort: Sort
  isDescending: boolean
  /** In any case; empty for everything. */
  contains: string
}

/** What a list knows: its filters and orders, of each the usual one first, and which orders begin with the largest. */
export type ListRules<Filter extends string = string, Sort extends string = string> = {
  filters: readonly [Filter, ...Filter[]]
  sorts: readonly [Sort, ...Sort[]]
  /** Whether the usual order is from the largest, as of times. */
  isDescending: boolean
}
