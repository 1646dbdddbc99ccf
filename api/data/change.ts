/**
 * Changes: documents proposed → compiled with everything in force → approved by the automatic lane, or kept
 * for a person to approve. Approval moves the head of the blueprints if nobody moved it meanwhile, and the rows
 * of courses, pools, sessions and seats follow in the same transaction; the worker is woken when it commits.
 */
import type { DocumentError } from '../../stacks/schema-parse.ts'
import type { Note } from '../../stacks/terms.ts'
import { type Actor, audit } from './audit.ts'
import { keepBlueprint, lockHead, moveHead } from './blueprint.ts'
import { type StoredDocument, documentsInForce, takenSeats } from './course.ts'
import {
  type Db,
  type Pool,
  execute,
  findOne,
  many,
  notify,
  one,
  sql,
  withTransaction,
} from './db.ts'
import { type Proposed, type Source, compileDocuments, merged, readSources } from './documents.ts'
import { isUuid, newId } from './ids.ts'
import type { KeyRing } from './key-ring.ts'
import { materialise } from './materialise.ts'
import { DOES_NOT_FIT_NOTES } from './session.ts'

export type Lane = 'automatic' | 'review' | 'deny'
export type ChangeState = 'proposed' | 'approved' | 'rejected' | 'superseded'
export type Change = {
  id: string
  title: string
  lane: Lane
  state: ChangeState
  state_at: Date
  created_at: Date
  blueprint_digest: string
  notes: Note[]
}

export type Outcome =
  | { outcome: 'wrong'; errors: DocumentError[] }
  | { outcome: 'unchanged'; notes: Note[]; documents: StoredDocument[] }
  | { outcome: 'changed'; change: Change; documents: StoredDocument[] }

type Request = { sources: Source[]; actor: Actor; ring: KeyRing; now: Date }

/** Reads, compiles and, where the automatic lane allows it, approves. Nothing is kept of wrong documents. */
export async function proposeChange(pool: Pool, request: Request): Promise<Outcome> {
  const { documents, errors } = readSources(request.sources)
  if (errors.length > 0) return { outcome: 'wrong', errors }
  if (documents.length === 0) return { outcome: 'wrong', errors: [nothingIn(request.sources)] }
  return withTransaction(pool, (tx) => propose(tx, documents, request))
}

function nothingIn(sources: Source[]): DocumentError {
  const file = sources[0]?.name ?? 'documents'
  return {
    file,
    line: 1,
    column: 1,
    message: 'no document',
    allowed: 'apiVersion: labplan/v1, kind: Course, …',
  }
}

async function propose(tx: Db, proposed: Proposed[], request: Request): Promise<Outcome> {
  const head = await lockHead(tx)
  const inForce = await documentsInForce(tx)
  const documents = proposed.map(({ kind, key, text }) => ({ kind, key, text }))
  const all = merged(inForce, documents)
  const { blueprint, notes } = compileDocuments(all, await takenSeats(tx), request.now)
  const digest = await keepBlueprint(tx, { blueprint, parent: head?.digest, now: request.now })
  const about = notesAbout(notes, documents)
  if (digest === head?.digest && documents.every((one) => isInForce(one, inForce)))
    return { outcome: 'unchanged', notes: about, documents }
  const change = await keepChange(tx, {
    documents,
    notes: about,
    parent: head?.digest,
    digest,
    now: request.now,
  })
  await audit(tx, {
    actor: request.actor,
    action: 'change.propose',
    subject: { kind: 'change', id: change.id },
    detail: { lane: change.lane, digest },
    now: request.now,
  })
  if (change.lane !== 'automatic') return { outcome: 'changed', change, documents }
  const approval = { ...request, role: 'automatic', parent: head?.digest, digest }
  await approve(tx, change.id, { ...approval, all, blueprint, notes, documents })
  return { outcome: 'changed', change: { ...change, state: 'approved' }, documents }
}

const isInForce = (document: StoredDocument, inForce: StoredDocument[]): boolean =>
  inForce.some(
    (one) => one.kind === document.kind && one.key === document.key && one.text === document.text,
  )

/** What the reader of this change should know: notes on its courses and pools, and on nothing in particular. */
function notesAbout(notes: Note[], documents: StoredDocument[]): Note[] {
  const courses = new Set(documents.filter((one) => one.kind === 'Course').map((one) => one.key))
  const isWide = documents.some((one) => one.kind !== 'Course')
  return notes.filter(({ where }) => isWide || !where.course || courses.has(where.course))
}

// These say that the plan cannot be carried out as a whole now, not that it is wrong.
const LIVABLE = new Set([...DOES_NOT_FIT_NOTES, 'environment-not-built'])

/** Automatic unless a document contradicts the others, or a course asks for more than it may have unseen. */
export function laneOf(notes: Note[]): Lane {
  const stops = notes.some(
    (note) =>
      (note.severity === 'error' && !LIVABLE.has(note.code)) || note.code === 'allowance-exceeded',
  )
  return stops ? 'review' : 'automatic'
}

async function keepChange(
  tx: Db,
  made: {
    documents: StoredDocument[]
    notes: Note[]
    parent: string | undefined
    digest: string
    now: Date
  },
): Promise<Change> {
  const zone = await one<{ id: string }>(tx, sql`select id from zone where key = 'default'`)
  const title = made.documents.map((document) => `${document.kind} ${document.key}`).join(', ')
  return one<Change>(
    tx,
    sql`insert into change (id, zone_id, title, parent_digest, blueprint_digest, documents, notes, lane, state, state_at, created_at)
        values (${newId()}, ${zone.id}, ${title}, ${made.parent ?? null}, ${made.digest}, ${JSON.stringify(made.documents)},
          ${JSON.stringify(made.notes)}, ${laneOf(made.notes)}, 'proposed', ${made.now}, ${made.now})
        returning ${changeColumns}`,
  )
}

export const changeColumns = sql`id, title, lane, state, state_at, created_at, blueprint_digest, notes`

type Approval = Omit<Request, 'sources'> & {
  role: string
  parent: string | undefined
  digest: string
  documents: StoredDocument[]
} & Omit<Parameters<typeof materialise>[1], 'ring' | 'now'>

async function approve(tx: Db, changeId: string, approval: Approval): Promise<void> {
  if (!(await moveHead(tx, approval)))
    throw new Error('The head of the blueprints moved although it was locked.')
  await materialise(tx, approval)
  await execute(
    tx,
    sql`update change set state = 'approved', state_at = ${approval.now}, blueprint_digest = ${approval.digest}
        where id = ${changeId}`,
  )
  await audit(tx, {
    actor: approval.actor,
    action: 'change.approve',
    subject: { kind: 'change', id: changeId },
    detail: { digest: approval.digest, by: approval.role },
    now: approval.now,
  })
  await notify(tx, 'work')
}

/**
 * A person approves what waits: compiled again with what is in force now, since others may have been approved
 * meanwhile. `changed` when the new compilation is not what was proposed: the change stays proposed, with the
 * new notes and digest, to be read again. A digest given is the one that was read.
 */
export async function approveChange(
  pool: Pool,
  request: { id: string; digest: string; actor: Actor; ring: KeyRing; now: Date },
): Promise<'approved' | 'changed' | 'not-proposed'> {
  return withTransaction(pool, async (tx) => {
    const head = await lockHead(tx)
    const row = await findOne<Change & { documents: StoredDocument[] }>(
      tx,
      sql`select ${changeColumns}, documents from change where id = ${request.id} and state = 'proposed' for update`,
    )
    if (!row) return 'not-proposed'
    const all = merged(await documentsInForce(tx), row.documents)
    const { blueprint, notes } = compileDocuments(all, await takenSeats(tx), request.now)
    const digest = await keepBlueprint(tx, { blueprint, parent: head?.digest, now: request.now })
    if (digest !== request.digest) {
      const about = JSON.stringify(notesAbout(notes, row.documents))
      await execute(
        tx,
        sql`update change set blueprint_digest = ${digest}, parent_digest = ${head?.digest ?? null}, notes = ${about}
            where id = ${row.id}`,
      )
      return 'changed'
    }
    const { documents } = row
    await approve(tx, row.id, {
      ...request,
      ...{ role: request.actor.role, parent: head?.digest, documents, all, blueprint, notes },
    })
    return 'approved'
  })
}

export async function findChange(db: Db, id: string): Promise<Change | undefined> {
  if (!isUuid(id)) return undefined
  return findOne<Change>(db, sql`select ${changeColumns} from change where id = ${id}`)
}

/** The latest changes, newest first. */
export async function latestChanges(db: Db, limit: number): Promise<Change[]> {
  return many<Change>(
    db,
    sql`select ${changeColumns} from change order by created_at desc, id desc limit ${limit}`,
  )
}

/** What the planner last said of a course: the notes of the newest approved change that compiled it. */
export async function notesOfCourse(db: Db, courseKey: string): Promise<Note[]> {
  const rows = await many<{ notes: Note[] }>(
    db,
    sql`select notes from change where state = 'approved' and exists
          (select from jsonb_array_elements(documents) d where d->>'kind' <> 'Course' or d->>'key' = ${courseKey})
        order by state_at desc, id desc limit 1`,
  )
  return (rows[0]?.notes ?? []).filter((note) => note.where.course === courseKey)
}
