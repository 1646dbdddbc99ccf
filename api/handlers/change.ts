/** Documents in, as JSON: what the command line imports. */
import { z } from 'zod'
import { type Approved, approveChange } from '../data/changes/approval.ts'
import type { Change, Outcome } from '../data/changes/change.ts'
import { type ChangeQuery, changeRules, listChanges } from '../data/changes/change-list.ts'
import {
  type ChangeReview,
  rejectChange,
  reviewOf,
  revertChange,
} from '../data/changes/change-review.ts'
import { defaultTimeZone } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import { isUuid } from '../data/ids.ts'
import { Problem, conflict, notFound } from '../errors.ts'
import { readListing } from '../listing.ts'
import { wordsOf } from '../pages/change.ts'
import { noteText } from '../pages/notes.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'
import type { Note } from '../../stacks/terms.ts'

export const changeBody = z.object({
  documents: z.array(z.object({ name: z.string().max(500), text: z.string() })).min(1),
})

export const propose: Handler<unknown, z.infer<typeof changeBody>> = async (visit) => {
  const outcome = await visit.planner.propose({
    sources: visit.body.documents,
    actor: actorOf(visit, 'administrator'),
    now: visit.at,
  })
  if (outcome.outcome === 'wrong')
    throw new Problem(422, 'problem.documents', {
      params: { count: outcome.errors.length },
      detail: { errors: outcome.errors },
    })
  const documents = outcome.documents.map(({ kind, key }) => ({ kind, key }))
  if (outcome.outcome === 'unchanged')
    return {
      json: { outcome: 'unchanged', documents, notes: await inWords(visit, outcome.notes) },
    }
  const { id, lane, state, blueprint_digest, notes } = outcome.change
  return {
    status: 201,
    json: {
      ...{ outcome: 'changed', id, lane, state, digest: blueprint_digest, documents },
      notes: await inWords(visit, notes),
    },
  }
}

async function inWords(visit: Visit, notes: Note[]) {
  const timeZone = await defaultTimeZone(visit.pool)
  return notes.map((note) => ({ ...note, text: noteText(note, visit.locale, timeZone) }))
}

const SHOWN = 100

export const changeQuery = ({ query }: Pick<Visit, 'query'>): ChangeQuery =>
  readListing(query, changeRules)

export const list: Handler = async (visit) => {
  const changes = await listChanges(visit.pool, { ...changeQuery(visit), limit: SHOWN })
  return {
    json: {
      changes: changes.map(({ id, title, lane, state, state_at, blueprint_digest }) => ({
        ...{ id, title, lane, state, stateAt: state_at, digest: blueprint_digest },
      })),
    },
  }
}

export const show: Handler = async (visit) => {
  const review = await found(visit)
  const { change } = review
  const timeZone = await defaultTimeZone(visit.pool)
  return {
    json: {
      ...{ id: change.id, title: change.title, lane: change.lane, state: change.state },
      ...{ stateAt: change.state_at, createdAt: change.created_at },
      ...{ digest: change.blueprint_digest, message: change.message },
      rules: change.rules.map((rule) => ({ ...rule, title: rule.title[visit.locale] })),
      waiting: waitingJson(review),
      ...(visit.config.forge && { forge: forgeJson(review) }),
      documents: review.documents,
      difference: wordsOf(visit, review.difference, review.titles, timeZone),
      ...{ courses: review.courses, counts: review.counts, capacity: review.charts },
      plans: review.plans.map(({ due_at: dueAt, planned_at: plannedAt, ...plan }) => ({
        ...{ ...plan, dueAt, plannedAt },
      })),
      notes: await inWords(visit, change.notes),
    },
  }
}

function waitingJson({ waiting }: ChangeReview) {
  return {
    approvals: (waiting?.approvals ?? []).map(({ teams, is_solo: solo, created_at: at }) => ({
      ...{ teams, solo, at },
    })),
    missing: (waiting?.missing ?? []).map(({ rule, count, by }) => ({ rule: rule.key, count, by })),
    deputies: waiting?.deputies ?? [],
  }
}

function forgeJson({ onForge: { request, forge } }: ChangeReview) {
  const isHeld = forge?.state === 'held'
  const { message = null, retry_at: retryAt = null } = (isHeld ? forge : request) ?? {}
  return {
    ...{ state: request?.state ?? 'unsaid', number: request?.number ?? null },
    ...{ address: request?.address ?? null, message, retryAt },
  }
}

export const approvalBody = z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/) })
export const rejectionBody = z.object({ reason: z.string().trim().min(1).max(1000) })

export const approve: Handler<unknown, z.infer<typeof approvalBody>> = async (visit) => {
  const done = await approveOne(visit, visit.body.digest)
  const id = visit.params['change']
  if (done.outcome === 'approved') return { json: { id, state: 'approved', solo: done.isSolo } }
  const missing = done.missing.map(({ rule, count, by }) => ({ rule: rule.key, count, by }))
  return { status: 202, json: { id, state: 'proposed', missing } }
}

export const reject: Handler<unknown, z.infer<typeof rejectionBody>> = async (visit) => {
  await rejectOne(visit, visit.body.reason)
  return { json: { id: visit.params['change'], state: 'rejected' } }
}

export const revert: Handler = async (visit) => {
  const undone = await revertOne(visit)
  if (undone.outcome === 'unchanged') return { json: { outcome: 'unchanged' } }
  const { id, lane, state, blueprint_digest: digest } = undone.change
  return { status: 201, json: { outcome: 'changed', id, lane, state, digest } }
}

type Given = Extract<Approved, { outcome: 'approved' | 'counted' }>

/** Approves what was read: a digest that is no longer what the documents compile to is refused. */
export async function approveOne(visit: Visit, digest: string): Promise<Given> {
  const actor = actorOf(visit, 'administrator')
  const { pool, ring, at: now } = visit
  const done = await approveChange(pool, { id: idOf(visit), digest, actor, ring, now })
  switch (done.outcome) {
    case 'approved':
    case 'counted':
      return done
    case 'not-proposed':
      throw conflict('problem.not-proposed')
    case 'changed':
      throw conflict('problem.head-moved')
    case 'own':
      throw conflict('problem.own-change')
    case 'not-asked':
      throw new Problem(409, 'problem.not-asked', { params: { teams: done.by.join(', ') } })
    case 'denied':
      throw new Problem(409, 'problem.change-denied', {
        params: { why: done.rules.map((rule) => rule.title[visit.locale]).join(' ') },
      })
  }
}

export async function rejectOne(visit: Visit, reason: string): Promise<void> {
  const no = { id: idOf(visit), reason, actor: actorOf(visit, 'administrator'), now: visit.at }
  if (!(await withTransaction(visit.pool, (tx) => rejectChange(tx, no))))
    throw conflict('problem.not-proposed')
}

export async function revertOne(
  visit: Visit,
): Promise<Extract<Outcome, { notes: Note[] } | { change: Change }>> {
  const actor = actorOf(visit, 'administrator')
  const { pool, at: now } = visit
  const outcome = await revertChange(
    pool,
    { id: idOf(visit), actor, now },
    visit.planner.proposeOver,
  )
  // Somebody saved meanwhile: the next look says what, or that it was undone.
  if (outcome.outcome === 'stale') return revertOne(visit)
  if (outcome.outcome === 'not-approved') throw conflict('problem.not-approved')
  if (outcome.outcome === 'first') {
    throw new Problem(409, 'problem.nothing-to-undo', {
      params: { documents: namesOf(outcome.documents) },
    })
  }
  if (outcome.outcome === 'later')
    throw new Problem(409, 'problem.changed-since', {
      params: { documents: namesOf(outcome.documents) },
    })
  if (outcome.outcome === 'wrong')
    throw new Problem(422, 'problem.documents', {
      params: { count: outcome.errors.length },
      detail: { errors: outcome.errors },
    })
  return outcome
}

const namesOf = (documents: { kind: string; key: string }[]): string =>
  documents.map(({ kind, key }) => `${kind} ${key}`).join(', ')

/** The change that the address names, as its reviewer reads it. */
export async function found(visit: Visit): Promise<ChangeReview> {
  const review = await reviewOf(visit.pool, { id: idOf(visit), ring: visit.ring, now: visit.at })
  if (!review) throw notFound()
  return review
}

function idOf({ params }: Visit): string {
  const id = params['change'] ?? ''
  if (!isUuid(id)) throw notFound()
  return id
}
