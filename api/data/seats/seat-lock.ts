/** Seats of a statement that changes several, locked in one order for everybody: nobody waits for somebody who waits. */
import { type Query, sql } from '../db.ts'

/** `ids`: a list, or a query in brackets that answers them. An array of those there are (one alone is locked as it is changed): what is changed after `= any(…)`. */
export const lockedSeats = (ids: string[] | Query): Query =>
  Array.isArray(ids) && ids.length === 1
    ? sql`${ids}::uuid[]`
    : sql`array(select id from seat where id = any(${Array.isArray(ids) ? sql`${ids}::uuid[]` : sql`array${ids}`}) order by id for no key update)`
