/**
 * Changes: documents proposed → compiled with everything in force → held against the policy → approved at once, or
 * kept for people to approve (approval.ts). Approval moves the head of the blueprints if nobody moved it meanwhile, and the rows
 * of courses, pools, sessions and seats follow in the same transaction; the worker is woken when it commits.
 */
import { emptyBlueprint } from '../../../stacks/blueprint.ts'
import type { ChangeFacts } from '../../../stacks/rules/change-facts.ts'
import type { Lane } from '../../../stacks/rules/gate.ts'
import type { DocumentError } from '../../../stacks/schema-parse.ts'
import type { Note } from '../../../stacks/terms.ts'
import type { GateRule } from '../../../stacks/terms-policy.ts'
import { type Actor, audit } from '../audit.ts'
import { rememberedBlueprint, keepBlueprint, lockHead, moveHead } from './blueprint.ts'
import { notesAbout } from './change-notes.ts'
import { tellOfClass, tellOfDecision, tellOfWait } from './change-notice.ts'
import { type StoredDocument, documentsInForce } from '../courses/course.ts'
import { closedPools, knownOfCourses } from '../courses/course-known.ts'
import { giveToMaker } from '../courses/new-course.ts'
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
} from '../db.ts'
import {
  type Proposed,
  type Source,
  compileDocuments,
  merged,
  readSources,
} from '../courses/documents.ts'
import { type Judged, judge } from './gate.ts'
import { keepGrants } from './grant.ts'
import { checkDocuments, sealHead } from './seal.ts'
import { isUuid, newId } from '../ids.ts'
import type { KeyRing } from '../key-ring.ts'
import { pointCopiesTo } from '../lms/lms-activity.ts'
import { leaksIn } from '../people/known-people.ts'
import { materialise } from './materialise.ts'
import { ROSTER_AUTHOR } from './roster-follow.ts'

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
  /** Who proposed it: a pseudonym, or a part of Labplan. */
  author: string | null
  facts: ChangeFacts | null
  /** The policy's rules that hold, of the strictest lane. */
  rules: GateRule[]
}

export type Outcome =
  | { outcome: 'wrong'; errors: DocumentError[] }
  | { outcome: 'unchanged'; notes: Note[]; documents: StoredDocument[] }
  | { outcome: 'changed'; change: Change; documents: StoredDocument[] }

export type Proposal = { sources: Source[]; actor: Actor; now: Date }
/** Who makes a change of it: here, or a thread that may take its time. */
export type Propose = (proposal: Proposal) => Promise<Outcome>
type Request = Proposal & { ring: KeyRing }

/** Reads, compiles and, where the automatic lane allows it, approves. Nothing is kept of wrong documents. */
export async function proposeChange(pool: Pool, request: Request): Promise<Outcome> {
  const read = await readProposal(pool, request.sources)
  return 'wrong' in read ? read.wrong : withTransaction(pool, (tx) => propose(tx, read, request))
}

/** A course, or documents, as somebody read them. Another was saved since: nothing is done, where that would be lost. */
export type Over = { key: string; text: string } | StoredDocument[]
export type Stale = { outcome: 'stale' }

/** As long as what the change was made of is in force. */
export async function proposeOver(
  pool: Pool,
  request: Request & { over: Over },
): Promise<Outcome | Stale> {
  const read = await readProposal(pool, request.sources)
  if ('wrong' in read) return read.wrong
  const { over } = request
  const wasRead = Array.isArray(over) ? over : [{ kind: 'Course', ...over }]
  return withTransaction(pool, async (tx) => {
    await lockHead(tx)
    return (await areInForce(tx, wasRead)) ? propose(tx, read, request) : { outcome: 'stale' }
  })
}

async function areInForce(tx: Db, documents: StoredDocument[]): Promise<boolean> {
  const keys = documents.map(({ key }) => key)
  const inForce = await many<StoredDocument>(
    tx,
    sql`select 'Course' as kind, key, document as text from course where key = any(${keys}::text[])
        union all select kind, key, text from document where key = any(${keys}::text[])`,
  )
  return documents.every((one) => isInForce(one, inForce))
}

/** The same in the caller's transaction. */
export async function proposeWithin(tx: Db, request: Request): Promise<Outcome> {
  const read = await readProposal(tx, request.sources)
  return 'wrong' in read ? read.wrong : propose(tx, read, request)
}

async function readProposal(db: Db, sources: Source[]): Promise<Proposed[] | { wrong: Outcome }> {
  const wrong = (errors: DocumentError[]) => ({ wrong: { outcome: 'wrong' as const, errors } })
  // First of all: what is said of other mistakes repeats what stands there.
  const leaks = await leaksIn(db, sources)
  if (leaks.length > 0) return wrong(leaks)
  const { documents, errors } = readSources(sources)
  if (errors.length > 0) return wrong(errors)
  return documents.length === 0 ? wrong([nothingIn(sources)]) : documents
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
  await lockHead(tx)
  await checkDocuments(tx, request.ring)
  const head = await rememberedBlueprint(tx)
  const inForce = await documentsInForce(tx)
  const documents = proposed.map(({ kind, key, text }) => ({
    ...{ kind, key, text },
    // Who follows a list changes no text: one that somebody saved since it was read stays.
    ...(request.actor.name === ROSTER_AUTHOR && textOf(inForce, { kind, key })),
  }))
  const all = merged(inForce, documents)
  const known = await knownOfCourses(tx)
  const compiled = compileDocuments(all, known, request.now, { hasNoSlots: true })
  const { blueprint, notes } = compiled
  const digest = await keepBlueprint(tx, { blueprint, parent: head?.digest, now: request.now })
  const about = notesAbout(compiled, { documents, all, closed: known.closed, now: request.now })
  if (digest === head?.digest && documents.every((one) => isInForce(one, inForce)))
    return { outcome: 'unchanged', notes: about, documents }
  const { actor, now } = request
  const before = head?.blueprint ?? emptyBlueprint
  const judged = judge({ author: actor.role, documents, inForce, all, compiled, before, now })
  const change = await keepChange(tx, {
    ...{ documents, notes: about, parent: head?.digest, digest, judged, actor, now },
  })
  await audit(tx, {
    ...{ actor, action: 'change.propose', subject: { kind: 'change', id: change.id }, now },
    detail: { lane: change.lane, digest, rules: change.rules.map((rule) => rule.key) },
  })
  if (change.lane !== 'automatic') {
    await tellOfWait(tx, { change, documents, now })
    return { outcome: 'changed', change, documents }
  }
  const approval = { ...request, role: 'automatic', parent: head?.digest, digest }
  await approve(tx, change.id, { ...approval, all, inForce, blueprint, notes, documents, judged })
  return { outcome: 'changed', change: { ...change, state: 'approved' }, documents }
}

const textOf = (documents: StoredDocument[], of: Omit<StoredDocument, 'text'>) =>
  documents.find((one) => one.kind === of.kind && one.key === of.key)

const isInForce = (document: StoredDocument, inForce: StoredDocument[]): boolean =>
  inForce.some(
    (one) => one.kind === document.kind && one.key === document.key && one.text === document.text,
  )

const nameOf = ({ kind, key }: StoredDocument): string => `${kind} ${key}`

async function keepChange(
  tx: Db,
  made: {
    documents: StoredDocument[]
    notes: Note[]
    parent: string | undefined
    digest: string
    judged: Judged
    actor: Actor
    now: Date
  },
): Promise<Change> {
  const zone = await one<{ id: string }>(tx, sql`select id from zone where key = 'default'`)
  const title = made.documents.map(nameOf).join(', ')
  const { actor, now } = made
  const { facts, decision } = made.judged
  const { lane, rules } = decision
  // What is denied waits for nobody: it is kept, with the reason, for who proposed it.
  const denied = lane === 'deny' ? rules.map((rule) => rule.title.en).join(' ') : null
  return one<Change>(
    tx,
    sql`insert into change (id, zone_id, title, parent_digest, blueprint_digest, documents, notes, lane, state, state_at,
          created_at, author, author_role, facts, rules, message)
        values (${newId()}, ${zone.id}, ${title}, ${made.parent ?? null}, ${made.digest}, ${JSON.stringify(made.documents)},
          ${JSON.stringify(made.notes)}, ${lane}, ${denied === null ? 'proposed' : 'rejected'}, ${now}, ${now},
          ${actor.name}, ${actor.role}, ${JSON.stringify(facts)}, ${JSON.stringify(rules)}, ${denied})
        returning ${changeColumns}`,
  )
}

export const changeColumns = sql`id, title, lane, state, state_at, created_at, blueprint_digest, notes, author, facts, rules`

type Approval = Omit<Request, 'sources'> & {
  role: string
  parent: string | undefined
  digest: string
  documents: StoredDocument[]
  inForce: StoredDocument[]
  judged: Judged
} & Omit<Parameters<typeof materialise>[1], 'ring' | 'now'>

const newCoursesOf = ({ documents, inForce }: Pick<Approval, 'documents' | 'inForce'>): string[] =>
  documents
    .filter(
      (one) => one.kind === 'Course' && !inForce.some((known) => nameOf(known) === nameOf(one)),
    )
    .map((one) => one.key)

/** Moves the head and everything that follows it. */
export async function approve(tx: Db, changeId: string, approval: Approval): Promise<void> {
  if (!(await moveHead(tx, approval)))
    throw new Error('The head of the blueprints moved although it was locked.')
  await materialise(tx, approval)
  const courseKeys = newCoursesOf(approval)
  await giveToMaker(tx, { changeId, courseKeys, now: approval.now })
  await pointCopiesTo(tx, courseKeys)
  await keepGrants(tx, approval)
  await sealHead(tx, approval.ring)
  const { actor, digest, role: by, now } = approval
  await execute(
    tx,
    sql`update change set state = 'approved', state_at = ${now}, blueprint_digest = ${digest},
          documents = ${JSON.stringify(approval.documents)}
        where id = ${changeId}`,
  )
  await audit(tx, {
    ...{ actor, action: 'change.approve', subject: { kind: 'change', id: changeId } },
    ...{ detail: { digest, by }, now },
  })
  await tellOfDecision(tx, { id: changeId, now })
  const { inClass: courses } = approval.judged.decision
  const title = approval.documents.map(nameOf).join(', ')
  if (courses.length > 0) await tellOfClass(tx, { id: changeId, title, courses, now })
  await notify(tx, 'work')
  // Pages of courses show the plan, too.
  await notify(tx, 'workspace')
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

const isOfClosed = ({ code }: Note): boolean => code === 'pool-closed'

/**
 * What the planner last said of a course: the notes of the newest approved change that compiled it. Not that a pool is closed
 * which was opened since: nobody plans anew for that.
 */
export async function notesOfCourse(db: Db, courseKey: string): Promise<Note[]> {
  const rows = await many<{ notes: Note[] }>(
    db,
    sql`select notes from change where state = 'approved' and exists
          (select from jsonb_array_elements(documents) d where d->>'kind' <> 'Course' or d->>'key' = ${courseKey})
        order by state_at desc, id desc limit 1`,
  )
  const notes = (rows[0]?.notes ?? []).filter((note) => note.where.course === courseKey)
  const closed = notes.some(isOfClosed) ? await closedPools(db) : {}
  return notes.filter((note) => !isOfClosed(note) || (note.where.pool ?? '') in closed)
}
