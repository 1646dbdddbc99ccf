/**
 * A change that waited, over what was saved since: what it does not change itself is as it is in force by now, else
 * agreeing to it would undo what others saved meanwhile.
 */
import { parseDocument } from 'yaml'
import { canonicalJson } from '../../../stacks/blueprint.ts'
import { putAt } from '../../teaching/document-edit.ts'
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

/** Value by value; where both changed the same one, the change that waited says how it is. */
function rebased(text: string, base: string, now: string): string {
  if (now === base) return text
  const [wanted, before, there] = [text, base, now].map(
    (one) => parseDocument(one).toJS() as unknown,
  )
  return differences({ wanted, before, there }).reduce(
    (all, { path, value }) => putAt(all, path, value),
    now,
  )
}

type Three = { wanted: unknown; before: unknown; there: unknown }
type Difference = { path: string[]; value: unknown }

/** What has to be put into what is there, so that it says what was wanted. */
function differences(three: Three, path: string[] = []): Difference[] {
  const { wanted, before, there } = three
  if (said(wanted) === said(before) || said(wanted) === said(there)) return []
  if (said(there) === said(before) || !isAlike(three)) return [{ path, value: wanted }]
  const names = new Set([wanted, before].flatMap((one) => Object.keys(one as object)))
  const at = (of: unknown, name: string) => (of as Fields)[name]
  return [...names].flatMap((name) =>
    differences({ wanted: at(wanted, name), before: at(before, name), there: at(there, name) }, [
      ...path,
      name,
    ]),
  )
}

/** Fields of the same thing; or lists of the same things in the same order. */
function isAlike({ wanted, before, there }: Three): boolean {
  const all = [wanted, before, there]
  if (all.every(isFields)) return true
  if (!all.every(Array.isArray)) return false
  const names = all.map((list) => said((list as unknown[]).map(nameOf)))
  return new Set(names).size === 1
}

/** What a class, a group or a port is known by. */
const nameOf = (one: unknown): unknown =>
  isFields(one)
    ? [one['start'], one['group'], one['key'], one['name']].map((part) => part ?? null)
    : one

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Fields = Record<string, unknown>

const said = (value: unknown): string => canonicalJson(value ?? null)
