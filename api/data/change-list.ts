/** The review queue and its past: changes narrowed and ordered as an address says. */
import { type Change, changeColumns } from './change.ts'
import { type Db, many, sql } from './db.ts'

export const changeFilters = ['proposed', 'approved', 'rejected', 'all'] as const
export type ChangeFilter = (typeof changeFilters)[number]
export const changeSorts = ['created', 'decided', 'title', 'lane'] as const
export type ChangeSort = (typeof changeSorts)[number]

export type ChangeQuery = {
  filter: ChangeFilter
  sort: ChangeSort
  isDescending: boolean
  /** A part of the title, in any case: a course's key, a kind of document. */
  contains: string
}

export async function listChanges(
  db: Db,
  query: ChangeQuery & { limit: number },
): Promise<Change[]> {
  const { filter, contains } = query
  const column = {
    ...{ created: sql`created_at`, decided: sql`state_at` },
    ...{ title: sql`title`, lane: sql`lane` },
  }[query.sort]
  const direction = query.isDescending ? sql`desc` : sql`asc`
  return many<Change>(
    db,
    sql`select ${changeColumns} from change
        where (${filter} = 'all' or state = ${filter}) and position(lower(${contains}) in lower(title)) > 0
        order by ${column} ${direction}, id ${direction} limit ${query.limit}`,
  )
}
