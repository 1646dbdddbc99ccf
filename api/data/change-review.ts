/** A change as its reviewer reads it, and what else may be done with it than approve: reject, and undo. */
import { emptyBlueprint, parseBlueprint } from '../../stacks/blueprint.ts'
import { type BlueprintDiff, diff } from '../../stacks/rules/diff.ts'
import { type PlanSummary, planSummaries } from '../../stacks/rules/plan-page.ts'
import { type Waiting, waitingFor } from './approval.ts'
import { type Actor, audit } from './audit.ts'
import { type Change, type Outcome, type Propose, changeColumns } from './change.ts'
import { tellOfDecision } from './change-notice.ts'
import { type StoredDocument, documentsInForce } from './course.ts'
import { knownOfCourses } from './course-known.ts'
import { type Db, type Pool, execute, findOne, notify, sql, withTransaction } from './db.ts'
import { type Titles, compileDocuments, merged, policyIn, titlesIn, valuesOf } from './documents.ts'
import { type ForgeRequest, type ForgeState, findForge, findRequest } from './forge.ts'
import type { KeyRing } from './key-ring.ts'

export type ChangeReview = {
  change: Change & { message: string | null }
  documents: { kind: string; key: string }[]
  /** Who has it, of a change that waits. */
  waiting: Waiting | undefined
  /** Against what is approved, of a change that waits; against its parent, of another. */
  difference: BlueprintDiff
  /** Of each course it touches, as it would be; of a change that waits only. */
  courses: PlanSummary[]
  titles: Titles
  /** What the forge was told, where there is one. */
  onForge: { request: ForgeRequest | undefined; forge: ForgeState | undefined }
}

type Row = Change & {
  message: string | null
  documents: StoredDocument[]
  parent: Buffer | null
  bytes: Buffer
}

export async function reviewOf(
  db: Db,
  request: { id: string; ring: KeyRing; now: Date },
): Promise<ChangeReview | undefined> {
  const row = await findOne<Row>(
    db,
    sql`select ${changeColumns}, message, documents,
          (select bytes from blueprint b where b.digest = change.blueprint_digest) as bytes,
          case when state = 'proposed' then (select bytes from blueprint b join blueprint_head h on h.digest = b.digest)
            else (select bytes from blueprint b where b.digest = change.parent_digest) end as parent
        from change where id = ${request.id}`,
  )
  if (!row) return undefined
  const { documents, parent, bytes, ...change } = row
  const waits = change.state === 'proposed'
  const stored = await documentsInForce(db)
  const inForce = merged(stored, [])
  const all = waits ? merged(stored, documents) : inForce
  const pools = valuesOf(all, 'Pool')
  const before = parent ? parseBlueprint(parent) : emptyBlueprint
  const compiled = waits ? compileDocuments(all, await knownOfCourses(db), request.now) : undefined
  const after = compiled?.blueprint ?? parseBlueprint(bytes)
  const difference = diff(before, after, pools)
  const touched = new Set(difference.courses.map((one) => one.course))
  const summaries = compiled ? planSummaries({ compiled, pools }) : new Map<string, PlanSummary>()
  return {
    change,
    documents: documents.map(({ kind, key }) => ({ kind, key })),
    waiting: waits
      ? await waitingFor(db, request.ring, change, policyIn(inForce), request.now)
      : undefined,
    difference,
    courses: [...summaries.values()].filter((one) => touched.has(one.course)),
    titles: titlesIn(all),
    onForge: { request: await findRequest(db, change.id), forge: await findForge(db) },
  }
}

/** Says no, with a reason that whoever proposed it reads. False when it does not wait any more. */
export async function rejectChange(
  tx: Db,
  no: { id: string; reason: string; actor: Actor; now: Date },
): Promise<boolean> {
  const rejected = await execute(
    tx,
    sql`update change set state = 'rejected', state_at = ${no.now}, message = ${no.reason}
        where id = ${no.id} and state = 'proposed'`,
  )
  if (rejected === 0) return false
  await audit(tx, {
    actor: no.actor,
    action: 'change.reject',
    subject: { kind: 'change', id: no.id },
    detail: {},
    now: no.now,
  })
  await tellOfDecision(tx, { id: no.id, now: no.now })
  await notify(tx, 'work')
  return true
}

export type Reverted =
  | Outcome
  | { outcome: 'not-approved' }
  /** These documents came with the change: there is nothing to go back to. */
  | { outcome: 'first'; documents: { kind: string; key: string }[] }

/** Undo is a new change, to the documents as they were approved before. */
export async function revertChange(
  pool: Pool,
  request: { id: string; actor: Actor; now: Date },
  propose: Propose,
): Promise<Reverted> {
  const found = await withTransaction(pool, (tx) => documentsBefore(tx, request.id))
  if (!found) return { outcome: 'not-approved' }
  const first = found.filter((one) => one.before === null)
  if (first.length > 0)
    return { outcome: 'first', documents: first.map(({ kind, key }) => ({ kind, key })) }
  const sources = found.map(({ kind, key, before }) => ({
    name: `${kind} ${key}`,
    text: before ?? '',
  }))
  return propose({ actor: request.actor, now: request.now, sources })
}

async function documentsBefore(
  tx: Db,
  id: string,
): Promise<{ kind: string; key: string; before: string | null }[] | undefined> {
  const row = await findOne<{ documents: { kind: string; key: string; before: string | null }[] }>(
    tx,
    sql`select jsonb_agg(jsonb_build_object('kind', d->>'kind', 'key', d->>'key', 'before',
          (select e->>'text' from change earlier, jsonb_array_elements(earlier.documents) e
            where earlier.state = 'approved' and (earlier.state_at, earlier.id) < (change.state_at, change.id)
              and e->>'kind' = d->>'kind' and e->>'key' = d->>'key'
            order by earlier.state_at desc, earlier.id desc limit 1))) as documents
        from change, jsonb_array_elements(change.documents) d
        where change.id = ${id} and change.state = 'approved' group by change.id`,
  )
  return row?.documents
}
