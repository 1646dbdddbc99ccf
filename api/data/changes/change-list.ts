/** The review queue and its past: changes narrowed and ordered as an address says. */
import { type Change, changeColumns } from './change.ts'
import { type Db, many, sql } from '../db.ts'
import type { ListQuery } from '../list-query.ts'

export const changeRules = {
  filters: ['all', 'proposed', 'approved', 'rejected'],
  sorts: ['created', 'decided', 'title', 'lane'],
  isDescending: true,
} as const

/** `contains` is a part of the title: a course's key, a kind of document. */
export type ChangeQuery = ListQuery<
  (typeof changeRules.filters)[number],
  (typeof changeRules.sorts)[number]
>

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
