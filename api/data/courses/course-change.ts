/**
 * Which courses something happened to, said by the rows themselves: PostgreSQL keeps of each which transaction wrote it. Nobody has
 * to tell, and what was written cannot be missed.
 */
import { type Db, type Query, one, sql } from '../db.ts'

export type Changes = {
  /** For the next time: whatever is not seen yet was, or will be, written by this transaction or a later one. */
  mark: string
  /** Keys. Null: it may be any of them. */
  courses: string[] | null
}

/**
 * Courses of which a seat, a workspace, a session or a volume was written since `mark`, and all of them when none is given, or when
 * the storage of files came or went.
 */
export async function changesSince(db: Db, mark: string | undefined): Promise<Changes> {
  if (mark === undefined) return { ...(await one<Mark>(db, sql`select ${newMark}`)), courses: null }
  const isNew = writtenSince(mark)
  const row = await one<Mark & { of_any: boolean; courses: string[] }>(
    db,
    sql`select ${newMark},
      exists (select from storage_outage where ${isNew(sql`storage_outage`)})
        or exists (select from scratch_choice where ${isNew(sql`scratch_choice`)})
        or exists (select from slot_lack where ${isNew(sql`slot_lack`)}) as of_any,
      array(select key from course where ${isNew(sql`course`)} or id in (
        select course_id from seat where ${isNew(sql`seat`)}
        union select course_id from workspace where ${isNew(sql`workspace`)}
        union select course_id from session where ${isNew(sql`session`)}
        union select course_id from seat where id in (
          select seat_id from volume where ${isNew(sql`volume`)}
          union select seat_id from scratch_home where ${isNew(sql`scratch_home`)}))) as courses`,
  )
  // Numbers that went back are those of another server, or of one that was brought back from before.
  const isOther = BigInt(row.mark) < BigInt(mark)
  return { mark: row.mark, courses: row.of_any || isOther ? null : row.courses }
}

type Mark = { mark: string }

// All before the oldest that is under way is seen by this statement.
const newMark = sql`pg_snapshot_xmin(pg_current_snapshot())::text as mark`

/**
 * Rows keep the low 32 bits of a transaction's number, and the server says how long ago that was in transactions: as long ago as
 * the mark, or less. What is frozen by hand is older than all.
 */
function writtenSince(mark: string): (table: Query) => Query {
  const low = (BigInt(mark) & 0xffff_ffffn).toString()
  return (table) => sql`age(${table}.xmin) <= (select age(${low}::text::xid))`
}
