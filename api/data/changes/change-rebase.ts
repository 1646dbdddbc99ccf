/**
 * A change that waited, over what was saved since: what it does not change itself is as it is in force by now, else
 * agreeing to it would undo what others saved meanwhile.
 */
import { rebased } from '../../teaching/document-rebase.ts'
import type { StoredDocument } from '../courses/course.ts'
import { type Db, many, sql } from '../db.ts'

/** Its documents as they would be if it were agreed to now. Of courses: other documents are whole. */
export async function documentsNow(
  db: Db,
  change: { id: string; documents: StoredDocument[] },
  inForce: StoredDocument[],
): Promise<StoredDocument[]> {
  const bases = await coursesBefore(db, change.id)
  return change.documents.map((one) => {
    const base = bases.get(one.key)
    const now = inForce.find(({ kind, key }) => kind === one.kind && key === one.key)?.text
    if (one.kind !== 'Course' || base === undefined || now === undefined) return one
    return { ...one, text: rebased(one.text, base, now) }
  })
}

/** Its courses as they were in force when it was proposed. */
async function coursesBefore(db: Db, changeId: string): Promise<Map<string, string>> {
  const rows = await many<{ key: string; text: string | null }>(
    db,
    sql`select d->>'key' as key,
          (select e->>'text' from change earlier, jsonb_array_elements(earlier.documents) e
            where earlier.state = 'approved' and (earlier.state_at, earlier.id) < (change.created_at, change.id)
              and e->>'kind' = 'Course' and e->>'key' = d->>'key'
            order by earlier.state_at desc, earlier.id desc limit 1) as text
        from change, jsonb_array_elements(change.documents) d
        where change.id = ${changeId} and d->>'kind' = 'Course'`,
  )
  return new Map(rows.flatMap(({ key, text }) => (text === null ? [] : [[key, text] as const])))
}
